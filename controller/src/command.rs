//! The command `portolan-controller`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::Runtime;
use tracing::{error, info};

use crate::flags::{self, Command, RunFlags, given_without_effect};
use crate::local::local;
use crate::preflight::preflight;
use crate::{logging, run};

/// The exit code for a command line that leads nowhere, as Go's flag packages have it.
const UNUSABLE: u8 = 2;

/// Read the command line, and do what it says.
pub fn main() -> ExitCode {
    let (flags, matches) = match flags::parse(std::env::args_os(), variable) {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { UNUSABLE } else { 0 });
        }
    };
    match flags.command {
        Command::Run(flags) => in_a_runtime(controller(*flags, given_without_effect(&matches))),
        Command::Local(flags) => in_a_runtime(local(flags)),
        Command::Preflight(flags) => in_a_runtime(preflight(flags)),
        Command::Crds => told(print_crds(&mut io::stdout().lock())),
        Command::Version => told(
            writeln!(
                io::stdout(),
                "portolan-controller {}",
                env!("CARGO_PKG_VERSION")
            )
            .map_err(Into::into),
        ),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn controller(flags: RunFlags, remarks: Vec<String>) -> ExitCode {
    if let Err(error) = logging::start(flags.logs.log_level, flags.logs.log_encoding) {
        return told(Err(error.into()));
    }
    info!(version = env!("CARGO_PKG_VERSION"), "starting");
    for remark in remarks {
        info!("{remark}");
    }
    match run::run(flags, variable).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = format!("{error:#}"), "ended");
            ExitCode::FAILURE
        }
    }
}

fn in_a_runtime(command: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return told(Err(error.into())),
    };
    let code = runtime.block_on(command);
    // Work that still runs is not waited for: who lost the lease must be gone at once.
    runtime.shutdown_timeout(Duration::ZERO);
    code
}

/// Say what went wrong, if anything did.
fn told(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// All custom resource definitions, one YAML document each.
pub(crate) fn print_crds(out: &mut impl Write) -> anyhow::Result<()> {
    for crd in portolan_api::crds() {
        writeln!(out, "---\n{}", yaml(&crd)?.trim_end())?;
    }
    Ok(())
}

fn yaml(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_saphyr::to_string(value)?)
}
