//! ExifTool's `Composite` tags, computed from tags already in the record by a table of dependencies.
//!
//! Called once, after the reader. A row is made when all its `needs` are there and, if it has only `wants`, one of those.
//! Rows stand after the rows they need. What depends on maker notes is not made here.

mod camera;
mod images;
mod media;
mod place;
mod time;

use std::collections::HashMap;

use crate::{Name, Priority, Record, Tag, Value, print};

/// One composite tag.
struct Row {
    name: &'static str,
    /// `Tag`, the one that ranks first whatever its group, or `Group:Tag`.
    needs: &'static [&'static str],
    wants: &'static [&'static str],
    make: fn(&Inputs<'_>) -> Option<Made>,
    priority: Priority,
    /// Makers whose notes would change the value: left out where there are any.
    changed_by: &'static [&'static str],
}

const fn row(
    name: &'static str,
    needs: &'static [&'static str],
    wants: &'static [&'static str],
    make: fn(&Inputs<'_>) -> Option<Made>,
) -> Row {
    Row { name, needs, wants, make, priority: Priority::NORMAL, changed_by: &[] }
}

impl Row {
    const fn low(mut self) -> Self {
        self.priority = Priority::LOW;
        self
    }

    const fn changed_by(mut self, makers: &'static [&'static str]) -> Self {
        self.changed_by = makers;
        self
    }
}

static TABLE: &[Row] = &[
    row("ImageSize", &["ImageWidth", "ImageHeight"], &[], images::size),
    row("Megapixels", &["ImageSize"], &[], images::megapixels),
    row("ShutterSpeed", &[], &["ExposureTime", "ShutterSpeedValue", "BulbDuration"], camera::shutter_speed)
        .changed_by(&["EASTMAN KODAK"]),
    row("Aperture", &[], &["FNumber", "ApertureValue"], camera::aperture).changed_by(&["EASTMAN KODAK"]),
    row("LightValue", &["Aperture", "ShutterSpeed", "ISO"], &[], camera::light_value),
    row("ScaleFactor35efl", &[], camera::SCALE_FACTOR_WANTS, camera::scale_factor),
    row("FocalLength35efl", &["FocalLength"], &["ScaleFactor35efl"], camera::focal_length)
        .changed_by(&["OLYMPUS", "Canon"]),
    row("CircleOfConfusion", &["ScaleFactor35efl"], &[], camera::circle_of_confusion),
    row("HyperfocalDistance", &["FocalLength", "Aperture", "CircleOfConfusion"], &[], camera::hyperfocal_distance),
    row("DOF", &["FocalLength", "Aperture", "CircleOfConfusion"], camera::DISTANCES, camera::depth_of_field)
        .changed_by(&["NIKON"]),
    row("FOV", &["FocalLength", "ScaleFactor35efl"], &["FocusDistance"], camera::field_of_view).changed_by(&["NIKON"]),
    row("LensID", &[], &["LensModel", "Lens", "XMP-aux:LensID", "Make"], camera::lens_id)
        .changed_by(camera::MAKERS_OF_LENSES),
    row("Flash", &[], &["XMP:Flash"], camera::flash),
    row("CFAPattern", &["CFARepeatPatternDim", "CFAPattern2"], &[], camera::cfa_pattern),
    row("GPSDateTime", &["GPS:GPSDateStamp", "GPS:GPSTimeStamp"], &[], time::gps),
    row("GPSLatitude", &["GPS:GPSLatitude", "GPS:GPSLatitudeRef"], &[], place::latitude),
    row("GPSLongitude", &["GPS:GPSLongitude", "GPS:GPSLongitudeRef"], &[], place::longitude),
    row("GPSDestLatitude", &["GPS:GPSDestLatitude", "GPS:GPSDestLatitudeRef"], &[], place::latitude),
    row("GPSDestLongitude", &["GPS:GPSDestLongitude", "GPS:GPSDestLongitudeRef"], &[], place::longitude),
    row("GPSAltitude", &[], place::ALTITUDE_WANTS, place::altitude),
    row("GPSPosition", &["GPSLatitude", "GPSLongitude"], &[], place::position).low(),
    row("GPSLatitudeRef", &["XMP-exif:GPSLatitude"], &[], place::latitude_ref),
    row("GPSLongitudeRef", &["XMP-exif:GPSLongitude"], &[], place::longitude_ref),
    row("GPSDestLatitudeRef", &["XMP-exif:GPSDestLatitude"], &[], place::latitude_ref),
    row("GPSDestLongitudeRef", &["XMP-exif:GPSDestLongitude"], &[], place::longitude_ref),
    row(
        "SubSecDateTimeOriginal",
        &["EXIF:DateTimeOriginal"],
        &["SubSecTimeOriginal", "OffsetTimeOriginal"],
        time::sub_seconds,
    ),
    row("SubSecCreateDate", &["EXIF:CreateDate"], &["SubSecTimeDigitized", "OffsetTimeDigitized"], time::sub_seconds),
    row("SubSecModifyDate", &["EXIF:ModifyDate"], &["SubSecTime", "OffsetTime"], time::sub_seconds),
    row("DateTimeCreated", &["IPTC:DateCreated", "IPTC:TimeCreated"], &[], time::joined),
    row("DigitalCreationDateTime", &["IPTC:DigitalCreationDate", "IPTC:DigitalCreationTime"], &[], time::joined),
    row(
        "DateTimeOriginal",
        &[],
        &["DateTimeCreated", "DateCreated", "TimeCreated", "DateTimeOriginal"],
        time::original,
    ),
    row("DateTimeOriginal", &[], &["ID3:RecordingTime", "ID3:Year", "ID3:Date", "ID3:Time"], time::recorded).low(),
    row("Duration", &["FLAC:SampleRate", "FLAC:TotalSamples"], &[], media::flac_duration),
    row("Duration", &[], media::MPEG_WANTS, media::mpeg_duration).low(),
    row(
        "AudioBitrate",
        &["MPEG:MPEGAudioVersion", "MPEG:SampleRate", "MPEG:VBRBytes", "MPEG:VBRFrames"],
        &[],
        media::mpeg_bitrate,
    ),
    row("PeakSpectralSensitivity", &["FLIR:PlanckB"], &[], camera::peak_sensitivity),
    row("ThumbnailImage", &["ThumbnailOffset", "ThumbnailLength"], &[], images::embedded),
    row("PreviewImage", &["PreviewImageStart", "PreviewImageLength"], &[], images::embedded),
    row("JpgFromRaw", &["JpgFromRawStart", "JpgFromRawLength"], &[], images::embedded),
    row("OtherImage", &["OtherImageStart", "OtherImageLength"], &[], images::embedded),
    row("PreviewJXL", &["PreviewJXLStart", "PreviewJXLLength"], &[], images::embedded),
];

