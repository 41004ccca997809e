//! What a server says when it refuses, made fit for a message.

use portolan_reference::redacted;
use serde::Deserialize;

/// The longest text that is passed on, in characters.
const MOST: usize = 512;
/// The shortest secret that is looked for, in bytes. Shorter ones stand in many a word.
const SHORTEST_SECRET: usize = 4;

/// What `body` says, if it says anything to people: the errors of the [distribution
/// specification](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes),
/// those of [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), or plain text.
/// Pages for browsers are left out, and so is everything if it repeats one of `secrets`.
pub(super) fn server_text(body: &[u8], secrets: &[String]) -> Option<String> {
    let said = match serde_json::from_slice::<Said>(body) {
        Ok(said) => said.text()?,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let plain = said.trim_start();
    if plain.starts_with(['<', '{', '[']) || plain.contains('\u{fffd}') {
        return None;
    }
    if secrets
        .iter()
        .any(|secret| secret.len() >= SHORTEST_SECRET && said.contains(secret.as_str()))
    {
        return None;
    }
    let text = redacted(&fit(&said));
    (!text.is_empty()).then_some(text)
}

/// One line without anything that a terminal or a log would act upon, cut to [`MOST`] characters.
fn fit(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| is_harmless(*c)).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    words.join(" ").chars().take(MOST).collect()
}

/// No control characters, and none of those that make text read in another order than it is written.
fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Distribution {
        errors: Vec<Coded>,
    },
    OAuth {
        error: String,
        #[serde(default)]
        error_description: String,
    },
    Details {
        details: String,
    },
    Message {
        message: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Coded {
    code: String,
    message: String,
}

impl Said {
    fn text(self) -> Option<String> {
        let both = |one: &str, other: &str| match (one, other) {
            ("", text) | (text, "") => text.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        Some(match self {
            Self::Distribution { errors } => {
                let errors: Vec<_> = errors
                    .iter()
                    .map(|error| both(&error.code, &error.message))
                    .filter(|text| !text.is_empty())
                    .collect();
                errors.join("; ")
            }
            Self::OAuth {
                error,
                error_description,
            } => both(&error, &error_description),
            Self::Details { details: text } | Self::Message { message: text } => text,
        })
        .filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        assert_eq!(
            server_text(body.as_bytes(), &["hunter2".to_owned()]).as_deref(),
            expected
        );
    }

    #[test]
    fn errors_of_registries_and_token_services_are_read() {
        check(
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":{}}]}"#,
            Some("UNAUTHORIZED: authentication required"),
        );
        check(
            r#"{"errors":[{"code":"A"},{"message":"b"},{}]}"#,
            Some("A; b"),
        );
        check(
            r#"{"error":"invalid_grant","error_description":"expired"}"#,
            Some("invalid_grant: expired"),
        );
        check(
            r#"{"details":"incorrect username or password"}"#,
            Some("incorrect username or password"),
        );
        check("access denied\n", Some("access denied"));
    }

    #[test]
    fn what_is_not_for_people_is_left_out() {
        check("<html><body>401</body></html>", None);
        check(r#"{"x":1}"#, None);
        check(r#"{"errors":[]}"#, None);
        check(r#"["x"]"#, None);
        check("", None);
        assert_eq!(server_text(&[0xff, 0xfe], &[]), None);
    }

    #[test]
    fn a_server_that_repeats_a_secret_is_not_quoted() {
        check(r#"{"details":"`hunter2` is not your password"}"#, None);
    }

    #[test]
    fn nothing_that_a_terminal_acts_upon_gets_through() {
        check("a\u{1b}[31mb\r\nc\u{202e}d\u{0}", Some("a[31mb cd"));
    }

    #[test]
    fn urls_are_redacted() {
        check(
            "see https://u:p@a.io/?t=1",
            Some("see https://a.io/?[redacted]"),
        );
    }

    #[test]
    fn at_most_512_characters_are_passed_on() {
        let text = server_text("ä ".repeat(1000).as_bytes(), &[]).unwrap();
        assert_eq!(text.chars().count(), 512);
    }
}
