//! IPTC IIM: the records of a press photo (IPTC-NAA Information Interchange Model, version 4.2).
//!
//! Called by containers that hold IIM directly, and by the Photoshop block. ExifTool calls the first block at the place
//! that is usual for a file's type `IPTC`, others `IPTC2` and so on.

mod datasets;

use crate::{
    Name, Priority, Record, Value, bytes,
    print::{clock_time, meaning, picture_preferences},
};
use datasets::How;

/// Puts the tags of a block that stands by itself, as in a TIFF directory.
pub fn read(data: &[u8], record: &mut Record) {
    put(data, Place::Alone, record);
}

/// Puts the tags of a block inside Photoshop's image resources.
pub fn read_in_photoshop(data: &[u8], record: &mut Record) {
    put(data, Place::Photoshop, record);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    Photoshop,
}

fn put(data: &[u8], place: Place, record: &mut Record) {
    let Some(group) = group(data, place, record) else { return };
    let priority = if group == "IPTC" { Priority::NORMAL } else { Priority::LOW };
    let mut block = Block { group, priority, charset: Charset::Latin, lists: Vec::new(), record };
    match unswapped(data) {
        Some(data) => {
            block.record.warn("IPTC data was improperly byte-swapped");
            block.read(&data);
        }
        None => block.read(data),
    }
    block.put_lists();
}

/// The block's group, if it is to be read; the digest of a block at the usual place is put here, as ExifTool gives it first.
fn group(data: &[u8], place: Place, record: &mut Record) -> Option<Name> {
    let file_type = record.find("File", "FileType").map_or_else(String::new, |tag| tag.raw.plain());
    let is_tiff = record.format == "TIFF";
    let usual = match &*file_type {
        "JPEG" | "EXV" | "EPS" | "PS" | "PSD" | "PSB" => Some(place == Place::Photoshop),
        _ if is_tiff => Some(place == Place::Alone),
        _ => None,
    };
    let taken = |group: &str| record.tags.iter().any(|tag| tag.group == group);
    if usual == Some(false) || taken("IPTC") || record.find("File", "CurrentIPTCDigest").is_some() {
        let mut numbered = (2..BLOCKS).map(|number| format!("IPTC{number}"));
        return numbered.find(|group| !taken(group)).map(Name::from);
    }
    if usual == Some(true) {
        let digest: String = md5::compute(data).iter().map(|byte| format!("{byte:02x}")).collect();
        record.put("File", "CurrentIPTCDigest", digest);
    }
    Some("IPTC".into())
}

/// The data with every four bytes turned round, where a program wrote them in the wrong order.
fn unswapped(data: &[u8]) -> Option<Vec<u8>> {
    let swapped = data.len() >= 4 && data[0] != MARKER && data[3] == MARKER;
    swapped.then(|| {
        let words = data.chunks(4).flat_map(|word| {
            let mut four = [0; 4];
            four[..word.len()].copy_from_slice(word);
            four.reverse();
            four
        });
        words.take(data.len()).collect()
    })
}

const MARKER: u8 = 0x1c;
/// Blocks read of one file, and one more.
const BLOCKS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Latin,
    Utf8,
    /// Announced, but not one we know.
    Unknown,
}

struct Block<'a> {
    group: Name,
    priority: Priority,
    charset: Charset,
    /// Values of datasets that repeat, in the order they began: name, raw and printed values.
    lists: Vec<(&'static str, Vec<Value>, Vec<Value>)>,
    record: &'a mut Record,
}

