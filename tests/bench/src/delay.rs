//! A way to a server that takes time, and counts the requests and the bytes that go along it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep_until};

/// Forwards connections to a server, half a round trip later in each direction.
pub(crate) struct Delay {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl Delay {
    pub(crate) fn to(server: String, round_trip: Duration) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicU64::new(0));
        let bytes = Arc::new(AtomicU64::new(0));
        let (counter, sum) = (Arc::clone(&requests), Arc::clone(&bytes));
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, counter) = (server.clone(), Arc::clone(&counter));
                let sums = [Arc::clone(&sum), Arc::clone(&sum)];
                tokio::spawn(async move {
                    // The handshake of TCP is a round trip as well.
                    tokio::time::sleep(round_trip).await;
                    let Ok(server) = TcpStream::connect(server).await else {
                        return;
                    };
                    // Small writes must not wait for each other on top.
                    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
                        return;
                    }
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    let delay = round_trip / 2;
                    let [there, back] = sums.map(|bytes| Way { delay, bytes });
                    tokio::spawn(forward(from_client, to_server, there, Some(counter)));
                    forward(from_server, to_client, back, None).await;
                });
            }
        });
        Ok(Self {
            address,
            requests,
            bytes,
            _runtime: runtime,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have come since this was last asked.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.swap(0, Ordering::Relaxed)
    }

    /// How many bytes went either way since this was last asked, heads included.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }
}

/// One direction of a connection.
struct Way {
    delay: Duration,
    bytes: Arc<AtomicU64>,
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    way: Way,
    counter: Option<Arc<AtomicU64>>,
) {
    let (queue, mut queued) = tokio::sync::mpsc::channel::<(Instant, Vec<u8>)>(1024);
    let writer = tokio::spawn(async move {
        while let Some((due, bytes)) = queued.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    });
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer[..read].to_vec();
        way.bytes.fetch_add(read as u64, Ordering::Relaxed);
        if let Some(counter) = &counter {
            let verbs = [&b"GET /"[..], b"HEAD /", b"POST /"];
            let begun = verbs.iter().any(|verb| bytes.starts_with(verb));
            counter.fetch_add(u64::from(begun), Ordering::Relaxed);
        }
        if queue
            .send((Instant::now() + way.delay, bytes))
            .await
            .is_err()
        {
            break;
        }
    }
    drop(queue);
    let _ = writer.await;
}
