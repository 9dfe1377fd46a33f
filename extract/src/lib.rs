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
pub mod wanted;

pub use error::{Error, Reason, ReasonKind};
pub use format::{Format, Magic, Tier};
pub use limits::Limits;
pub use record::{Name, Priority, Rank, Record, Tag, Value};
pub use source::{Ahead, Source};
pub use wanted::Wanted;

/// Reads all metadata of one file. What stopped the reader, if anything did, stands in [`Record::stopped`].
pub fn extract(source: &mut Source<'_>) -> Record {
    extract_with(&[], source)
}

/// As [`extract`], with formats that are not in the table: each is tried by its magic before all others.
pub fn extract_with(extra: &[&'static Format], source: &mut Source<'_>) -> Record {
    let mut record = Record::new(source.limits());
    if let Err(error) = read(extra, source, &mut record) {
        record.stop(&error);
    }
    composite::add(&mut record, source.size());
    record.finish();
    record
}

fn read(extra: &[&'static Format], source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    if !extra.is_empty() {
        let head = source.head(4096)?;
        let begins = |m: &Magic| head.get(m.at..).is_some_and(|rest| rest.starts_with(m.bytes));
        if let Some(format) = extra.iter().find(|format| format.magic.iter().any(begins)) {
            record.format = format.name.into();
            return (format.read)(source, record);
        }
    }
    let detected = detect::detect(source)?;
    record.mime = detected.mime;
    if !detected.file_type.is_empty() {
        record.set_file_type(&detected.file_type, &detected.extension, &detected.exiftool_mime);
    }
    let Some(format) = detected.format else { return Ok(()) };
    record.format = format.name.into();
    (format.read)(source, record)
}
