//! Bytes between code that waits and code that blocks, a few pieces at a time.

use std::io::{self, Read, Write};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::sync::mpsc;

/// How many pieces may be under way.
const PIECES: usize = 4;
/// How much a writer gathers into a piece, in bytes.
const PIECE: usize = 128 << 10;

/// Bytes for blocking code to read as they come.
pub(crate) fn to_reader() -> (Feed, PipeReader) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let reader = PipeReader {
        receiver,
        piece: Bytes::new(),
        whole: false,
    };
    (Feed { sender }, reader)
}

/// The end that waits.
#[derive(Debug)]
pub(crate) struct Feed {
    sender: mpsc::Sender<Option<Bytes>>,
}

impl Feed {
    /// Hand over the next bytes. `false` if nobody reads any more.
    pub(crate) async fn push(&self, bytes: Bytes) -> bool {
        bytes.is_empty() || self.sender.send(Some(bytes)).await.is_ok()
    }

    /// Tell that there are no more. A reader whose feed is dropped without this gets an error, so
    /// that a download that broke never looks like a whole one.
    pub(crate) async fn finish(self) {
        // Who does not read any more need not be told.
        let _ = self.sender.send(None).await;
    }
}

/// The end that blocks.
#[derive(Debug)]
pub(crate) struct PipeReader {
    receiver: mpsc::Receiver<Option<Bytes>>,
    piece: Bytes,
    whole: bool,
}

impl Read for PipeReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.whole {
            match self.receiver.blocking_recv() {
                Some(Some(piece)) => self.piece = piece,
                Some(None) => self.whole = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = to.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut to[..length]);
        Ok(length)
    }
}

/// Bytes from blocking code, as it writes them.
pub(crate) fn from_writer() -> (PipeWriter, mpsc::Receiver<Bytes>) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let writer = PipeWriter {
        sender,
        piece: BytesMut::new(),
    };
    (writer, receiver)
}

/// The end that blocks. What was not flushed when it is dropped is lost.
#[derive(Debug)]
pub(crate) struct PipeWriter {
    sender: mpsc::Sender<Bytes>,
    piece: BytesMut,
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = self.piece.split().freeze();
        if piece.is_empty() {
            return Ok(());
        }
        let sent = self.sender.blocking_send(piece);
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_fed_is_read_in_order() {
        let (feed, mut reader) = to_reader();
        let read = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        for piece in ["first, ", "", "second, ", "third"] {
            assert!(feed.push(Bytes::from_static(piece.as_bytes())).await);
        }
        feed.finish().await;
        assert_eq!(read.await.unwrap().unwrap(), "first, second, third");
    }

    #[tokio::test]
    async fn a_feed_that_breaks_off_is_an_error_and_no_end() {
        let (feed, mut reader) = to_reader();
        let read = tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new()));
        feed.push(Bytes::from_static(b"half")).await;
        drop(feed);
        let error = read.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_is_written_comes_out_whole() {
        let (mut writer, mut receiver) = from_writer();
        let text = vec![b'x'; 3 * PIECE + 1];
        let expected = text.len();
        let written = tokio::task::spawn_blocking(move || {
            writer.write_all(&text)?;
            writer.flush()
        });
        let mut count = 0;
        while let Some(piece) = receiver.recv().await {
            count += piece.len();
        }
        written.await.unwrap().unwrap();
        assert_eq!(count, expected);
    }

    #[tokio::test]
    async fn nobody_writes_for_nobody() {
        let (mut writer, receiver) = from_writer();
        drop(receiver);
        let written = tokio::task::spawn_blocking(move || {
            writer.write_all(b"x")?;
            writer.flush()
        });
        assert_eq!(
            written.await.unwrap().unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }
}
