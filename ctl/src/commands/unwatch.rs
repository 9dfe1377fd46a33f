//! `metactl unwatch DIR`: watch a directory no longer.

use std::ffi::OsString;

use serde_json::json;

use crate::{
    Session,
    error::{Error, Exit},
    output::visible,
    paths,
    proxy::{Options, REMOVE_ROOT},
};

/// Watch a directory no longer, and forget what is in it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_name = "DIR")]
    directory: OsString,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let path = paths::one(&args.directory)?;
    let shown = visible(&String::from_utf8_lossy(&path));
    session.daemon.call(REMOVE_ROOT, (path, Options::new())).await?;
    match session.out.json {
        true => session.out.value(&json!({}))?,
        false => session.out.line(&format!("{shown} is watched no longer"))?,
    }
    Ok(Exit::Done)
}
