//! YAML of any kind, step by step, as go-yaml v2 takes it.
//!
//! Anchors, aliases and merges are resolved here, so that nobody else knows of them.

mod characters;
mod replay;

use std::io::Read;

use granit_parser::{Event as Raw, FallibleBufferedInput, Parser, ScalarStyle, Tag};

use super::event::{Dialect, Event, Events};
use super::fault::{Fault, Problem, depth_exceeded};
use super::limits::IndexLimits;
use super::scalar::{resolve, resolve_tagged};
use characters::{Characters, Stop};
use replay::{Log, Step};

/// Where the tags are from that mean something.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

pub(super) struct General<R: Read> {
    parser: Parser<'static, FallibleBufferedInput<Characters<R>>>,
    /// Why the characters ended, if they did before their time.
    stop: Stop,
    limits: IndexLimits,
    log: Log,
    open: Vec<Open>,
    line: u64,
    /// Whether the last step began what an alias stands for.
    aliased: bool,
    /// The scalar that was last told of.
    scratch: String,
}

/// A map or a list that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    kind: Kind,
    /// Its end is not told: its fields are those of the map around it.
    merged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    /// The next step is a key.
    Key,
    /// The next step is the value of a key.
    Value,
}

impl<R: Read> General<R> {
    pub(super) fn new(from: R, limits: &IndexLimits) -> Self {
        let stop = Stop::default();
        let characters = Characters::new(from, limits, stop.clone());
        let nesting = usize::try_from(limits.max_depth).unwrap_or(usize::MAX);
        let mut options = granit_parser::options! {
            flow_nesting_limit: nesting.saturating_add(1),
            block_nesting_limit: nesting.saturating_add(1),
        };
        options.set_emit_comments(false);
        Self {
            parser: Parser::new_from_fallible_iter_with_options(characters, options),
            stop,
            limits: *limits,
            log: Log::default(),
            open: Vec::new(),
            line: 1,
            aliased: false,
            scratch: String::new(),
        }
    }

    /// The next step of the parser, or of what an alias stands for.
    fn step(&mut self) -> Result<Step, Fault> {
        self.aliased = false;
        if let Some(step) = self.log.replayed()? {
            return match step {
                Step::Alias(anchor) => self.aliased_step(anchor),
                step => Ok(step),
            };
        }
        loop {
            let raw = match self.parser.next_event() {
                None => return Ok(Step::Nothing),
                Some(Ok((raw, span))) => {
                    self.line = span.start.line() as u64;
                    raw
                }
                Some(Err(error)) => return Err(self.fault(&error)),
            };
            let (step, anchor) = match raw {
                Raw::StreamEnd | Raw::DocumentEnd => return Ok(Step::Nothing),
                Raw::Alias(anchor) => (Step::Alias(anchor), 0),
                Raw::Scalar(text, style, anchor, tag) => {
                    (scalar(text.into_owned(), style, tag.as_deref()), anchor)
                }
                Raw::SequenceStart(_, anchor, _) => (Step::List, anchor),
                Raw::MappingStart(_, anchor, _) => (Step::Map, anchor),
                Raw::SequenceEnd | Raw::MappingEnd => (Step::End, 0),
                // Go's library reads YAML 1.1 only, and wants to be told so if it is told anything.
                Raw::DocumentStart(_, Some(version))
                    if (version.major, version.minor) != (1, 1) =>
                {
                    let what = "found incompatible YAML document";
                    return Err(Problem::Syntax(what.to_owned()).into());
                }
                // Where the stream and the document begin.
                _ => continue,
            };
            self.log.note(&step, anchor)?;
            let Step::Alias(anchor) = step else {
                return Ok(step);
            };
            return self.aliased_step(anchor);
        }
    }

    fn aliased_step(&mut self, anchor: usize) -> Result<Step, Fault> {
        self.log.replay(anchor)?;
        let step = self.step()?;
        self.aliased = true;
        Ok(step)
    }

    fn fault(&mut self, error: &granit_parser::ScanError) -> Fault {
        self.line = error.marker().line() as u64;
        if let Some(fault) = self.stop.take() {
            return fault;
        }
        if matches!(
            error.kind(),
            granit_parser::ErrorKind::RecursionLimitExceeded
        ) {
            return depth_exceeded(&self.limits);
        }
        Problem::Syntax(error.kind().to_string()).into()
    }

