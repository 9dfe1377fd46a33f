//! Arguments of methods as the types that commands want, or what is wrong with them.

use super::options::{Given, Options};
use crate::control::{AbsPath, Error, Hold, RootOptions, ShowOptions, TagFilter};

/// Paths that one call may name.
const PATHS: usize = 100_000;

pub(super) fn root_options(given: Given) -> Result<RootOptions, Error> {
    let mut options = Options::new(given);
    let root = RootOptions {
        poll: options.take("poll")?,
        hidden: options.take("hidden")?,
        cross_filesystems: options.take("cross_filesystems")?,
        forget_when_unmounted: options.take("forget_when_unmounted")?,
    };
    options.end()?;
    Ok(root)
}

pub(super) fn show_options(given: Given) -> Result<ShowOptions, Error> {
    let mut options = Options::new(given);
    let raw = options.take("raw")?.unwrap_or(false);
    let tags = TagFilter::new(options.take("tags")?.unwrap_or_default());
    options.end()?;
    Ok(ShowOptions { raw, tags })
}

/// Whether the answer is to be Prometheus text.
pub(super) fn stats_options(given: Given) -> Result<bool, Error> {
    let mut options = Options::new(given);
    let prometheus = options.take("prometheus")?.unwrap_or(false);
    options.end()?;
    Ok(prometheus)
}

pub(super) fn hold(given: Given) -> Result<Hold, Error> {
    let mut options = Options::new(given);
    let persistent = options.take("persistent")?.unwrap_or(false);
    let until = options.take("until")?;
    options.end()?;
    match (persistent, until) {
        (false, None) => Ok(Hold::Caller),
        (true, None) => Ok(Hold::Persistent),
        (false, Some(time)) => Ok(Hold::Until(time)),
        (true, Some(_)) => Err(Error::InvalidArgument {
            what: "a pause cannot be both persistent and until a time".into(),
            hint: "give one of the two".into(),
        }),
    }
}

pub(super) fn paths(paths: &[Vec<u8>]) -> Result<Vec<AbsPath>, Error> {
    if paths.len() > PATHS {
        return Err(Error::InvalidArgument {
            what: format!("{} paths are too many for one call", paths.len()),
            hint: format!("give at most {PATHS} at a time"),
        });
    }
    paths.iter().map(|path| AbsPath::parse(path)).collect()
}

pub(super) fn some_paths(paths: &[Vec<u8>]) -> Result<Vec<AbsPath>, Error> {
    if paths.is_empty() {
        return Err(Error::InvalidArgument { what: "no path was given".into(), hint: "name at least one file".into() });
    }
    self::paths(paths)
}
