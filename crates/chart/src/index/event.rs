//! An index as a series of steps, whatever it is written in.

use std::borrow::Cow;

use super::fault::{Fault, Problem};
use crate::yaml::go_text;

/// One step through a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Event<'a> {
    /// A map begins. Keys and values follow in turns.
    Map,
    /// A list begins.
    List,
    /// The innermost map or list ends.
    End,
    Scalar(Scalar<'a>),
}

/// A value that has no parts, with the meaning that Go's parsers give it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'a str),
}

impl Event<'_> {
    /// What Go's JSON decoder calls it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Map => "object",
            Self::List => "array",
            Self::End => "end",
            Self::Scalar(Scalar::Null) => "null",
            Self::Scalar(Scalar::Bool(_)) => "bool",
            Self::Scalar(Scalar::Int(_) | Scalar::Float(_)) => "number",
            Self::Scalar(Scalar::Text(_)) => "string",
        }
    }
}

/// How the same steps are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Unknown fields are passed over, the last of two equal keys counts.
    Json,
    /// Unknown fields and equal keys are refused; a few numbers and booleans become text.
    Yaml,
}

/// A document, step by step.
pub(super) trait Events {
    const DIALECT: Dialect;

    /// The next step. Not called again after the end of what came first.
    fn next(&mut self) -> Result<Event<'_>, Fault>;

    /// Check that nothing follows that would make the document another one.
    fn finish(&mut self) -> Result<(), Fault>;

    /// The line that the last step was on, from 1.
    fn line(&self) -> u64;
}

/// The next key of a map as JSON would have it, or `None` at the end of the map.
pub(super) fn next_key<E: Events>(events: &mut E) -> Result<Option<Cow<'_, str>>, Fault> {
    match events.next()? {
        Event::End => Ok(None),
        Event::Scalar(Scalar::Text(text)) => Ok(Some(Cow::Borrowed(text))),
        Event::Scalar(Scalar::Bool(true)) => Ok(Some(Cow::Borrowed("true"))),
        Event::Scalar(Scalar::Bool(false)) => Ok(Some(Cow::Borrowed("false"))),
        Event::Scalar(Scalar::Int(value)) if i64::try_from(value).is_ok() => {
            Ok(Some(Cow::Owned(value.to_string())))
        }
        Event::Scalar(Scalar::Float(value)) => Ok(Some(match go_text(value) {
            infinite if infinite == "+Inf" => Cow::Borrowed(".inf"),
            infinite if infinite == "-Inf" => Cow::Borrowed("-.inf"),
            nan if nan == "NaN" => Cow::Borrowed(".nan"),
            number => Cow::Owned(number),
        })),
        other => Err(Problem::Key(other.kind()).into()),
    }
}

/// Pass over the rest of a value, which has begun a map or a list if it has `opened` one.
pub(super) fn skip<E: Events>(events: &mut E, opened: bool) -> Result<(), Fault> {
    let mut depth = u64::from(opened);
    while depth > 0 {
        match events.next()? {
            Event::Map | Event::List => depth += 1,
            Event::End => depth -= 1,
            Event::Scalar(_) => {}
        }
    }
    Ok(())
}
