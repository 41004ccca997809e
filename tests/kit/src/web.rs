//! A web server for files that tests put into it.

mod files;
mod lie;
mod telling;

use std::sync::Arc;

use self::files::{Files, Told};
pub use self::lie::WebLie;
use crate::server::{Log, Login, Port, Seen, Server, ServerName, Setting};
use crate::tls::{ClientCertificates, TlsMaterial};

/// A web server on 127.0.0.1 for files in memory, with validators and ranges: a repository of charts,
/// if an `index.yaml` is put into it. Honest until it is told a [`WebLie`]. Stops when it is dropped.
#[derive(Debug)]
pub struct WebServer {
    server: Server,
    scheme: &'static str,
    files: Arc<Files>,
    log: Arc<Log>,
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
        Self::start_with(None)
    }

    /// [`start`](Self::start), speaking TLS.
    pub fn start_tls(material: &TlsMaterial, clients: ClientCertificates) -> Self {
        Self::start_with(Some((material, clients)))
    }

    fn start_with(tls: Option<(&TlsMaterial, ClientCertificates)>) -> Self {
        let (port, _) = Port::take();
        let files = Arc::new(Files::default());
        let log = Arc::new(Log::default());
        let setting = Setting {
            name: ServerName::Web,
            answer: Arc::clone(&files) as _,
            log: Arc::clone(&log),
            tls: tls.map(|(material, clients)| material.acceptor(clients)),
        };
        Self {
            server: Server::start(port, setting),
            scheme: if tls.is_some() { "https" } else { "http" },
            files,
            log,
        }
    }

    /// The URL of a path: `http://127.0.0.1:40001/index.yaml` for `/index.yaml`.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.server.address())
    }

    /// Serve these bytes under this path (`/index.yaml`) from now on.
    pub fn put(&self, path: &str, content_type: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into().into();
        self.files
            .with(|state| state.put(path, content_type, bytes));
    }

    /// Serve this path no more. Answers whether it was there.
    pub fn remove(&self, path: &str) -> bool {
        self.files.with(|state| state.files.remove(path)).is_some()
    }

    /// Ask everybody for this login from now on, by Basic.
    pub fn require_login(&self, user: &str, password: &str) {
        let login = Some((user.to_owned(), password.to_owned()));
        self.files.with(|state| state.login = login);
    }

    /// From now on send gzip to who accepts it, with weak tags.
    pub fn compress(&self) {
        self.files.with(|state| state.compresses = true);
    }

    /// Tell this lie about a path from now on.
    pub fn tell(&self, path: &str, lie: WebLie) {
        self.tell_times(path, lie, u32::MAX);
    }

    /// Tell this lie so often, and then no more.
    pub fn tell_times(&self, path: &str, lie: WebLie, times: u32) {
        let told = Told {
            path: path.to_owned(),
            lie,
            left: times,
        };
        self.files.with(|state| state.told.push(told));
    }

    /// Tell no more lies.
    pub fn be_honest(&self) {
        self.files.with(|state| state.told.clear());
    }

    /// How many requests brought an `Authorization` header, whatever was in it.
    pub fn logins(&self) -> usize {
        let requests = self.log.all();
        let shows = |seen: &&Seen| seen.login() != Login::Anonymous;
        requests.iter().filter(shows).count()
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
