//! How things go, until somebody ends it.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::sleep;

use super::Local;
use super::command::{End, Signals};
use super::lines::{Form, Lines};
use super::once::nothing_found;
use super::screen::{Screen, Size, is_plain, size};
use super::table::{Table, cut, printable, reasons, wrapped};
use crate::clock::now;
use crate::flags::{LocalFlags, Output};

/// How long to wait after a change for more of them.
const REST: Duration = Duration::from_millis(50);

/// Show how things go until somebody ends it.
pub(super) async fn follow(local: &mut Local, flags: &LocalFlags, signals: &mut Signals) -> End {
    let mut display = Display::new(flags);
    if let Display::Lines(_) = display {
        let _ = writeln!(io::stderr(), "{}", heading(local, flags));
    }
    loop {
        // Nobody looks any more.
        if display.show(local, flags).is_err() {
            break;
        }
        tokio::select! {
            () = local.changed() => {}
            () = signals.next() => break,
        }
        // What changes together is shown together.
        tokio::select! {
            () = sleep(REST) => {}
            () = signals.next() => break,
        }
    }
    display.end();
    End::Ready
}

/// Where changes are shown.
enum Display {
    Screen(Screen),
    Lines(Lines),
}

impl Display {
    fn new(flags: &LocalFlags) -> Self {
        match flags.output {
            Output::Json => Self::Lines(Lines::new(Form::Json)),
            // Log lines would go through the picture.
            Output::Text if size().is_some() && flags.log_level.is_none() => {
                Self::Screen(Screen::default())
            }
            Output::Text => Self::Lines(Lines::new(Form::Text)),
        }
    }

    /// Leave a line of its own to whatever comes next.
    fn end(&self) {
        if let Self::Screen(_) = self {
            let _ = writeln!(io::stdout());
        }
    }

    fn show(&mut self, local: &Local, flags: &LocalFlags) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Screen(screen) => {
                let Some(size) = size() else { return Ok(()) };
                screen.draw(picture(local, flags, size), size, &mut out)
            }
            Self::Lines(lines) => {
                let outs = (&mut out, &mut io::stderr().lock());
                lines.tell(local.objects(), local.problems(), now(), outs)
            }
        }
    }
}

/// Everything there is to see, as lines of a terminal.
pub(super) fn picture(local: &Local, flags: &LocalFlags, size: Size) -> Vec<String> {
    let objects = local.objects();
    let table = Table::new(&objects);
    let table = if is_plain() { table } else { table.coloured() };
    let mut lines = vec![cut(&heading(local, flags), size.columns), String::new()];
    if objects.is_empty() {
        lines.push(cut(&nothing_found(local, flags), size.columns));
    } else {
        lines.extend(table.lines(size.columns));
    }
    lines.extend(reasons(&objects, size.columns));
    let problems = local.problems();
    if !problems.is_empty() {
        lines.push(String::new());
    }
    let wrap = |problem: &String| wrapped(&printable(problem), size.columns);
    lines.extend(problems.iter().flat_map(wrap));
    lines
}

fn heading(local: &Local, flags: &LocalFlags) -> String {
    let end = if flags.once { "" } else { "; Ctrl-C ends" };
    format!(
        "manifests of {}, artifacts at {}{end}",
        flags.folder.display(),
        local.url()
    )
}
