//! `metactl retry [FILE…]`: try what failed again.

use std::ffi::OsString;

use crate::{
    Session,
    error::{Error, Exit},
    job, paths,
    proxy::{Options, RETRY},
};

/// Try failed files again, and wait for it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// All that failed, if none is named
    #[arg(value_name = "FILE")]
    files: Vec<OsString>,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let Some(files) = paths::all(&args.files)? else { return job::nothing(session) };
    job::run(session, || RETRY, &files, Options::new).await
}
