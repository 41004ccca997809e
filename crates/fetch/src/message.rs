//! What a registry says when it refuses.

use std::{error, fmt};

use portolan_reference::redacted;
use serde::Deserialize;

/// How many errors of one answer are repeated.
const MAX_ERRORS: usize = 3;
/// How many characters of one error's message are repeated.
const MAX_CHARACTERS: usize = 200;

/// A registry's own words about a request it refused, such as `MANIFEST_UNKNOWN: manifest unknown`.
///
/// The words come from the
/// [error envelope](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes)
/// and are a stranger's: control characters are gone, URLs are [redacted], and of at most three
/// errors at most 200 characters each remain. They are for people to read and decide nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryMessage(String);

impl RegistryMessage {
    /// Read an answer's body. `None` if it is not an error envelope, or an empty one.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let envelope: Envelope = serde_json::from_slice(body).ok()?;
        let said: Vec<String> = envelope
            .errors
            .iter()
            .map(Entry::in_words)
            .filter(|words| !words.is_empty())
            .take(MAX_ERRORS)
            .collect();
        if said.is_empty() {
            None
        } else {
            Some(Self(said.join("; ")))
        }
    }
}

impl fmt::Display for RegistryMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for RegistryMessage {}

#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Entry {
    fn in_words(&self) -> String {
        let parts =
            [&self.code, &self.message].map(|part| cleaned(part.as_deref().unwrap_or_default()));
        parts
            .iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(": ")
    }
}

/// One line of bounded length in which nothing can move the cursor or turn the text around.
fn cleaned(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .filter(|character| !reorders(*character))
        .collect();
    // Cut last: half a URL no longer shows that it holds a password.
    let mut line = redacted(&visible.split_whitespace().collect::<Vec<_>>().join(" "));
    if let Some((end, _)) = line.char_indices().nth(MAX_CHARACTERS) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// Marks that change the direction of the text after them, or that cannot be seen at all.
fn reorders(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{061c}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        assert_eq!(
            RegistryMessage::parse(body.as_bytes())
                .map(|message| message.to_string())
                .as_deref(),
            expected
        );
    }

    #[test]
    fn the_code_and_the_message_are_repeated() {
        check(
            r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"1"}}]}"#,
            Some("MANIFEST_UNKNOWN: manifest unknown"),
        );
        check(r#"{"errors":[{"code":"DENIED"}]}"#, Some("DENIED"));
        check(r#"{"errors":[{"code":null,"message":"no"}]}"#, Some("no"));
        check(
            r#"{"errors":[{"code":"A","message":"a"},{},{"code":"B","message":"b"}]}"#,
            Some("A: a; B: b"),
        );
    }

    #[test]
    fn what_is_no_envelope_says_nothing() {
        for body in [
            "",
            "{}",
            "[]",
            "<html>",
            r#"{"errors":[]}"#,
            r#"{"errors":[{}]}"#,
            r#"{"errors":"x"}"#,
        ] {
            check(body, None);
        }
    }

    #[test]
    fn a_strangers_words_cannot_flood_or_forge_a_log() {
        let flood = format!(
            r#"{{"errors":[{{"code":"A","message":"{}"}}]}}"#,
            "ü".repeat(5_000)
        );
        let message = RegistryMessage::parse(flood.as_bytes())
            .unwrap()
            .to_string();
        assert_eq!(message.chars().count(), "A: ".len() + MAX_CHARACTERS + 1);

        let many = format!(
            r#"{{"errors":[{}]}}"#,
            vec![r#"{"code":"X"}"#; 50].join(",")
        );
        check(&many, Some("X; X; X"));
        check(
            r#"{"errors":[{"code":"A\nlevel=error","message":"\u001b[31mred\u202egnp.exe"}]}"#,
            Some("A level=error: [31mredgnp.exe"),
        );
    }

    #[test]
    fn a_url_in_the_words_loses_its_secrets() {
        let body = r#"{"errors":[{"code":"X","message":"see https://user:hunter2@r.example/x?sig=hunter2"}]}"#;
        let message = RegistryMessage::parse(body.as_bytes()).unwrap().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_password_that_would_be_cut_is_gone_before() {
        let before = "x".repeat(MAX_CHARACTERS - 17);
        let words = format!("{before} https://u:hunter2hunter2@r.example/");
        let body = format!(r#"{{"errors":[{{"message":"{words}"}}]}}"#);
        let message = RegistryMessage::parse(body.as_bytes()).unwrap();
        assert!(!message.to_string().contains("hunter"), "{message}");
    }
}
