//! A client of a few lines: one connection a request, no retries, no redirects.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use portolan_kit::ClientIdentity;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// An answer whose body has been read. `body` ends in an error if it was cut.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Bytes, String>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn bytes(&self) -> Bytes {
        self.body.clone().expect("the body is complete")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes()).expect("the body is JSON")
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.optional_header(name).expect(name)
    }

    pub(crate) fn optional_header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A request that is not sent yet.
#[derive(Debug)]
pub(crate) struct Asked {
    url: String,
    request: hyper::http::request::Builder,
    body: Bytes,
}

pub(crate) fn ask(method: Method, url: impl Into<String>) -> Asked {
    let url = url.into();
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, _) = rest.split_once('/').expect("a path");
    let target = &rest[host.len()..];
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", host);
    Asked {
        request,
        body: Bytes::new(),
        url,
    }
}

pub(crate) fn get(url: impl Into<String>) -> Asked {
    ask(Method::GET, url)
}

impl Asked {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = bytes.into();
        self
    }

    /// The answer, or how the connection failed before there was one.
    pub(crate) async fn try_send(self) -> Result<Answer, String> {
        let rest = self.url.strip_prefix("http://").expect("plain HTTP");
        let (host, _) = rest.split_once('/').expect("a path");
        let stream = TcpStream::connect(host)
            .await
            .map_err(|error| error.to_string())?;
        let request = self
            .request
            .body(Full::new(self.body))
            .expect("a request made of good parts");
        exchange(stream, request).await
    }

    pub(crate) async fn send(self) -> Answer {
        self.try_send().await.expect("there is an answer")
    }
}

/// `GET` over TLS, trusting one authority.
pub(crate) async fn get_tls(
    url: &str,
    ca_pem: &str,
    identity: Option<&ClientIdentity>,
) -> Result<Answer, String> {
    let rest = url.strip_prefix("https://").expect("TLS");
    let (host, _) = rest.split_once('/').expect("a path");
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).expect("a certificate");
    roots.add(ca).expect("an authority");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let pem = identity.certificate_pem.as_bytes();
            let certificate = CertificateDer::from_pem_slice(pem).expect("a certificate");
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).expect("a key");
            let config = config.with_client_auth_cert(vec![certificate], key);
            config.expect("the key is for the certificate")
        }
    };
    let stream = TcpStream::connect(host)
        .await
        .map_err(|error| error.to_string())?;
    let name = ServerName::try_from("127.0.0.1").expect("an address");
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| format!("{error:?}"))?;
    let request = Request::get(&rest[host.len()..]).header("host", host);
    let request = request.body(Full::default()).expect("a request");
    exchange(stream, request).await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("{error:?}"))?;
    let connection = tokio::spawn(connection);
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| format!("{error:?}"))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    connection.abort();
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: body
            .map(http_body_util::Collected::to_bytes)
            .map_err(|error| format!("{error:?}")),
    })
}
