//! XMP packets: RDF/XML in UTF-8, UTF-16 or UTF-32.

use crate::Record;

/// Puts the tags of one packet.
pub fn read(_packet: &[u8], _record: &mut Record) {}
