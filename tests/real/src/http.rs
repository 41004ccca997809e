//! A plain HTTP client, which is not the one that is tested.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderMap};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::runtime::runtime;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Bytes,
}

impl Answer {
    /// The digest of the body, as an artifact's status has it.
    pub fn digest(&self) -> String {
        digest(&self.body)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The digest of bytes, as an artifact's status has it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, byte| {
        text + &format!("{byte:02x}")
    })
}

/// GET a URL over plain HTTP.
///
/// # Errors
///
/// A sentence, when nobody answers.
pub fn get(url: &str) -> Result<Answer, String> {
    request("GET", url, String::new())
}

/// POST something to a URL over plain HTTP.
///
/// # Errors
///
/// A sentence, when nobody answers.
pub(crate) fn post(url: &str, body: String) -> Result<Answer, String> {
    request("POST", url, body)
}

fn request(method: &str, url: &str, body: String) -> Result<Answer, String> {
    runtime()
        .block_on(async { timeout(PATIENCE, ask(method, url, body)).await })
        .map_err(|_| format!("{url} does not answer in time"))?
}

async fn ask(method: &str, url: &str, body: String) -> Result<Answer, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{method} {url}: {error}");
    let url = Url::parse(url).map_err(|error| failed(&error))?;
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await;
    let stream = stream.map_err(|error| failed(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error))?;
    let connection = tokio::spawn(connection);
    let target = url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    );
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, format!("{host}:{port}"))
        .body(Full::<Bytes>::from(body))
        .map_err(|error| failed(&error))?;
    let answer = sender.send_request(request).await;
    let (head, body) = answer.map_err(|error| failed(&error))?.into_parts();
    let body = body.collect().await.map_err(|error| failed(&error))?;
    connection.abort();
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: body.to_bytes(),
    })
}
