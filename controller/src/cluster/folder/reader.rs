//! A folder of manifests as one list of objects, read again where a file has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::documents;
use super::manifest::{self, Id};
use super::scan::{Found, Stamp, scan};

/// What a folder says.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Contents {
    /// The objects that are what the schema asks for.
    pub(super) objects: BTreeMap<Id, Value>,
    /// Objects of which it cannot be said what they are to be now: they stay what they were.
    pub(super) unclear: BTreeSet<Id>,
    /// What is wrong, in the order of the files.
    pub(super) problems: Vec<Problem>,
    /// How many objects are none of our business.
    pub(super) others: usize,
}

/// Something that is wrong with the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    place: String,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Reads a folder, and remembers what it read.
#[derive(Debug)]
pub(super) struct Reader {
    root: PathBuf,
    files: BTreeMap<PathBuf, Entry>,
    contents: Contents,
}

/// A file, as it was read and as it looks now.
#[derive(Debug, Default)]
struct Entry {
    read: Option<(Stamp, File)>,
    seen: Option<Stamp>,
}

/// What a file says.
#[derive(Debug, Default)]
struct File {
    objects: Vec<(Id, Place, Value)>,
    /// Objects that it wants to be something that they cannot be.
    unclear: BTreeSet<Id>,
    /// Whether a part of it cannot be read, so that nobody knows which objects are in there.
    is_partly_unreadable: bool,
    problems: Vec<Problem>,
    others: usize,
}

/// Where an object is written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    path: String,
    line: u64,
    document: usize,
    item: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            document,
            item,
        } = self;
        write!(f, "{path}:{line} (document {document}")?;
        match item {
            Some(item) => write!(f, ", item {item})"),
            None => write!(f, ")"),
        }
    }
}

impl Reader {
    /// Read the folder for the first time.
    ///
    /// # Errors
    ///
    /// If it cannot be listed. What is wrong with files in it is a problem of the contents.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let mut reader = Self {
            root: root.to_owned(),
            files: BTreeMap::new(),
            contents: Contents::default(),
        };
        let scan = scan(root)?;
        for found in &scan.files {
            reader.adopt(found);
        }
        reader.contents = reader.combined(scan.problems);
        Ok(reader)
    }

    /// What the folder said when it was last read.
    pub(super) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Look at the folder again. A file that changed is read once it looks the same twice in a row,
    /// so that one that is being written is not taken for what it will be.
    ///
    /// A folder that cannot be listed has not changed: all its objects stay what they were.
    pub(super) fn look_again(&mut self) {
        let scan = match scan(&self.root) {
            Ok(scan) => scan,
            Err(error) => {
                let problem = Problem {
                    place: self.root.display().to_string(),
                    what: format!("cannot be read, so nothing changes: {error}"),
                };
                if !self.contents.problems.contains(&problem) {
                    self.contents.problems.push(problem);
                }
                return;
            }
        };
        let present: BTreeSet<&Path> = scan.files.iter().map(|found| &*found.path).collect();
        self.files.retain(|path, entry| {
            // Gone for the second time in a row.
            present.contains(&**path) || entry.seen.take().is_some()
        });
        for found in &scan.files {
            let entry = self.files.entry(found.path.clone()).or_default();
            let is_settled = entry.seen.replace(found.stamp) == Some(found.stamp);
            let is_known = entry
                .read
                .as_ref()
                .is_some_and(|(read, _)| *read == found.stamp);
            if is_settled && !is_known {
                self.adopt(found);
            }
        }
        self.contents = self.combined(scan.problems);
    }

    /// Read a file. What it held before and does not clearly give up is unclear from now on.
    fn adopt(&mut self, found: &Found) {
        let path = found.path.display().to_string();
        let mut file = match found.text() {
            Ok(text) => File::read(&path, &text),
            Err(what) => File {
                problems: vec![Problem { place: path, what }],
                is_partly_unreadable: true,
                ..File::default()
            },
        };
        let entry = self.files.entry(found.path.clone()).or_default();
        if let Some((_, old)) = &entry.read
            && file.is_partly_unreadable
        {
            let old = old.objects.iter().map(|(id, ..)| id).chain(&old.unclear);
            file.unclear.extend(old.cloned());
        }
        entry.seen = Some(found.stamp);
        entry.read = Some((found.stamp, file));
    }

    /// All files taken together.
    fn combined(&self, problems: Vec<(PathBuf, String)>) -> Contents {
        let mut contents = Contents::default();
        for (path, what) in problems {
            let place = path.display().to_string();
            contents.problems.push(Problem { place, what });
        }
        let mut places: BTreeMap<&Id, Vec<(&Place, &Value)>> = BTreeMap::new();
        for (_, file) in self.files.values().filter_map(|entry| entry.read.as_ref()) {
            contents.others += file.others;
            contents.problems.extend(file.problems.iter().cloned());
            contents.unclear.extend(file.unclear.iter().cloned());
            for (id, place, value) in &file.objects {
                places.entry(id).or_default().push((place, value));
            }
        }
        for (id, written) in places {
            match written[..] {
                [(_, value)] => {
                    contents.objects.insert(id.clone(), value.clone());
                }
                [] => {}
                [(first, _), ref more @ ..] => {
                    contents.unclear.insert(id.clone());
                    contents
                        .problems
                        .extend(more.iter().map(|(place, _)| Problem {
                            place: place.to_string(),
                            what: format!(
                                "{id}: is already in {first}, and only one of them can be meant"
                            ),
                        }));
                }
            }
        }
        contents
            .unclear
            .retain(|id| !contents.objects.contains_key(id));
        contents
    }
}

impl File {
    fn read(path: &str, text: &str) -> Self {
        let mut file = Self::default();
        for document in documents(text) {
            let place = |item| Place {
                path: path.to_owned(),
                line: document.line,
                document: document.number,
                item,
            };
            let objects = match document.value {
                Ok(value) => manifest::objects(value),
                Err(error) => {
                    let place = Place {
                        line: error.line,
                        ..place(None)
                    };
                    file.problems.push(Problem {
                        place: place.to_string(),
                        what: format!("is no YAML: {}", error.what),
                    });
                    file.is_partly_unreadable = true;
                    continue;
                }
            };
            file.others += objects.others;
            for accepted in objects.accepted {
                let place = place(accepted.item);
                file.objects.push((accepted.id, place, accepted.value));
            }
            for refused in objects.refused {
                let (named, id) = match refused.id {
                    Ok(id) => (id.to_string(), Some(id)),
                    Err(named) => (named, None),
                };
                file.is_partly_unreadable |= id.is_none();
                file.unclear.extend(id);
                file.problems.push(Problem {
                    place: place(refused.item).to_string(),
                    what: format!("{named}: {}", refused.what),
                });
            }
        }
        file
    }
}