impl Block<'_> {
    fn read(&mut self, mut data: &[u8]) {
        let mut unknown = None;
        while let [marker, record, number, length @ ..] = data
            && length.len() >= 2
        {
            if *marker != MARKER {
                if data.iter().any(|&b| b != 0) {
                    self.record.warn(format!("Bad IPTC data tag (marker {marker:#x})"));
                }
                return;
            }
            let Some((value, rest)) = value(length) else { return };
            data = rest;
            match datasets::find(*record, *number) {
                Some(dataset) => self.dataset(dataset, value),
                None if !matches!(record, 1..=3 | 7..=9 | 240) && unknown != Some(*record) => {
                    unknown = Some(*record);
                    self.record.warn(format!("Unrecognized IPTC record {record} (ignored)"));
                }
                None => {}
            }
            if self.record.is_full() {
                return;
            }
        }
    }

    fn dataset(&mut self, dataset: &'static datasets::Dataset, bytes: &[u8]) {
        let (raw, printed) = self.convert(dataset, bytes);
        if !dataset.repeats {
            self.record.put_tag(self.group.clone(), dataset.name.into(), raw, printed, self.priority);
            return;
        }
        let printed = printed.unwrap_or_else(|| raw.clone());
        match self.lists.iter_mut().find(|(name, ..)| *name == dataset.name) {
            Some((_, raws, all)) => {
                raws.push(raw);
                all.push(printed);
            }
            None => self.lists.push((dataset.name, vec![raw], vec![printed])),
        }
    }

    /// A repeating dataset that stands once only is a value, not a list.
    fn put_lists(&mut self) {
        for (name, mut raws, mut printed) in std::mem::take(&mut self.lists) {
            let (raw, printed) = match raws.len() {
                1 => (raws.remove(0), printed.remove(0)),
                _ => (Value::List(raws), Value::List(printed)),
            };
            self.record.put_tag(self.group.clone(), name.into(), raw, Some(printed), self.priority);
        }
    }

    fn convert(&mut self, dataset: &datasets::Dataset, bytes: &[u8]) -> (Value, Option<Value>) {
        let digits = || bytes::utf8(trim_nul(bytes));
        match dataset.how {
            How::Binary => (Value::bytes(bytes), None),
            How::Integer => (integer(bytes), None),
            How::IntegerMap(values) => {
                let raw = integer(bytes);
                let text = raw.plain();
                let meant = meaning(values, &text).map(str::to_owned);
                let unknown = match (dataset.name, &raw) {
                    ("ColorRepresentation", Value::Unsigned(n)) => format!("Unknown ({n:#x})"),
                    _ => format!("Unknown ({text})"),
                };
                (raw, Some(meant.unwrap_or(unknown).into()))
            }
            How::Digits => (digits().into(), None),
            How::Date => (Value::DateTime(date(digits())), None),
            How::DigitsMap(values) => named(digits(), values),
            How::TextMap(values) => named(self.text(dataset.record, bytes), values),
            How::Text => (self.text(dataset.record, bytes).into(), None),
            How::Time => (Value::DateTime(clock_time(&self.text(dataset.record, bytes))), None),
            How::Charset => self.charset(trim_nul(bytes)),
            How::History => {
                // What is translated ends at a NUL; else NULs end lines.
                if self.charset == Charset::Latin && !bytes.is_ascii() {
                    return (self.text(dataset.record, bytes).into(), None);
                }
                let lines = trim_nul(bytes).split(|&b| b == 0).enumerate();
                let lines = lines.filter(|(at, line)| *at == 0 || !line.is_empty()).map(|(_, line)| line);
                let lines = lines.collect::<Vec<_>>().join(&b'\n');
                (self.text(dataset.record, &lines).into(), None)
            }
            How::PictureNumber => (bytes::utf8(trim_nul(bytes)).into(), Some(picture_number(trim_nul(bytes)).into())),
            How::Preferences => {
                let text = self.text(dataset.record, bytes);
                let printed = picture_preferences(&text).map(Value::from);
                (text.into(), printed)
            }
        }
    }

    /// Text by the coded character set; that of the envelope record is never translated.
    fn text(&mut self, record: u8, bytes: &[u8]) -> String {
        let bytes = trim_nul(bytes);
        let plain = record == 1 || record >= 7 || bytes.is_ascii();
        match self.charset {
            _ if plain => bytes::utf8(bytes),
            Charset::Utf8 => bytes::utf8(bytes),
            Charset::Unknown => {
                self.record.warn("Some IPTC characters not converted (unsupported CodedCharacterSet)");
                self.charset = Charset::Utf8;
                bytes::utf8(bytes)
            }
            // Shifted character sets of ISO 2022 are not read.
            Charset::Latin if bytes.iter().any(|b| matches!(b, 0x14 | 0x15 | 0x1b)) => {
                self.record.warn("Some IPTC characters not converted (ISO 2022 shifting not supported)");
                bytes::utf8(bytes)
            }
            Charset::Latin => bytes::windows_1252(bytes),
        }
    }

    fn charset(&mut self, code: &[u8]) -> (Value, Option<Value>) {
        self.charset = match code {
            b"\x1b%G" => Charset::Utf8,
            [0x1b, b'%', ..] => Charset::Unknown,
            _ => Charset::Latin,
        };
        let text = bytes::utf8(code);
        if code == b"\x1b%G" {
            return (text.into(), Some("UTF8".into()));
        }
        let spaced: String = text.chars().flat_map(|c| [' ', c]).collect();
        let printed = spaced.replace(" \x1b", ", ESC");
        let printed = printed.strip_prefix(',').unwrap_or(&printed);
        (text.into(), Some(printed.strip_prefix(' ').unwrap_or(printed).into()))
    }
}

/// The value that a length field begins, and what follows; `None` where it would end beyond the data.
fn value(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, data) = data.split_first_chunk().map(|(length, data)| (u16::from_be_bytes(*length), data))?;
    let (length, data) = match length & 0x8000 {
        0 => (usize::from(length), data),
        // Extended: the number of bytes that hold the length.
        _ => {
            let count = usize::from(length & 0x7fff);
            if count > 8 {
                return None;
            }
            let (field, data) = data.split_at_checked(count)?;
            let length = field.iter().fold(0_u64, |length, &byte| length << 8 | u64::from(byte));
            (usize::try_from(length).ok()?, data)
        }
    };
    data.split_at_checked(length)
}

