//! The names that content may go by.

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
}
