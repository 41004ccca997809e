//! PEM as Go reads it, which is how keys and certificates come to Flux and cosign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands between `-----BEGIN` and `-----END`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// `PUBLIC KEY`, `CERTIFICATE`, …
    pub(crate) label: String,
    pub(crate) der: Vec<u8>,
}

const MOST_PASSED_OVER: usize = 32;
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// The first block of `text`, and what comes after it.
///
/// What cannot be read is passed over, and so is text around blocks, as in Go's
/// [`pem.Decode`](https://github.com/golang/go/blob/go1.26.0/src/encoding/pem/pem.go). It does so
/// [`MOST_PASSED_OVER`] times at most, because each time may read to the end.
pub(crate) fn first(text: &[u8]) -> Option<(Block, &[u8])> {
    let mut rest = after_begin(text, true)?;
    for _ in 0..MOST_PASSED_OVER {
        if let Some((block, after)) = block(rest) {
            return Some((block, after));
        }
        rest = after_begin(rest, false)?;
    }
    None
}

/// All blocks of `text`, if they are at most `max`.
pub(crate) fn all(text: &[u8], max: usize) -> Option<Vec<Block>> {
    let (mut blocks, mut rest) = (Vec::new(), text);
    while let Some((block, after)) = first(rest) {
        if blocks.len() == max {
            return None;
        }
        blocks.push(block);
        rest = after;
    }
    Some(blocks)
}

/// What follows the next `-----BEGIN ` at the start of a line.
fn after_begin(text: &[u8], at_start: bool) -> Option<&[u8]> {
    if at_start && let Some(rest) = text.strip_prefix(BEGIN) {
        return Some(rest);
    }
    let mut rest = text;
    while let Some(newline) = rest.iter().position(|byte| *byte == b'\n') {
        rest = rest.get(newline + 1..)?;
        if let Some(rest) = rest.strip_prefix(BEGIN) {
            return Some(rest);
        }
    }
    None
}

/// The block whose label `text` starts with.
fn block(text: &[u8]) -> Option<(Block, &[u8])> {
    let (label, mut rest) = line(text);
    let label = label.strip_suffix(DASHES)?;
    let mut headers = false;
    loop {
        let (header, after) = line(rest);
        if rest.is_empty() {
            return None;
        }
        if !header.contains(&b':') {
            break;
        }
        (headers, rest) = (true, after);
    }
    let (body, trailer) = match rest.strip_prefix(&END[1..]) {
        Some(trailer) if !headers => (&rest[..0], trailer),
        _ => {
            let end = rest.windows(END.len()).position(|window| window == END)?;
            (&rest[..end], &rest[end + END.len()..])
        }
    };
    let (trailer, after) = line(trailer);
    if trailer.strip_suffix(DASHES)? != label {
        return None;
    }
    let space = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let body: Vec<_> = body.iter().copied().filter(space).collect();
    let block = Block {
        label: String::from_utf8_lossy(label).into_owned(),
        der: STANDARD.decode(body).ok()?,
    };
    Some((block, after))
}

/// The first line, without the white space at its end, and the others.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let newline = text.iter().position(|byte| *byte == b'\n');
    let (line, rest) = match newline {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[text.len()..]),
    };
    (line.trim_ascii_end(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &[u8])>) {
        let found = first(text.as_bytes());
        let found = found
            .as_ref()
            .map(|(block, _)| (block.label.as_str(), block.der.as_slice()));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn blocks_are_found_as_go_finds_them() {
        let key = Some(("PUBLIC KEY", &b"abc"[..]));
        check(
            "-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----\n",
            key,
        );
        check(
            "-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----",
            key,
        );
        check(
            "-----BEGIN PUBLIC KEY-----\r\nYW\r\nJj\r\n-----END PUBLIC KEY-----\r\n",
            key,
        );
        check(
            "a comment\n\n-----BEGIN PUBLIC KEY-----\nYW Jj\n\n-----END PUBLIC KEY----- \n",
            key,
        );
        check(
            "-----BEGIN PUBLIC KEY-----\nA: b\n\nYWJj\n-----END PUBLIC KEY-----",
            key,
        );
        check("-----BEGIN X-----\n-----END X-----", Some(("X", b"")));
        check("", None);
        check("YWJj", None);
        check("x-----BEGIN X-----\nYWJj\n-----END X-----", None);
        check("-----BEGIN X-----\nYWJj\n-----END Y-----", None);
        check("-----BEGIN X-----\nYWJj\n", None);
        check("-----BEGIN X-----\nYWJj\n-----END X----- y\n", None);
        check("-----BEGIN X----\nYWJj\n-----END X-----\n", None);
        check("-----BEGIN X-----\nYW!j\n-----END X-----\n", None);
    }

    #[test]
    fn a_block_that_cannot_be_read_is_passed_over() {
        check(
            "-----BEGIN X-----\nYW!j\n-----END X-----\n-----BEGIN Y-----\nYWJj\n-----END Y-----\n",
            Some(("Y", b"abc")),
        );
    }

    #[test]
    fn beginnings_without_an_end_are_not_read_for_ever() {
        let text = "-----BEGIN :-----\n".repeat(1 << 16);
        assert_eq!(first(text.as_bytes()), None);
    }

    #[test]
    fn the_first_of_several_blocks_counts_and_the_others_can_be_had() {
        let text =
            b"-----BEGIN X-----\nYWJj\n-----END X-----\n-----BEGIN Y-----\nYWJj\n-----END Y-----\n";
        let labels = |blocks: Vec<Block>| blocks.into_iter().map(|block| block.label).collect();
        assert_eq!(
            all(text, 2).map(labels),
            Some(vec!["X".to_owned(), "Y".to_owned()])
        );
        assert_eq!(all(text, 1), None);
        assert_eq!(all(b"", 1), Some(Vec::new()));
    }
}
