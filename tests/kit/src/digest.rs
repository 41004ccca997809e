//! Content digests.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// `sha256:…` of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// The digest of `bytes` by the algorithm that `like` names. `None` if `like` is not the text of a
/// digest, or its algorithm is not known here.
pub(crate) fn digest_like(like: &str, bytes: &[u8]) -> Option<String> {
    let (algorithm, encoded) = like.split_once(':')?;
    let computed = match algorithm {
        "sha256" => hex(&Sha256::digest(bytes)),
        "sha384" => hex(&Sha384::digest(bytes)),
        "sha512" => hex(&Sha512::digest(bytes)),
        _ => return None,
    };
    let right = encoded.len() == computed.len()
        && encoded
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    right.then(|| format!("{algorithm}:{computed}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_compared_by_the_algorithm_it_names() {
        let sha512 = digest_like(&format!("sha512:{}", "0".repeat(128)), b"x");
        assert!(sha512.is_some_and(|digest| digest.starts_with("sha512:a4abd")));
        assert_eq!(digest_like("sha256:00", b"x"), None);
        assert_eq!(digest_like("md5:00", b"x"), None);
    }
}
