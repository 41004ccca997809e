//! Objects as a table, and why some of them are not ready.

use std::fmt;
use std::iter;

use super::observed::{Observed, State};

/// Objects as a table for people: one line each, under a heading.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    objects: &'a [Observed],
    paint: bool,
}

impl<'a> Table<'a> {
    /// A table of these objects, without colours.
    pub fn new(objects: &'a [Observed]) -> Self {
        Self {
            objects,
            paint: false,
        }
    }

    /// With colours, for a terminal.
    #[must_use]
    pub fn coloured(self) -> Self {
        Self {
            paint: true,
            ..self
        }
    }

    /// The lines of the table, none of them wider than `width` columns.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let rows: Vec<[String; 3]> = self.objects.iter().map(cells).collect();
        let heading = ["OBJECT", "READY", "REVISION"];
        let widest = |column: usize| {
            let cells = rows.iter().map(|cells| cells[column].chars().count());
            cells
                .chain([heading[column].len()])
                .max()
                .unwrap_or_default()
        };
        let widths = [widest(0), widest(1), widest(2)];
        let line = |cells: [&str; 3], status: &str| {
            let [object, ready, revision] = cells;
            let [first, second, third] = widths;
            let line = format!("{object:first$}  {ready:second$}  {revision:third$}  {status}");
            cut(line.trim_end(), width)
        };
        let ready_at = widths[0] + 2;
        let rows = rows.iter().zip(self.objects).map(|(cells, object)| {
            let [object_cell, ready, revision] = cells;
            let line = line([object_cell, ready, revision], &status(object));
            self.painted(line, ready_at, ready, object.state())
        });
        iter::once(line(heading, "STATUS")).chain(rows).collect()
    }

    fn painted(&self, line: String, at: usize, cell: &str, state: State) -> String {
        let colour = match state {
            State::Ready => "32",
            State::Failed => "31",
            State::Pending | State::Going => "33",
            State::Suspended | State::Static => "2",
        };
        // Cells are counted in characters, and text is cut in bytes.
        let byte = |place: usize| {
            line.char_indices()
                .nth(place)
                .map_or(line.len(), |(byte, _)| byte)
        };
        let (begin, end) = (byte(at), byte(at + cell.chars().count()));
        if !self.paint || begin == end {
            return line;
        }
        format!(
            "{}\x1b[{colour}m{}\x1b[0m{}",
            &line[..begin],
            &line[begin..end],
            &line[end..]
        )
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines(usize::MAX) {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// Why objects are not ready: a heading for each, and its whole message, in lines of at most `width`
/// columns.
pub(super) fn reasons(objects: &[Observed], width: usize) -> Vec<String> {
    let unready = objects
        .iter()
        .filter(|object| object.state() == State::Failed);
    unready
        .flat_map(|object| {
            let reason = object.reason().unwrap_or_default();
            let message = printable(object.message().unwrap_or_default());
            let indented = wrapped(&message, width.saturating_sub(2).max(20));
            iter::once(String::new())
                .chain([cut(&format!("{object} is not ready: {reason}"), width)])
                .chain(indented.into_iter().map(|line| format!("  {line}")))
        })
        .collect()
}

fn cells(object: &Observed) -> [String; 3] {
    let ready = match object.state() {
        State::Ready => "True",
        State::Failed => "False",
        State::Pending | State::Going => "...",
        State::Suspended | State::Static => "-",
    };
    let revision = object.revision().unwrap_or("-");
    [object.to_string(), ready.to_owned(), printable(revision)]
}

/// How an object is, in a line.
pub(super) fn status(object: &Observed) -> String {
    match object.state() {
        State::Ready => {
            let proof = if object.is_verified() {
                ", signature verified"
            } else {
                ""
            };
            format!("{}{proof}", printable(object.message().unwrap_or_default()))
        }
        State::Failed => object.reason().unwrap_or_default().to_owned(),
        State::Pending => "in progress".to_owned(),
        State::Going => "being removed".to_owned(),
        State::Suspended => "suspended".to_owned(),
        State::Static => "type oci: its charts tell whether it works".to_owned(),
    }
}

/// The text without what would move the cursor: some of it comes from registries.
pub(super) fn printable(text: &str) -> String {
    let shown = |found: char| {
        if found.is_control() {
            '\u{fffd}'
        } else {
            found
        }
    };
    text.replace('\n', " ").chars().map(shown).collect()
}

/// At most `width` characters, and visibly cut.
pub(super) fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// The text in lines of at most `width` characters, cut between words where there are any.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().map(|line| (line.chars().count(), line));
            let Some((used, line)) = line else { break };
            let room = width.saturating_sub(if used == 0 { 0 } else { used + 1 });
            if word.len() <= room {
                if used > 0 {
                    line.push(' ');
                }
                line.extend(word);
                break;
            }
            if used == 0 {
                line.extend(word.drain(..width));
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::observed::tests::observed;

    fn objects() -> Vec<Observed> {
        vec![
            observed(
                "hello",
                State::Ready,
                "pulled 'hello' chart with version '1.0.0'",
            ),
            observed("down", State::Failed, "chart pull error: no answer"),
            observed("new", State::Pending, ""),
            observed("paused", State::Suspended, ""),
            observed("charts", State::Static, ""),
        ]
    }

    #[test]
    fn every_object_is_a_line() {
        let expected = "\
OBJECT                    READY  REVISION  STATUS
HelmChart default/hello   True   1.0.0     pulled 'hello' chart with version '1.0.0'
HelmChart default/down    False  -         ChartPullError
HelmChart default/new     ...    -         in progress
HelmChart default/paused  -      -         suspended
HelmChart default/charts  -      -         type oci: its charts tell whether it works
";
        assert_eq!(Table::new(&objects()).to_string(), expected);
    }

    #[test]
    fn why_an_object_is_not_ready_is_told_in_full() {
        assert_eq!(
            reasons(&objects(), 22),
            [
                "",
                "HelmChart default/dow…",
                "  chart pull error: no",
                "  answer",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_colours_aside() {
        let objects = objects();
        let lines = Table::new(&objects).coloured().lines(60);
        assert_eq!(
            lines[1],
            "HelmChart default/hello   \u{1b}[32mTrue\u{1b}[0m   1.0.0     pulled 'hello' c…"
        );
        for line in Table::new(&objects).lines(60) {
            assert!(line.chars().count() <= 60, "{line}");
        }
    }

    #[test]
    fn a_colour_that_would_be_cut_off_is_left_out() {
        let objects = objects();
        let lines = Table::new(&objects).coloured().lines(10);
        assert_eq!(lines[1], "HelmChart…");
    }

    #[test]
    fn text_of_others_cannot_move_the_cursor() {
        let hostile = [observed(
            "evil",
            State::Failed,
            "no\u{1b}[2J such\nchart\u{7}",
        )];
        assert_eq!(
            reasons(&hostile, 80)[2],
            "  no\u{fffd}[2J such chart\u{fffd}"
        );
    }

    #[test]
    fn long_words_are_cut_and_short_ones_are_kept_whole() {
        #[track_caller]
        fn check(text: &str, width: usize, expected: &[&str]) {
            assert_eq!(wrapped(text, width), expected);
        }
        check("", 4, &[""]);
        check("ab cd", 5, &["ab cd"]);
        check("ab cd", 4, &["ab", "cd"]);
        check("abcdefghij", 4, &["abcd", "efgh", "ij"]);
        check("a bcdefg", 4, &["a", "bcde", "fg"]);
        check("äöü äöü", 3, &["äöü", "äöü"]);
    }
}
