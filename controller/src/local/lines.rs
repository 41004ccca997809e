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
        let is_new = |problem: &&String| !self.problems.contains(*problem);
        for problem in problems.iter().filter(is_new) {
            writeln!(err, "{now} {}", printable(problem))?;
        }
        let is_solved = |problem: &&String| !problems.contains(*problem);
        for problem in self.problems.iter().filter(is_solved) {
            writeln!(err, "{now} solved: {}", printable(problem))?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::local::observed::tests::observed;

    /// What is written for one look after the other.
    fn told(form: Form, looks: &[(Vec<Observed>, &[&str])]) -> (String, String) {
        let mut lines = Lines::new(form);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        for (objects, problems) in looks {
            let problems = problems.iter().map(ToString::to_string).collect();
            lines
                .tell(objects.clone(), problems, now, (&mut out, &mut err))
                .expect("memory takes it");
        }
        let text = |bytes| String::from_utf8(bytes).expect("it is text");
        (text(out), text(err))
    }

    #[test]
    fn only_what_changed_is_told() {
        let pending = || observed("a", State::Pending, "");
        let ready = || observed("a", State::Ready, "pulled");
        let failed = || observed("b", State::Failed, "no answer");
        let looks = [
            (vec![pending(), failed()], &[][..]),
            (vec![ready(), failed()], &[]),
            (vec![ready(), failed()], &[]),
            (vec![failed()], &[]),
        ];
        assert_eq!(
            told(Form::Text, &looks).0,
            "\
1970-01-01T00:00:01Z HelmChart default/a: in progress
1970-01-01T00:00:01Z HelmChart default/b: not ready: ChartPullError: no answer
1970-01-01T00:00:01Z HelmChart default/a: ready: pulled
1970-01-01T00:00:01Z HelmChart default/a: gone
"
        );
    }

    #[test]
    fn problems_of_files_are_told_apart_from_objects_once_and_when_they_are_solved() {
        let looks = [
            (vec![], &["a.yaml: is no file"][..]),
            (vec![], &["a.yaml: is no file", "b.yaml: too"]),
            (vec![], &["b.yaml: too"]),
        ];
        let (out, err) = told(Form::Text, &looks);
        assert_eq!(out, "");
        assert_eq!(
            err,
            "\
1970-01-01T00:00:01Z a.yaml: is no file
1970-01-01T00:00:01Z b.yaml: too
1970-01-01T00:00:01Z solved: a.yaml: is no file
"
        );
    }

    #[test]
    fn as_json_an_object_is_a_line() {
        let looks = [(vec![observed("a", State::Failed, "no\nanswer")], &[][..])];
        assert_eq!(
            told(Form::Json, &looks).0,
            "{\"kind\":\"HelmChart\",\"namespace\":\"default\",\"name\":\"a\",\"ready\":false,\
             \"state\":\"failed\",\"reason\":\"ChartPullError\",\"message\":\"no\\nanswer\",\
             \"revision\":null,\"digest\":null,\"url\":null,\"path\":null,\"conditions\":[]}\n"
        );
    }
}
