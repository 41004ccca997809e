//! What a registry asks for.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// The longest header that is read, in bytes, all its lines together.
const MAX_BYTES: usize = 8 << 10;
/// The most challenges that are read.
const MAX_CHALLENGES: usize = 16;

/// What a 401 asks for, as far as it can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password.
    Basic,
    /// A token from a token service:
    /// [distribution, token authentication](https://distribution.github.io/distribution/spec/auth/token/).
    Bearer {
        realm: String,
        service: String,
        scope: String,
    },
}

impl Challenge {
    /// The challenge in `headers` that is answered: the first for a token, else one for a password.
    /// `None` if there is neither.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut basic = false;
        for challenge in parse(headers) {
            match challenge.scheme.as_str() {
                "bearer" => {
                    return Some(Self::Bearer {
                        realm: challenge.parameter("realm"),
                        service: challenge.parameter("service"),
                        scope: challenge.parameter("scope"),
                    });
                }
                "basic" => basic = true,
                _ => {}
            }
        }
        basic.then_some(Self::Basic)
    }
}

/// One challenge of [RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1).
#[derive(Debug, PartialEq, Eq)]
struct Parsed {
    /// In lower case.
    scheme: String,
    /// Names in lower case.
    parameters: Vec<(String, String)>,
}

impl Parsed {
    /// The first of that name: who adds a second one means to be read differently by others.
    fn parameter(&self, name: &str) -> String {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }
}

/// Every challenge that can be read. What comes after something malformed is left out.
fn parse(headers: &HeaderMap) -> Vec<Parsed> {
    let mut challenges = Vec::new();
    let mut left = MAX_BYTES;
    for line in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(line) = line.to_str() else { continue };
        let Some(rest) = left.checked_sub(line.len()) else {
            break;
        };
        left = rest;
        parse_line(line, &mut challenges);
    }
    challenges
}

/// The list is ambiguous: a comma separates parameters and challenges alike. A word with `=` behind it
/// is a parameter, any other begins a challenge.
fn parse_line(line: &str, challenges: &mut Vec<Parsed>) {
    let mut text = Text(line);
    let mut begun = false;
    loop {
        text.skip(|c| c == ',' || c.is_ascii_whitespace());
        let Some(word) = text.word() else { return };
        text.skip(|c| c.is_ascii_whitespace());
        if !text.take('=') {
            if challenges.len() == MAX_CHALLENGES {
                return;
            }
            challenges.push(Parsed {
                scheme: word.to_ascii_lowercase(),
                parameters: Vec::new(),
            });
            begun = true;
            continue;
        }
        text.skip(|c| c.is_ascii_whitespace());
        let value = match text.value() {
            Some(value) => value,
            // `Negotiate abc=`: a token, which no scheme of ours has.
            None if text.ends_token() => continue,
            None => return,
        };
        // Only what this line began: a parameter does not reach back into the line before.
        if let (true, Some(challenge)) = (begun, challenges.last_mut()) {
            challenge
                .parameters
                .push((word.to_ascii_lowercase(), value));
        }
    }
}