/// The value of a composite tag.
struct Made {
    raw: Value,
    printed: Option<String>,
    /// `Composite`, but for images, which take the group of the tag that says where they are.
    group: Name,
}

impl Made {
    fn plain(raw: impl Into<Value>) -> Self {
        Self { raw: raw.into(), printed: None, group: "Composite".into() }
    }

    fn both(raw: impl Into<Value>, printed: impl Into<String>) -> Self {
        Self { printed: Some(printed.into()), ..Self::plain(raw) }
    }
}

/// The tags a row asked for, in the order of its `needs` and `wants`.
struct Inputs<'a> {
    tags: Vec<Option<&'a Tag>>,
    file_size: u64,
}

impl Inputs<'_> {
    fn tag(&self, index: usize) -> Option<&Tag> {
        *self.tags.get(index)?
    }

    /// What `exiftool -n` shows.
    fn raw(&self, index: usize) -> Option<String> {
        self.tag(index).map(|tag| tag.raw.plain())
    }

    /// What default output shows.
    fn printed(&self, index: usize) -> Option<String> {
        self.tag(index).map(|tag| tag.printed().plain())
    }

    /// The first number in the raw value.
    fn number(&self, index: usize) -> Option<f64> {
        match &self.tag(index)?.raw {
            Value::Unsigned(n) => Some(*n as f64),
            Value::Float(n) => Some(*n),
            other => first_number(&other.plain()),
        }
    }

    /// As [`Self::number`], without zero.
    fn positive(&self, index: usize) -> Option<f64> {
        self.number(index).filter(|number| *number != 0.0)
    }
}

/// The first decimal number in a text.
fn first_number(text: &str) -> Option<f64> {
    print::numbers(text, 1).first().copied()
}

