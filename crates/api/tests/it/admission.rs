//! `decode_strict` beside the recorded answers of a real API server.

use std::collections::BTreeSet;

use portolan_api::{HelmChart, HelmRepository, Kind, decode_strict};
use serde::Deserialize;
use serde_json::{Value, json};

const ANSWERS: &str = include_str!("../data/admission.jsonl");

/// Answers that `decode_strict` gives otherwise, each with the reason.
const DEVIATIONS: [(&str, &str); 3] = [
    (
        "meta generateName",
        "a manifest in a folder needs a name that it keeps",
    ),
    (
        "meta rv",
        "an exported manifest may be read again; its resourceVersion means nothing",
    ),
    (
        "other version",
        "the API server happened to read the object by another schema",
    ),
];

#[derive(Deserialize)]
struct Answer {
    name: String,
    kind: String,
    manifest: Value,
    code: u16,
    /// What the API server complained of; absent where it said it in the words of a Go library.
    errors: Option<BTreeSet<String>>,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

fn answers() -> Vec<Answer> {
    ANSWERS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|answer: &Answer| !DEVIATIONS.iter().any(|(name, _)| *name == answer.name))
        .collect()
}

fn decode(answer: &Answer) -> Result<Value, BTreeSet<String>> {
    fn decode_as<T: Kind>(manifest: Value) -> Result<Value, BTreeSet<String>> {
        match decode_strict::<T>(manifest) {
            Ok(resource) => Ok(serde_json::to_value(resource).unwrap()),
            Err(errors) => Err(errors.iter().map(ToString::to_string).collect()),
        }
    }
    match answer.kind.as_str() {
        "HelmChart" => decode_as::<HelmChart>(answer.manifest.clone()),
        "HelmRepository" => decode_as::<HelmRepository>(answer.manifest.clone()),
        other => panic!("no such kind: {other}"),
    }
}

#[test]
fn what_the_api_server_refuses_is_refused_and_what_it_accepts_is_accepted() {
    let answers = answers();
    assert_eq!(answers.len(), 246);
    for answer in answers {
        let decoded = decode(&answer);
        assert_eq!(
            decoded.is_ok(),
            answer.code == 201,
            "{}: {decoded:?}",
            answer.name
        );
    }
}

#[test]
fn a_refusal_reads_as_that_of_the_api_server() {
    for answer in answers() {
        let Some(expected) = &answer.errors else {
            continue;
        };
        let found = decode(&answer).unwrap_err();
        // `generateName` is not offered: see DEVIATIONS.
        let expected: BTreeSet<String> = expected
            .iter()
            .map(|error| error.replace("name or generateName is", "name is"))
            .collect();
        // An API server tells unknown fields alone; here the rest is told along with them.
        let unknown_only = expected
            .iter()
            .all(|error| error.starts_with("unknown field"));
        let found: BTreeSet<String> = found
            .into_iter()
            .filter(|error| !unknown_only || error.starts_with("unknown field"))
            .collect();
        assert_eq!(found, expected, "{}", answer.name);
    }
}

#[test]
fn an_accepted_object_has_the_defaults_that_the_api_server_gives_it() {
    for answer in answers().into_iter().filter(|answer| answer.code == 201) {
        let mut decoded = decode(&answer).unwrap();
        let mut stored = answer.spec.clone();
        if stored.is_null() {
            // There is always a spec in Rust; without one in the manifest nothing in it is set.
            continue;
        }
        if let Some(spec) = stored.as_object_mut() {
            // Left out when it says nothing.
            spec.retain(|_, value| *value != json!(false) && *value != json!([]));
        }
        assert_eq!(decoded["spec"].take(), stored, "{}", answer.name);
        assert_eq!(decoded["status"].take(), answer.status, "{}", answer.name);
    }
}
