//! Bytes of an index, a window at a time.

use std::io::{self, Read};

use super::error::IndexExcess;
use super::fault::{Fault, Problem};
use super::limits::IndexLimits;

/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// What has been read of a document and is still needed.
#[derive(Debug)]
pub(super) struct Input<R> {
    from: R,
    buffer: Vec<u8>,
    /// Where the bytes begin that are still needed, and where those end that are there.
    at: usize,
    end: usize,
    read: u64,
    max_bytes: u64,
    max_window: usize,
    at_end: bool,
}

impl<R: Read> Input<R> {
    pub(super) fn new(from: R, limits: &IndexLimits) -> Self {
        let max_window = usize::try_from(limits.max_version_bytes).unwrap_or(usize::MAX);
        Self {
            from,
            buffer: vec![0; CHUNK],
            at: 0,
            end: 0,
            read: 0,
            max_bytes: limits.max_index_bytes,
            max_window: max_window.saturating_add(CHUNK),
            at_end: false,
        }
    }

    /// The bytes that are there, from the first that was not [taken](Self::take).
    pub(super) fn window(&self) -> &[u8] {
        self.buffer.get(self.at..self.end).unwrap_or_default()
    }

    /// Give up the first `count` bytes of the window.
    pub(super) fn take(&mut self, count: usize) {
        self.at = self.end.min(self.at + count);
    }

    /// The first `count` bytes of the window, given up. They are there until the window grows.
    pub(super) fn taken(&mut self, count: usize) -> &[u8] {
        let from = self.at;
        self.take(count);
        self.buffer.get(from..self.at).unwrap_or_default()
    }

    /// Make the window longer, and say whether it is.
    ///
    /// # Errors
    ///
    /// If the document is too large, or one thing in it is.
    pub(super) fn more(&mut self) -> Result<bool, Fault> {
        if self.at_end {
            return Ok(false);
        }
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.end, 0);
            self.end -= self.at;
            self.at = 0;
        }
        if self.end == self.buffer.len() {
            self.grow()?;
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let count = read(&mut self.from, free).map_err(Fault::Read)?;
        self.end += count;
        self.read += count as u64;
        self.at_end = count == 0;
        if self.read > self.max_bytes {
            return Err(Fault::Excess(IndexExcess::Bytes {
                limit: self.max_bytes,
            }));
        }
        Ok(!self.at_end)
    }

    fn grow(&mut self) -> Result<(), Fault> {
        if self.buffer.len() >= self.max_window {
            return Err(Fault::Excess(IndexExcess::VersionBytes {
                limit: self.max_window.saturating_sub(CHUNK) as u64,
            }));
        }
        let longer = self.buffer.len().saturating_mul(2).min(self.max_window);
        self.buffer.resize(longer, 0);
        Ok(())
    }

    /// The next byte, which stays where it is.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Fault> {
        while self.at == self.end {
            if !self.more()? {
                return Ok(None);
            }
        }
        Ok(self.buffer.get(self.at).copied())
    }
}

fn read(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// `bytes` as text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Problem::NotUtf8.into())
}
