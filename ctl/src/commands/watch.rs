//! `metactl watch DIR`: watch a directory from now on.

use std::ffi::OsString;

use crate::{
    Session,
    error::{Error, Exit},
    job,
    output::visible,
    paths,
    proxy::{ADD_ROOT, Options},
};

/// Watch a directory and all below it from now on, over restarts too
///
/// Returns as soon as the directory is watched; its files are read in the background. For a directory that is watched
/// already the options given take the place of its old ones.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_name = "DIR")]
    directory: OsString,
    /// Stay, with progress, until all below it is indexed
    #[arg(long)]
    wait: bool,
    /// Look now and then instead of watching: for network file systems
    #[arg(long)]
    poll: bool,
    /// Names that start with a dot too
    #[arg(long)]
    hidden: bool,
    /// Go on into other file systems mounted below
    #[arg(long)]
    cross_filesystems: bool,
    /// Drop what is known when the directory is gone, instead of keeping it as offline
    #[arg(long)]
    forget_when_unmounted: bool,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let path = paths::one(&args.directory)?;
    let shown = visible(&String::from_utf8_lossy(&path));
    let job = session.daemon.call(ADD_ROOT, (path, args.options())).await?;
    if args.wait {
        return job::end(session, &job).await;
    }
    match session.out.json {
        true => session.out.value(&job::now(session, &job).await?)?,
        false => {
            session.out.line(&format!("watching {shown}; its files are read in the background (metactl wait)"))?;
        }
    }
    Ok(Exit::Done)
}

impl Arguments {
    fn options(&self) -> Options {
        let given = [
            ("poll", self.poll),
            ("hidden", self.hidden),
            ("cross_filesystems", self.cross_filesystems),
            ("forget_when_unmounted", self.forget_when_unmounted),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(key, given)| (key, given.into())).collect()
    }
}
