//! Block scalars that keep their line breaks.

use std::io::Read;
use std::ops::Range;

use super::super::fault::Fault;
use super::{Scan, Token};

/// What becomes of the line breaks at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomping {
    /// One stays.
    Clip,
    /// None stays.
    Strip,
    /// All stay.
    Keep,
}

impl<R: Read> Scan<R> {
    /// A literal whose header is at `range`, with lines that begin after `column`.
    pub(super) fn literal(&mut self, range: Range<usize>, column: usize) -> Result<(), Fault> {
        let chomping = match self.bytes(range) {
            b"|" => Chomping::Clip,
            b"|-" => Chomping::Strip,
            b"|+" => Chomping::Keep,
            _ => return Err(Fault::Unsure),
        };
        let begin = self.scratch.len();
        // The first line says how far all are indented. Blank lines before it say something, too.
        let Some(first) = self.line_at(self.at)? else {
            return Err(Fault::Unsure);
        };
        let indent = indent_of(self.bytes(first.clone()));
        if first.len() == indent || indent <= column {
            return Err(Fault::Unsure);
        }
        let mut breaks = 0;
        while let Some(line) = self.line_at(self.at)? {
            let bytes = self.bytes(line.clone());
            let own = indent_of(bytes);
            if own == line.len() {
                if own > indent {
                    return Err(Fault::Unsure);
                }
                breaks += 1;
            } else if own < indent {
                break;
            } else {
                self.scratch.extend(std::iter::repeat_n('\n', breaks));
                self.append(line.start + indent..line.end)?;
                breaks = 1;
            }
            self.at = line.end + 1;
            self.line += 1;
        }
        // Where the document ends without a line break, readers differ.
        if self.at > self.input.window().len() {
            return Err(Fault::Unsure);
        }
        let kept = match chomping {
            Chomping::Strip => 0,
            Chomping::Clip => 1,
            Chomping::Keep => breaks,
        };
        self.scratch.extend(std::iter::repeat_n('\n', kept));
        let token = Token::Unescaped(begin..self.scratch.len());
        self.tokens.push(token);
        Ok(())
    }
}

fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|byte| **byte == b' ').count()
}
