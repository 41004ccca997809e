//! One answer, and the end.

use std::io::{self, Write};

use tokio::time::{Instant, sleep_until};

use super::Local;
use super::command::{End, Signals};
use super::follow::picture;
use super::observed::{Observed, State};
use super::screen::{Screen, Size, is_plain, size};
use super::table::{Table, printable, reasons};
use crate::flags::{LocalFlags, Output};

/// The longest wait that a clock can hold without fear: a year.
const LONGEST: std::time::Duration = std::time::Duration::from_hours(365 * 24);

/// Wait until everything is settled, and tell how it is.
pub(super) async fn once(local: &mut Local, flags: &LocalFlags, signals: &mut Signals) -> End {
    let problems = local.problems();
    for problem in &problems {
        let _ = writeln!(io::stderr(), "error: {}", printable(problem));
    }
    let end = Instant::now() + flags.timeout.min(LONGEST);
    let mut screen = Screen::default();
    while !local.is_settled() {
        show(&mut screen, local, flags);
        tokio::select! {
            () = local.changed() => {}
            () = sleep_until(end) => break,
            () = signals.next() => return End::Interrupted,
        }
    }
    let _ = screen.erase(&mut io::stdout());
    let objects = local.objects();
    let told = match flags.output {
        Output::Json => serde_json::to_string_pretty(&objects).unwrap_or_default() + "\n",
        Output::Text if objects.is_empty() => String::new(),
        Output::Text => report(&objects, size()) + &summary(local, &objects, flags),
    };
    // Whoever closed the pipe has seen enough; the exit code still tells.
    let _ = io::stdout().write_all(told.as_bytes());
    if objects.is_empty() && problems.is_empty() {
        let _ = writeln!(io::stderr(), "error: {}", nothing_found(local, flags));
    }
    if objects.is_empty() || !problems.is_empty() {
        End::Unusable
    } else if objects.iter().any(is_unready) {
        End::NotReady
    } else {
        End::Ready
    }
}

/// What a person sees while waiting.
fn show(screen: &mut Screen, local: &Local, flags: &LocalFlags) {
    if let (Output::Text, Some(size)) = (flags.output, size()) {
        let _ = screen.draw(picture(local, flags, size), size, &mut io::stdout());
    }
}

fn is_unready(object: &Observed) -> bool {
    match object.state() {
        State::Ready | State::Suspended | State::Static => false,
        State::Failed | State::Pending | State::Going => true,
    }
}

/// The table, and why objects are not ready.
fn report(objects: &[Observed], size: Option<Size>) -> String {
    let width = size.map_or(usize::MAX, |size| size.columns);
    let table = Table::new(objects);
    let table = if size.is_some() && !is_plain() {
        table.coloured()
    } else {
        table
    };
    let mut lines = table.lines(width);
    lines.extend(reasons(objects, width));
    lines.join("\n") + "\n"
}

fn summary(local: &Local, objects: &[Observed], flags: &LocalFlags) -> String {
    let count = |wanted: State| {
        let found = objects.iter().filter(|object| object.state() == wanted);
        found.count()
    };
    let unanswered = format!("without an answer within {:?}", flags.timeout);
    let mut parts = vec![format!("{} ready", count(State::Ready))];
    for (state, what) in [
        (State::Failed, "not ready"),
        (State::Pending, &unanswered),
        (State::Suspended, "suspended"),
    ] {
        match count(state) {
            0 => {}
            number => parts.push(format!("{number} {what}")),
        }
    }
    let broken = match local.problems().len() {
        0 => String::new(),
        1 => "; 1 error in the files".to_owned(),
        errors => format!("; {errors} errors in the files"),
    };
    format!("\n{}{broken}{}.\n", parts.join(", "), left_alone(local))
}

fn left_alone(local: &Local) -> String {
    match local.others() {
        0 => String::new(),
        1 => "; 1 object of another kind was left alone".to_owned(),
        others => format!("; {others} objects of other kinds were left alone"),
    }
}

/// What is told where there is nothing to do.
pub(super) fn nothing_found(local: &Local, flags: &LocalFlags) -> String {
    format!(
        "no HelmChart or HelmRepository in {}{}",
        flags.folder.display(),
        left_alone(local)
    )
}
