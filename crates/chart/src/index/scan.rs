//! YAML as tools write indexes, step by step and fast.
//!
//! Reads block style as `helm repo index` and ChartMuseum write it and flow style as Artifactory does.
//! Whatever it does not know for certain ends it with [`Fault::Unsure`], and the reader for all of
//! YAML begins again. What it does tell is the same as that one tells.

mod block;
mod flow;
mod line;
mod literal;
mod plain;
mod quoted;

use std::io::Read;
use std::ops::Range;

use super::event::{Dialect, Event, Events, Scalar};
use super::fault::{Fault, depth_exceeded};
use super::input::Input;
use super::limits::IndexLimits;
use super::scalar::resolve;
use flow::Flow;

#[derive(Debug)]
pub(super) struct Scan<R> {
    input: Input<R>,
    /// What of the window has been turned into tokens.
    at: usize,
    tokens: Vec<Token>,
    /// How many of the tokens were told.
    told: usize,
    /// Block collections that have begun, innermost last.
    open: Vec<Block>,
    /// Flow collections that have begun in the innermost of them.
    flow: Vec<Flow>,
    /// Whether a value is due: of a key, of an entry, of the document.
    due: bool,
    /// Texts that are not as they were written, one after the other.
    scratch: String,
    line: u64,
    max_depth: usize,
    limits: IndexLimits,
}

/// A block collection: where its keys or its dashes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    column: usize,
    is_list: bool,
}

/// A step, with its text in the window or in the scratch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Map,
    List,
    End,
    Null,
    Plain(Range<usize>),
    Text(Range<usize>),
    /// Plain, in the scratch.
    Folded(Range<usize>),
    /// Text, in the scratch.
    Unescaped(Range<usize>),
}

impl<R: Read> Scan<R> {
    pub(super) fn new(from: R, limits: &IndexLimits) -> Self {
        Self {
            input: Input::new(from, limits),
            at: 0,
            tokens: Vec::new(),
            told: 0,
            open: Vec::new(),
            flow: Vec::new(),
            due: true,
            scratch: String::new(),
            line: 0,
            max_depth: usize::try_from(limits.max_depth).unwrap_or(usize::MAX),
            limits: *limits,
        }
    }

    /// Make more tokens, once all were told.
    fn refill(&mut self) -> Result<(), Fault> {
        self.tokens.clear();
        self.told = 0;
        self.scratch.clear();
        while self.tokens.is_empty() {
            self.input.take(self.at);
            self.at = 0;
            if self.flow.is_empty() {
                self.block_line()?;
            } else {
                self.flow_token()?;
            }
        }
        Ok(())
    }

    fn begin_block(&mut self, column: usize, is_list: bool) -> Result<(), Fault> {
        self.check_depth()?;
        self.open.push(Block { column, is_list });
        self.tokens
            .push(if is_list { Token::List } else { Token::Map });
        self.due = false;
        Ok(())
    }

    fn check_depth(&self) -> Result<(), Fault> {
        if self.open.len() + self.flow.len() >= self.max_depth {
            return Err(depth_exceeded(&self.limits));
        }
        Ok(())
    }

    /// A part of the window.
    fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.input.window().get(range).unwrap_or_default()
    }

    /// The byte at `at` of the window, if the document has it.
    fn byte(&mut self, at: usize) -> Result<Option<u8>, Fault> {
        loop {
            if let Some(byte) = self.input.window().get(at) {
                return Ok(Some(*byte));
            }
            if !self.input.more()? {
                return Ok(None);
            }
        }
    }
}

impl<R: Read> Events for Scan<R> {
    const DIALECT: Dialect = Dialect::Yaml;

    fn next(&mut self) -> Result<Event<'_>, Fault> {
        if self.told == self.tokens.len() {
            self.refill()?;
        }
        let Some(token) = self.tokens.get(self.told) else {
            return Err(Fault::Unsure);
        };
        self.told += 1;
        let window = self.input.window();
        let text = |range: &Range<usize>| {
            let bytes = window.get(range.clone()).unwrap_or_default();
            std::str::from_utf8(bytes).map_err(|_| Fault::Unsure)
        };
        let scratch = |range: &Range<usize>| self.scratch.get(range.clone()).ok_or(Fault::Unsure);
        Ok(match token {
            Token::Map => Event::Map,
            Token::List => Event::List,
            Token::End => Event::End,
            Token::Null => Event::Scalar(Scalar::Null),
            Token::Plain(range) => Event::Scalar(resolve(text(range)?)),
            Token::Text(range) => Event::Scalar(Scalar::Text(text(range)?)),
            Token::Folded(range) => Event::Scalar(resolve(scratch(range)?)),
            Token::Unescaped(range) => Event::Scalar(Scalar::Text(scratch(range)?)),
        })
    }

    /// The last step is only told when the document is over.
    fn finish(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn line(&self) -> u64 {
        self.line
    }
}

#[cfg(test)]
mod tests;
