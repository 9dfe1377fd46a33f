//! Vorbis comments: the vendor and a list of `KEY=value`, and the picture block that FLAC and they share.

use crate::{
    Record, Value,
    blocks::id3::PICTURE_TYPES,
    bytes::{Bytes, utf8},
    fields::lookup,
    print,
};

const GROUP: &str = "Vorbis";
/// Longest picture in base 64 that is decoded.
const PICTURE_MAX: usize = 16 << 20;

/// Keys whose names are not made from the key itself.
static NAMES: &[(&str, &str)] = &[
    ("TRACKNUMBER", "TrackNumber"),
    ("ISRC", "ISRCNumber"),
    ("COVERARTMIME", "CoverArtMIMEType"),
    ("COVERART", "CoverArt"),
    ("REPLAYGAIN_TRACK_PEAK", "ReplayGainTrackPeak"),
    ("REPLAYGAIN_TRACK_GAIN", "ReplayGainTrackGain"),
    ("REPLAYGAIN_ALBUM_PEAK", "ReplayGainAlbumPeak"),
    ("REPLAYGAIN_ALBUM_GAIN", "ReplayGainAlbumGain"),
];

/// Keys of which several make one list.
static LISTS: &[&str] = &["ARTIST", "PERFORMER", "CONTACT"];

/// Puts the tags of a comment block (without the packet header of Ogg).
pub fn read(data: &[u8], record: &mut Record) {
    let Some((vendor, mut rest)) = counted(data) else {
        record.warn("Format error in Vorbis comments");
        return;
    };
    record.put(GROUP, "Vendor", utf8(vendor));
    let count = Bytes::little(rest).u32(0).unwrap_or_default();
    rest = rest.get(4..).unwrap_or_default();
    let mut lists: Vec<(&str, Vec<Value>)> = Vec::new();
    for _ in 0..count {
        let Some((comment, behind)) = counted(rest) else {
            record.warn("Format error in Vorbis comments");
            break;
        };
        rest = behind;
        let Some(equals) = comment.iter().position(|&b| b == b'=') else {
            record.warn("Format error in Vorbis comments");
            break;
        };
        let (key, value) = (&comment[..equals], &comment[equals + 1..]);
        let key = String::from_utf8_lossy(key).to_ascii_uppercase();
        match LISTS.iter().find(|list| **list == key) {
            Some(list) => list_item(&mut lists, list, utf8(value), record),
            None => put(&key, value, record),
        }
    }
}

/// The first value of a list is a tag at its place in the file; further ones extend it.
fn list_item(lists: &mut Vec<(&'static str, Vec<Value>)>, key: &'static str, value: String, record: &mut Record) {
    let value = Value::Text(value);
    let name = print::key_name(key);
    match lists.iter_mut().find(|list| list.0 == key) {
        None => {
            lists.push((key, vec![value.clone()]));
            record.put(GROUP, name, value);
        }
        Some((_, values)) => {
            values.push(value);
            if let Some(tag) = record.find_mut(GROUP, &name) {
                tag.raw = Value::List(values.clone());
            }
        }
    }
}

fn put(key: &str, value: &[u8], record: &mut Record) {
    let name = match NAMES.iter().find(|row| row.0 == key) {
        Some((_, name)) => (*name).to_owned(),
        None => print::key_name(key),
    };
    match key {
        "COVERART" => record.put(GROUP, name, Value::bytes(&base64(value))),
        "METADATA_BLOCK_PICTURE" => read_picture(&base64(value), record),
        _ => record.put(GROUP, name, utf8(value)),
    }
}

/// Puts the tags of a picture block: type, media type, description, four sizes, the picture.
pub fn read_picture(data: &[u8], record: &mut Record) {
    const GROUP: &str = "FLAC";
    // A block cut short keeps what precedes the cut.
    _ = (|| {
        let kind = Bytes::big(data).u32(0)?;
        record.put_printed(GROUP, "PictureType", kind, lookup(PICTURE_TYPES, kind.into()));
        let mut rest = data.get(4..)?;
        for name in ["PictureMIMEType", "PictureDescription"] {
            let len = Bytes::big(rest).u32(0)? as usize;
            record.put(GROUP, name, utf8(rest.get(4..)?.get(..len)?));
            rest = &rest[4 + len..];
        }
        for name in ["PictureWidth", "PictureHeight", "PictureBitsPerPixel", "PictureIndexedColors", "PictureLength"] {
            record.put(GROUP, name, Bytes::big(rest).u32(0)?);
            rest = &rest[4..];
        }
        let len = Bytes::big(data).u32(data.len() - rest.len() - 4)? as usize;
        record.put(GROUP, "Picture", Value::bytes(&rest[..len.min(rest.len())]));
        Some(())
    })();
}

/// Bytes with their length in front, and what follows them.
fn counted(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = Bytes::little(data).u32(0)? as usize;
    data.get(4..)?.split_at_checked(len)
}

/// Base 64 in any line form, up to its first other sign.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().min(PICTURE_MAX) / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for &b in text.iter().take(PICTURE_MAX).filter(|b| !b.is_ascii_whitespace()) {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_decodes() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9v\nYmFy")] {
            assert_eq!(base64(coded.as_bytes()), plain.as_bytes());
        }
    }
}
