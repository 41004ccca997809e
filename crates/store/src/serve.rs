//! The file server: what is published, to whoever asks, and nothing else.

mod answer;
mod body;
mod conditions;
mod connection;
mod files;
mod memory;
mod range;
mod target;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::Store;
use answer::Answerer;
use connection::Lane;

/// How much clients may ask of the server. `Default` suits a cluster.
#[derive(Debug, Clone)]
pub struct ServeLimits {
    /// How long a request's head may take from its first byte, or from the connection's beginning.
    /// Default: 10 s.
    pub header_timeout: Duration,
    /// How long a connection may wait for its next request. Default: 120 s.
    pub idle_timeout: Duration,
    /// How long a client may take no byte at all of an answer. An answer as a whole has no limit.
    /// Default: 60 s.
    pub stall_timeout: Duration,
    /// How large a request's head may be, in bytes; at least 8 KiB. Default: 16 KiB.
    pub max_head_bytes: usize,
    /// How many connections are open at a time; more wait in the system's queue. Default: 4,096.
    pub max_connections: usize,
    /// How long running answers may take once the server is told to stop. Default: 5 s.
    pub shutdown_grace: Duration,
    /// How many bytes of small artifacts (up to 256 KiB each) stay in memory. Default: 16 MiB.
    pub max_memory_bytes: u64,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(2),
            stall_timeout: Duration::from_mins(1),
            max_head_bytes: 16 << 10,
            max_connections: 4_096,
            shutdown_grace: Duration::from_secs(5),
            max_memory_bytes: 16 << 20,
        }
    }
}

/// Serve what `store` has published until `shutdown` comes: plain HTTP/1.1, GET and HEAD, with
/// ranges and conditions, under the default [`ServeLimits`].
///
/// `GET /` is 200 and empty. Nothing is listed, and locks, staged files and records are not there.
///
/// # Errors
///
/// If `listener` does not work any more. A connection's failure is that connection's.
///
/// # Cancel safety
///
/// Every connection is closed when the future is dropped.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_with_limits(listener, store, ServeLimits::default(), shutdown).await
}

/// [`serve`], under other limits.
///
/// # Errors
///
/// As [`serve`].
pub async fn serve_with_limits(
    listener: TcpListener,
    store: Store,
    limits: ServeLimits,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let server = Arc::new(Server {
        answerer: Answerer::new(store, &limits),
        limits,
    });
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let outcome = tokio::select! {
        failed = server.accept(&listener, &stopped, &mut connections) => failed,
        () = shutdown => Ok(()),
    };
    drop(listener);
    let _ = stop.send(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(server.limits.shutdown_grace, drained).await;
    connections.shutdown().await;
    outcome
}

#[derive(Debug)]
struct Server {
    answerer: Answerer,
    limits: ServeLimits,
}

impl Server {
    async fn accept(
        self: &Arc<Self>,
        listener: &TcpListener,
        stopped: &watch::Receiver<bool>,
        connections: &mut JoinSet<()>,
    ) -> io::Result<()> {
        let places = Arc::new(Semaphore::new(self.limits.max_connections.max(1)));
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            let place = place.map_err(io::Error::other)?;
            let stream = loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => break stream,
                        Err(error) => pause_after(error).await?,
                    },
                    // Or the finished ones would gather.
                    Some(ended) = connections.join_next() => report(ended),
                }
            };
            let server = Arc::clone(self);
            connections.spawn(server.converse(stream, place, stopped.clone()));
        }
    }

    /// Answer one client until it, or a limit, ends the connection.
    async fn converse(
        self: Arc<Self>,
        stream: TcpStream,
        place: OwnedSemaphorePermit,
        mut stopped: watch::Receiver<bool>,
    ) {
        let _place = place;
        // Without it the last part of an answer may wait for the client to acknowledge the others.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let lane = Arc::new(Lane::default());
        let wire = connection::Wire::new(stream, Arc::clone(&lane), &self.limits);
        let service = hyper::service::service_fn(|request| self.answerer.answer(request, &lane));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(hyper_util::rt::TokioTimer::new())
            // The wire measures the head from its first byte; this is the whole wait for a request.
            .header_read_timeout(self.limits.idle_timeout)
            .max_buf_size(self.limits.max_head_bytes.max(8 << 10))
            // Parts of files must reach the wire as they are.
            .writev(true)
            .serve_connection(wire, service);
        let mut connection = std::pin::pin!(connection);
        let outcome = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopped.changed() => {
                // Nobody waits for an answer; hyper would wait for the rest of the head.
                if !lane.is_answering() {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a connection ended early"
            );
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "serving a connection failed");
    }
}

/// What to do when no connection could be accepted: a client that left again is no matter, too many
/// open files pass, anything about the listener itself does not.
async fn pause_after(error: io::Error) -> io::Result<()> {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidInput, NotConnected};
    match error.kind() {
        ConnectionAborted | ConnectionReset => Ok(()),
        InvalidInput | NotConnected => Err(error),
        _ => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(())
        }
    }
}