/// Adds every composite tag whose inputs are there. `file_size` in bytes.
pub fn add(record: &mut Record, file_size: u64) {
    let mut made: Vec<(Tag, Priority)> = Vec::new();
    let index = Index { record, winners: record.winners() };
    let maker = index.find("Make", &[]).filter(|_| record.has_maker_notes).map(|tag| tag.raw.plain());
    let changed = |row: &Row| row.changed_by.iter().any(|by| maker.as_ref().is_some_and(|maker| maker.starts_with(by)));
    for row in TABLE.iter().filter(|row| !changed(row)) {
        if let Some(tag) = make(row, &index, &made, file_size) {
            made.push((tag, row.priority));
        }
    }
    for (tag, priority) in made {
        record.put_tag(tag.group, tag.name, tag.raw, tag.printed, priority);
    }
}

fn make(row: &Row, index: &Index<'_>, made: &[(Tag, Priority)], file_size: u64) -> Option<Tag> {
    let mut tags = Vec::with_capacity(row.needs.len() + row.wants.len());
    for need in row.needs {
        tags.push(Some(index.find(need, made)?));
    }
    tags.extend(row.wants.iter().map(|want| index.find(want, made)));
    if tags.iter().all(Option::is_none) {
        return None;
    }
    let Made { raw, printed, group } = (row.make)(&Inputs { tags, file_size })?;
    Some(Tag { group, name: row.name.into(), raw, printed: printed.map(Value::Text), rank: crate::record::Rank::First })
}

/// The record's tags by name.
struct Index<'a> {
    record: &'a Record,
    winners: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    fn find<'m>(&self, wanted: &str, made: &'m [(Tag, Priority)]) -> Option<&'m Tag>
    where
        'a: 'm,
    {
        let (group, name) = match wanted.split_once(':') {
            Some((group, name)) => (Some(group), name),
            None => (None, wanted),
        };
        let recorded = self.winners.get(name).map(|&index| &self.record.tags[index]);
        let Some(group) = group else {
            let mut named = made.iter().filter(|(tag, _)| tag.name == name && tag.group == "Composite");
            return match named.next() {
                Some((tag, priority)) if *priority > Priority::LOW || recorded.is_none() => Some(tag),
                _ => recorded,
            };
        };
        let recorded = recorded?;
        if belongs(&recorded.group, group) {
            return Some(recorded);
        }
        self.record.tags.iter().rev().find(|tag| tag.name == name && belongs(&tag.group, group))
    }
}

/// Whether a family 1 group is the one wanted, or one of a wanted family 0 group.
fn belongs(group: &str, wanted: &str) -> bool {
    match wanted {
        "EXIF" => ["IFD", "ExifIFD", "SubIFD", "InteropIFD", "GPS"].iter().any(|prefix| group.starts_with(prefix)),
        "XMP" | "IPTC" | "ID3" => group.starts_with(wanted),
        _ => group == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Source};

    #[test]
    fn numbers_are_found_in_texts() {
        for (text, number) in
            [("5.8 mm", 5.8), ("-3e2x", -300.0), ("f/.5", 0.5), ("100, 200", 100.0), ("1e", 1.0), ("a-7", -7.0)]
        {
            assert_eq!(first_number(text), Some(number), "{text}");
        }
        assert_eq!(first_number("inf"), None);
    }

    #[test]
    fn rows_stand_after_what_they_need() {
        for (index, row) in TABLE.iter().enumerate() {
            let later = &TABLE[index + 1..];
            let inputs = row.needs.iter().chain(row.wants).filter(|input| !input.contains(':'));
            for input in inputs {
                assert!(later.iter().all(|later| later.name != *input || row.name == *input), "{}: {input}", row.name);
            }
        }
    }

    #[test]
    fn exposure_adds_up() {
        let mut record = Record::new(Source::from_bytes(&b""[..], b"", Limits::default()).limits());
        record.put("ExifIFD", "ExposureTime", Value::Rational { numerator: 1, denominator: 250 });
        record.put("ExifIFD", "FNumber", Value::Rational { numerator: 8, denominator: 1 });
        record.put("ExifIFD", "ISO", 200_u16);
        record.put("GPS", "GPSLatitude", 12.5);
        record.put_printed("GPS", "GPSLatitudeRef", "S", "South");
        add(&mut record, 0);
        let printed = |name| record.find("Composite", name).map(|tag| tag.printed().plain());
        assert_eq!(printed("ShutterSpeed").as_deref(), Some("1/250"));
        assert_eq!(printed("LightValue").as_deref(), Some("13.0"));
        assert_eq!(printed("GPSLatitude").as_deref(), Some("12 deg 30' 0.00\" S"));
        assert_eq!(printed("GPSPosition"), None);
    }
}
