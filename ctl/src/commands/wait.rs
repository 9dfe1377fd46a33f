//! `metactl wait`: until there is nothing left to do.

use crate::{
    Session,
    error::{Error, Exit},
    job,
    proxy::{Options, WAIT},
};

/// Wait until everything is indexed
///
/// The exit status is 1 if any file failed meanwhile.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(session: &Session, _: &Arguments) -> Result<Exit, Error> {
    let job = session.daemon.call(WAIT, (Options::new(),)).await?;
    job::end(session, &job).await
}
