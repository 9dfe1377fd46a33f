//! `metactl rescan [DIR…]`: look at every file now.

use std::ffi::OsString;

use crate::{
    Session,
    error::{Error, Exit},
    job, paths,
    proxy::{Options, RESCAN},
};

/// Look at every file of directories now, read what has changed, and wait for it
///
/// Ctrl-C ends the look too, unless somebody else waits for it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// All watched directories, if none is named
    #[arg(value_name = "DIR")]
    directories: Vec<OsString>,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let Some(directories) = paths::all(&args.directories)? else { return job::nothing(session) };
    job::run(session, || RESCAN, &directories, Options::new).await
}
