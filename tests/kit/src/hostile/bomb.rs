//! Little that becomes much.

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::{CHART_YAML, Tar, raw_tar::Entry};

/// How many bytes one piece of a bomb unpacks to.
const PIECE: usize = 16 << 20;

/// A chart with one file of so many zeros: 1 MiB of it unpacks to 1 GiB. Made in a moment, however
/// large.
pub fn bomb(unpacked: u64) -> Vec<u8> {
    bomb_of_bytes(unpacked, unpacked)
}

/// The same, where the file's header says another size than comes.
pub fn bomb_of_bytes(unpacked: u64, declared: u64) -> Vec<u8> {
    let start = Tar::new().file("podinfo/Chart.yaml", CHART_YAML.as_bytes());
    let start = start.entry(&Entry {
        path: b"podinfo/files/zeros",
        ..Entry::file(b"")
    });
    let mut start = start.0;
    let at = start.len() - 512;
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes().copy_from_slice(&start[at..]);
    header.set_size(declared);
    header.set_cksum();
    start[at..].copy_from_slice(header.as_bytes());

    let mut gzip = Gzip::new();
    gzip.write(&start);
    // Whole pieces only, with the blocks that end the archive among them.
    let pieces = unpacked.div_ceil(PIECE as u64) + 1;
    gzip.repeat(&vec![0; PIECE], pieces);
    gzip.finish()
}

/// A gzip member whose pieces are compressed once and written often.
/// <https://www.rfc-editor.org/rfc/rfc1952>
struct Gzip {
    bytes: Vec<u8>,
    checksum: Crc,
    length: u64,
}

impl Gzip {
    fn new() -> Self {
        Self {
            bytes: b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec(),
            checksum: Crc::new(),
            length: 0,
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.repeat(bytes, 1);
    }

    fn repeat(&mut self, bytes: &[u8], times: u64) {
        let piece = deflated(bytes);
        let mut checksum = Crc::new();
        checksum.update(bytes);
        for _ in 0..times {
            self.bytes.extend(&piece);
            self.checksum.combine(&checksum);
            self.length += bytes.len() as u64;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        // An empty last block.
        self.bytes.extend([0x03, 0x00]);
        self.bytes.extend(self.checksum.sum().to_le_bytes());
        // By the format the length counts modulo 2^32.
        self.bytes.extend(&self.length.to_le_bytes()[..4]);
        self.bytes
    }
}

/// Compressed so that it can stand anywhere: it ends at a byte, and needs nothing before it.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut deflated = Vec::with_capacity(bytes.len() / 500 + 4096);
    compress
        .compress_vec(bytes, &mut deflated, FlushCompress::Full)
        .expect("compressing into memory does not fail");
    assert_eq!(
        compress.total_in(),
        bytes.len() as u64,
        "there is room for all of it"
    );
    deflated
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_bomb_is_good_gzip_and_small() {
        let bomb = bomb(64 << 20);
        assert!(bomb.len() < 128 << 10, "{}", bomb.len());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bomb.as_slice()));
        let mut zeros = archive
            .entries()
            .expect("an archive")
            .nth(1)
            .expect("the second entry")
            .expect("an entry");
        let mut bytes = Vec::new();
        zeros.read_to_end(&mut bytes).expect("it can be read");
        assert_eq!(bytes.len(), 64 << 20);
        let rest = std::io::copy(&mut archive.into_inner(), &mut std::io::sink());
        assert!(rest.is_ok(), "the checksum is right");
    }
}
