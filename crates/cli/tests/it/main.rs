//! The command line as a script sees it: arguments in; text, JSON and an exit code out.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what cannot happen may end it"
)]

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

mod folder;
mod registry;
mod repository;
mod search;
mod site;
mod verify;

/// Run `portolan` in a home of its own, so that nobody's credentials are at hand.
fn portolan(home: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let written = child.stdin.take().unwrap().write_all(input.as_bytes());
    // Whoever refuses its arguments does not wait for more.
    if let Err(error) = written {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn code(output: &Output, expected: i32) {
    assert_eq!(
        output.status.code(),
        Some(expected),
        "{}{}",
        out(output),
        err(output)
    );
}

/// The JSON that a command which worked printed.
#[track_caller]
fn json(output: &Output) -> serde_json::Value {
    code(output, 0);
    serde_json::from_slice(&output.stdout).unwrap()
}
