//! What one file says.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::document::documents;
use super::manifest::{self, Id};

/// What a file says.
#[derive(Default)]
pub(super) struct File {
    /// Objects that are what the schema asks for, and where they are written.
    pub(super) objects: Vec<(Id, Place, Value)>,
    /// Objects that it wants to be something that they cannot be.
    pub(super) unclear: BTreeSet<Id>,
    /// Whether a part of it cannot be read, so that nobody knows which objects are in there.
    pub(super) is_partly_unreadable: bool,
    /// What is wrong with it.
    pub(super) problems: Vec<Problem>,
    /// How many objects are none of our business.
    pub(super) others: usize,
}

impl File {
    /// Read the text of the file at `path`.
    pub(super) fn read(path: &Path, text: &str) -> Self {
        let mut file = Self::default();
        for document in documents(text) {
            let place = Place {
                path: path.display().to_string(),
                line: document.line,
                document: document.number,
                item: None,
            };
            match document.value {
                Ok(value) => file.take(&place, manifest::objects(value)),
                Err(error) => {
                    let place = Place {
                        line: error.line,
                        ..place
                    };
                    file.problems
                        .push(Problem::at(place, format!("is no YAML: {}", error.what)));
                    file.is_partly_unreadable = true;
                }
            }
        }
        file
    }

    /// The file at `path`, of which there is no text.
    pub(super) fn unreadable(path: &Path, why: String) -> Self {
        Self {
            problems: vec![Problem::of_file(path, why)],
            is_partly_unreadable: true,
            ..Self::default()
        }
    }

    fn take(&mut self, document: &Place, found: manifest::Objects) {
        let place = |item| Place {
            item,
            ..document.clone()
        };
        self.others += found.others;
        for accepted in found.accepted {
            let place = place(accepted.item);
            self.objects.push((accepted.id, place, accepted.value));
        }
        for refused in found.refused {
            let what = match &refused.id {
                Ok(id) => format!("{id}: {}", refused.what),
                Err(named) => format!("{named}: {}", refused.what),
            };
            self.problems.push(Problem::at(place(refused.item), what));
            self.is_partly_unreadable |= refused.id.is_err();
            self.unclear.extend(refused.id);
        }
    }

    /// Hold on to everything that `old` said and this does not clearly give up.
    pub(super) fn keep_what_is_unclear(&mut self, old: &Self) {
        if self.is_partly_unreadable {
            let old = old.objects.iter().map(|(id, ..)| id).chain(&old.unclear);
            self.unclear.extend(old.cloned());
        }
    }
}

/// Where an object is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    path: String,
    line: u64,
    document: usize,
    item: Option<usize>,
}

/// `charts.yaml:12 (document 2)`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, line, document) = (&self.path, self.line, self.document);
        write!(f, "{path}:{line} (document {document}")?;
        match self.item {
            Some(item) => write!(f, ", item {item})"),
            None => write!(f, ")"),
        }
    }
}

/// Something that is wrong with the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    path: String,
    /// Where in the file, if that is known.
    place: Option<Place>,
    what: String,
}

impl Problem {
    /// With a file, or with a folder.
    pub(super) fn of_file(path: &Path, what: String) -> Self {
        Self {
            path: path.display().to_string(),
            place: None,
            what,
        }
    }

    /// With an object, or with a line.
    pub(super) fn at(place: Place, what: String) -> Self {
        Self {
            path: place.path.clone(),
            place: Some(place),
            what,
        }
    }

    /// What is sorted by: file, then line.
    pub(super) fn order(&self) -> (&str, u64) {
        let line = self.place.as_ref().map_or(0, |place| place.line);
        (&self.path, line)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}
