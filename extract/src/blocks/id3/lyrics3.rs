//! Lyrics3 versions 1.00 and 2.00: lyrics between the audio and ID3v1.

use crate::{Error, Record, Source, bytes::windows_1252, print};

const BEGIN: &[u8] = b"LYRICSBEGIN";
/// Length of the second version's size field and end mark.
const END: u64 = 15;
/// Longest block of the first version, and what is searched for its beginning.
const V1_MAX: u64 = 5100;

static FIELDS: &[(&[u8], &str)] = &[
    (b"IND", "Indications"),
    (b"LYR", "Lyrics"),
    (b"INF", "AdditionalInfo"),
    (b"AUT", "Author"),
    (b"EAL", "ExtendedAlbumName"),
    (b"EAR", "ExtendedArtistName"),
    (b"ETT", "ExtendedTrackTitle"),
    (b"IMG", "AssociatedImageFile"),
    (b"CRC", "CRC"),
];

/// The block that ends at `end`, from its begin mark on.
pub(super) fn find(source: &mut Source<'_>, end: u64, record: &mut Record) -> Result<Option<Vec<u8>>, Error> {
    let Some(at) = end.checked_sub(END) else { return Ok(None) };
    let mark = source.array::<15>(at)?;
    let stated = number(&mark[..6]);
    let len = match (&mark[6..], stated) {
        (b"LYRICSEND", _) => V1_MAX,
        (b"LYRICS200", Some(len)) => len + END,
        _ => return Ok(None),
    };
    let len = len.min(end);
    let mut block = source.block(end - len, len)?;
    let Some(begin) = block.windows(BEGIN.len()).position(|window| window == BEGIN) else {
        record.warn("Error reading Lyrics3 trailer");
        return Ok(None);
    };
    block.drain(..begin);
    Ok(Some(block))
}

/// Puts the tags of a block that begins with its mark.
pub(super) fn put(block: &[u8], record: &mut Record) {
    let fields = block.get(BEGIN.len()..).unwrap_or_default();
    if let Some(lyrics) = fields.strip_suffix(b"LYRICSEND") {
        record.put("Lyrics3", "Lyrics", windows_1252(lyrics));
        return;
    }
    let mut rest = fields;
    while let Some((header, data)) = rest.split_at_checked(8) {
        let Some(len) = number(&header[3..]) else { break };
        let Some((value, behind)) = data.split_at_checked(len as usize) else { break };
        let id = &header[..3];
        let value = windows_1252(value);
        match FIELDS.iter().find(|field| field.0 == id) {
            Some((_, name)) => record.put("Lyrics3", *name, value),
            None => record.put("Lyrics3", print::tag_name(&format!("Lyrics3_{}", String::from_utf8_lossy(id))), value),
        }
        rest = behind;
    }
    if rest.len() as u64 != END {
        record.warn("Malformed Lyrics3 v2.00 block");
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}
