//! The `Common` layer: a few facts under one name whatever the format, for search, attributes and views.
//!
//! Computed from a finished record wherever it is shown, never stored and never part of record JSON.

use crate::{Record, Tag, Value, record::Rank};

/// A common name and where it comes from: `Group:Tag`, the group also as `Prefix*`. The first present wins.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    pub sources: &'static [&'static str],
}

const fn row(name: &'static str, sources: &'static [&'static str]) -> Row {
    Row { name, sources }
}

/// All common names, in the order they are shown.
pub static TABLE: &[Row] = &[
    row(
        "Title",
        &[
            "XMP-dc:Title",
            "IPTC:ObjectName",
            "PDF:Title",
            "Vorbis:Title",
            "ID3v2_*:Title",
            "APE:Title",
            "ID3v1:Title",
            "PNG:Title",
            "XMP-photoshop:Headline",
            "IPTC:Headline",
            "IFD0:XPTitle",
            "IFD0:DocumentName",
            "IFD0:ImageDescription",
        ],
    ),
    row(
        "Creator",
        &[
            "XMP-dc:Creator",
            "IPTC:By-line",
            "IFD0:Artist",
            "PDF:Author",
            "Vorbis:Artist",
            "ID3v2_*:Artist",
            "APE:Artist",
            "ID3v1:Artist",
            "PNG:Author",
            "PNG:Artist",
            "IFD0:XPAuthor",
        ],
    ),
    row(
        "Copyright",
        &[
            "XMP-dc:Rights",
            "IPTC:CopyrightNotice",
            "IFD0:Copyright",
            "Vorbis:Copyright",
            "ID3v2_*:Copyright",
            "PNG:Copyright",
        ],
    ),
    row(
        "Created",
        &[
            "Composite:SubSecDateTimeOriginal",
            "ExifIFD:DateTimeOriginal",
            "XMP-exif:DateTimeOriginal",
            "XMP-photoshop:DateCreated",
            "Composite:DateTimeCreated",
            "IPTC:DateCreated",
            "ExifIFD:CreateDate",
            "PDF:CreateDate",
            "XMP-xmp:CreateDate",
            "PNG:CreationTime",
            "PNG:CreateDate",
            "Composite:DateTimeOriginal",
            "Vorbis:Date",
            "ID3v2_4:RecordingTime",
            "ID3v2_*:Year",
            "APE:Year",
            "ID3v1:Year",
        ],
    ),
    row(
        "Modified",
        &[
            "Composite:SubSecModifyDate",
            "IFD0:ModifyDate",
            "PDF:ModifyDate",
            "XMP-xmp:ModifyDate",
            "PNG:ModifyDate",
            "PNG:Datemodify",
        ],
    ),
    row("Width", &["File:ImageWidth", "PNG:ImageWidth", "MNG:ImageWidth", "IFD0:ImageWidth", "ExifIFD:ExifImageWidth"]),
    row(
        "Height",
        &["File:ImageHeight", "PNG:ImageHeight", "MNG:ImageHeight", "IFD0:ImageHeight", "ExifIFD:ExifImageHeight"],
    ),
    row("Duration", &["Composite:Duration", "ID3v2_*:Length"]),
    row("PageCount", &["PDF:PageCount", "File:PageCount"]),
    row("Camera", &["IFD0:Model", "XMP-tiff:Model", "PNG:Model"]),
    row("Lens", &["Composite:LensID", "ExifIFD:LensModel", "XMP-aux:Lens", "XMP-exifEX:LensModel"]),
    row("ISO", &["ExifIFD:ISO", "XMP-exif:ISO"]),
    row("Exposure", &["ExifIFD:ExposureTime", "XMP-exif:ExposureTime"]),
    row("Aperture", &["ExifIFD:FNumber", "XMP-exif:FNumber"]),
    row("FocalLength", &["ExifIFD:FocalLength", "XMP-exif:FocalLength"]),
    row("Rating", &["XMP-xmp:Rating", "IFD0:Rating", "Vorbis:Rating", "ID3v2_*:Popularimeter"]),
    row("Label", &["XMP-xmp:Label"]),
    row("Latitude", &["Composite:GPSLatitude", "XMP-exif:GPSLatitude"]),
    row("Longitude", &["Composite:GPSLongitude", "XMP-exif:GPSLongitude"]),
    row(
        "Place",
        &[
            "IPTC:City",
            "XMP-photoshop:City",
            "XMP-iptcCore:Location",
            "IPTC:Sub-location",
            "XMP-photoshop:State",
            "IPTC:Province-State",
            "XMP-photoshop:Country",
            "IPTC:Country-PrimaryLocationName",
            "Vorbis:Location",
        ],
    ),
    row("Album", &["Vorbis:Album", "ID3v2_*:Album", "APE:Album", "ID3v1:Album"]),
    row("Track", &["Vorbis:TrackNumber", "ID3v2_*:Track", "APE:Track", "ID3v1:Track"]),
    row("Language", &["XMP-dc:Language", "PDF:Language", "Vorbis:Language", "ID3v2_*:Language"]),
    row("Keywords", &["XMP-dc:Subject", "IPTC:Keywords", "PDF:Keywords", "IFD0:XPKeywords", "PNG:Keywords"]),
    row(
        "Software",
        &[
            "IFD0:Software",
            "XMP-xmp:CreatorTool",
            "PDF:Creator",
            "PDF:Producer",
            "PNG:Software",
            "Vorbis:Encoder",
            "Vorbis:Vendor",
            "ID3v2_*:EncoderSettings",
            "MPEG:Encoder",
        ],
    ),
];

/// The common names of a record with the tags they stand for, in the table's order.
pub fn of(record: &Record) -> impl Iterator<Item = (&'static str, &Tag)> {
    TABLE.iter().filter_map(|row| Some((row.name, row.sources.iter().find_map(|source| find(record, source))?)))
}

fn find<'r>(record: &'r Record, source: &str) -> Option<&'r Tag> {
    let (group, name) = source.split_once(':')?;
    record
        .tags
        .iter()
        .find(|tag| tag.name == name && tag.rank == Rank::First && is_group(&tag.group, group) && !is_blank(&tag.raw))
}

fn is_group(group: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => group.starts_with(prefix),
        None => group == pattern,
    }
}

/// A tag without a text to show is as good as none.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::DateTime(text) => text.trim().is_empty(),
        Value::List(items) => items.iter().all(is_blank),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn the_first_source_that_says_something_wins() {
        let mut record = Record::new(&Limits::default());
        record.put("ID3v1", "Title", "old");
        record.put("ID3v2_4", "Title", " ");
        record.put("ID3v2_3", "Title", "new");
        record.put("MPEG", "Encoder", "LAME");
        record.finish();
        let common: Vec<_> = of(&record).map(|(name, tag)| (name, tag.raw.plain())).collect();
        assert_eq!(common, [("Title", "new".to_owned()), ("Software", "LAME".to_owned())]);
    }

    #[test]
    fn every_source_names_a_group_and_a_tag() {
        for row in TABLE {
            assert!(
                row.sources
                    .iter()
                    .all(|source| source.split_once(':').is_some_and(|(g, t)| !g.is_empty() && !t.is_empty()))
            );
        }
    }
}
