//! The command `local`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::lines::{Form, Lines};
use super::observed::{Observed, State};
use super::screen::{Screen, Size, is_plain, size};
use super::table::{Table, cut, printable, reasons};
use super::{Local, LocalOptions};
use crate::chain::chain;
use crate::clock::now;
use crate::flags::{LocalFlags, Output};

/// Everything is ready, or the command was told to end.
const READY: u8 = 0;
/// Something is not ready.
const NOT_READY: u8 = 1;
/// A file or an argument cannot be used.
const UNUSABLE: u8 = 2;
/// Interrupted before there was an answer, as shells have it.
const INTERRUPTED: u8 = 130;

/// How wide a text is that no terminal shows.
const UNLIMITED: usize = usize::MAX;

/// Run the command.
pub(crate) async fn local(flags: LocalFlags) -> ExitCode {
    let code = match run(&flags).await {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            UNUSABLE
        }
    };
    ExitCode::from(code)
}

async fn run(flags: &LocalFlags) -> Result<u8, String> {
    if let Some(source) = flags.source.first() {
        return Err(format!(
            "--source {source}: not supported by this version: charts cannot be built from a GitRepository or Bucket yet"
        ));
    }
    let mut signals =
        Signals::listen().map_err(|error| format!("cannot listen to signals: {error}"))?;
    let options = LocalOptions {
        storage_path: flags.storage_path.clone(),
        storage_addr: flags.storage_addr.clone(),
        storage_adv_addr: flags.storage_adv_addr.clone(),
        token_realms: flags.token_realm.clone(),
        follow: !flags.once,
    };
    let mut local = Local::start(&flags.folder, options)
        .await
        .map_err(|error| chain(&error))?;
    let code = if flags.once {
        once(&mut local, flags, &mut signals).await
    } else {
        follow(&mut local, flags, &mut signals).await
    };
    tokio::select! {
        stopped = local.stop() => {
            stopped.map_err(|error| format!("cannot remove the temporary storage: {error}"))?;
        }
        // Somebody has no patience for what is under way.
        () = signals.next() => {}
    }
    Ok(code)
}

/// Wait until everything is settled, and tell how it is.
async fn once(local: &mut Local, flags: &LocalFlags, signals: &mut Signals) -> u8 {
    let problems = local.problems();
    for problem in &problems {
        let _ = writeln!(io::stderr(), "error: {}", printable(problem));
    }
    tokio::select! {
        _ = local.settled(flags.timeout) => {}
        () = signals.next() => return INTERRUPTED,
    }
    let objects = local.objects();
    let told = match flags.output {
        Output::Json => serde_json::to_string_pretty(&objects).unwrap_or_default() + "\n",
        Output::Text => report(local, &objects, flags),
    };
    // Whoever closed the pipe has seen enough; the exit code still tells.
    let _ = io::stdout().write_all(told.as_bytes());
    if objects.is_empty() && problems.is_empty() {
        let _ = writeln!(io::stderr(), "error: {}", nothing_found(local, flags));
    }
    match () {
        () if !problems.is_empty() || objects.is_empty() => UNUSABLE,
        () if objects.iter().all(|object| !is_unready(object)) => READY,
        () => NOT_READY,
    }
}

fn is_unready(object: &Observed) -> bool {
    matches!(object.state(), State::Failed | State::Pending)
}

/// The table, why objects are not ready, and a last line that sums up.
fn report(local: &Local, objects: &[Observed], flags: &LocalFlags) -> String {
    let (width, table) = match size() {
        Some(size) if !is_plain() => (size.columns, Table::new(objects).coloured()),
        Some(size) => (size.columns, Table::new(objects)),
        None => (UNLIMITED, Table::new(objects)),
    };
    let mut text = String::new();
    if objects.is_empty() {
        return text;
    }
    for line in table
        .lines(width)
        .into_iter()
        .chain(reasons(objects, width))
    {
        let _ = writeln!(text, "{line}");
    }
    let count = |wanted: State| {
        objects
            .iter()
            .filter(|object| object.state() == wanted)
            .count()
    };
    let mut parts = vec![format!("{} ready", count(State::Ready))];
    for (state, word) in [
        (State::Failed, "not ready"),
        (State::Suspended, "suspended"),
    ] {
        match count(state) {
            0 => {}
            number => parts.push(format!("{number} {word}")),
        }
    }
    match count(State::Pending) {
        0 => {}
        number => parts.push(format!(
            "{number} without an answer within {:?}",
            flags.timeout
        )),
    }
    let _ = writeln!(
        text,
        "\n{}{}.",
        parts.join(", "),
        left_alone(local.others())
    );
    text
}

fn left_alone(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => "; 1 object of another kind was left alone".to_owned(),
        others => format!("; {others} objects of other kinds were left alone"),
    }
}

fn nothing_found(local: &Local, flags: &LocalFlags) -> String {
    format!(
        "no HelmChart or HelmRepository in {}{}",
        flags.folder.display(),
        left_alone(local.others())
    )
}

/// Show how things go until somebody ends it.
async fn follow(local: &mut Local, flags: &LocalFlags, signals: &mut Signals) -> u8 {
    let mut display = Display::new(flags);
    loop {
        // Nobody looks any more.
        if display.show(local, flags).is_err() {
            break;
        }
        tokio::select! {
            () = local.changed() => {}
            () = signals.next() => break,
        }
    }
    READY
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
            Output::Text if size().is_some() => Self::Screen(Screen::default()),
            Output::Text => Self::Lines(Lines::new(Form::Text)),
        }
    }

    fn show(&mut self, local: &Local, flags: &LocalFlags) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Screen(screen) => {
                let Some(size) = size() else { return Ok(()) };
                screen.draw(&picture(local, flags, size), size, &mut out)
            }
            Self::Lines(lines) => {
                let outs = (&mut out, &mut io::stderr().lock());
                lines.tell(local.objects(), local.problems(), now(), outs)
            }
        }
    }
}

fn picture(local: &Local, flags: &LocalFlags, size: Size) -> Vec<String> {
    let objects = local.objects();
    let table = Table::new(&objects);
    let table = if is_plain() { table } else { table.coloured() };
    let mut lines = vec![
        cut(
            &format!(
                "{}, artifacts at {} (Ctrl-C to end)",
                flags.folder.display(),
                local.url()
            ),
            size.columns,
        ),
        String::new(),
    ];
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
    lines.extend(
        problems
            .iter()
            .map(|problem| cut(&printable(problem), size.columns)),
    );
    lines
}

/// Ctrl-C, and what tells a process to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
