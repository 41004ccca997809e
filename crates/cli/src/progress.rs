//! How far a download is, for who watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portolan_acquire::Progress;

/// A bar on standard error; nothing at all where that is no terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A download: how many bytes of how many.
    pub(crate) fn new(what: &str) -> Self {
        Self::with_template("{spinner} {msg} {bytes}/{total_bytes} {bar:30}", what)
    }

    /// What is being done, where nobody counts bytes.
    pub(crate) fn of_steps(what: &str) -> Self {
        Self::with_template("{spinner} {msg}", what)
    }

    fn with_template(template: &str, what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    pub(crate) fn follow(&self, progress: Progress) {
        if let Some(total) = progress.total {
            self.0.set_length(total);
        }
        self.0.set_position(progress.received);
    }

    pub(crate) fn tell(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