fn trim_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
    &bytes[..end]
}

fn integer(bytes: &[u8]) -> Value {
    match bytes.len() {
        0..=8 => Value::Unsigned(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))),
        _ => bytes::utf8(bytes).into(),
    }
}

fn named(text: String, values: crate::print::Values) -> (Value, Option<Value>) {
    let printed = meaning(values, &text).map_or_else(|| format!("Unknown ({text})"), str::to_owned);
    (text.into(), Some(printed.into()))
}

/// `YYYYMMDD` with colons, whatever stands between the parts.
fn date(text: String) -> String {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let day = bytes.len().saturating_sub(2);
    if bytes.len() < 8 || !digits(day..bytes.len()) {
        return text;
    }
    let Some(month) = (bytes[..day].iter().rposition(u8::is_ascii_digit)).and_then(|last| last.checked_sub(1)) else {
        return text;
    };
    let Some(year) = (bytes[..month].iter().rposition(u8::is_ascii_digit)).and_then(|last| last.checked_sub(3)) else {
        return text;
    };
    if !digits(month..month + 2) || !digits(year..year + 4) {
        return text;
    }
    format!("{}{}:{}:{}", &text[..year], &text[year..year + 4], &text[month..month + 2], &text[day..])
}

/// Manufacturer, equipment, date and number of a picture.
fn picture_number(bytes: &[u8]) -> String {
    let Some((number, _)) = bytes.split_first_chunk::<16>() else { return "<format error>".into() };
    let maker = u16::from_be_bytes([number[0], number[1]]);
    let equipment = u32::from_be_bytes([number[2], number[3], number[4], number[5]]);
    let day = bytes::utf8(&number[6..14]);
    let picture = u16::from_be_bytes([number[14], number[15]]);
    let name = MAKERS.get(usize::from(maker).wrapping_sub(1)).map_or(String::new(), |name| format!(" ({name})"));
    format!("{maker}{name}, equip {equipment}, {}, no. {picture}", date(day))
}

/// Numbered from 1.
static MAKERS: &[&str] = &[
    "Associated Press, USA",
    "Eastman Kodak Co, USA",
    "Hasselblad Electronic Imaging, Sweden",
    "Tecnavia SA, Switzerland",
    "Nikon Corporation, Japan",
    "Coatsworth Communications Inc, Canada",
    "Agence France Presse, France",
    "T/One Inc, USA",
    "Associated Newspapers, UK",
    "Reuters London",
    "Sandia Imaging Systems Inc, USA",
    "Visualize, Spain",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn read_set(sets: &[(u8, u8, &[u8])]) -> Vec<(String, String)> {
        let mut data = Vec::new();
        for (record, number, value) in sets {
            data.extend_from_slice(&[MARKER, *record, *number, 0, value.len() as u8]);
            data.extend_from_slice(value);
        }
        let mut record = Record::new(&Limits::default());
        read(&data, &mut record);
        record.tags.iter().map(|tag| (tag.key(), tag.printed().plain())).collect()
    }

    #[test]
    fn text_follows_the_coded_character_set() {
        let latin = read_set(&[(2, 90, b"K\xf6ln")]);
        assert_eq!(latin, [("IPTC:City".to_owned(), "K\u{f6}ln".to_owned())]);
        let utf8 = read_set(&[(1, 90, b"\x1b%G"), (2, 90, "K\u{f6}ln".as_bytes())]);
        assert_eq!(utf8[1].1, "K\u{f6}ln");
        assert_eq!(utf8[0].1, "UTF8");
    }

    #[test]
    fn repeated_values_are_lists_and_dates_have_colons() {
        let tags =
            read_set(&[(2, 25, b"a"), (2, 55, b"20240517"), (2, 60, b"101112+0200"), (2, 25, b"b"), (2, 10, b"1")]);
        let shown: Vec<_> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            shown,
            [
                "IPTC:DateCreated=2024:05:17",
                "IPTC:TimeCreated=10:11:12+02:00",
                "IPTC:Urgency=1 (most urgent)",
                "IPTC:Keywords=a, b"
            ]
        );
    }

    #[test]
    fn a_value_beyond_the_end_ends_the_block() {
        assert!(read_set(&[(2, 90, b"x")]).len() == 1);
        let mut record = Record::new(&Limits::default());
        read(&[MARKER, 2, 90, 0xff, 0xff, 1], &mut record);
        read(&[MARKER, 2, 90, 0x80, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &mut record);
        assert!(record.tags.is_empty());
    }
}
