//! The commands, one file each.

mod dependency;
mod explain;
mod package;
mod pull;
mod push;
mod search;
mod show;
mod verify;
mod versions;

use std::time::Duration;

use crate::args::{Args, Command};
use crate::session::Session;

/// Do what was asked for.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    // A registry answers an upload when it has all of it, which takes a while on a slow line.
    let patience = matches!(args.command, Command::Push(_)).then_some(Duration::from_mins(5));
    let session = Session::new(args.connection, patience)?;
    match args.command {
        Command::Pull(pull) => pull::run(&session, args.output, &pull).await,
        Command::Push(push) => push::run(&session, args.output, &push).await,
        Command::Verify(verify) => verify::run(&session, args.output, &verify).await,
        Command::Versions(versions) => versions::run(&session, args.output, &versions).await,
        Command::Explain(explain) => explain::run(&session, args.output, &explain).await,
        Command::Show(show) => show::run(&session, args.output, &show).await,
        Command::Search(search) => search::run(&session, args.output, &search).await,
        Command::Dependency(dependency) => {
            dependency::run(&session, args.output, &dependency.command).await
        }
        Command::Package(package) => package::run(&session, args.output, &package).await,
    }
}
