//! Bytes as the characters of a YAML document.

use std::cell::RefCell;
use std::io::Read;
use std::rc::Rc;

use granit_parser::ErrorKind;

use super::super::fault::{Fault, Problem};
use super::super::input::Input;
use super::super::limits::IndexLimits;
use crate::yaml::is_allowed;

/// Why characters ended before their time. The parser passes on no more than that they did.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Rc<RefCell<Option<Fault>>>);

impl Stop {
    pub(super) fn take(&self) -> Option<Fault> {
        self.0.borrow_mut().take()
    }

    fn set(&self, fault: Fault) -> ErrorKind {
        *self.0.borrow_mut() = Some(fault);
        ErrorKind::InputDecoding {
            message: String::new(),
        }
    }
}

/// The characters of a document without its byte order mark.
#[derive(Debug)]
pub(super) struct Characters<R> {
    input: Input<R>,
    /// Characters that were checked, and which of them is the next.
    ready: String,
    at: usize,
    begun: bool,
    stop: Stop,
}

impl<R: Read> Characters<R> {
    pub(super) fn new(from: R, limits: &IndexLimits, stop: Stop) -> Self {
        Self {
            input: Input::new(from, limits),
            ready: String::new(),
            at: 0,
            begun: false,
            stop,
        }
    }

    /// Make the next characters ready, unless there are none.
    fn refill(&mut self) -> Result<(), Fault> {
        self.ready.clear();
        self.at = 0;
        loop {
            let more = self.input.more()?;
            let window = self.input.window();
            let (text, length) = match std::str::from_utf8(window) {
                Ok(text) => (text, window.len()),
                Err(error) if error.error_len().is_none() && more => {
                    let valid = window.get(..error.valid_up_to()).unwrap_or_default();
                    (super::super::input::text(valid)?, valid.len())
                }
                Err(_) => return Err(Problem::NotUtf8.into()),
            };
            let text = match text.strip_prefix('\u{feff}') {
                Some(rest) if !self.begun => rest,
                _ => text,
            };
            if let Some(character) = text.chars().find(|character| !is_allowed(*character)) {
                return Err(Problem::Character(character.into()).into());
            }
            self.begun |= length > 0;
            self.ready.push_str(text);
            self.input.take(length);
            if !self.ready.is_empty() || !more {
                return Ok(());
            }
        }
    }
}

impl<R: Read> Iterator for Characters<R> {
    type Item = Result<char, ErrorKind>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.ready.len()
            && let Err(fault) = self.refill()
        {
            return Some(Err(self.stop.set(fault)));
        }
        let character = self.ready.get(self.at..)?.chars().next()?;
        self.at += character.len_utf8();
        Some(Ok(character))
    }
}
