//! What changes, a line at a time, for whoever is no terminal.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::SystemTime;

use portolan_api::whole_seconds;

use super::observed::{Observed, State};
use super::table::{printable, status};

/// How a change is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Text,
    /// The whole object as JSON.
    Json,
}

/// Remembers what was told.
#[derive(Debug)]
pub(super) struct Lines {
    form: Form,
    told: BTreeMap<String, Observed>,
    problems: Vec<String>,
}

impl Lines {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            told: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Write a line to `out` for each object that is not what it was, and one to `err` for each new
    /// problem.
    pub(super) fn tell(
        &mut self,
        objects: Vec<Observed>,
        problems: Vec<String>,
        now: SystemTime,
        (out, err): (&mut impl Write, &mut impl Write),
    ) -> io::Result<()> {
        let now = whole_seconds(now).0;
        for problem in problems
            .iter()
            .filter(|problem| !self.problems.contains(problem))
        {
            writeln!(err, "{now} {}", printable(problem))?;
        }
        self.problems = problems;
        let objects: BTreeMap<String, Observed> = objects
            .into_iter()
            .map(|object| (object.to_string(), object))
            .collect();
        if self.form == Form::Text {
            for gone in self.told.keys().filter(|name| !objects.contains_key(*name)) {
                writeln!(out, "{now} {gone}: gone")?;
            }
        }
        for (name, object) in &objects {
            if self.told.get(name) == Some(object) {
                continue;
            }
            match self.form {
                Form::Json => writeln!(out, "{}", json(object)?)?,
                Form::Text => writeln!(out, "{now} {name}: {}", sentence(object))?,
            }
        }
        self.told = objects;
        out.flush()
    }
}

fn sentence(object: &Observed) -> String {
    match object.state() {
        State::Ready => format!("ready: {}", status(object)),
        State::Failed => {
            let reason = object.reason().unwrap_or_default();
            let message = printable(object.message().unwrap_or_default());
            format!("not ready: {reason}: {message}")
        }
        _ => status(object),
    }
}

fn json(object: &Observed) -> io::Result<String> {
    serde_json::to_string(object).map_err(io::Error::other)
}
