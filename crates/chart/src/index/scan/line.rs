//! Lines of a document.

use std::io::Read;
use std::ops::Range;

use memchr::memchr;

use super::super::fault::Fault;
use super::Scan;
use crate::yaml::is_allowed;

impl<R: Read> Scan<R> {
    /// The line that begins at `at` of the window, without its end. `None` at the end of the
    /// document.
    pub(super) fn line_at(&mut self, at: usize) -> Result<Option<Range<usize>>, Fault> {
        let mut searched = at;
        loop {
            let window = self.input.window();
            let rest = window.get(searched..).unwrap_or_default();
            if let Some(length) = memchr(b'\n', rest) {
                let line = at..searched + length;
                check_characters(window.get(line.clone()).unwrap_or_default())?;
                return Ok(Some(line));
            }
            searched = window.len();
            if !self.input.more()? {
                let line = at..self.input.window().len();
                check_characters(self.bytes(line.clone()))?;
                return Ok((!line.is_empty()).then_some(line));
            }
        }
    }

    /// Whether the line that begins at `at` is there and indented by more than `column`. Blank lines
    /// before such a one are not for this reader.
    pub(super) fn continues(&mut self, at: usize, column: usize) -> Result<bool, Fault> {
        let mut begin = at;
        let mut passed_blank = false;
        loop {
            let mut indent = 0;
            while indent <= column && self.byte(begin + indent)? == Some(b' ') {
                indent += 1;
            }
            let solid = indent;
            let mut end = begin + indent;
            while self.byte(end)? == Some(b' ') {
                end += 1;
            }
            match self.byte(end)? {
                None => return Ok(false),
                Some(b'\n') => {
                    passed_blank = true;
                    begin = end + 1;
                }
                Some(_) if solid <= column => return Ok(false),
                Some(_) if passed_blank => return Err(Fault::Unsure),
                Some(_) => return Ok(true),
            }
        }
    }
}

/// Check that `text` has none but characters that are the same to everybody who reads YAML: no tabs,
/// no line breaks of YAML 1.1, nothing invisible.
pub(super) fn check_characters(text: &[u8]) -> Result<(), Fault> {
    // Without an exit from the loop it is done in wide steps.
    let unusual = text.iter().fold(false, |unusual, byte| {
        unusual | !(b' '..=b'~').contains(byte)
    });
    if !unusual {
        return Ok(());
    }
    let text = std::str::from_utf8(text).map_err(|_| Fault::Unsure)?;
    let is_usual = |character: char| {
        is_allowed(character)
            && !matches!(
                character,
                '\t' | '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}'
            )
    };
    if text.chars().all(is_usual) {
        Ok(())
    } else {
        Err(Fault::Unsure)
    }
}
