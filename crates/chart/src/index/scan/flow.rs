//! Flow style.

use std::io::Read;

use super::super::fault::Fault;
use super::line::check_characters;
use super::quoted::quoted_length;
use super::{Scan, Token};

/// The longest key, in bytes: somewhat less than where YAML ends it.
const MAX_KEY: usize = 1000;

/// A flow collection that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow {
    is_map: bool,
    expected: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A key, an entry, or the end.
    Next,
    /// The value of a key.
    Value,
    /// A comma, or the end.
    Comma,
}

impl<R: Read> Scan<R> {
    /// Begin with the bracket at `at` of the window.
    pub(super) fn begin_flow(&mut self, at: usize) -> Result<(), Fault> {
        self.check_depth()?;
        let is_map = self.byte(at)? == Some(b'{');
        self.tokens
            .push(if is_map { Token::Map } else { Token::List });
        self.flow.push(Flow {
            is_map,
            expected: Expected::Next,
        });
        self.due = false;
        self.at = at + 1;
        Ok(())
    }

    /// Turn what comes next into a token or two.
    pub(super) fn flow_token(&mut self) -> Result<(), Fault> {
        let byte = self.flow_byte()?;
        let Some(Flow { is_map, expected }) = self.flow.last().copied() else {
            return Err(Fault::Unsure);
        };
        match (expected, byte) {
            (Expected::Next | Expected::Comma, b'}' | b']') => self.end_flow(byte == b'}'),
            (Expected::Comma, b',') => {
                self.at += 1;
                self.expect(Expected::Next);
                Ok(())
            }
            (Expected::Comma, _) => Err(Fault::Unsure),
            (Expected::Next, _) if is_map => self.flow_key(byte),
            (Expected::Value, b',' | b'}') => {
                self.tokens.push(Token::Null);
                self.expect(Expected::Comma);
                Ok(())
            }
            (Expected::Next | Expected::Value, _) => {
                self.expect(Expected::Comma);
                self.flow_value(byte)
            }
        }
    }

    fn expect(&mut self, expected: Expected) {
        if let Some(flow) = self.flow.last_mut() {
            flow.expected = expected;
        }
    }

    /// The next byte that is neither a blank nor the end of a line. Lines of flow style within block
    /// style are not for this reader.
    fn flow_byte(&mut self) -> Result<u8, Fault> {
        loop {
            match self.byte(self.at)? {
                Some(b' ') => self.at += 1,
                Some(b'\n') if self.open.is_empty() => {
                    self.at += 1;
                    self.line += 1;
                }
                Some(b'\n' | b'#') | None => return Err(Fault::Unsure),
                Some(byte) => return Ok(byte),
            }
        }
    }

    fn end_flow(&mut self, is_map: bool) -> Result<(), Fault> {
        if self.flow.pop().map(|flow| flow.is_map) != Some(is_map) {
            return Err(Fault::Unsure);
        }
        self.at += 1;
        if self.flow.is_empty() {
            self.end_outermost()?;
        }
        self.tokens.push(Token::End);
        Ok(())
    }

    /// Nothing may follow on the line; where the whole document is in flow style, nothing at all.
    fn end_outermost(&mut self) -> Result<(), Fault> {
        loop {
            match self.byte(self.at)? {
                Some(b' ') => self.at += 1,
                Some(b'\n') => {
                    self.at += 1;
                    if !self.open.is_empty() {
                        return Ok(());
                    }
                }
                None => return Ok(()),
                Some(_) => return Err(Fault::Unsure),
            }
        }
    }

    fn flow_key(&mut self, first: u8) -> Result<(), Fault> {
        let begin = self.at;
        self.flow_scalar(first)?;
        if self.at - begin > MAX_KEY || self.byte(self.at)? != Some(b':') {
            return Err(Fault::Unsure);
        }
        self.at += 1;
        let is_quoted = matches!(first, b'"' | b'\'');
        if !is_quoted && !matches!(self.byte(self.at)?, Some(b' ' | b'\n')) {
            return Err(Fault::Unsure);
        }
        self.expect(Expected::Value);
        Ok(())
    }

    fn flow_value(&mut self, first: u8) -> Result<(), Fault> {
        match first {
            b'[' | b'{' => self.begin_flow(self.at),
            _ => self.flow_scalar(first),
        }
    }

    fn flow_scalar(&mut self, first: u8) -> Result<(), Fault> {
        if matches!(first, b'"' | b'\'') {
            return self.flow_quoted();
        }
        if !(first.is_ascii_alphanumeric() || matches!(first, b'_' | b'/' | b'.' | b'~' | b'(')) {
            return Err(Fault::Unsure);
        }
        let begin = self.at;
        let mut end = begin;
        loop {
            let byte = self.byte(self.at)?;
            match byte {
                Some(b',' | b']' | b'}') => break,
                Some(b':') => match self.byte(self.at + 1)? {
                    Some(b' ' | b'\n') => break,
                    Some(b',' | b'[' | b']' | b'{' | b'}') | None => return Err(Fault::Unsure),
                    Some(_) => {}
                },
                Some(b'#') if end < self.at => return Err(Fault::Unsure),
                Some(b'?' | b'[' | b'{' | b'\n') | None => return Err(Fault::Unsure),
                Some(_) => {}
            }
            self.at += 1;
            if byte != Some(b' ') {
                end = self.at;
            }
        }
        check_characters(self.bytes(begin..end))?;
        // A blank before the colon of a key is rare enough.
        if end < self.at && self.byte(self.at)? == Some(b':') {
            return Err(Fault::Unsure);
        }
        self.tokens.push(Token::Plain(begin..end));
        Ok(())
    }

    fn flow_quoted(&mut self) -> Result<(), Fault> {
        let begin = self.at;
        let length = loop {
            let rest = self.bytes(begin..self.input.window().len());
            // It may go on where the window ends: two quotes are one.
            match quoted_length(rest)? {
                Some((length, _)) if length < rest.len() => break length,
                _ if self.input.more()? => {}
                Some((length, _)) => break length,
                None => return Err(Fault::Unsure),
            }
        };
        let range = begin..begin + length;
        check_characters(self.bytes(range.clone()))?;
        let Some((token, end)) = self.quoted_on_line(range)? else {
            return Err(Fault::Unsure);
        };
        self.tokens.push(token);
        self.at = end;
        Ok(())
    }
}
