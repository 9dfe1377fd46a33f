//! The table of formats: one file per format, one row here.

pub mod flac;
pub mod mp3;
pub mod png;

use crate::Format;

/// Every format with a reader.
pub static ALL: &[&Format] = &[&flac::FORMAT, &mp3::FORMAT, &png::FORMAT, &png::JNG, &png::MNG];
