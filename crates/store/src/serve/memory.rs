//! Small artifacts in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::files::{Found, Known, Linked};
use crate::objects::lock;

/// How many paths are remembered, large files and links included.
const MOST: usize = 4_096;

/// What was found, bounded by its bytes and its number; what was not asked for longest goes first.
#[derive(Debug)]
pub(super) struct Memory {
    shelf: Mutex<Shelf>,
    max_bytes: u64,
}

#[derive(Debug, Default)]
struct Shelf {
    slots: HashMap<String, Slot>,
    bytes: u64,
    /// Counts requests, so that slots can be told by age.
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    entry: Entry,
    used: u64,
}

/// What a path was, the last time somebody asked.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    File(Arc<Known>),
    Link(Linked),
}

impl Entry {
    fn bytes(&self) -> u64 {
        match self {
            Self::File(known) => known.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Link(_) => 0,
        }
    }
}

impl Memory {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self {
            shelf: Mutex::default(),
            max_bytes,
        }
    }

    pub(super) fn get(&self, path: &str) -> Option<Entry> {
        let mut all = lock(&self.shelf);
        all.clock += 1;
        let used = all.clock;
        let slot = all.slots.get_mut(path)?;
        slot.used = used;
        Some(slot.entry.clone())
    }

    /// Remember what `path` led to.
    pub(super) fn put(&self, path: &str, found: &Found) {
        let file = Entry::File(Arc::clone(&found.known));
        let mut all = lock(&self.shelf);
        if let Some(linked) = &found.linked {
            all.place(&linked.path, file, self.max_bytes);
            all.place(path, Entry::Link(linked.clone()), self.max_bytes);
        } else {
            all.place(path, file, self.max_bytes);
        }
    }

    pub(super) fn forget(&self, path: &str) {
        lock(&self.shelf).remove(path);
    }
}

impl Shelf {
    fn place(&mut self, path: &str, entry: Entry, max_bytes: u64) {
        self.remove(path);
        let bytes = entry.bytes();
        if bytes > max_bytes {
            return;
        }
        while self.bytes + bytes > max_bytes || self.slots.len() >= MOST {
            self.remove_oldest();
        }
        self.clock += 1;
        self.bytes += bytes;
        let used = self.clock;
        self.slots.insert(path.to_owned(), Slot { entry, used });
    }

    fn remove(&mut self, path: &str) {
        if let Some(slot) = self.slots.remove(path) {
            self.bytes = self.bytes.saturating_sub(slot.entry.bytes());
        }
    }

    fn remove_oldest(&mut self) {
        let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.used);
        match oldest.map(|(path, _)| path.clone()) {
            Some(path) => self.remove(&path),
            // Nothing is left, so nothing is counted either.
            None => self.bytes = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beneath::Root;
    use crate::name::StoredPath;
    use crate::serve::files;

    /// What is found at `path`, a file of so many bytes.
    fn found(root: &Root, path: &str, length: usize) -> Found {
        let file = root.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, vec![7; length]).unwrap();
        let path = StoredPath::parse(path).unwrap();
        files::find(root, &path, None).unwrap().unwrap()
    }

    fn path(index: usize) -> String {
        format!("helmchart/ns/app/{index}.tgz")
    }

    #[test]
    fn no_more_bytes_are_kept_than_allowed_and_the_longest_unused_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let memory = Memory::new(250);
        for index in 0..3 {
            memory.put(&path(index), &found(&root, &path(index), 100));
            assert!(memory.get(&path(0)).is_some());
            assert!(lock(&memory.shelf).bytes <= 250);
        }
        assert!(memory.get(&path(1)).is_none());
        assert!(memory.get(&path(2)).is_some());
        memory.put(&path(3), &found(&root, &path(3), 251));
        assert!(memory.get(&path(3)).is_none());
        // The same path twice counts once.
        for _ in 0..10 {
            memory.put(&path(0), &found(&root, &path(0), 100));
        }
        assert_eq!(lock(&memory.shelf).bytes, 200);
        memory.forget(&path(0));
        assert_eq!(lock(&memory.shelf).bytes, 100);
    }

    #[test]
    fn no_more_paths_are_kept_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let memory = Memory::new(250);
        let found = found(&root, &path(0), 0);
        for index in 0..MOST + 10 {
            memory.put(&path(index), &found);
        }
        assert_eq!(lock(&memory.shelf).slots.len(), MOST);
    }
}
