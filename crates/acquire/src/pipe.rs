//! Bytes from code that blocks to code that waits, a few pieces at a time.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

/// How many pieces may be under way.
const PIECES: usize = 4;
/// How much a writer gathers into a piece, in bytes.
const PIECE: usize = 128 << 10;

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
