//! The verbs, one file each: what it takes, what it asks, how the answer is shown.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod estimate;
pub(crate) mod failed;
pub(crate) mod formats;
pub(crate) mod index;
pub(crate) mod pause;
pub(crate) mod reload;
pub(crate) mod rescan;
pub(crate) mod resume;
pub(crate) mod retry;
pub(crate) mod roots;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod unwatch;
pub(crate) mod wait;
pub(crate) mod watch;
pub(crate) mod why;
pub(crate) mod workers;
