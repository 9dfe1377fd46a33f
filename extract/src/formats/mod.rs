//! The table of formats: one file per format, one row here.

pub mod flac;
pub mod jpeg;
pub mod mp3;
pub mod pdf;
pub mod png;
pub mod text;
pub mod tiff;

use crate::Format;

/// Every format with a reader.
pub static ALL: &[&Format] = &[
    &flac::FORMAT,
    &jpeg::FORMAT,
    &mp3::FORMAT,
    &pdf::FORMAT,
    &png::FORMAT,
    &png::JNG,
    &png::MNG,
    &text::FORMAT,
    &tiff::FORMAT,
    &tiff::BIG,
];
