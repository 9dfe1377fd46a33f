//! IPTC IIM records.

use crate::Record;

/// Puts the tags of one IIM block.
pub fn read(_data: &[u8], _record: &mut Record) {}
