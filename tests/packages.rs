//! Every package that is meant for crates.io carries what crates.io wants, so that `cargo add` is
//! a matter of publishing.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn packages() -> Vec<Value> {
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
    metadata["packages"]
        .as_array()
        .expect("a list of packages")
        .clone()
}

/// `publish = false` reads as an empty list of registries.
fn is_private(package: &Value) -> bool {
    package["publish"].as_array().is_some_and(Vec::is_empty)
}

#[test]
fn every_published_manifest_says_what_crates_io_wants() {
    let published: Vec<_> = packages()
        .into_iter()
        .filter(|package| !is_private(package))
        .collect();
    assert_eq!(published.len(), 11, "a new package belongs into this count");
    for package in published {
        let name = package["name"].as_str().expect("a name");
        assert_eq!(
            package["version"], "0.1.0",
            "{name}: all packages move together"
        );
        assert_eq!(package["license"], "Apache-2.0", "{name}");
        for field in ["description", "repository", "readme", "rust_version"] {
            assert!(package[field].is_string(), "{name} has no {field}");
        }
        let folder = Path::new(package["manifest_path"].as_str().expect("a path"))
            .parent()
            .expect("a folder");
        for file in ["README.md", "LICENSE"] {
            assert!(folder.join(file).is_file(), "{name} ships no {file}");
        }
        for dependency in package["dependencies"].as_array().expect("a list") {
            let by_path = dependency["path"].is_string();
            let tested_only = dependency["kind"] == "dev";
            assert!(
                !by_path || tested_only || dependency["req"] != "*",
                "{name} names {} by path alone",
                dependency["name"]
            );
        }
    }
}

#[test]
fn what_tests_the_packages_ships_nowhere() {
    let mut private: Vec<_> = packages()
        .iter()
        .filter(|package| is_private(package))
        .map(|package| package["name"].as_str().expect("a name").to_owned())
        .collect();
    private.sort();
    assert_eq!(
        private,
        [
            "portolan-bench",
            "portolan-examples",
            "portolan-kit",
            "portolan-real",
            "portolan-tests"
        ]
    );
}
