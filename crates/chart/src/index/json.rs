//! JSON, step by step, as Go's `encoding/json` takes it.
//!
//! The grammar is [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)'s to the letter. What cannot be
//! text (bytes that are not UTF-8, half of a surrogate pair) becomes U+FFFD, as in Go.

use std::io::Read;

use memchr::memchr2;

use super::event::{Dialect, Event, Events, Scalar};
use super::fault::{Fault, depth_exceeded};
use super::input::Input;
use super::limits::IndexLimits;

#[derive(Debug)]
pub(super) struct Json<R> {
    input: Input<R>,
    limits: IndexLimits,
    /// What is open, innermost last.
    open: Vec<Open>,
    expected: Expected,
    line: u64,
    /// A text that is not as it was written.
    scratch: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Map,
    List,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    /// The first of a list, or its end.
    FirstValue,
    /// The first key of a map, or its end.
    FirstKey,
    /// What comes after a key is its value.
    ValueOfKey,
    /// After a value: a comma, or the end.
    Rest,
}

/// What a token is; text and numbers are the first bytes of the window, with quotes.
enum Token {
    Event(Event<'static>),
    Text { length: usize, plain: bool },
    Number { length: usize },
}

impl<R: Read> Json<R> {
    pub(super) fn new(from: R, limits: &IndexLimits) -> Self {
        Self {
            input: Input::new(from, limits),
            limits: *limits,
            open: Vec::new(),
            expected: Expected::Value,
            line: 1,
            scratch: String::new(),
        }
    }

    /// Go through what is left of the document.
    pub(super) fn skip_rest(&mut self) -> Result<(), Fault> {
        while !self.open.is_empty() || self.expected != Expected::Rest {
            self.token().map(|token| self.take(&token))?;
        }
        self.finish()
    }

    /// Give up the bytes of `token`.
    fn take(&mut self, token: &Token) {
        if let Token::Text { length, .. } | Token::Number { length } = token {
            self.input.take(*length);
        }
    }

    /// The next byte that is not white space.
    fn solid(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let window = self.input.window();
            if let Some(first @ b'!'..) = window.first() {
                return Ok(Some(*first));
            }
            let blank = window
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
                .count();
            let lines = window.iter().take(blank).filter(|byte| **byte == b'\n');
            self.line += lines.count() as u64;
            let solid = window.get(blank).copied();
            self.input.take(blank);
            if solid.is_some() || !self.input.more()? {
                return Ok(solid);
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.solid()? != Some(byte) {
            return Err(Fault::Unsure);
        }
        self.input.take(1);
        Ok(())
    }

    fn token(&mut self) -> Result<Token, Fault> {
        if self.expected == Expected::Rest {
            match (self.solid()?, self.open.last()) {
                (Some(b','), Some(open)) => {
                    self.input.take(1);
                    let open = *open;
                    if open == Open::Map {
                        return self.key();
                    }
                    self.expected = Expected::Value;
                }
                (Some(b'}'), Some(Open::Map)) | (Some(b']'), Some(Open::List)) => {
                    return Ok(self.close());
                }
                _ => return Err(Fault::Unsure),
            }
        }
        match (self.expected, self.solid()?) {
            (Expected::FirstKey, Some(b'}')) | (Expected::FirstValue, Some(b']')) => {
                Ok(self.close())
            }
            (Expected::FirstKey, _) => self.key(),
            (Expected::ValueOfKey, _) => {
                self.expect(b':')?;
                self.value()
            }
            _ => self.value(),
        }
    }

    fn close(&mut self) -> Token {
        self.input.take(1);
        self.open.pop();
        self.expected = Expected::Rest;
        Token::Event(Event::End)
    }

    fn key(&mut self) -> Result<Token, Fault> {
        if self.solid()? != Some(b'"') {
            return Err(Fault::Unsure);
        }
        self.expected = Expected::ValueOfKey;
        self.string()
    }

    fn value(&mut self) -> Result<Token, Fault> {
        let first = self.solid()?;
        self.expected = Expected::Rest;
        match first {
            Some(b'{') => self.begin(Open::Map),
            Some(b'[') => self.begin(Open::List),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", Scalar::Bool(true)),
            Some(b'f') => self.word(b"false", Scalar::Bool(false)),
            Some(b'n') => self.word(b"null", Scalar::Null),
            _ => Err(Fault::Unsure),
        }
    }

    fn begin(&mut self, open: Open) -> Result<Token, Fault> {
        self.input.take(1);
        if self.open.len() as u64 >= self.limits.max_depth {
            return Err(depth_exceeded(&self.limits));
        }
        self.open.push(open);
        Ok(Token::Event(match open {
            Open::Map => {
                self.expected = Expected::FirstKey;
                Event::Map
            }
            Open::List => {
                self.expected = Expected::FirstValue;
                Event::List
            }
        }))
    }

    fn word(&mut self, word: &[u8], scalar: Scalar<'static>) -> Result<Token, Fault> {
        while self.input.window().len() < word.len() {
            if !self.input.more()? {
                return Err(Fault::Unsure);
            }
        }
        if !self.input.window().starts_with(word) {
            return Err(Fault::Unsure);
        }
        self.input.take(word.len());
        Ok(Token::Event(Event::Scalar(scalar)))
    }

    /// How long the text is that begins the window, with its quotes.
    fn string(&mut self) -> Result<Token, Fault> {
        let mut plain = true;
        let mut at = 1;
        loop {
            let rest = self.input.window().get(at..).unwrap_or_default();
            let found = memchr2(b'"', b'\\', rest);
            let ordinary = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
            // Without an exit from the loop it is done in wide steps.
            let lowest = ordinary.iter().fold(u8::MAX, |low, byte| low.min(*byte));
            if lowest < b' ' {
                return Err(Fault::Unsure);
            }
            at += ordinary.len();
            match self.input.window().get(at).copied() {
                Some(b'"') => {
                    let length = at + 1;
                    return Ok(Token::Text { length, plain });
                }
                Some(_) => {
                    plain = false;
                    at = self.escape(at)?;
                }
                None if self.input.more()? => {}
                None => return Err(Fault::Unsure),
            }
        }
    }

    /// Check the escape at `at`, and say where it ends.
    fn escape(&mut self, at: usize) -> Result<usize, Fault> {
        while self.input.window().len() < at + 6 {
            if !self.input.more()? {
                break;
            }
        }
        let rest = self.input.window().get(at + 1..).unwrap_or_default();
        match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') if unit(rest).is_some() => Ok(at + 6),
            _ => Err(Fault::Unsure),
        }
    }

