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
    drawn: usize,
}

impl Screen {
    /// Draw `lines` over what was drawn before. Those that do not fit on the terminal are left out.
    pub(super) fn draw(
        &mut self,
        lines: &[String],
        size: Size,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let room = size.rows - 1;
        let (shown, left_out) = if lines.len() > room {
            (&lines[..room - 1], lines.len() - (room - 1))
        } else {
            (lines, 0)
        };
        self.erase(out)?;
        for line in shown {
            writeln!(out, "{line}")?;
        }
        self.drawn = shown.len();
        if left_out > 0 {
            writeln!(out, "… {left_out} more lines")?;
            self.drawn += 1;
        }
        out.flush()
    }

    /// Take away what was drawn.
    pub(super) fn erase(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.drawn > 0 {
            // Up to the first line of ours, and everything below it away.
            write!(out, "\x1b[{}A\r\x1b[J", self.drawn)?;
        }
        self.drawn = 0;
        out.flush()
    }
}
