//! One line per figure.

/// A figure of ours beside a peer's.
pub(crate) struct Row<'a> {
    pub(crate) what: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) ours: f64,
    pub(crate) peer: Option<(&'a str, f64)>,
    /// What physics allows, or the goal where there is no such thing.
    pub(crate) limit: &'a str,
}

pub(crate) fn title(text: &str) {
    println!("\n{text}\n");
    println!("| what | unit | ours | peer | ratio | limit |");
    println!("|---|---|---|---|---|---|");
}

impl Row<'_> {
    pub(crate) fn print(&self) {
        let (peer, ratio) = match self.peer {
            Some((name, value)) => (
                format!("{} ({name})", number(value)),
                format!("{:.2}", self.ours / value),
            ),
            None => (String::new(), String::new()),
        };
        let (what, unit, ours, limit) = (self.what, self.unit, number(self.ours), self.limit);
        println!("| {what} | {unit} | {ours} | {peer} | {ratio} | {limit} |");
    }
}

fn number(value: f64) -> String {
    match value {
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 1.0 => format!("{middle:.1}"),
        small => format!("{small:.3}"),
    }
}