    /// How long the number is that begins the window.
    fn number(&mut self) -> Result<Token, Fault> {
        loop {
            let window = self.input.window();
            let length = window
                .iter()
                .take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
                .count();
            // It may go on where the window ends.
            if length == window.len() && self.input.more()? {
                continue;
            }
            let number = self.input.window().get(..length).unwrap_or_default();
            return if is_number(number) {
                Ok(Token::Number { length })
            } else {
                Err(Fault::Unsure)
            };
        }
    }
}

impl<R: Read> Events for Json<R> {
    const DIALECT: Dialect = Dialect::Json;

    fn next(&mut self) -> Result<Event<'_>, Fault> {
        let token = self.token()?;
        match token {
            Token::Event(event) => Ok(event),
            Token::Number { length } => {
                let text = self.input.window().get(..length).unwrap_or_default();
                let text = super::input::text(text)?;
                // Always a number as Go writes it; too large a one is infinite.
                let number = text.parse().unwrap_or(f64::INFINITY);
                self.input.take(length);
                Ok(Event::Scalar(Scalar::Float(number)))
            }
            Token::Text { length, plain } => {
                // Taken before it is used: the bytes stay until the window grows.
                let text = self.input.taken(length);
                let inner = text.get(1..length - 1).unwrap_or_default();
                match std::str::from_utf8(inner) {
                    Ok(text) if plain => Ok(Event::Scalar(Scalar::Text(text))),
                    _ => {
                        self.scratch.clear();
                        unescape(inner, &mut self.scratch);
                        Ok(Event::Scalar(Scalar::Text(&self.scratch)))
                    }
                }
            }
        }
    }

    fn finish(&mut self) -> Result<(), Fault> {
        match self.solid()? {
            None => Ok(()),
            Some(_) => Err(Fault::Unsure),
        }
    }

    fn line(&self) -> u64 {
        self.line
    }
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
fn is_number(number: &[u8]) -> bool {
    let number = number.strip_prefix(b"-").unwrap_or(number);
    let (whole, rest) = digits(number);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with(b"0")) {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => match digits(fraction) {
            ([], _) => return false,
            (_, rest) => rest,
        },
    };
    let [b'e' | b'E', exponent @ ..] = rest else {
        return rest.is_empty();
    };
    let signed = exponent.strip_prefix(b"+");
    let exponent = signed.or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
    let (exponent, rest) = digits(exponent);
    !exponent.is_empty() && rest.is_empty()
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(count)
}

/// The code unit in `uXXXX`.
fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"u")?.get(..4)?;
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// What `text` means, of which the escapes are known to be right.
fn unescape(text: &[u8], into: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        push_lossy(before, into);
        let escape = escape.get(1..).unwrap_or_default();
        let (character, length) = unescaped(escape);
        into.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    push_lossy(rest, into);
}

/// What an escape without its `\` means, and its length.
fn unescaped(escape: &[u8]) -> (char, usize) {
    let character = match escape.first() {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return code_point(escape),
        Some(other) => char::from(*other),
        None => char::REPLACEMENT_CHARACTER,
    };
    (character, 1)
}

fn code_point(escape: &[u8]) -> (char, usize) {
    let Some(high) = unit(escape) else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    if !(0xd800..0xdc00).contains(&high) {
        return (
            char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
            5,
        );
    }
    let low = escape
        .get(5..)
        .and_then(|rest| rest.strip_prefix(b"\\"))
        .and_then(unit)
        .filter(|low| (0xdc00..0xe000).contains(low));
    match low {
        Some(low) => {
            let point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            (
                char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER),
                11,
            )
        }
        None => (char::REPLACEMENT_CHARACTER, 5),
    }
}

/// Every byte that is not UTF-8 becomes one U+FFFD, as Go does it.
fn push_lossy(bytes: &[u8], into: &mut String) {
    for chunk in bytes.utf8_chunks() {
        into.push_str(chunk.valid());
        into.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}
