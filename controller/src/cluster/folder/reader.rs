//! A folder of manifests as one list of objects, read again where a file has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file::{File, Place, Problem};
use super::manifest::Id;
use super::scan::{Found, Scan, Stamp, scan};

/// What a folder says.
#[derive(Default)]
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

/// Reads a folder, and remembers what it read.
pub(super) struct Reader {
    root: PathBuf,
    files: BTreeMap<PathBuf, Entry>,
    /// What could not be looked at the last time.
    problems: Vec<Problem>,
}

/// A file, as it was read and as it looks now.
#[derive(Default)]
struct Entry {
    read: Option<(Stamp, File)>,
    seen: Option<Stamp>,
}

impl Reader {
    /// Read the folder for the first time.
    ///
    /// # Errors
    ///
    /// If it cannot be listed. What is wrong with files in it is a problem of the contents.
    pub(super) fn open(root: &Path) -> io::Result<(Self, Contents)> {
        let scan = scan(root)?;
        let mut reader = Self {
            root: root.to_owned(),
            files: BTreeMap::new(),
            problems: problems(&scan),
        };
        for found in &scan.files {
            reader.adopt(found);
        }
        let contents = reader.contents();
        Ok((reader, contents))
    }

    /// Look at the folder again. Returns what it says now, if that is not what it said before.
    ///
    /// A file that changed is read once it looks the same twice in a row, so that one that is being
    /// written is not taken for what it will be. Where the folder cannot be read nothing has
    /// changed: all objects of that part stay what they were.
    pub(super) fn look_again(&mut self) -> Option<Contents> {
        let old = std::mem::take(&mut self.problems);
        let changed = match scan(&self.root) {
            Ok(scan) => {
                self.problems = problems(&scan);
                self.follow(&scan)
            }
            Err(error) => {
                let what = format!("cannot be read, so nothing changes: {error}");
                self.problems = vec![Problem::of_file(&self.root, what)];
                false
            }
        };
        (changed || self.problems != old).then(|| self.contents())
    }

    /// Whether any file was read, or is gone.
    fn follow(&mut self, scan: &Scan) -> bool {
        let before = self.files.len();
        let present: BTreeSet<&Path> = scan.files.iter().map(|found| &*found.path).collect();
        self.files.retain(|path, entry| {
            let is_hidden = || scan.problems.iter().any(|(part, _)| path.starts_with(part));
            // One that is gone is believed to be when it is missed for the second time.
            present.contains(&**path) || is_hidden() || entry.seen.take().is_some()
        });
        let mut changed = self.files.len() != before;
        for found in &scan.files {
            let entry = self.files.entry(found.path.clone()).or_default();
            let is_settled = entry.seen.replace(found.stamp) == Some(found.stamp);
            let read = entry.read.as_ref().map(|(stamp, _)| *stamp);
            if is_settled && read != Some(found.stamp) {
                self.adopt(found);
                changed = true;
            }
        }
        changed
    }

    /// Read a file.
    fn adopt(&mut self, found: &Found) {
        let mut file = match found.text() {
            Ok(text) => File::read(&found.path, &text),
            Err(why) => File::unreadable(&found.path, why),
        };
        let entry = self.files.entry(found.path.clone()).or_default();
        if let Some((_, old)) = &entry.read {
            file.keep_what_is_unclear(old);
        }
        entry.seen = Some(found.stamp);
        entry.read = Some((found.stamp, file));
    }

    /// All files taken together.
    fn contents(&self) -> Contents {
        let mut contents = Contents {
            problems: self.problems.clone(),
            ..Contents::default()
        };
        let mut written: BTreeMap<&Id, Vec<(&Place, &Value)>> = BTreeMap::new();
        for (_, file) in self.files.values().filter_map(|entry| entry.read.as_ref()) {
            contents.others += file.others;
            contents.problems.extend(file.problems.iter().cloned());
            contents.unclear.extend(file.unclear.iter().cloned());
            for (id, place, value) in &file.objects {
                written.entry(id).or_default().push((place, value));
            }
        }
        for (id, places) in written {
            match places[..] {
                [(_, value)] => {
                    contents.unclear.remove(id);
                    contents.objects.insert(id.clone(), value.clone());
                }
                [] => {}
                [(first, _), ref more @ ..] => {
                    contents.unclear.insert(id.clone());
                    let what =
                        format!("{id}: is already in {first}, and only one of them can be meant");
                    let more = more.iter().map(|(place, _)| Place::clone(place));
                    contents
                        .problems
                        .extend(more.map(|place| Problem::at(place, what.clone())));
                }
            }
        }
        contents.problems.sort_by(|a, b| a.order().cmp(&b.order()));
        contents
    }
}

fn problems(scan: &Scan) -> Vec<Problem> {
    let problems = scan.problems.iter();
    problems
        .map(|(path, what)| Problem::of_file(path, what.clone()))
        .collect()
}
