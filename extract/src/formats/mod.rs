//! The table of formats: one file per format, one row here.

use crate::Format;

/// Every format with a reader.
pub static ALL: &[&Format] = &[];
