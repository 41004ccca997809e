//! An object as a cluster would hold it.

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use k8s_openapi::api::core::v1::Secret;
use portolan_api::{Bucket, GitRepository, HelmChart, HelmRepository, whole_seconds};
use portolan_reference::{Algorithm, Digest};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::manifest::Id;

/// An object in one of its versions.
pub(super) struct Object {
    /// As JSON.
    pub(super) value: Value,
    /// The same as its type has it, decoded once.
    typed: Option<Arc<dyn Any + Send + Sync>>,
}

impl Object {
    /// `value` as the version `version` of the object.
    pub(super) fn new(id: &Id, mut value: Value, version: u64) -> Self {
        value["metadata"]["resourceVersion"] = version.to_string().into();
        let typed = match id.kind.as_str() {
            "HelmChart" => decoded::<HelmChart>(&value),
            "HelmRepository" => decoded::<HelmRepository>(&value),
            "GitRepository" => decoded::<GitRepository>(&value),
            "Bucket" => decoded::<Bucket>(&value),
            _ => decoded::<Secret>(&value),
        };
        Self { value, typed }
    }

    /// The object, if it is a `K`.
    pub(super) fn typed<K: Send + Sync + 'static>(&self) -> Option<Arc<K>> {
        Arc::clone(self.typed.as_ref()?).downcast().ok()
    }

    /// Its version, as reports give it back.
    pub(super) fn version(&self) -> Option<&str> {
        self.value["metadata"]["resourceVersion"].as_str()
    }
}

/// The files were checked against the schema, so this does not fail.
fn decoded<K: DeserializeOwned + Send + Sync + 'static>(
    value: &Value,
) -> Option<Arc<dyn Any + Send + Sync>> {
    let decoded: K = serde_json::from_value(value.clone()).ok()?;
    Some(Arc::new(decoded))
}

/// `wanted` as the object that has been there `births` times by now, and was just born.
pub(super) fn born(id: &Id, wanted: &Value, births: u32) -> Value {
    let mut object = wanted.clone();
    object["metadata"]["uid"] = uid(id, births).into();
    object["metadata"]["generation"] = 1.into();
    object
}

/// `live` with everything as `wanted` has it that a file can say; `None` if it has it already.
pub(super) fn changed(live: &Value, wanted: &Value) -> Option<Value> {
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

/// `live` as an object that somebody asked to go; `None` if nobody holds it, so that it is gone.
pub(super) fn going(live: &Value, now: SystemTime) -> Option<Value> {
    live["metadata"].get("finalizers")?;
    let mut object = live.clone();
    object["metadata"]["deletionTimestamp"] = json!(whole_seconds(now));
    advance(&mut object);
    Some(object)
}

/// Whether somebody asked the object to go.
pub(super) fn is_going(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

fn advance(object: &mut Value) {
    let generation = object["metadata"]["generation"].as_i64();
    object["metadata"]["generation"] = (generation.unwrap_or_default() + 1).into();
}

/// A name that no other object has, and that the same object has in every process: the shape is that
/// of a [UUID of version 8](https://www.rfc-editor.org/rfc/rfc9562#section-5.8).
fn uid(id: &Id, births: u32) -> String {
    let digest = Digest::of(Algorithm::Sha256, format!("{id} {births}").as_bytes());
    let hex = digest.hex();
    let parts = [0..8, 8..12, 12..15, 15..18, 18..30].map(|part| &hex[part]);
    let [first, second, third, fourth, last] = parts;
    format!("{first}-{second}-8{third}-8{fourth}-{last}")
}
