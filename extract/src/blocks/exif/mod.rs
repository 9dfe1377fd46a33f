//! Exif and TIFF directories: the same walk over a TIFF structure held in memory and over a TIFF file.
//!
//! Called by the readers of TIFF, JPEG, PNG and others that hold Exif. Sources: TIFF 6.0, TIFF/EP, DNG 1.7, Exif 3.0;
//! names and forms of values are ExifTool's. Maker notes are not read here.

mod convert;
mod entry;
mod gps;
mod ifd;
mod mpf;
mod pages;
mod place;
mod show;
mod tags;
mod text;
mod values;
mod walk;

use crate::{Error, Limits, Record, Source};

pub use pages::Summary;

/// What holds the TIFF structure: decides about names and ranks of some tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Jpeg,
    Tiff,
    Other,
}

/// Blocks of other formats that a directory may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Xmp,
    Iptc,
    Photoshop,
    /// Photoshop's layers.
    PhotoshopDocument,
    Icc,
    PrintIm,
    MpImages,
    GeoDirectory,
    GeoDoubles,
    GeoText,
}

/// Puts the tags of a TIFF structure in memory. Places in it are shown as they are recorded.
pub fn read(tiff: &[u8], record: &mut Record) {
    read_at(tiff, 0, Holder::Other, record);
}

/// As [`read`], for a structure that begins at `base` of the file.
pub fn read_at(tiff: &[u8], base: u64, holder: Holder, record: &mut Record) {
    in_memory(tiff, base, holder, Chain::Exif, record);
}

/// Puts the tags of a Multi-Picture structure (CIPA DC-007) that begins at `base` of the file.
pub fn read_mpf(tiff: &[u8], base: u64, record: &mut Record) {
    in_memory(tiff, base, Holder::Jpeg, Chain::MultiPicture, record);
}

fn in_memory(tiff: &[u8], base: u64, holder: Holder, chain: Chain, record: &mut Record) {
    let limits = Limits { read: u64::MAX, ..Limits::default() };
    let mut source = Source::from_bytes(tiff, b"", limits);
    if let Err(error) = walk::run(&mut source, base, holder, chain, record) {
        record.warn(format!("Malformed {chain:?}: {error}"));
    }
}

/// The name of a combination of sampling ratios, such as `2 1`.
pub fn sub_sampling(ratios: &str) -> String {
    match values::meaning(values::baseline::YCB_CR_SUB_SAMPLING, ratios) {
        Some(name) => name.to_owned(),
        None => format!("Unknown ({ratios})"),
    }
}

/// Puts the tags of a file that is a TIFF structure, BigTIFF included. Image data are never read.
pub fn read_file(source: &mut Source<'_>, record: &mut Record) -> Result<Summary, Error> {
    walk::run(source, 0, Holder::Tiff, Chain::Exif, record)
}

/// What a value of Exif's `Flash` means.
pub fn flash_name(value: u64) -> String {
    let name = i64::try_from(value).ok().and_then(|value| values::name(values::camera::FLASH, value));
    name.map_or_else(|| format!("Unknown (0x{value:x})"), str::to_owned)
}

/// The colours of a filter pattern, given as numbers joined by blanks, in lines of `line`.
pub fn cfa_colors(line: usize, numbers: &str) -> String {
    let colors: Vec<u8> = numbers.split(' ').map(|number| number.parse().unwrap_or(u8::MAX)).collect();
    convert::color_lines(line, &colors)
}

/// What the directories of a structure describe, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    Exif,
    MultiPicture,
}
