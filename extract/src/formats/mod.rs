//! The table of formats: one file per format, one row here.

pub mod png;

use crate::Format;

/// Every format with a reader.
pub static ALL: &[&Format] = &[&png::FORMAT, &png::JNG, &png::MNG];
