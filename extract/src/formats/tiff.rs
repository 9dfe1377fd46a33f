//! TIFF 6.0 and BigTIFF: all directories of the file, several pages included. Image data are never read.

use crate::{Error, Format, Magic, Record, Source, Tier, blocks::exif};

pub static FORMAT: Format = Format {
    name: "TIFF",
    version: 1,
    extensions: &["tif", "tiff"],
    mime: &["image/tiff"],
    magic: &[Magic { at: 0, bytes: b"II*\0" }, Magic { at: 0, bytes: b"MM\0*" }],
    tier: Tier::Full,
    read,
};

/// BigTIFF: places of eight bytes.
pub static BIG: Format = Format {
    name: "BTF",
    version: 1,
    extensions: &["btf"],
    mime: &["image/tiff", "image/x-tiff-big"],
    magic: &[Magic { at: 0, bytes: b"II+\0\x08\0\0\0" }, Magic { at: 0, bytes: b"MM\0+\0\x08\0\0" }],
    tier: Tier::Full,
    read,
};

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let summary = exif::read_file(source, record)?;
    if summary.dng {
        record.set_file_type("DNG", "dng", "image/x-adobe-dng");
    } else if let Some(pages) = summary.pages {
        record.put("File", "PageCount", pages);
    }
    Ok(())
}
