//! A web server for files that tests put into it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::{Method, Response, StatusCode, header};

use crate::digest::sha256;
use crate::response::{empty, part, value};
use crate::server::{Answer, Body, Call, Log, Port, Reply, Seen, Server, ServerName, Setting};

/// A web server on 127.0.0.1 for files in memory, with validators and ranges. Stops when it is
/// dropped.
#[derive(Debug)]
pub struct WebServer {
    server: Server,
    files: Arc<Files>,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Files(Mutex<BTreeMap<String, File>>);

#[derive(Debug, Clone)]
struct File {
    content_type: String,
    bytes: Bytes,
}

impl WebServer {
    /// Start it, and wait until it accepts connections.
    #[expect(
        clippy::unused_async,
        reason = "as with the registry, starting may once take time"
    )]
    pub async fn start() -> Self {
        Self::start_blocking()
    }

    /// [`start`](Self::start) for who is not async.
    pub fn start_blocking() -> Self {
        let (port, _) = Port::take();
        let files = Arc::new(Files::default());
        let log = Arc::new(Log::default());
        let setting = Setting {
            name: ServerName::Web,
            answer: Arc::clone(&files) as _,
            log: Arc::clone(&log),
            tls: None,
        };
        Self {
            server: Server::start(port, setting),
            files,
            log,
        }
    }

    /// The URL of a path: `http://127.0.0.1:40001/index.yaml` for `/index.yaml`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// Serve these bytes under this path (`/index.yaml`) from now on.
    pub fn put(&self, path: &str, content_type: &str, bytes: impl Into<Vec<u8>>) {
        let file = File {
            content_type: content_type.to_owned(),
            bytes: bytes.into().into(),
        };
        self.files.with(|files| files.insert(path.to_owned(), file));
    }

    /// Serve this path no more. Answers whether it was there.
    pub fn remove(&self, path: &str) -> bool {
        self.files.with(|files| files.remove(path)).is_some()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.log.all()
    }

    /// Forget the requests so far.
    pub fn forget_requests(&self) {
        self.log.clear();
    }

    /// Close every connection and refuse new ones.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Accept connections on the same port again.
    pub fn start_again(&self) {
        self.server.start_again();
    }
}

impl Files {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<String, File>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Answer for Files {
    fn answer(&self, call: &Call) -> Reply {
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return Reply::Say(empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        let file = self.with(|files| files.get(&call.path).cloned());
        Reply::Say(match file {
            None => empty(StatusCode::NOT_FOUND),
            Some(file) => file.response(call),
        })
    }
}

impl File {
    fn response(&self, call: &Call) -> Response<Body> {
        let tag = format!("\"{}\"", sha256(&self.bytes));
        let known = call.header("if-none-match").is_some_and(|tags| {
            tags.split(',')
                .map(|known| known.trim().trim_start_matches("W/"))
                .any(|known| known == "*" || known == tag)
        });
        // A range of what the file was before is no range of it.
        let changed = call.header("if-range").is_some_and(|known| known != tag);
        let mut response = if known {
            empty(StatusCode::NOT_MODIFIED)
        } else if changed {
            Response::new(Body::whole(self.bytes.clone()))
        } else {
            part(call, &self.bytes)
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, value(&tag));
        headers.insert(header::CONTENT_TYPE, value(&self.content_type));
        response
    }
}
