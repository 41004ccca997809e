//! The public API against what the originals answer.

mod dependencies;
mod explanations;
mod index;
mod masterminds;
mod properties;
mod tags;
mod walk_limits;
mod walk_properties;
mod walks;

/// The rows of a file in `tests/data`.
fn rows<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    text.lines()
        .map(|line| match serde_json::from_str(line) {
            Ok(row) => row,
            Err(error) => unreachable!("{line}: {error}"),
        })
        .collect()
}
