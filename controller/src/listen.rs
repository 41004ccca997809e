//! Ports, as Go writes them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// How many connections may wait to be taken.
const BACKLOG: u32 = 1_024;

/// A port that is ours, and on which nobody is answered yet.
#[derive(Debug)]
pub(crate) struct Port {
    socket: TcpSocket,
    flag: &'static str,
    address: String,
}

/// Why a port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("--{flag}: cannot listen on `{address}`")]
pub(crate) struct ListenError {
    flag: &'static str,
    address: String,
    source: io::Error,
}

impl Port {
    /// Take the port that the flag `flag` names: `[HOST]:PORT`, every address of this machine if it
    /// names no host.
    ///
    /// # Errors
    ///
    /// If the text is no such address, or the port is in use.
    pub(crate) async fn take(flag: &'static str, address: &str) -> Result<Self, ListenError> {
        match bind(address).await {
            Ok(socket) => Ok(Self {
                socket,
                flag,
                address: address.to_owned(),
            }),
            Err(source) => Err(ListenError {
                flag,
                address: address.to_owned(),
                source,
            }),
        }
    }

    /// Begin to take connections.
    ///
    /// # Errors
    ///
    /// If another process was faster.
    pub(crate) fn listen(self) -> Result<TcpListener, ListenError> {
        let Self {
            socket,
            flag,
            address,
        } = self;
        socket.listen(BACKLOG).map_err(|source| ListenError {
            flag,
            address,
            source,
        })
    }
}

async fn bind(address: &str) -> io::Result<TcpSocket> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "[HOST]:PORT is expected");
    let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
    let port: u16 = port.parse().map_err(|_| invalid())?;
    let hosts: Vec<SocketAddr> = if host.is_empty() {
        // The first serves both families, where the machine has both.
        let any: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
        any.map(|host| SocketAddr::new(host, port)).into()
    } else {
        lookup_host(address).await?.collect()
    };
    let mut failure = invalid();
    for host in hosts {
        match bind_to(host) {
            Ok(socket) => return Ok(socket),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn bind_to(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As every server does: else a restart has to wait for old connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_port_without_host_answers_on_both_families() {
        let listener = Port::take("health-addr", ":0")
            .await
            .expect("a port")
            .listen()
            .expect("free");
        let port = listener.local_addr().expect("an address").port();
        TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("an answer");
    }

    #[tokio::test]
    async fn a_named_host_is_looked_up() {
        let listener = Port::take("health-addr", "localhost:0")
            .await
            .expect("a port")
            .listen()
            .expect("free");
        assert!(
            listener
                .local_addr()
                .expect("an address")
                .ip()
                .is_loopback()
        );
    }

    #[tokio::test]
    async fn nobody_is_answered_before_it_is_time() {
        let port = Port::take("storage-addr", "127.0.0.1:0")
            .await
            .expect("a port");
        let address = port.socket.local_addr().expect("an address");
        TcpStream::connect(address).await.expect_err("refused");
        let _listener = port.listen().expect("free");
        TcpStream::connect(address).await.expect("an answer");
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error_that_names_the_flag() {
        let listener = Port::take("metrics-addr", "127.0.0.1:0")
            .await
            .expect("a port")
            .listen()
            .expect("free");
        let address = listener.local_addr().expect("an address").to_string();
        let error = Port::take("storage-addr", &address)
            .await
            .expect_err("in use");
        assert_eq!(
            error.to_string(),
            format!("--storage-addr: cannot listen on `{address}`")
        );
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused() {
        for wrong in ["", "host", "host:http", ":70000", "1.2.3.4.5:80"] {
            Port::take("health-addr", wrong).await.expect_err(wrong);
        }
    }
}
