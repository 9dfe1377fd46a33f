//! Metadata blocks that several containers hold. One file each; bytes in, tags out.

pub mod ape;
pub mod exif;
pub mod flir;
pub mod geo_tiff;
pub mod icc;
pub mod id3;
pub mod iptc;
pub mod mpeg_audio;
pub mod photoshop;
pub mod postscript;
pub mod print_im;
pub mod vorbis_comment;
pub mod xmp;
