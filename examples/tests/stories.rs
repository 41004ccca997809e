//! Every story in `examples/` comes to a good end, and tells what it is about.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const STORIES: &[(&str, &[&str])] = &[
    (
        "quickstart",
        &[
            "HelmChart default/hello        True   1.1.0",
            "fetched ",
            "Done in ",
        ],
    ),
    (
        "pull_one_chart",
        &["~6.5 is 6.5.1 today", "podinfo 6.5.1 is in "],
    ),
    (
        "verify_before_unpacking",
        &[
            "1 of 2 required signers agree",
            "podinfo 6.5.1 is in ",
            "signed by key alice.pub (bundle)",
            "signed by key bob.pub (simple signing)",
        ],
    ),
    (
        "explain_a_range",
        &["chose `1.10.0", "only pre-releases would do"],
    ),
    (
        "resolve_from_a_mirror",
        &[
            "sessions: 18.2.1",
            "carts: 17.15.6",
            "nginx: 15.14.0",
            "digest: sha256:",
        ],
    ),
    (
        "serve_a_folder",
        &["HelmChart default/podinfo is at http://127.0.0.1:", "8.x"],
    ),
    (
        "merge_values_into_a_chart",
        &["replicas: 12345678901234567890", "app 1.2.3+production"],
    ),
    (
        "build_an_umbrella",
        &[
            "app-1.0.0.tgz",
            "db 1.4.0 from http://127.0.0.1:",
            "lib 0.1.0 from file://",
        ],
    ),
    (
        "publish_a_chart",
        &[
            "templates/service.yaml",
            "packaged: sha256:",
            "exactly these bytes",
        ],
    ),
];

/// Where `cargo test` puts the examples that it builds: beside the folder of this test.
fn built(story: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test
        .ancestors()
        .nth(2)
        .expect("it lies in target/debug/deps");
    target.join("examples").join(story)
}

/// Play a story, and give back what it printed.
fn play(story: &str) -> String {
    let output = Command::new(built(story)).output().unwrap_or_else(|error| {
        panic!("{story} is built by `cargo test` without a target: {error}")
    });
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{story}: {complaint}\n{printed}");
    assert_eq!(complaint, "", "{story}");
    printed
}

#[test]
fn every_story_comes_to_a_good_end() {
    for (story, told) in STORIES {
        let printed = play(story);
        for told in *told {
            assert!(
                printed.contains(told),
                "{story} does not tell {told:?}:\n{printed}"
            );
        }
    }
}

#[test]
fn no_story_is_forgotten() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = fs::read_dir(folder).expect("the folder is there");
    let written: BTreeSet<String> = files
        .filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    let played: BTreeSet<String> = STORIES
        .iter()
        .map(|(story, _)| (*story).to_owned())
        .collect();
    assert_eq!(written, played);
}

#[test]
fn the_quickstart_is_quick() {
    let begun = Instant::now();
    play("quickstart");
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}
