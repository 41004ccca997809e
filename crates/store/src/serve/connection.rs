//! One client's connection: how long it may keep us waiting, and how parts of files get into it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead as _, AsyncWrite as _, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::ServeLimits;
use super::body;
use crate::objects::lock;

/// What answering and writing tell each other on one connection.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Parts of files whose place-holders are on their way to the wire, in order.
    parts: Mutex<VecDeque<Part>>,
    /// A request's head was read whole, and nothing of the next one.
    is_answering: AtomicBool,
}

/// Bytes of a file that take the place of place-holders of the same length in all.
#[derive(Debug)]
pub(super) struct Part {
    file: Arc<File>,
    offset: u64,
    /// How many bytes are to be sent still.
    unsent: usize,
    /// How many bytes were sent whose place-holders have not come yet.
    ahead: usize,
}

impl Part {
    pub(super) fn new(file: Arc<File>, offset: u64, length: usize) -> Self {
        Self {
            file,
            offset,
            unsent: length,
            ahead: 0,
        }
    }
}

impl Lane {
    /// A request's head is complete.
    pub(super) fn begin_answer(&self) {
        self.is_answering.store(true, Ordering::Relaxed);
    }

    /// Whether a request was read whole, and nothing of the next one.
    pub(super) fn is_answering(&self) -> bool {
        self.is_answering.load(Ordering::Relaxed)
    }

    /// The next place-holder stands for this.
    pub(super) fn push(&self, part: Part) {
        lock(&self.parts).push_back(part);
    }
}

/// A client's socket with time limits, which sends parts of files without copying them.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    lane: Arc<Lane>,
    header_timeout: Duration,
    stall_timeout: Duration,
    /// Runs while a request's head is incomplete.
    head: Pin<Box<Sleep>>,
    /// Runs while the client takes nothing.
    stall: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, lane: Arc<Lane>, limits: &ServeLimits) -> Self {
        Self {
            stream,
            lane,
            header_timeout: limits.header_timeout,
            stall_timeout: limits.stall_timeout,
            head: Box::pin(sleep(limits.header_timeout)),
            stall: None,
        }
    }

    fn write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.try_write(context, slices);
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let timeout = self.stall_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn try_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let is_real = |slice: &IoSlice<'_>| !body::is_placeholder(slice);
        let real = slices.iter().take_while(|slice| is_real(slice)).count();
        if let (0, Some(placeholder)) = (real, slices.first()) {
            return self.send_part(context, placeholder.len());
        }
        let real = slices.get(..real).unwrap_or_default();
        Pin::new(&mut self.stream).poll_write_vectored(context, real)
    }

    /// Put bytes of the part that is next in the place of `length` bytes. As many are sent at once
    /// as the socket takes, and the place-holders that follow are only counted.
    fn send_part(&mut self, context: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        loop {
            let mut parts = lock(&self.lane.parts);
            let part = parts.front_mut().ok_or(io::ErrorKind::InvalidData)?;
            if part.ahead > 0 {
                let taken = part.ahead.min(length);
                part.ahead -= taken;
                if part.ahead == 0 && part.unsent == 0 {
                    parts.pop_front();
                }
                return Poll::Ready(Ok(taken));
            }
            ready!(self.stream.poll_write_ready(context))?;
            let attempt = || send(&self.stream, &part.file, part.offset, part.unsent);
            let sent = match self.stream.try_io(Interest::WRITABLE, attempt) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => done?,
            };
            if sent == 0 {
                // Somebody has cut the file; what was promised cannot be sent.
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            part.offset += sent as u64;
            part.unsent = part.unsent.saturating_sub(sent);
            part.ahead = sent;
        }
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut bytes = [0; 4096];
        let room = bytes.len().min(into.remaining());
        let mut buffer = ReadBuf::new(bytes.get_mut(..room).unwrap_or_default());
        match Pin::new(&mut this.stream).poll_read(context, &mut buffer) {
            Poll::Ready(read) => {
                read?;
                let filled = buffer.filled();
                // The first byte of the next request: from now on it must hurry.
                if !filled.is_empty() && this.lane.is_answering.swap(false, Ordering::Relaxed) {
                    this.head
                        .as_mut()
                        .reset(Instant::now() + this.header_timeout);
                }
                into.put_slice(filled);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.lane.is_answering() => Poll::Pending,
            Poll::Pending => {
                ready!(this.head.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Have the kernel send bytes of a file, without bringing them here.
#[cfg(target_os = "linux")]
fn send(stream: &TcpStream, file: &File, offset: u64, length: usize) -> io::Result<usize> {
    use rustix::io::Errno;
    let mut from = offset;
    match rustix::fs::sendfile(stream, file, Some(&mut from), length) {
        // A file system that cannot.
        Err(Errno::INVAL | Errno::NOSYS) => copy(stream, file, offset, length),
        sent => Ok(sent?),
    }
}

#[cfg(not(target_os = "linux"))]
use copy as send;

fn copy(stream: &TcpStream, file: &File, offset: u64, length: usize) -> io::Result<usize> {
    use std::os::unix::fs::FileExt as _;
    let mut bytes = vec![0; length.min(16 << 10)];
    let read = file.read_at(&mut bytes, offset)?;
    write(stream, bytes.get(..read).unwrap_or_default())
}

fn write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return Ok(0);
    }
    Ok(rustix::io::write(stream, bytes)?)
}
