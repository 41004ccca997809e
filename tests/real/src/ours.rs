//! Our own programs, as they are in the tree now.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// Where our programs are.
#[derive(Debug, Clone)]
pub struct Ours {
    /// `portolan-controller`.
    pub controller: PathBuf,
    /// `portolan`.
    pub cli: PathBuf,
}

static OURS: LazyLock<Ours> = LazyLock::new(build);

/// Our programs, built once per process, so that no test ever runs a stale one.
#[track_caller]
pub fn ours() -> &'static Ours {
    &OURS
}

fn build() -> Ours {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--package=portolan-controller", "--package=portolan"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        built.status.success(),
        "portolan and portolan-controller do not build:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let text = String::from_utf8_lossy(&built.stdout);
    let programs: Vec<PathBuf> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .collect();
    let program = |name: &str| {
        programs
            .iter()
            .find(|path| path.file_name().is_some_and(|file| file == name))
            .unwrap_or_else(|| panic!("cargo did not say where {name} is"))
            .clone()
    };
    Ours {
        controller: program("portolan-controller"),
        cli: program("portolan"),
    }
}
