//! The read-only FUSE view of extracted metadata.
