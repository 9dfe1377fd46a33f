//! The command line, as one table: help, man page and completions are made from it.

use clap::{Args, Parser, Subcommand};

use crate::commands::*;

/// Controls metaextractd, which keeps the metadata of every file under the watched directories current and readable.
#[derive(Debug, Parser)]
#[command(name = "metactl", version, disable_help_subcommand = true, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Below the help of the whole program.
const AFTER: &str = "\
Wherever FILE... stands it may be -: paths on standard input, each ended by NUL, as from find -print0.
Exit status: 0 done, 1 not found or some failed, 2 usage, 3 daemon not reachable, 4 refused.";

/// What every verb takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Speak to the user's daemon, on the session bus (the default)
    #[arg(long, global = true, conflicts_with = "system")]
    pub(crate) user: bool,
    /// Speak to the machine's daemon, on the system bus
    #[arg(long, global = true)]
    pub(crate) system: bool,
}

/// The verbs, one file each in `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Status(status::Arguments),
    Watch(watch::Arguments),
    Unwatch(unwatch::Arguments),
    Roots(roots::Arguments),
    Show(show::Arguments),
    Why(why::Arguments),
    Estimate(estimate::Arguments),
    Failed(failed::Arguments),
    Retry(retry::Arguments),
    Rescan(rescan::Arguments),
    Index(index::Arguments),
    Wait(wait::Arguments),
    Pause(pause::Arguments),
    Resume(resume::Arguments),
    Workers(workers::Arguments),
    Stats(stats::Arguments),
    Formats(formats::Arguments),
    Config(config::Arguments),
    Reload(reload::Arguments),
    /// Print the man page
    #[command(hide = true)]
    Man,
    Completions(completions::Arguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_table_is_sound() {
        super::Cli::command().debug_assert();
    }
}
