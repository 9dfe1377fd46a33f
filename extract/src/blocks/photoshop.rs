//! Photoshop image resource blocks (`8BIM`).

use crate::Record;

/// Puts the tags of one sequence of image resource blocks.
pub fn read(_data: &[u8], _record: &mut Record) {}
