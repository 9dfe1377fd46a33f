//! ID3v1 and v1.1, 128 bytes at the end of a file, and the unofficial enhancement in front of them.

use super::genres;
use crate::{
    Priority, Record, Value,
    bytes::{until_nul, windows_1252},
};

const SPEEDS: [&str; 4] = ["Slow", "Medium", "Fast", "Hardcore"];

/// Puts the tags of a block of 128 bytes. All rank below those of ID3v2.
pub(super) fn put(block: &[u8], record: &mut Record) {
    let mut put = |name: &'static str, raw: Value, printed: Option<Value>| {
        record.put_tag("ID3v1".into(), name.into(), raw, printed, Priority::LOW);
    };
    for (name, at, len) in
        [("Title", 3, 30), ("Artist", 33, 30), ("Album", 63, 30), ("Year", 93, 4), ("Comment", 97, 30)]
    {
        put(name, text(block, at, len), None);
    }
    // Version 1.1: the comment is shorter and the track follows its NUL.
    if let Some(&[0, track @ 1..=255]) = block.get(125..127) {
        put("Track", track.into(), None);
    }
    if let Some(&genre) = block.get(127) {
        let name = genres::name(genre.into()).map_or_else(|| format!("Unknown ({genre})"), str::to_owned);
        put("Genre", genre.into(), Some(name.into()));
    }
}

/// Puts the tags of a block of 227 bytes.
pub(super) fn put_enhanced(block: &[u8], record: &mut Record) {
    let mut put = |name: &'static str, raw: Value, printed: Option<Value>| {
        record.put_tag("ID3v1_Enh".into(), name.into(), raw, printed, Priority::LOW);
    };
    for (name, at, len) in [("Title2", 4, 60), ("Artist2", 64, 60), ("Album2", 124, 60)] {
        put(name, text(block, at, len), None);
    }
    if let Some(&speed) = block.get(184) {
        let named = SPEEDS.get(usize::from(speed).wrapping_sub(1));
        let printed = named.map_or_else(|| format!("Unknown ({speed})"), |name| (*name).to_owned());
        put("Speed", speed.into(), Some(printed.into()));
    }
    for (name, at, len) in [("Genre", 185, 30), ("StartTime", 215, 6), ("EndTime", 221, 6)] {
        put(name, text(block, at, len), None);
    }
}

fn text(block: &[u8], at: usize, len: usize) -> Value {
    Value::Text(windows_1252(until_nul(block.get(at..at + len).unwrap_or_default())))
}
