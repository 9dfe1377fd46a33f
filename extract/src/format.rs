//! What a format is: one static row per format, from which detection, lists, tests and fuzz targets are made.

use crate::{Error, Record, Source};

/// Bytes that stand at a fixed place near the beginning of a file of the format.
#[derive(Debug, Clone, Copy)]
pub struct Magic {
    pub at: usize,
    pub bytes: &'static [u8],
}

/// How much of a format is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// All standard metadata.
    Full,
    /// The type is known; nothing else is read.
    Identified,
}

/// A format and its reader.
#[derive(Debug)]
pub struct Format {
    /// ExifTool's `File:FileType`, such as `JPEG`.
    pub name: &'static str,
    /// Raised whenever the reader's output changes: files of this format are read again.
    pub version: u32,
    /// Lower case, without dot; the first is `File:FileTypeExtension`.
    pub extensions: &'static [&'static str],
    /// Media types by shared-mime-info's names; the first is the record's.
    pub mime: &'static [&'static str],
    /// Any one of these identifies the format.
    pub magic: &'static [Magic],
    pub tier: Tier,
    /// Puts tags as soon as they are known, so that a damaged file keeps what precedes the damage.
    pub read: fn(&mut Source<'_>, &mut Record) -> Result<(), Error>,
}
