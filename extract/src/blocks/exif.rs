//! TIFF structures.
pub fn read(_: &[u8], _: &mut crate::Record) {}
