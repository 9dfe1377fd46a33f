//! `metactl`: a user's verbs, spoken to the daemon over D-Bus.
//!
//! Links none of our other crates: it knows the daemon by `packaging/dbus/org.metaextract.Daemon1.xml` alone.
//! Each verb is a file in `commands/`; everything that is printed goes through [`output`].
#![forbid(unsafe_code)]

mod args;
mod commands;
mod error;
#[cfg(test)]
mod golden;
mod job;
mod json;
mod man;
mod output;
mod paths;
mod proxy;

use std::process::ExitCode;

use clap::Parser;

use self::{
    args::{Cli, Verb},
    commands::*,
    error::{Error, Exit},
    output::Output,
    proxy::Daemon,
};

/// What every verb works with.
struct Session {
    daemon: Daemon,
    out: Output,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Output::new(cli.common.json);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::complain(&Error::system("cannot start", &error)),
    };
    let system = cli.common.system;
    match runtime.block_on(run(cli, out)) {
        Ok(exit) => exit.into(),
        Err(error) => output::complain(&if system { error.of_system() } else { error }),
    }
}

async fn run(cli: Cli, out: Output) -> Result<Exit, Error> {
    let verb = match cli.verb {
        Verb::Man => return man::print(&out),
        Verb::Completions(args) => return completions::run(&out, &args),
        verb => verb,
    };
    let daemon = Daemon::connect(cli.common.system).await?;
    let session = Session { daemon, out };
    let exit = match verb {
        Verb::Status(args) => status::run(&session, &args).await,
        Verb::Watch(args) => watch::run(&session, &args).await,
        Verb::Unwatch(args) => unwatch::run(&session, &args).await,
        Verb::Roots(args) => roots::run(&session, &args).await,
        Verb::Show(args) => show::run(&session, &args).await,
        Verb::Why(args) => why::run(&session, &args).await,
        Verb::Estimate(args) => estimate::run(&session, &args).await,
        Verb::Failed(args) => failed::run(&session, &args).await,
        Verb::Retry(args) => retry::run(&session, &args).await,
        Verb::Rescan(args) => rescan::run(&session, &args).await,
        Verb::Index(args) => index::run(&session, &args).await,
        Verb::Wait(args) => wait::run(&session, &args).await,
        Verb::Pause(args) => pause::run(&session, &args).await,
        Verb::Resume(args) => resume::run(&session, &args).await,
        Verb::Workers(args) => workers::run(&session, &args).await,
        Verb::Stats(args) => stats::run(&session, &args).await,
        Verb::Config(args) => config::run(&session, &args).await,
        Verb::Formats(args) => formats::run(&session, &args).await,
        Verb::Reload(args) => reload::run(&session, &args).await,
        Verb::Man | Verb::Completions(_) => Ok(Exit::Done),
    }?;
    session.out.flush()?;
    Ok(exit)
}
