//! Who may stand on whom: the table of `docs/architecture.md`, held against what Cargo sees.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each package of ours may name among ours, outside its tests. A package that is missing here
/// has no rights, and the test says so.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("portolan-reference", &[]),
    ("portolan-api", &[]),
    ("portolan-auth", &["portolan-reference"]),
    ("portolan-chart", &["portolan-reference"]),
    ("portolan-store", &["portolan-reference"]),
    ("portolan-verify", &["portolan-reference"]),
    (
        "portolan-resolve",
        &["portolan-reference", "portolan-chart"],
    ),
    (
        "portolan-fetch",
        &["portolan-reference", "portolan-chart", "portolan-auth"],
    ),
    (
        "portolan-acquire",
        &[
            "portolan-reference",
            "portolan-chart",
            "portolan-auth",
            "portolan-fetch",
            "portolan-resolve",
            "portolan-store",
            "portolan-verify",
        ],
    ),
    (
        "portolan",
        &[
            "portolan-acquire",
            "portolan-auth",
            "portolan-store",
            "portolan-verify",
            "portolan-reference",
        ],
    ),
    (
        "portolan-controller",
        &[
            "portolan-api",
            "portolan-acquire",
            "portolan-auth",
            "portolan-store",
            "portolan-verify",
            "portolan-reference",
        ],
    ),
    ("portolan-kit", &[]),
];

/// Packages that ship nowhere and may name anything of ours.
const FREE: &[&str] = &[
    "portolan-examples",
    "portolan-tests",
    "portolan-real",
    "portolan-bench",
];

/// Foreign packages that only some of ours may name: the first column is the package's name, or its
/// beginning when it ends in `*`.
const ONLY_IN: &[(&str, &[&str])] = &[
    (
        "kube*",
        &["portolan-api", "portolan-controller", "portolan-real"],
    ),
    (
        "k8s-openapi",
        &["portolan-api", "portolan-controller", "portolan-real"],
    ),
    ("reqwest", &["portolan-auth"]),
    ("sigstore-verify", &["portolan-verify"]),
    ("sigstore-tuf", &["portolan-acquire"]),
    (
        "tokio",
        &[
            "portolan-auth",
            "portolan-fetch",
            "portolan-store",
            "portolan-acquire",
            "portolan",
            "portolan-controller",
            "portolan-kit",
        ],
    ),
    ("anyhow", &["portolan", "portolan-controller"]),
    ("clap", &["portolan", "portolan-controller"]),
];

type Names = BTreeMap<String, BTreeSet<String>>;

/// Package → what it names outside `[dev-dependencies]`.
fn dependencies() -> Names {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    metadata["packages"]
        .as_array()
        .expect("a list of packages")
        .iter()
        .map(|package| {
            let named = package["dependencies"]
                .as_array()
                .expect("a list of dependencies")
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| text(&dependency["name"]))
                .collect();
            (text(&package["name"]), named)
        })
        .collect()
}

/// Every breach of the table, as a sentence.
fn breaches(graph: &Names) -> Vec<String> {
    let rights: BTreeMap<_, _> = MAY_NAME.iter().copied().collect();
    let mut found = Vec::new();
    for (package, named) in graph {
        if FREE.contains(&package.as_str()) {
            continue;
        }
        let Some(allowed) = rights.get(package.as_str()) else {
            found.push(format!(
                "{package} has no row in the table, so it has no rights"
            ));
            continue;
        };
        for name in named {
            let ours = name == "portolan" || name.starts_with("portolan-");
            if ours && !allowed.contains(&name.as_str()) {
                found.push(format!("{package} may not name {name}"));
            }
            for (pattern, owners) in ONLY_IN {
                let hit = match pattern.strip_suffix('*') {
                    Some(start) => name.starts_with(start),
                    None => name == pattern,
                };
                if hit && !owners.contains(&package.as_str()) {
                    found.push(format!("{package} may not name {name}"));
                }
            }
        }
    }
    found
}

#[test]
fn nobody_names_a_crate_above_or_beside_it() {
    let found = breaches(&dependencies());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_violation_is_seen() {
    #[track_caller]
    fn check(package: &str, name: &str, sentence: &str) {
        let mut graph = dependencies();
        graph
            .entry(package.to_owned())
            .or_default()
            .insert(name.to_owned());
        assert_eq!(breaches(&graph), [sentence]);
    }
    check(
        "portolan-chart",
        "portolan-auth",
        "portolan-chart may not name portolan-auth",
    );
    check("portolan-store", "kube", "portolan-store may not name kube");
    check(
        "portolan-store",
        "kube-runtime",
        "portolan-store may not name kube-runtime",
    );
    check(
        "portolan",
        "portolan-fetch",
        "portolan may not name portolan-fetch",
    );
    check(
        "portolan-resolve",
        "tokio",
        "portolan-resolve may not name tokio",
    );
    check(
        "portolan-fetch",
        "reqwest",
        "portolan-fetch may not name reqwest",
    );
    check(
        "portolan-new",
        "portolan-reference",
        "portolan-new has no row in the table, so it has no rights",
    );
}

#[test]
fn every_row_of_the_table_is_a_package() {
    let graph = dependencies();
    let rows = MAY_NAME.iter().map(|(package, _)| *package);
    for package in rows.chain(FREE.iter().copied()) {
        assert!(graph.contains_key(package), "{package} is no package");
    }
}
