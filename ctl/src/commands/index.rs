//! `metactl index FILE…`: bring these files up to date now.

use std::ffi::OsString;

use crate::{
    Session,
    error::{Error, Exit},
    job, paths,
    proxy::INDEX,
};

/// Look at files now, read what is not up to date, and wait for it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Read all of them, changed or not
    #[arg(long)]
    again: bool,
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let Some(files) = paths::all(&args.files)? else { return job::nothing(session) };
    let options = || args.again.then(|| ("again", true.into())).into_iter().collect();
    job::run(session, || INDEX, &files, options).await
}