    fn begin(&mut self, kind: Kind, merged: bool) -> Result<(), Fault> {
        if self.open.len() as u64 >= self.limits.max_depth {
            return Err(depth_exceeded(&self.limits));
        }
        self.open.push(Open { kind, merged });
        Ok(())
    }

    /// The value of `<<` is a map, or a list of maps, whose fields belong to the map around it.
    fn merge(&mut self) -> Result<(), Fault> {
        match self.step()? {
            Step::Map => self.begin(Kind::Key, true),
            Step::List if !self.aliased => self.begin(Kind::List, true),
            _ => Err(Problem::Merge.into()),
        }
    }

    /// What is told of `step`; nothing, where it was the edge of something merged.
    fn tell(&mut self, step: Step) -> Result<Option<Told>, Fault> {
        let innermost = self.open.last().copied();
        if step == Step::End {
            self.open.pop();
            let merged = innermost.is_some_and(|open| open.merged);
            return Ok((!merged).then_some(Told::End));
        }
        let in_merged_list = innermost.is_some_and(|open| open.merged && open.kind == Kind::List);
        if in_merged_list {
            return match step {
                Step::Map => self.begin(Kind::Key, true).map(|()| None),
                _ => Err(Problem::Merge.into()),
            };
        }
        let is_key = innermost.is_some_and(|open| open.kind == Kind::Key);
        if is_key && step.is_merge() {
            self.merge()?;
            return Ok(None);
        }
        if let Some(open) = self.open.last_mut() {
            open.kind = match open.kind {
                Kind::Key => Kind::Value,
                Kind::Value => Kind::Key,
                Kind::List => Kind::List,
            };
        }
        match step {
            Step::Map => self.begin(Kind::Key, false).map(|()| Some(Told::Map)),
            Step::List => self.begin(Kind::List, false).map(|()| Some(Told::List)),
            Step::Scalar { text, tag } => {
                self.scratch = text;
                Ok(Some(Told::Scalar(tag)))
            }
            // Not even an empty value is an empty one.
            Step::Nothing | Step::End | Step::Alias(_) => {
                self.scratch.clear();
                Ok(Some(Told::Scalar(replay::Meaning::Plain)))
            }
        }
    }
}

/// [`Event`], with its text elsewhere.
enum Told {
    Map,
    List,
    End,
    Scalar(replay::Meaning),
}

impl<R: Read> Events for General<R> {
    const DIALECT: Dialect = Dialect::Yaml;

    fn next(&mut self) -> Result<Event<'_>, Fault> {
        let told = loop {
            let step = self.step()?;
            if let Some(told) = self.tell(step)? {
                break told;
            }
        };
        match told {
            Told::Map => Ok(Event::Map),
            Told::List => Ok(Event::List),
            Told::End => Ok(Event::End),
            Told::Scalar(meaning) => match meaning {
                replay::Meaning::Text => {
                    Ok(Event::Scalar(super::event::Scalar::Text(&self.scratch)))
                }
                replay::Meaning::Plain => Ok(Event::Scalar(resolve(&self.scratch))),
                replay::Meaning::Tagged(tag) => {
                    resolve_tagged(tag, &self.scratch).map(Event::Scalar)
                }
            },
        }
    }

    fn finish(&mut self) -> Result<(), Fault> {
        match self.step()? {
            Step::Nothing => Ok(()),
            _ => Err(Problem::Syntax("something follows the index".to_owned()).into()),
        }
    }

    fn line(&self) -> u64 {
        self.line
    }
}

fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>) -> Step {
    use super::scalar::KnownTag;
    let tag = match tag {
        None if style == ScalarStyle::Plain => replay::Meaning::Plain,
        None => replay::Meaning::Text,
        Some(tag) => match tag.suffix_in_namespace(YAML_TAGS).as_deref() {
            Some("bool") => replay::Meaning::Tagged(KnownTag::Bool),
            Some("int") => replay::Meaning::Tagged(KnownTag::Int),
            Some("float") => replay::Meaning::Tagged(KnownTag::Float),
            Some("null") => replay::Meaning::Tagged(KnownTag::Null),
            Some("binary") => replay::Meaning::Tagged(KnownTag::Binary),
            _ => replay::Meaning::Text,
        },
    };
    Step::Scalar { text, tag }
}
