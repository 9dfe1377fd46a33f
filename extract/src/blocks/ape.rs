//! APE tags, versions 1 and 2: keys and values in front of ID3v1 at the end of audio files.

use crate::{
    Error, Record, Source, Value,
    bytes::{Bytes, until_nul, utf8},
    print,
};

const GROUP: &str = "APE";
const FOOTER: u64 = 32;

/// Puts the tags of the block whose footer ends at `end`.
pub fn read_trailer(source: &mut Source<'_>, end: u64, record: &mut Record) -> Result<(), Error> {
    let Some(at) = end.checked_sub(FOOTER) else { return Ok(()) };
    let footer = source.array::<32>(at)?;
    if !footer.starts_with(b"APETAGEX") {
        return Ok(());
    }
    let footer = Bytes::little(&footer);
    let (size, count) = (footer.u32(12).unwrap_or_default(), footer.u32(16).unwrap_or_default());
    let start = u64::from(size).checked_sub(FOOTER).and_then(|len| Some((at.checked_sub(len)?, len)));
    let complete = match start {
        Some((start, len)) => items(&source.block(start, len)?, count, record),
        None => false,
    };
    if !complete {
        record.warn("Bad APE trailer");
    }
    Ok(())
}

/// Length, flags, key, NUL, value, as often as `count` says.
fn items(block: &[u8], count: u32, record: &mut Record) -> bool {
    let mut rest = block;
    for _ in 0..count {
        let bytes = Bytes::little(rest);
        let (Some(len), Some(flags)) = (bytes.u32(0), bytes.u32(4)) else { return false };
        let key = until_nul(&rest[8..]);
        let value_at = 8 + key.len() + 1;
        let Some(value) = bytes.slice(value_at, len as usize) else { return false };
        put(&utf8(key), value, flags & 6 == 2, record);
        rest = &rest[value_at + value.len()..];
    }
    true
}

fn put(key: &str, value: &[u8], binary: bool, record: &mut Record) {
    if !binary {
        return match key {
            "DURATION" => {
                let duration = print::number_prefix(&utf8(value));
                let unsigned =
                    if (-2_147_483_648.0..0.0).contains(&duration) { duration + 4_294_967_296.0 } else { duration };
                let seconds = unsigned * 1e-7;
                record.put_printed(GROUP, "Duration", seconds, print::duration(seconds));
            }
            _ => record.put(GROUP, print::key_name(key), utf8(value)),
        };
    }
    let mut value = value;
    if key.starts_with("Cover Art") {
        // The picture's file name stands in front of it.
        let name = until_nul(value);
        if name.len() < value.len() && name.iter().all(|b| (0x20..0x7f).contains(b)) {
            value = &value[name.len() + 1..];
            if !name.is_empty() {
                record.put(GROUP, print::key_name(&format!("{key} Desc")), utf8(name));
            }
        }
    }
    record.put(GROUP, print::key_name(key), Value::bytes(value));
}
