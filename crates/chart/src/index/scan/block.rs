//! Block style.

use std::io::Read;
use std::ops::Range;

use memchr::memchr_iter;

use super::super::fault::Fault;
use super::{Scan, Token};

/// The longest key, in bytes: somewhat less than where YAML ends it.
const MAX_KEY: usize = 1000;

impl<R: Read> Scan<R> {
    /// Turn the next line, and those that belong to it, into tokens.
    pub(super) fn block_line(&mut self) -> Result<(), Fault> {
        // A document in flow style may be one long line.
        if self.open.is_empty() && matches!(self.byte(0)?, Some(b'{' | b'[')) {
            self.line += 1;
            return self.begin_flow(0);
        }
        let Some(line) = self.line_at(0)? else {
            return self.end_document();
        };
        self.line += 1;
        self.at = line.end + 1;
        let bytes = self.bytes(line.clone());
        let column = bytes.iter().take_while(|byte| **byte == b' ').count();
        let content = bytes.get(column..).unwrap_or_default();
        if content.is_empty() || content.starts_with(b"#") {
            return Ok(());
        }
        if column == 0 && (is_marker(content) || content.starts_with(b"%")) {
            return Err(Fault::Unsure);
        }
        let is_entry = is_entry(content);
        self.close_until(column, is_entry)?;
        self.node(line.start + column..line.end, column)
    }

    fn end_document(&mut self) -> Result<(), Fault> {
        if self.open.is_empty() {
            return Err(Fault::Unsure);
        }
        if self.due {
            self.tokens.push(Token::Null);
            self.due = false;
        }
        while self.open.pop().is_some() {
            self.tokens.push(Token::End);
        }
        Ok(())
    }

    /// Close what ends before a line whose content begins at `column`, so that it continues the
    /// innermost collection or begins a value that is due.
    fn close_until(&mut self, column: usize, is_entry: bool) -> Result<(), Fault> {
        if self.due {
            let fits = match self.open.last() {
                None => true,
                // A list may be as far to the left as the key it belongs to.
                Some(block) if is_entry && !block.is_list => column >= block.column,
                Some(block) => column > block.column,
            };
            if fits {
                return Ok(());
            }
            self.tokens.push(Token::Null);
            self.due = false;
        }
        while let Some(block) = self.open.last() {
            let ends =
                block.column > column || (block.column == column && block.is_list && !is_entry);
            if !ends {
                break;
            }
            self.open.pop();
            self.tokens.push(Token::End);
        }
        match self.open.last() {
            Some(block) if block.column == column && block.is_list == is_entry => Ok(()),
            _ => Err(Fault::Unsure),
        }
    }

    /// What stands at `range` of the window, at `column` of its line: an entry, a field or a value.
    fn node(&mut self, mut range: Range<usize>, mut column: usize) -> Result<(), Fault> {
        while is_entry(self.bytes(range.clone())) {
            if self.due {
                self.begin_block(column, true)?;
            }
            self.due = true;
            let rest = self.bytes(range.start + 1..range.end);
            let blank = rest.iter().take_while(|byte| **byte == b' ').count();
            range.start += 1 + blank;
            column += 1 + blank;
            if range.is_empty() {
                return Ok(());
            }
        }
        let Some((key, after)) = self.key(range.clone())? else {
            let Some(parent) = self.open.last() else {
                return Err(Fault::Unsure);
            };
            if !self.due {
                return Err(Fault::Unsure);
            }
            let column = parent.column;
            self.due = false;
            return self.value(range, column);
        };
        if self.due {
            self.begin_block(column, false)?;
        }
        self.tokens.push(key);
        let rest = self.bytes(after..range.end);
        let blank = rest.iter().take_while(|byte| **byte == b' ').count();
        if after + blank == range.end {
            self.due = true;
            return Ok(());
        }
        self.value(after + blank..range.end, column)
    }

    /// The key that begins `range`, and where its colon ends; `None` if there is no key.
    fn key(&mut self, range: Range<usize>) -> Result<Option<(Token, usize)>, Fault> {
        let bytes = self.bytes(range.clone());
        if matches!(bytes.first(), Some(b'[' | b'{')) {
            return Ok(None);
        }
        if matches!(bytes.first(), Some(b'"' | b'\'')) {
            let Some((token, end)) = self.quoted_on_line(range.clone())? else {
                return Ok(None);
            };
            return match self.bytes(end..range.end) {
                [b':'] | [b':', b' ', ..] if end - range.start <= MAX_KEY => {
                    Ok(Some((token, end + 1)))
                }
                [] => Ok(None),
                _ => Err(Fault::Unsure),
            };
        }
        let colon =
            memchr_iter(b':', bytes).find(|at| matches!(bytes.get(at + 1), None | Some(b' ')));
        let Some(colon) = colon else {
            return Ok(None);
        };
        let key = bytes.get(..colon).unwrap_or_default();
        let begins_well = key
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'.'));
        if !begins_well || key.len() > MAX_KEY || key.ends_with(b" ") || key.contains(&b'#') {
            return Err(Fault::Unsure);
        }
        let end = range.start + colon;
        Ok(Some((Token::Plain(range.start..end), end + 1)))
    }

    /// A value on its line. What belongs to it is farther to the right than `column`.
    fn value(&mut self, range: Range<usize>, column: usize) -> Result<(), Fault> {
        match self.bytes(range.clone()).first() {
            Some(b'"' | b'\'') => self.quoted_value(range, column),
            Some(b'|') => self.literal(range, column),
            Some(b'[' | b'{') => self.begin_flow(range.start),
            _ => self.plain_value(range, column),
        }
    }
}

fn is_entry(content: &[u8]) -> bool {
    matches!(content, [b'-'] | [b'-', b' ', ..])
}

/// Where a document begins or ends.
fn is_marker(content: &[u8]) -> bool {
    content.starts_with(b"---") || content.starts_with(b"...")
}
