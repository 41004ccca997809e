//! The command `local`.

use std::io::{self, Write};
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::follow::follow;
use super::once::once;
use super::{Local, LocalOptions};
use crate::chain::chain;
use crate::flags::{LocalFlags, LogEncoding};
use crate::logging;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Everything is ready, or the command was told to end.
    Ready = 0,
    /// Something is not ready.
    NotReady = 1,
    /// A file or an argument cannot be used.
    Unusable = 2,
    /// Interrupted before there was an answer, as shells have it.
    Interrupted = 130,
}

/// Run the command.
pub(crate) async fn local(flags: LocalFlags) -> ExitCode {
    let end = run(&flags).await.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error}");
        End::Unusable
    });
    ExitCode::from(end as u8)
}

async fn run(flags: &LocalFlags) -> Result<End, String> {
    if let Some(level) = flags.log_level {
        logging::start(level, LogEncoding::Console).map_err(|error| chain(&error))?;
    }
    let mut signals =
        Signals::listen().map_err(|error| format!("cannot listen to signals: {error}"))?;
    let options = LocalOptions {
        storage_path: flags.storage_path.clone(),
        storage_addr: flags.storage_addr.clone(),
        storage_adv_addr: flags.storage_adv_addr.clone(),
        token_realms: flags.token_realm.clone(),
        follow: !flags.once,
        sources: flags.source.clone(),
        require_index_digest: flags.require_index_digest,
        trusted_root: flags.trusted_root.clone(),
    };
    let mut local = Local::start(&flags.folder, options)
        .await
        .map_err(|error| chain(&error))?;
    let (end, stopped) = if flags.once {
        let end = once(&mut local, flags, &mut signals).await;
        // Whatever still runs comes too late to be told.
        (end, local.abandon().await)
    } else {
        let end = follow(&mut local, flags, &mut signals).await;
        tokio::select! {
            stopped = local.stop() => (end, stopped),
            // Somebody has no patience for what is under way.
            () = signals.next() => (end, Ok(())),
        }
    };
    stopped.map_err(|error| format!("cannot remove the temporary storage: {error}"))?;
    Ok(end)
}

/// Ctrl-C, and what tells a process to end.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From now on nothing of the kind ends the process by itself.
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Wait for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