/// What is still to be read.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn skip(&mut self, which: impl Fn(char) -> bool) {
        self.0 = self.0.trim_start_matches(which);
    }

    fn take(&mut self, expected: char) -> bool {
        match self.0.strip_prefix(expected) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// A token of RFC 9110, section 5.6.2, with the characters that occur in token68 as well.
    fn word(&mut self) -> Option<&'a str> {
        let end = self
            .0
            .find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/:?".contains(c)))
            .unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A word or a quoted string. `None` if there is neither, or the quotation does not end.
    fn value(&mut self) -> Option<String> {
        if !self.take('"') {
            return self.word().map(str::to_owned);
        }
        let mut value = String::new();
        let mut characters = self.0.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                _ => value.push(character),
            }
        }
        None
    }

    /// Past the padding of a token68, if this is one.
    fn ends_token(&mut self) -> bool {
        self.skip(|c| c == '=');
        self.0.is_empty() || self.0.starts_with(',')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| (WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap()))
            .collect()
    }

    /// `expected` is a realm, a service and a scope.
    #[track_caller]
    fn bearer(lines: &[&str], expected: [&str; 3]) {
        let [realm, service, scope] = expected.map(str::to_owned);
        assert_eq!(
            Challenge::read(&headers(lines)),
            Some(Challenge::Bearer {
                realm,
                service,
                scope
            })
        );
    }

    #[test]
    fn a_token_service_is_read_however_it_is_written() {
        let expected = ["https://a.io/token", "r.io", "repository:a/b:pull"];
        bearer(
            &[r#"Bearer realm="https://a.io/token",service="r.io",scope="repository:a/b:pull""#],
            expected,
        );
        bearer(
            &[
                r#"bearer  Scope = "repository:a/b:pull" ,, REALM="https://a.io/token" , service=r.io"#,
            ],
            expected,
        );
        bearer(
            &[
                r#"Bearer realm=https://a.io/token,service=r.io,scope="repository:a/b:pull",error="x""#,
            ],
            expected,
        );
    }

    #[test]
    fn a_quoted_string_may_hold_commas_quotes_and_equals_signs() {
        bearer(
            &[r#"Bearer realm="https://a.io/?a=b,c=d",service="a\"b\\c",scope="x:y:pull,push""#],
            ["https://a.io/?a=b,c=d", r#"a"b\c"#, "x:y:pull,push"],
        );
    }

    #[test]
    fn a_token_is_preferred_to_a_password_in_whatever_order() {
        let token = ["https://a.io/", "", ""];
        bearer(&[r#"Basic realm="x", Bearer realm="https://a.io/""#], token);
        bearer(&[r#"Bearer realm="https://a.io/", Basic realm="x""#], token);
        bearer(&["Basic", r#"Bearer realm="https://a.io/""#], token);
        bearer(
            &[r#"Negotiate, Digest nonce="a", Bearer realm="https://a.io/""#],
            token,
        );
        bearer(
            &[r#"Negotiate YWJj==, Bearer realm="https://a.io/""#],
            token,
        );
    }

    #[test]
    fn of_two_parameters_of_one_name_the_first_counts() {
        bearer(
            &[r#"Bearer realm="https://a.io/",realm="https://evil.io/""#],
            ["https://a.io/", "", ""],
        );
    }

    #[test]
    fn parameters_belong_to_the_challenge_in_front_of_them() {
        bearer(
            &[r#"Bearer service="s", Basic realm="https://evil.io/""#],
            ["", "s", ""],
        );
        bearer(
            &["Bearer service=s", r#"realm="https://evil.io/""#],
            ["", "s", ""],
        );
    }

    #[track_caller]
    fn other(lines: &[&str], expected: Option<&Challenge>) {
        assert_eq!(Challenge::read(&headers(lines)).as_ref(), expected);
    }

    #[test]
    fn a_password_is_asked_for_with_and_without_a_realm() {
        other(&[r#"Basic realm="registry""#], Some(&Challenge::Basic));
        other(&["basic"], Some(&Challenge::Basic));
        other(
            &["BASIC realm=x, charset=\"UTF-8\""],
            Some(&Challenge::Basic),
        );
    }

    #[test]
    fn what_cannot_be_answered_is_none() {
        other(&[], None);
        other(&[""], None);
        other(&["Negotiate"], None);
        other(&["Basically realm=x"], None);
        other(&[",,,=,="], None);
    }

    #[test]
    fn what_is_malformed_ends_the_reading_and_harms_nobody() {
        bearer(&[r#"Bearer realm="https://a.io/"#], ["", "", ""]);
        bearer(&[r#"Bearer service=s, realm="\"#], ["", "s", ""]);
        bearer(&["Bearer service=s, realm={"], ["", "s", ""]);
    }

    #[test]
    fn length_and_number_are_bounded() {
        let many = vec!["Negotiate"; 17].join(", ") + r#", Bearer realm="https://a.io/""#;
        other(&[&many], None);
        let long = format!(r#"Bearer realm="https://a.io/{}""#, "a".repeat(8 << 10));
        other(&[&long], None);
    }
}
