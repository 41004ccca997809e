//! Answers, for people or for programs.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::args::Format;

/// Print an answer: as JSON, or as `text` has it.
pub(crate) fn answer<T: Serialize>(
    format: Format,
    answer: &T,
    text: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    match format {
        Format::Json => print(&(serde_json::to_string_pretty(answer)? + "\n")),
        Format::Text => print(&text(answer)),
    }
}

/// Print text as it is. That nobody reads on, as in `portolan versions … | head`, is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
