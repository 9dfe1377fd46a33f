//! The read-only FUSE view of extracted metadata.
//!
//! `view` says what is asked of a store, `tree` turns its answers into directories and small files, `adapter` speaks
//! with the kernel, `notify` makes it forget what has changed. Knows no database, no bus and no daemon.

pub mod entry;
pub mod names;
pub mod view;

pub use entry::{Entry, Numbers};
pub use view::{Access, Child, ChildId, DirId, FileId, Place, View};
