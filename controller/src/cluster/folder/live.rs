//! The objects as a cluster would hold them: with a generation, a version, a status, and a way to
//! go that waits for finalizers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use portolan_api::FINALIZER;
use serde_json::{Value, json};

use super::manifest::Id;
use super::object::{Object, born, changed, going, is_going};
use crate::cluster::{ClusterError, Report};

/// The objects that there are.
#[derive(Default)]
pub(super) struct Live {
    objects: BTreeMap<Id, Object>,
    /// What the files say.
    wanted: BTreeMap<Id, Value>,
    /// What is there whatever the files say.
    given: BTreeSet<Id>,
    /// What became of everything that there ever was.
    histories: BTreeMap<Id, History>,
    /// Which object changed last at which version. Each is in it once.
    changes: BTreeMap<u64, Id>,
    /// Counts changes of any object.
    version: u64,
}

#[derive(Default)]
struct History {
    /// How many objects of the name there have been.
    births: u32,
    /// The version at which it changed last.
    changed: u64,
}

impl Live {
    pub(super) fn get(&self, id: &Id) -> Option<&Object> {
        self.objects.get(id)
    }

    /// Every object of a kind, in the order of their names.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        let of_kind = self.objects.iter().filter(move |(id, _)| id.kind == kind);
        of_kind.map(|(_, object)| object)
    }

    /// Another number after each change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Which objects came, changed or went after `version`, each once.
    pub(super) fn changed_after(&self, version: u64) -> impl Iterator<Item = &Id> {
        self.changes.range(version + 1..).map(|(_, id)| id)
    }

    /// Make the objects what the files say, but for the `unclear` ones, which stay what they are.
    pub(super) fn apply(
        &mut self,
        mut wanted: BTreeMap<Id, Value>,
        unclear: &BTreeSet<Id>,
        now: SystemTime,
    ) {
        for id in unclear {
            if let Some(value) = self.wanted.remove(id) {
                wanted.insert(id.clone(), value);
            }
        }
        self.wanted = wanted;
        let known = self.objects.keys().chain(self.wanted.keys()).cloned();
        let known: BTreeSet<Id> = known.collect();
        for id in known.difference(&self.given.clone()) {
            self.settle(id, now);
        }
    }

    /// Let there be this object, as it is, whatever the files say.
    pub(super) fn give(&mut self, id: &Id, value: &Value) {
        self.given.insert(id.clone());
        self.store(id, born(id, value, 1));
    }

    /// Bring one object to what the files say, as far as it can go by now.
    fn settle(&mut self, id: &Id, now: SystemTime) {
        let live = self.objects.get(id).map(|object| &object.value);
        match (live, self.wanted.get(id)) {
            // One that is going has to be gone before another of its name may come.
            (Some(live), _) if is_going(live) => {}
            (Some(live), Some(wanted)) => {
                if let Some(value) = changed(live, wanted) {
                    self.store(id, value);
                }
            }
            (Some(live), None) => match going(live, now) {
                Some(value) => self.store(id, value),
                None => self.remove(id),
            },
            (None, Some(wanted)) => {
                let births = self.histories.get(id).map_or(0, |history| history.births) + 1;
                let value = born(id, wanted, births);
                self.histories.entry(id.clone()).or_default().births = births;
                self.store(id, value);
            }
            (None, None) => {}
        }
    }

    /// Take a report about the object that was seen with a uid and a generation. Returns the version
    /// that the object has now; none if it is gone.
    ///
    /// # Errors
    ///
    /// If that object is gone, or has another generation by now. Nothing has changed then.
    pub(super) fn report(
        &mut self,
        id: &Id,
        (uid, generation): (Option<&str>, i64),
        report: Report,
        now: SystemTime,
    ) -> Result<Option<String>, ClusterError> {
        let live = &self.objects.get(id).ok_or(ClusterError::Gone)?.value;
        if live["metadata"]["uid"].as_str() != uid {
            return Err(ClusterError::Gone);
        }
        if live["metadata"]["generation"].as_i64() != Some(generation) {
            return Err(ClusterError::Outdated);
        }
        let mut value = live.clone();
        match report {
            Report::Status(status) => value["status"] = status,
            Report::Finalizer { present: true } => {
                value["metadata"]["finalizers"] = json!([FINALIZER]);
            }
            Report::Finalizer { present: false } => {
                if let Some(metadata) = value["metadata"].as_object_mut() {
                    metadata.remove("finalizers");
                }
            }
            Report::Event(_) => {}
        }
        if is_going(&value) && value["metadata"].get("finalizers").is_none() {
            self.remove(id);
            self.settle(id, now);
            return Ok(None);
        }
        if value != *live {
            self.store(id, value);
        }
        let version = self.objects.get(id).and_then(Object::version);
        Ok(version.map(str::to_owned))
    }

    fn store(&mut self, id: &Id, value: Value) {
        let version = self.note_change(id);
        self.objects
            .insert(id.clone(), Object::new(id, value, version));
    }

    fn remove(&mut self, id: &Id) {
        self.note_change(id);
        self.objects.remove(id);
    }

    fn note_change(&mut self, id: &Id) -> u64 {
        self.version += 1;
        let history = self.histories.entry(id.clone()).or_default();
        self.changes.remove(&history.changed);
        history.changed = self.version;
        self.changes.insert(self.version, id.clone());
        self.version
    }
}
