#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stderr,
    reason = "a command line says there what is no answer"
)]

mod args;
mod command;
mod credentials;
mod exit;
mod output;
mod policy;
mod progress;
mod reach;
mod reference;
mod repositories;
mod session;
mod table;
mod verification;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    let verbose = args.verbose();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(command::run(args)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", exit::told(&error, verbose));
            exit::code(&error)
        }
    }
}
