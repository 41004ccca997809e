//! A client that writes whatever it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use portolan_store::{Artifact, ServeLimits, serve_with_limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::home::Home;

/// Longer than any answer in these tests takes, shorter than anybody wants to wait.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) home: Home,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<std::io::Result<()>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(ServeLimits::default()).await
    }

    pub(crate) async fn with(limits: ServeLimits) -> Self {
        let home = Home::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let store = home.store.clone();
        let ended = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve_with_limits(listener, store, limits, stopped).await
        });
        Self {
            home,
            address,
            stop: Some(stop),
            ended,
        }
    }

    /// A server that has one small artifact.
    pub(crate) async fn with_chart(limits: ServeLimits) -> (Self, Artifact) {
        let server = Self::with(limits).await;
        let artifact = server.home.publish("app-1.0.0.tgz", b"0123456789").await;
        (server, artifact)
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    pub(crate) async fn ended(self) {
        self.ended.await.unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// One request, complete but for the blank line; `{}` in it is nothing.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let text = format!("{request}\r\nHost: store\r\nConnection: close\r\n\r\n");
        let bytes = self.send(text.as_bytes()).await;
        Answer::parse(&bytes)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1")).await
    }

    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status
    }

    /// Everything the server says until it closes the connection.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        // A server that has refused already may not read to the end.
        let _ = stream.write_all(bytes).await;
        read_to_close(&mut stream).await
    }
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
        let (head, body) = bytes.split_at(end + 4);
        let head = String::from_utf8(head.to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = body.to_vec();
        Self { status, head, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub(crate) async fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let read = tokio::time::timeout(PATIENCE, read).await;
    // A reset is a way to close, too.
    let _ = read.expect("the connection stays open");
    bytes
}
