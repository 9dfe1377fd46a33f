//! `metactl index FILE…`: read these files now.

use std::ffi::OsString;

use crate::{
    Session,
    error::{Error, Exit},
    job, paths,
    proxy::INDEX,
};

/// Read files now, changed or not, and wait for it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let Some(files) = paths::all(&args.files)? else { return job::nothing(session) };
    job::run(session, || INDEX, &files).await
}
