//! A connection that can be told to put other bytes on the wire, or to end in a reset.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// What a connection is to do that HTTP does not know of. Shared with whoever answers on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders(Arc<Mutex<Pending>>);

#[derive(Debug, Default)]
struct Pending {
    replacement: Option<Bytes>,
    reset: bool,
}

impl Orders {
    /// Send `raw` in place of the next thing that is written.
    pub(super) fn replace(&self, raw: Bytes) {
        self.with(|pending| pending.replacement = Some(raw));
    }

    /// Let the connection end with RST rather than FIN.
    pub(super) fn reset(&self) {
        self.with(|pending| pending.reset = true);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Pending) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection under orders.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    orders: Orders,
    /// What is left of a replacement under way.
    replacing: Bytes,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(super) fn plain(stream: TcpStream, orders: Orders) -> Self {
        Self::new(Stream::Plain(stream), orders)
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>, orders: Orders) -> Self {
        Self::new(Stream::Tls(Box::new(stream)), orders)
    }

    fn new(stream: Stream, orders: Orders) -> Self {
        Self {
            stream,
            orders,
            replacing: Bytes::new(),
        }
    }
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.orders.with(|pending| pending.reset) {
            // Best effort: the socket may be closed already.
            let _ = self.stream.tcp().set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Some(raw) = this.orders.with(|pending| pending.replacement.take()) {
            this.replacing = raw;
        }
        if this.replacing.is_empty() {
            return this.stream.poll_write(cx, bytes);
        }
        while !this.replacing.is_empty() {
            let written = ready!(this.stream.poll_write(cx, &this.replacing))?;
            this.replacing.advance(written);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
