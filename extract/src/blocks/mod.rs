//! Metadata blocks that several containers hold. One file each; bytes in, tags out.

pub mod exif;
pub mod icc;
pub mod iptc;
pub mod photoshop;
pub mod xmp;
