//! The read-only FUSE view of extracted metadata.
//!
//! `view` says what is asked of a store, `tree` turns its answers into directories and small files, `adapter` speaks
//! with the kernel, `notify` makes it forget what has changed. Knows no database, no bus and no daemon.
#![forbid(unsafe_code)]

mod adapter;
mod board;
mod cursor;
pub mod entry;
mod errno;
pub mod helper;
mod inode;
mod mount;
pub mod names;
mod notify;
mod point;
mod render;
mod seen;
mod tree;
pub mod view;
mod xattr;

// The tests' view in memory is written as one from outside.
#[cfg(test)]
extern crate self as metafs;
#[cfg(test)]
#[path = "../tests/memory/mod.rs"]
mod memory;

pub use entry::{Entry, Numbers};
pub use mount::{Audience, By, Event, MountError, Mounted, mount};
pub use notify::{Change, Notifier};
pub use view::{Access, Child, ChildId, DirId, FileId, Place, Status, View};
