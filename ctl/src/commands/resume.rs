//! `metactl resume`: end pauses.

use serde_json::json;

use crate::{
    Session,
    error::{Error, Exit},
    proxy::{Options, RESUME},
};

/// Go on after a pause
///
/// Ends all pauses of yours but those that a running program holds, or the one with a number.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The number of one pause, from the status
    #[arg(value_name = "COOKIE", default_value_t = 0, hide_default_value = true)]
    cookie: u64,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    session.daemon.call(RESUME, (args.cookie, Options::new())).await?;
    match session.out.json {
        true => session.out.value(&json!({}))?,
        false => session.out.line("resumed")?,
    }
    Ok(Exit::Done)
}
