//! Shell patterns as Go's `path/filepath.Match` has them.

/// A pattern: `*` and `?` for anything but `/`, `[a-z]`, `[^a-z]`, and `\` before what is meant as
/// it stands.
///
/// See [filepath.Match](https://pkg.go.dev/path/filepath@go1.26#Match).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// `*`: any number of characters.
    Many,
    /// `?`: one.
    One,
    Literal(char),
    Class {
        inverted: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Nothing if `pattern` is malformed.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars();
        while let Some(character) = rest.next() {
            tokens.push(match character {
                '*' => Token::Many,
                '?' => Token::One,
                '[' => class(&mut rest)?,
                '\\' => Token::Literal(rest.next()?),
                other => Token::Literal(other),
            });
        }
        Some(Self(tokens))
    }

    /// Whether all of `name` matches.
    ///
    /// When a character does not match, the last `*` takes one more and matching goes on from
    /// there: an earlier one could only get to the same place later. So the time is at most the
    /// product of the two lengths.
    pub(super) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut token, mut at) = (0, 0);
        let mut last_many = None;
        loop {
            match (self.0.get(token), name.get(at)) {
                (None, None) => return true,
                (Some(Token::Many), _) => {
                    last_many = Some((token, at));
                    token += 1;
                    continue;
                }
                (Some(wanted), Some(character)) if wanted.takes(*character) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            match last_many {
                Some((many, from)) if name.get(from).is_some_and(|taken| *taken != '/') => {
                    last_many = Some((many, from + 1));
                    (token, at) = (many + 1, from + 1);
                }
                _ => return false,
            }
        }
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Many | Self::One => character != '/',
            Self::Literal(literal) => *literal == character,
            Self::Class { inverted, ranges } => {
                let within = |(low, high): &(char, char)| (*low..=*high).contains(&character);
                ranges.iter().any(within) != *inverted
            }
        }
    }
}

/// What comes after `[`, up to and with the `]`.
fn class(rest: &mut std::str::Chars<'_>) -> Option<Token> {
    let inverted = rest.as_str().starts_with('^');
    if inverted {
        rest.next();
    }
    let mut ranges = Vec::new();
    while ranges.is_empty() || !rest.as_str().starts_with(']') {
        let low = class_character(rest)?;
        let high = if rest.as_str().starts_with('-') {
            rest.next();
            class_character(rest)?
        } else {
            low
        };
        ranges.push((low, high));
    }
    rest.next();
    Some(Token::Class { inverted, ranges })
}

fn class_character(rest: &mut std::str::Chars<'_>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        other => Some(other),
    }
}
