//! Reads the metadata of files: bytes in, record out.
//!
//! The library opens nothing, reads no clock, starts no thread and does not panic; it can be used without the daemon:
//!
//! ```
//! use metaextract::{Limits, Source, extract};
//! let record = extract(&mut Source::from_bytes(&b"not a picture"[..], b"x.jpg", Limits::default()));
//! assert!(record.stopped.is_none());
//! ```
#![forbid(unsafe_code)]

pub mod blocks;
pub mod bytes;
pub mod common;
pub mod composite;
pub mod detect;
pub mod error;
pub mod fields;
pub mod format;
pub mod formats;
pub mod json;
pub mod limits;
pub mod print;
pub mod record;
pub mod source;

pub use error::{Error, Reason, ReasonKind};
pub use format::{Format, Magic, Tier};
pub use limits::Limits;
pub use record::{Name, Priority, Rank, Record, Tag, Value};
pub use source::Source;

/// Reads all metadata of one file. What stopped the reader, if anything did, stands in [`Record::stopped`].
pub fn extract(source: &mut Source<'_>) -> Record {
    let mut record = Record::new(source.limits());
    if let Err(error) = read(source, &mut record) {
        record.stop(&error);
    }
    composite::add(&mut record);
    record.finish();
    record
}

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let detected = detect::detect(source)?;
    record.mime = detected.mime;
    if !detected.file_type.is_empty() {
        record.set_file_type(&detected.file_type, &detected.extension, &detected.exiftool_mime);
    }
    let Some(format) = detected.format else { return Ok(()) };
    record.format = format.name.into();
    (format.read)(source, record)
}
