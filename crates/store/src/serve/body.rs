//! What an answer consists of.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};

use super::connection::{Lane, Part};
use crate::Blocking;

/// How much of a file is sent at a time. With an eighth of it, 2 MB cost a third more.
const PART: usize = 1 << 20;

/// What hyper carries to the wire in place of a file's bytes, over and over. The wire knows it by
/// its address and sends the file's bytes instead, so nobody ever sees these.
static PLACEHOLDER: [u8; 16 << 10] = [0; 16 << 10];

/// Whether these bytes stand for a part of a file.
pub(super) fn is_placeholder(bytes: &[u8]) -> bool {
    PLACEHOLDER.as_ptr_range().contains(&bytes.as_ptr())
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Memory(Bytes),
    File(Stream),
}

/// A stretch of a file on its way to one client.
#[derive(Debug)]
pub(super) struct Stream {
    file: Arc<File>,
    offset: u64,
    end: u64,
    lane: Arc<Lane>,
    blocking: Blocking,
    /// Bringing the next part into memory, if it is not there.
    warming: Option<Warming>,
}

type Warm = dyn Future<Output = io::Result<io::Result<()>>> + Send;

struct Warming(Pin<Box<Warm>>);

impl std::fmt::Debug for Warming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Warming")
    }
}

impl Stream {
    pub(super) fn new(
        file: Arc<File>,
        range: std::ops::Range<u64>,
        lane: Arc<Lane>,
        blocking: Blocking,
    ) -> Self {
        Self {
            file,
            offset: range.start,
            end: range.end,
            lane,
            blocking,
            warming: None,
        }
    }

    /// The next part, once sending it will not wait for a disk.
    fn poll_part(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let left = self.end - self.offset;
        let length = usize::try_from(left).unwrap_or(PART).min(PART);
        if length == 0 {
            return Poll::Ready(Ok(0));
        }
        if self.warming.is_none() && !is_in_memory(&self.file, self.offset, length) {
            let (file, offset) = (Arc::clone(&self.file), self.offset);
            let blocking = self.blocking.clone();
            let warm = async move { blocking.run(move || warm(&file, offset, length)).await };
            self.warming = Some(Warming(Box::pin(warm)));
        }
        if let Some(Warming(warming)) = &mut self.warming {
            let warmed = ready!(warming.as_mut().poll(context));
            self.warming = None;
            warmed??;
        }
        let (file, offset) = (Arc::clone(&self.file), self.offset);
        self.lane.push(Part::new(file, offset, length));
        self.offset += length as u64;
        Poll::Ready(Ok(length))
    }
}

/// Whether the last byte of a part is in memory; the system reads ahead, so the others are then,
/// too.
#[cfg(target_os = "linux")]
fn is_in_memory(file: &File, offset: u64, length: usize) -> bool {
    use rustix::io::ReadWriteFlags;
    let last = offset + (length as u64).saturating_sub(1);
    let mut byte = [0];
    let mut slices = [io::IoSliceMut::new(&mut byte)];
    rustix::io::preadv2(file, &mut slices, last, ReadWriteFlags::NOWAIT).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_file: &File, _offset: u64, _length: usize) -> bool {
    false
}

/// Have the system bring a part into memory, by reading it.
fn warm(file: &File, offset: u64, length: usize) -> io::Result<()> {
    use std::os::unix::fs::FileExt as _;
    // Not all at once: these bytes are only touched.
    let mut bytes = vec![0; length.min(64 << 10)];
    let end = offset + length as u64;
    let mut next = offset;
    while next < end {
        match file.read_at(&mut bytes, next)? {
            0 => break,
            read => next += read as u64,
        }
    }
    Ok(())
}

/// One piece of a body.
#[derive(Debug)]
pub(super) enum Piece {
    Memory(Bytes),
    /// So many bytes of the part that the lane has.
    File(usize),
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.remaining(),
            Self::File(left) => *left,
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes.chunk(),
            Self::File(left) => PLACEHOLDER.get(..*left).unwrap_or(&PLACEHOLDER),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Memory(bytes) => bytes.advance(count),
            Self::File(left) => *left = left.saturating_sub(count),
        }
    }
}

impl Body for Content {
    type Data = Piece;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Piece>>>> {
        let piece = match &mut *self {
            Self::Nothing => return Poll::Ready(None),
            Self::Memory(bytes) => Piece::Memory(std::mem::take(bytes)),
            Self::File(stream) => match ready!(stream.poll_part(context)) {
                Ok(length) => Piece::File(length),
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        let frame = piece.has_remaining().then(|| Ok(Frame::data(piece)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Nothing => 0,
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(stream) => stream.end - stream.offset,
        })
    }
}
