//! `metactl completions SHELL`: made from the table of verbs; packages install the result.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{
    args::Cli,
    error::{Error, Exit},
    output::Output,
};

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct Arguments {
    shell: Shell,
}

pub(crate) fn run(out: &Output, args: &Arguments) -> Result<Exit, Error> {
    out.raw(&text(args.shell))?;
    out.flush()?;
    Ok(Exit::Done)
}

pub(crate) fn text(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), "metactl", &mut text);
    text
}
