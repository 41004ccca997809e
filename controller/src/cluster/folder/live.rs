//! The objects as a cluster would hold them: with a generation, a version, a status, and a way to
//! go that waits for finalizers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use portolan_api::{FINALIZER, whole_seconds};
use portolan_reference::{Algorithm, Digest};
use serde_json::{Value, json};

use super::manifest::Id;
use crate::cluster::{ClusterError, Report};

/// The objects that there are.
#[derive(Debug, Default)]
pub(super) struct Live {
    objects: BTreeMap<Id, Value>,
    /// What the files say.
    wanted: BTreeMap<Id, Value>,
    /// How many objects of a name there have been.
    births: BTreeMap<Id, u32>,
    /// Counts changes of any object.
    version: u64,
}

impl Live {
    pub(super) fn get(&self, id: &Id) -> Option<&Value> {
        self.objects.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Id, &Value)> {
        self.objects.iter()
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
        let known: BTreeSet<Id> = self
            .objects
            .keys()
            .chain(self.wanted.keys())
            .cloned()
            .collect();
        for id in known {
            self.settle(&id, now);
        }
    }

    /// Bring one object to what the files say, as far as it can go by now.
    fn settle(&mut self, id: &Id, now: SystemTime) {
        match (self.objects.get(id), self.wanted.get(id)) {
            (None, Some(wanted)) => {
                let born = wanted.clone();
                self.create(id, born);
            }
            (Some(live), Some(wanted)) if !is_going(live) => {
                if let Some(changed) = changed(live, wanted) {
                    self.store(id, changed);
                }
            }
            (Some(live), None) if !is_going(live) => {
                let live = live.clone();
                self.delete(id, live, now);
            }
            // One that is going has to be gone before another of its name may come.
            _ => {}
        }
    }

    fn create(&mut self, id: &Id, mut object: Value) {
        let births = self.births.entry(id.clone()).or_default();
        *births += 1;
        object["metadata"]["uid"] = uid(id, *births).into();
        object["metadata"]["generation"] = 1.into();
        self.store(id, object);
    }

    fn delete(&mut self, id: &Id, mut object: Value, now: SystemTime) {
        if object["metadata"].get("finalizers").is_none() {
            return self.remove(id);
        }
        object["metadata"]["deletionTimestamp"] = json!(whole_seconds(now));
        advance(&mut object);
        self.store(id, object);
    }

    /// Take a report about the object that was seen with `uid` and `generation`. Returns the version
    /// that the object has now.
    ///
    /// # Errors
    ///
    /// If that object is gone, or has another generation by now. Nothing has changed then.
    pub(super) fn report(
        &mut self,
        id: &Id,
        seen: (Option<&str>, i64),
        report: Report,
        now: SystemTime,
    ) -> Result<Option<String>, ClusterError> {
        let mut object = self.objects.get(id).cloned().ok_or(ClusterError::Gone)?;
        if object["metadata"]["uid"].as_str() != seen.0 {
            return Err(ClusterError::Gone);
        }
        if object["metadata"]["generation"].as_i64() != Some(seen.1) {
            return Err(ClusterError::Outdated);
        }
        match report {
            Report::Status(status) => object["status"] = status,
            Report::Finalizer { present: true } => {
                object["metadata"]["finalizers"] = json!([FINALIZER]);
            }
            Report::Finalizer { present: false } => {
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    metadata.remove("finalizers");
                }
                if is_going(&object) {
                    self.remove(id);
                    self.settle(id, now);
                    return Ok(None);
                }
            }
            Report::Event(_) => return Ok(None),
        }
        if self.objects.get(id) != Some(&object) {
            self.store(id, object);
        }
        let version = self.objects.get(id).and_then(version_of);
        Ok(version.map(str::to_owned))
    }

    fn store(&mut self, id: &Id, mut object: Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(id.clone(), object);
    }

    fn remove(&mut self, id: &Id) {
        self.version += 1;
        self.objects.remove(id);
    }
}

/// The version of an object.
pub(super) fn version_of(object: &Value) -> Option<&str> {
    object["metadata"]["resourceVersion"].as_str()
}

/// `live` with everything as `wanted` has it that a file can say; `None` if it has it already.
fn changed(live: &Value, wanted: &Value) -> Option<Value> {
    let mut object = wanted.clone();
    for kept in ["uid", "generation", "resourceVersion", "finalizers"] {
        if let Some(value) = live["metadata"].get(kept) {
            object["metadata"][kept] = value.clone();
        }
    }
    if let Some(status) = live.get("status") {
        object["status"] = status.clone();
    }
    if object == *live {
        return None;
    }
    if object["spec"] != live["spec"] {
        advance(&mut object);
    }
    Some(object)
}

fn advance(object: &mut Value) {
    let generation = object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default();
    object["metadata"]["generation"] = (generation + 1).into();
}

fn is_going(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

/// A name that no other object has, and that the same object has in every process: the shape is that
/// of a [UUID of version 8](https://www.rfc-editor.org/rfc/rfc9562#section-5.8).
fn uid(id: &Id, birth: u32) -> String {
    let digest = Digest::of(Algorithm::Sha256, format!("{id} {birth}").as_bytes());
    let hex = digest.hex();
    format!(
        "{}-{}-8{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..18],
        &hex[18..30]
    )
}
