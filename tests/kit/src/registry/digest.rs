//! Content digests, and the names that content may go by.

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

/// Whether `text` has the form of a digest, of whatever algorithm.
pub(crate) fn is_digest(text: &str) -> bool {
    text.contains(':')
}

/// Whether a repository may have this name.
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(is_component)
}

fn is_component(text: &str) -> bool {
    let is_word = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    // Between two words stands one dot, one or two underscores, or any number of hyphens.
    is_word(first)
        && is_word(last)
        && text
            .split(|sign: char| sign.is_ascii() && is_word(sign as u8))
            .filter(|gap| !gap.is_empty())
            .all(|gap| matches!(gap, "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}

/// Whether `text` may be a tag.
pub(crate) fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(is_word)
        && text
            .bytes()
            .all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
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
    fn names_follow_the_distribution_specification() {
        for name in ["a", "a/b", "a.b/c-d", "a__b", "a---b", "0/charts/podinfo"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "/", "a/", "/a", "A", "a..b", "a___b", "-a", "a-", "a//b", "ä",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_digest_is_compared_by_the_algorithm_it_names() {
        let sha512 = digest_like(&format!("sha512:{}", "0".repeat(128)), b"x");
        assert!(sha512.is_some_and(|digest| digest.starts_with("sha512:a4abd")));
        assert_eq!(digest_like("sha256:00", b"x"), None);
        assert_eq!(digest_like("md5:00", b"x"), None);
    }
}
