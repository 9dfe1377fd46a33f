//! `metactl reload`: read the configuration again.

use serde_json::json;

use crate::{
    Session,
    error::{Error, Exit},
    proxy::{Options, RELOAD},
};

/// Read the configuration again
///
/// If it holds a mistake, that is told, and the old one stays in force.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(session: &Session, _: &Arguments) -> Result<Exit, Error> {
    session.daemon.call(RELOAD, (Options::new(),)).await?;
    match session.out.json {
        true => session.out.value(&json!({}))?,
        false => session.out.line("the configuration is in force")?,
    }
    Ok(Exit::Done)
}
