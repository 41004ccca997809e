//! Objects to create, and what to read in them.

use serde_json::{Value, json};

use crate::kinds::{Id, api_version};
use crate::registry::Account;

/// A `HelmRepository` of type `oci` over plain HTTP. `url` is `oci://host:port/path`.
pub fn helm_repository(namespace: &str, name: &str, url: &str) -> Value {
    let spec = json!({"type": "oci", "url": url, "insecure": true});
    object("HelmRepository", namespace, name, &spec)
}

/// A `HelmRepository` with an index. `url` is `http://host:port/path`.
pub fn index_repository(namespace: &str, name: &str, url: &str) -> Value {
    let spec = json!({"url": url, "interval": "1h"});
    object("HelmRepository", namespace, name, &spec)
}

/// A `HelmChart` named after its chart, from a `HelmRepository`, looked at once an hour.
pub fn helm_chart(namespace: &str, chart: &str, version: &str, repository: &str) -> Value {
    let spec = json!({
        "chart": chart,
        "version": version,
        "interval": "1h",
        "sourceRef": {"kind": "HelmRepository", "name": repository},
    });
    object("HelmChart", namespace, chart, &spec)
}

/// A `HelmChart` named after the last part of its path in a `GitRepository` or `Bucket`, looked at once
/// an hour.
pub fn source_chart(source: &Id, path: &str) -> Value {
    let name = path.rsplit('/').next().unwrap_or_default();
    let spec = json!({
        "chart": path,
        "interval": "1h",
        "sourceRef": {"kind": source.kind, "name": source.name},
    });
    object("HelmChart", &source.namespace, name, &spec)
}

/// A `Secret` with the name and password of an account.
pub fn secret(namespace: &str, name: &str, account: Account) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
        "stringData": {"username": account.name, "password": account.password},
    })
}

pub(crate) fn object(kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": api_version(kind),
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    })
}

/// A condition of an object: its status, reason and message.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let condition = conditions
        .iter()
        .find(|condition| condition["type"] == kind)?;
    let text = |key: &str| condition[key].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}
