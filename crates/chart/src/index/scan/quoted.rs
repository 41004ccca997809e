//! Scalars in quotes.

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr2};

use super::super::fault::Fault;
use super::{Scan, Token};

impl<R: Read> Scan<R> {
    /// The scalar in quotes that begins `range`, and where it ends; `None` if it does not end there.
    pub(super) fn quoted_on_line(
        &mut self,
        range: Range<usize>,
    ) -> Result<Option<(Token, usize)>, Fault> {
        let bytes = self.bytes(range.clone());
        let Some((length, is_simple)) = quoted_length(bytes)? else {
            return Ok(None);
        };
        let end = range.start + length;
        let inner = range.start + 1..end - 1;
        if is_simple {
            return Ok(Some((Token::Text(inner), end)));
        }
        let begin = self.scratch.len();
        let quote = bytes.first().copied();
        self.unescape(inner, quote)?;
        let token = Token::Unescaped(begin..self.scratch.len());
        Ok(Some((token, end)))
    }

    /// A scalar in quotes that begins at `range` and may go on in lines that begin after `column`.
    pub(super) fn quoted_value(&mut self, range: Range<usize>, column: usize) -> Result<(), Fault> {
        if let Some((token, end)) = self.quoted_on_line(range.clone())? {
            if self.bytes(end..range.end).iter().any(|byte| *byte != b' ') {
                return Err(Fault::Unsure);
            }
            self.tokens.push(token);
            return Ok(());
        }
        let quote = self.bytes(range.clone()).first().copied();
        let begin = self.scratch.len();
        let mut part = range.start + 1..range.end;
        loop {
            // The scalar does not end on this line: a line break, folded, unless it is escaped.
            let joined = quote == Some(b'"') && self.ends_escaped(part.clone());
            let end = if joined {
                part.end - 1
            } else {
                self.without_blanks(part.clone())
            };
            self.unescape(part.start..end, quote)?;
            if !joined {
                self.scratch.push(' ');
            }
            if !self.continues(self.at, column)? {
                return Err(Fault::Unsure);
            }
            let Some(line) = self.line_at(self.at)? else {
                return Err(Fault::Unsure);
            };
            self.at = line.end + 1;
            self.line += 1;
            let bytes = self.bytes(line.clone());
            let blank = bytes.iter().take_while(|byte| **byte == b' ').count();
            let start = line.start + blank;
            let content = bytes.get(blank..).unwrap_or_default();
            if let Some(length) = closing(content, quote)? {
                let rest = content.get(length + 1..).unwrap_or_default();
                if rest.iter().any(|byte| *byte != b' ') {
                    return Err(Fault::Unsure);
                }
                self.unescape(start..start + length, quote)?;
                let token = Token::Unescaped(begin..self.scratch.len());
                self.tokens.push(token);
                return Ok(());
            }
            part = start..line.end;
        }
    }

    fn ends_escaped(&self, range: Range<usize>) -> bool {
        let bytes = self.bytes(range);
        let slashes = bytes.iter().rev().take_while(|byte| **byte == b'\\');
        slashes.count() % 2 == 1
    }

    /// Where `range` ends without the blanks at its end.
    fn without_blanks(&self, range: Range<usize>) -> usize {
        let bytes = self.bytes(range.clone());
        let blank = bytes.iter().rev().take_while(|byte| **byte == b' ');
        range.end - blank.count()
    }

    /// Put what `range` means between quotes of this kind into the scratch.
    fn unescape(&mut self, range: Range<usize>, quote: Option<u8>) -> Result<(), Fault> {
        let special = if quote == Some(b'"') { b'\\' } else { b'\'' };
        let mut range = range;
        while let Some(at) = memchr(special, self.bytes(range.clone())) {
            self.append(range.start..range.start + at)?;
            let escape = self.bytes(range.start + at + 1..range.end);
            let (character, length) = if special == b'\\' {
                unescaped(escape)?
            } else {
                ('\'', 1)
            };
            self.scratch.push(character);
            range.start += at + 1 + length;
        }
        self.append(range)
    }
}

/// How long the quoted scalar is that begins `bytes`, and whether it has no escapes; `None` if it
/// does not end.
pub(super) fn quoted_length(bytes: &[u8]) -> Result<Option<(usize, bool)>, Fault> {
    let (quote, inner) = bytes.split_first().ok_or(Fault::Unsure)?;
    let Some(length) = closing(inner, Some(*quote))? else {
        return Ok(None);
    };
    let special = if *quote == b'"' { b'\\' } else { b'\'' };
    let is_simple = memchr(special, inner.get(..length).unwrap_or_default()).is_none();
    Ok(Some((length + 2, is_simple)))
}

/// Where in `inner` the closing quote is, if it is.
fn closing(inner: &[u8], quote: Option<u8>) -> Result<Option<usize>, Fault> {
    let Some(quote @ (b'"' | b'\'')) = quote else {
        return Err(Fault::Unsure);
    };
    let mut at = 0;
    loop {
        let rest = inner.get(at..).unwrap_or_default();
        let found = if quote == b'"' {
            memchr2(b'"', b'\\', rest)
        } else {
            memchr(b'\'', rest)
        };
        let Some(found) = found.map(|found| at + found) else {
            return Ok(None);
        };
        let is_escape = match inner.get(found) {
            Some(b'\\') => true,
            _ => quote == b'\'' && inner.get(found + 1) == Some(&b'\''),
        };
        if !is_escape {
            return Ok(Some(found));
        }
        at = found + 2;
    }
}

/// What an escape without its `\` means, and its length.
fn unescaped(escape: &[u8]) -> Result<(char, usize), Fault> {
    let character = match escape.first() {
        Some(b'0') => '\0',
        Some(b'a') => '\u{7}',
        Some(b'b') => '\u{8}',
        Some(b't') => '\t',
        Some(b'n') => '\n',
        Some(b'v') => '\u{b}',
        Some(b'f') => '\u{c}',
        Some(b'r') => '\r',
        Some(b'e') => '\u{1b}',
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b' ') => ' ',
        Some(b'N') => '\u{85}',
        Some(b'_') => '\u{a0}',
        Some(b'L') => '\u{2028}',
        Some(b'P') => '\u{2029}',
        Some(b'x') => return code_point(escape, 2),
        Some(b'u') => return code_point(escape, 4),
        Some(b'U') => return code_point(escape, 8),
        // `\/` is for YAML 1.2 only.
        _ => return Err(Fault::Unsure),
    };
    Ok((character, 1))
}

fn code_point(escape: &[u8], digits: usize) -> Result<(char, usize), Fault> {
    let digits = escape.get(1..=digits).ok_or(Fault::Unsure)?;
    let value = digits.iter().try_fold(0_u32, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        value.checked_mul(16)?.checked_add(digit)
    });
    match value.and_then(char::from_u32) {
        Some(character) => Ok((character, digits.len() + 1)),
        None => Err(Fault::Unsure),
    }
}
