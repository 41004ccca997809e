//! Content digests, as OCI and Flux write them.

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

/// A hash algorithm that a [`Digest`] may use.
///
/// These are the algorithms that Flux accepts in `--artifact-digest-algo`, less SHA-1: a digest
/// here is what other people trust bytes by, and SHA-1 no longer bears that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, what every OCI registry uses.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512, the second algorithm registered by the OCI image specification.
    Sha512,
    /// BLAKE3 with 256 bits of output.
    Blake3,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Sha256, Self::Sha384, Self::Sha512, Self::Blake3];

    /// The name in front of the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
        }
    }

    fn hex_length(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = ParseDigestError;

    /// Read an algorithm's name, in lower case.
    ///
    /// # Errors
    ///
    /// If the name is not one of this type's.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| ParseDigestError::new(text, Reason::Algorithm))
    }
}

/// What some content hashes to, and by which algorithm: `sha256:9f86d0…`.
///
/// Implements the *digest* grammar of the [OCI image specification v1.1.1, section
/// descriptor](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests) for
/// the algorithms of [`Algorithm`]; the hash is in lower case, as there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// The digest of bytes held in memory.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// By which algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hash alone, in lower-case hexadecimal.
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    /// Read a digest.
    ///
    /// # Errors
    ///
    /// If there is no colon, the algorithm is unknown, or the hash is not lower-case hexadecimal of
    /// the algorithm's length.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |reason| ParseDigestError::new(text, reason);
        let (name, hex) = text.split_once(':').ok_or_else(|| bad(Reason::NoColon))?;
        let algorithm: Algorithm = name.parse().map_err(|_| bad(Reason::Algorithm))?;
        if hex.len() != algorithm.hex_length() {
            return Err(bad(Reason::Length(algorithm)));
        }
        if !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(bad(Reason::NotHex));
        }
        Ok(Self {
            algorithm,
            hex: hex.to_owned(),
        })
    }
}

/// Hashes content as it passes.
#[derive(Debug, Clone)]
pub struct Hasher {
    state: State,
}

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Blake3(Box<blake3::Hasher>),
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256(_) => "Sha256",
            Self::Sha384(_) => "Sha384",
            Self::Sha512(_) => "Sha512",
            Self::Blake3(_) => "Blake3",
        })
    }
}

impl Hasher {
    /// Start with no content.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => State::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
            Algorithm::Blake3 => State::Blake3(Box::default()),
        };
        Self { state }
    }

    /// Add the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha256(hasher) => hasher.update(bytes),
            State::Sha384(hasher) => hasher.update(bytes),
            State::Sha512(hasher) => hasher.update(bytes),
            State::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    /// The digest of everything added.
    #[must_use = "the digest is what hashing was for"]
    pub fn finish(self) -> Digest {
        let (algorithm, hex) = match self.state {
            State::Sha256(hasher) => (Algorithm::Sha256, hex(&hasher.finalize())),
            State::Sha384(hasher) => (Algorithm::Sha384, hex(&hasher.finalize())),
            State::Sha512(hasher) => (Algorithm::Sha512, hex(&hasher.finalize())),
            State::Blake3(hasher) => (Algorithm::Blake3, hex(hasher.finalize().as_bytes())),
        };
        Digest { algorithm, hex }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

/// A text is not a [`Digest`] or not the name of an [`Algorithm`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a digest: {reason}")]
pub struct ParseDigestError {
    text: String,
    reason: Reason,
}

impl ParseDigestError {
    fn new(text: &str, reason: Reason) -> Self {
        Self {
            text: crate::redact::shortened(text),
            reason,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("there is no `:` after the algorithm")]
    NoColon,
    #[error("the algorithm is none of sha256, sha384, sha512, blake3")]
    Algorithm,
    #[error("{0} takes {length} hexadecimal digits", length = .0.hex_length())]
    Length(Algorithm),
    #[error("the hash is not lower-case hexadecimal")]
    NotHex,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_known_bytes_is_the_published_one() {
        let check = |algorithm, expected: &str| {
            assert_eq!(Digest::of(algorithm, b"abc").to_string(), expected);
        };
        check(
            Algorithm::Sha256,
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(
            Algorithm::Sha384,
            "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        );
        check(
            Algorithm::Sha512,
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        );
        check(
            Algorithm::Blake3,
            "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        );
    }

    #[test]
    fn hashing_in_pieces_gives_what_hashing_at_once_gives() {
        for algorithm in Algorithm::ALL {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"a");
            hasher.update(b"");
            hasher.update(b"bc");
            assert_eq!(hasher.finish(), Digest::of(algorithm, b"abc"));
        }
    }

    #[test]
    fn a_digest_reads_back_what_it_writes() {
        for algorithm in Algorithm::ALL {
            let digest = Digest::of(algorithm, b"content");
            assert_eq!(digest.to_string().parse(), Ok(digest));
        }
    }

    #[test]
    fn what_is_not_a_digest_is_refused_with_the_reason() {
        #[track_caller]
        fn check(text: &str, reason: &str) {
            let error = text.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        check("abc", "no `:`");
        check("", "no `:`");
        check("md5:d41d8cd98f00b204e9800998ecf8427e", "none of sha256");
        check("sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", "none of");
        check("sha256:abc", "64 hexadecimal digits");
        check(&format!("sha256:{}", "A".repeat(64)), "lower-case");
        check(&format!("sha256:{}", "/".repeat(64)), "lower-case");
        check(&format!("sha512:{}", "a".repeat(64)), "128 hexadecimal");
    }
}
