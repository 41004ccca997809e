//! Inflating what arrives, piece by piece.

use std::io::{self, BufRead, ErrorKind, Read};

use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;

/// The largest piece that is handed out, in bytes, however well it was compressed.
const PIECE: usize = 64 << 10;
/// How everything begins that gzip wrote.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why an answer cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingFlaw {
    /// It is encoded in a way that was not asked for.
    #[error("it is encoded as `{}`, where gzip or nothing was asked for", found.escape_debug())]
    Unknown {
        /// The `Content-Encoding`, at most 100 characters of it.
        found: String,
    },
    /// It says that it is gzip, and is not, or does not have the checksum it names.
    #[error("it is said to be gzip, and cannot be read as that")]
    Corrupt,
    /// It ends before the gzip stream does.
    #[error("it ends in the middle of its gzip stream")]
    Truncated,
    /// What comes out is gzip again.
    #[error("it is compressed twice")]
    Twice,
}

/// A gzip stream ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)) that is fed as it arrives.
#[derive(Debug)]
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Feed>,
    piece: Box<[u8]>,
    /// The first two bytes that came out.
    head: Vec<u8>,
}

/// What comes out of a [`Gunzip`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Inflated {
    Piece(Bytes),
    /// Nothing more before it is [fed](Gunzip::feed).
    Hungry,
    /// All of it came out, and its checksums are right.
    End,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Feed::default()),
            piece: vec![0; PIECE].into(),
            head: Vec::new(),
        }
    }

    /// The next bytes of the stream, once it is [`Hungry`](Inflated::Hungry); `None` at its end.
    pub(crate) fn feed(&mut self, bytes: Option<Bytes>) {
        let feed = self.decoder.get_mut();
        match bytes {
            Some(bytes) => feed.bytes = bytes,
            None => feed.ended = true,
        }
    }

    /// The next piece of the content.
    pub(crate) fn read(&mut self) -> Result<Inflated, EncodingFlaw> {
        match self.decoder.read(&mut self.piece) {
            Ok(0) => Ok(Inflated::End),
            Ok(length) => {
                let piece = &self.piece[..length];
                let missing = MAGIC.len() - self.head.len();
                self.head.extend(piece.iter().take(missing));
                if self.head == MAGIC {
                    return Err(EncodingFlaw::Twice);
                }
                Ok(Inflated::Piece(Bytes::copy_from_slice(piece)))
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => Ok(Inflated::Hungry),
                ErrorKind::UnexpectedEof => Err(EncodingFlaw::Truncated),
                _ => Err(EncodingFlaw::Corrupt),
            },
        }
    }
}

/// What has arrived and was not read yet.
#[derive(Debug, Default)]
struct Feed {
    bytes: Bytes,
    ended: bool,
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.len().min(into.len());
        self.bytes.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(&self.bytes)
    }

    fn consume(&mut self, length: usize) {
        self.bytes.advance(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out if `stream` arrives in pieces of `size` bytes.
    fn inflate(stream: &[u8], size: usize) -> Result<Vec<u8>, EncodingFlaw> {
        let mut gunzip = Gunzip::new();
        let (mut content, mut rest) = (Vec::new(), stream.chunks(size));
        loop {
            match gunzip.read()? {
                Inflated::Piece(piece) => {
                    assert!(piece.len() <= PIECE);
                    content.extend_from_slice(&piece);
                }
                Inflated::Hungry => gunzip.feed(rest.next().map(Bytes::copy_from_slice)),
                Inflated::End => return Ok(content),
            }
        }
    }

    #[test]
    fn however_it_arrives_the_same_comes_out() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        let stream = gzip(&content);
        for size in [1, 2, 7, 1_000, stream.len()] {
            assert!(inflate(&stream, size).unwrap() == content, "{size}");
        }
        let two = [gzip(b"a"), gzip(b"b")].concat();
        for size in 1..two.len() {
            assert_eq!(inflate(&two, size).unwrap(), b"ab", "{size}");
        }
    }

    #[test]
    fn a_stream_that_ends_anywhere_but_at_its_end_is_an_error() {
        let stream = gzip(b"apiVersion: v1");
        for end in 0..stream.len() {
            let cut = inflate(&stream[..end], 5);
            assert_eq!(cut, Err(EncodingFlaw::Truncated), "{end}");
        }
    }

    #[test]
    fn what_is_no_gzip_or_not_the_right_one_is_an_error() {
        let corrupt = Err(EncodingFlaw::Corrupt);
        assert_eq!(inflate(b"apiVersion: v1\n", 4), corrupt);
        let mut stream = gzip(b"apiVersion: v1");
        let checksum = stream.len() - 8;
        stream[checksum] ^= 1;
        assert_eq!(inflate(&stream, 4), corrupt);
        let followed = [gzip(b"a"), b"behind the end".to_vec()].concat();
        assert_eq!(inflate(&followed, 4), corrupt);
    }

    #[test]
    fn what_is_compressed_twice_is_an_error() {
        let twice = gzip(&gzip(b"apiVersion: v1"));
        for size in [1, 1_000] {
            assert_eq!(inflate(&twice, size), Err(EncodingFlaw::Twice));
        }
    }

    #[test]
    fn a_bomb_comes_out_in_small_pieces() {
        let bomb = gzip(&vec![0; 20 << 20]);
        assert!(bomb.len() < 32 << 10);
        assert_eq!(inflate(&bomb, bomb.len()).unwrap().len(), 20 << 20);
    }
}
