//! A picture on a terminal that is drawn again in its place.

use std::io::{self, Write};

use rustix::termios::tcgetwinsize;

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// The size of the terminal that standard output is; `None` if it is none that can move its cursor.
pub(super) fn size() -> Option<Size> {
    if std::env::var_os("TERM").is_none_or(|term| term == "dumb") {
        return None;
    }
    let size = tcgetwinsize(io::stdout()).ok()?;
    let (columns, rows) = (size.ws_col.into(), size.ws_row.into());
    (columns > 20 && rows > 4).then_some(Size { columns, rows })
}

/// Whether somebody asked not to have colours: <https://no-color.org>.
pub(super) fn is_plain() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What is on the terminal.
#[derive(Debug, Default)]
pub(super) struct Screen {
    drawn: Vec<String>,
}

impl Screen {
    /// Draw `lines`, none of them wider than the terminal, over what was drawn before. Those that do
    /// not fit on it are left out.
    pub(super) fn draw(
        &mut self,
        mut lines: Vec<String>,
        size: Size,
        out: &mut impl Write,
    ) -> io::Result<()> {
        // The last row is where the cursor rests.
        let room = size.rows - 1;
        if lines.len() > room {
            let left_out = lines.len() - (room - 1);
            lines.truncate(room - 1);
            lines.push(format!("… {left_out} more lines"));
        }
        if lines == self.drawn {
            return Ok(());
        }
        let picture: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        // One write, so that nobody sees half of it.
        out.write_all((self.eraser() + &picture).as_bytes())?;
        self.drawn = lines;
        out.flush()
    }

    /// Take away what was drawn.
    pub(super) fn erase(&mut self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.eraser().as_bytes())?;
        self.drawn.clear();
        out.flush()
    }

    /// Up to the first line of ours, and everything below it away.
    fn eraser(&self) -> String {
        match self.drawn.len() {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\r\x1b[J"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        columns: 80,
        rows: 5,
    };

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn check(pictures: &[&[&str]], expected: &str) {
        let mut screen = Screen::default();
        let mut out = Vec::new();
        for picture in pictures {
            screen
                .draw(lines(picture), SIZE, &mut out)
                .expect("memory takes it");
        }
        assert_eq!(String::from_utf8(out).expect("it is text"), expected);
    }

    #[test]
    fn a_picture_is_drawn_over_the_one_before() {
        check(
            &[&["a", "b"], &["c"], &["d"]],
            "a\nb\n\x1b[2A\r\x1b[Jc\n\x1b[1A\r\x1b[Jd\n",
        );
    }

    #[test]
    fn the_same_picture_is_not_drawn_again() {
        check(&[&["a"], &["a"]], "a\n");
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_said_to_be() {
        check(&[&["1", "2", "3", "4"]], "1\n2\n3\n4\n");
        check(&[&["1", "2", "3", "4", "5"]], "1\n2\n3\n… 2 more lines\n");
    }
}
