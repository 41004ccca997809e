//! Plain scalars in block style.

use std::io::Read;
use std::ops::Range;

use memchr::memchr2_iter;

use super::super::fault::Fault;
use super::{Scan, Token};

impl<R: Read> Scan<R> {
    /// A plain scalar that begins at `range`, and goes on in lines that begin after `column`.
    pub(super) fn plain_value(&mut self, range: Range<usize>, column: usize) -> Result<(), Fault> {
        let first = self.bytes(range.clone());
        if !begins_plain(first) {
            return Err(Fault::Unsure);
        }
        let length = plain_length(first)?;
        if !self.continues(self.at, column)? {
            let end = range.start + length;
            self.tokens.push(Token::Plain(range.start..end));
            return Ok(());
        }
        let begin = self.scratch.len();
        self.append(range.start..range.start + length)?;
        while self.continues(self.at, column)? {
            let Some(line) = self.line_at(self.at)? else {
                break;
            };
            let bytes = self.bytes(line.clone());
            let blank = bytes.iter().take_while(|byte| **byte == b' ').count();
            let content = bytes.get(blank..).unwrap_or_default();
            if content.starts_with(b"#") {
                return Err(Fault::Unsure);
            }
            let length = plain_length(content)?;
            let from = line.start + blank;
            self.scratch.push(' ');
            self.append(from..from + length)?;
            self.at = line.end + 1;
            self.line += 1;
        }
        self.tokens.push(Token::Folded(begin..self.scratch.len()));
        Ok(())
    }

    /// Put a part of the window into the scratch.
    pub(super) fn append(&mut self, range: Range<usize>) -> Result<(), Fault> {
        let bytes = self.input.window().get(range).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::Unsure)?;
        self.scratch.push_str(text);
        Ok(())
    }
}

/// Whether a plain scalar, and nothing else, begins like `content`.
fn begins_plain(content: &[u8]) -> bool {
    match content.first() {
        Some(
            b'!' | b'&' | b'*' | b'>' | b'|' | b'%' | b'@' | b'`' | b'#' | b',' | b'[' | b']'
            | b'{' | b'}' | b'?' | b':' | b'"' | b'\'' | b'<' | b'=',
        )
        | None => false,
        Some(b'-') => !matches!(content.get(1), None | Some(b' ')),
        Some(_) => true,
    }
}

/// How long a plain scalar is that takes the rest of its line.
fn plain_length(content: &[u8]) -> Result<usize, Fault> {
    for at in memchr2_iter(b':', b'#', content) {
        let ends = match content.get(at) {
            Some(b':') => matches!(content.get(at + 1), None | Some(b' ')),
            _ => at == 0 || content.get(at - 1) == Some(&b' '),
        };
        if ends {
            return Err(Fault::Unsure);
        }
    }
    let blank = content
        .iter()
        .rev()
        .take_while(|byte| **byte == b' ')
        .count();
    Ok(content.len() - blank)
}
