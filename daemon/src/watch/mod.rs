//! The kernel's events and our own looks at directories. Knows neither workers nor the store.

pub mod coalesce;
pub mod files;
pub mod inotify;
pub mod mounts;
pub mod names;
pub mod reach;
pub mod rules;
pub mod scan;

use std::path::PathBuf;

/// Hears of changes. A hint only says where to look; nothing is believed of it.
pub trait Watcher: Send + Sync {
    /// Watches these directories, not what is below them. Called before a directory is listed, so that nothing falls
    /// between. Those already watched are left alone.
    fn watch(&self, dirs: &[PathBuf]) -> Coverage;
    /// Ends all watches at and below `dir`.
    fn forget(&self, dir: &std::path::Path);
    /// Directories watched now.
    fn watched(&self) -> usize;
    /// Directories that may be watched, as far as was last asked.
    fn most(&self) -> usize;
}

/// How much of what was asked is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    All,
    /// The watch limit or our share of it is used up; the rest needs polling.
    LimitReached,
}

/// Where something may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A name in a directory.
    Name { dir: PathBuf, name: Vec<u8>, change: Change },
    /// Events were lost: anything may have changed.
    Overflow,
}

/// What kind of event it was; decides only how soon to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Complete: closed after writing, renamed, removed, made as a directory.
    Settled,
    /// Just made, or only its attributes changed: more is likely to follow.
    Unsettled,
}
