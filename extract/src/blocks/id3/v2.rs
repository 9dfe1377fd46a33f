//! The frames of ID3v2: their headers, flags, and the way to their data.

use std::borrow::Cow;

use super::{
    frames::{self, Version},
    sync_safe, synchronized, values,
};
use crate::{Record, bytes::inflate};

/// What a frame may inflate to.
const INFLATED_MAX: u64 = 4 << 20;

/// What the flags of a frame say of its data.
#[derive(Default)]
struct Flags {
    grouped: bool,
    compressed: bool,
    encrypted: bool,
    unsynchronized: bool,
    has_length: bool,
}

/// Puts the tags of all frames.
pub(super) fn put(block: &[u8], version: Version, record: &mut Record) {
    let mut at = 0;
    while let Some((id, flags, start, len)) = header(block, at, version, record) {
        let Some(data) = start.checked_add(len).and_then(|end| block.get(start..end)) else {
            record.warn("Invalid ID3 frame size");
            break;
        };
        at = start + len;
        let Some((name, kind, group)) = frames::find(id, version) else { continue };
        if group != version.group() {
            record.warn(format!("Frame '{}' is not valid for this ID3 version", String::from_utf8_lossy(id)));
        }
        match plain(data, &flags, version) {
            Ok(data) => {
                let frame = values::Frame { group, own_group: version.group(), name, kind, id, data: &data };
                if let Err(problem) = frame.put(record) {
                    record.warn(format!("{problem} {} frame", String::from_utf8_lossy(id)));
                }
            }
            Err(problem) => record.warn(format!("{problem} {} frame", String::from_utf8_lossy(id))),
        }
    }
}

/// Identifier, flags, start and length of the frame at `at`; `None` at the padding or the end.
fn header<'a>(
    block: &'a [u8],
    at: usize,
    version: Version,
    record: &mut Record,
) -> Option<(&'a [u8], Flags, usize, usize)> {
    if version == Version::V22 {
        let header = block.get(at..at + 6)?;
        let len = u32::from_be_bytes([0, header[3], header[4], header[5]]) as usize;
        return (header[..3] != *b"\0\0\0").then_some((&header[..3], Flags::default(), at + 6, len));
    }
    let header = block.get(at..at + 10)?;
    let id = &header[..4];
    if id == b"\0\0\0\0" {
        return None;
    }
    let start = at + 10;
    let stated = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    let len = match version {
        Version::V24 => length_v24(block, start, stated, record),
        _ => stated as usize,
    };
    Some((id, flags(header[8], header[9], version), start, len))
}

/// Lengths of version 2.4 are sync-safe, but old iTunes wrote plain ones: what follows the frame decides.
fn length_v24(block: &[u8], start: usize, stated: u32, record: &mut Record) -> usize {
    let plain = stated as usize;
    let Some(safe) = sync_safe(stated).map(|safe| safe as usize).filter(|_| stated > 0x7f) else { return plain };
    let follows = |len: usize| {
        let next = start.checked_add(len).and_then(|next| block.get(next..next + 4));
        next.is_some_and(|id| frames::is_own(id, Version::V24))
    };
    if start + safe + 10 > block.len() {
        if start + safe != block.len() {
            record.warn("Invalid ID3 frame size");
        }
        safe
    } else if !follows(safe) && start + plain + 10 <= block.len() && follows(plain) {
        plain
    } else {
        safe
    }
}

fn flags(_status: u8, format: u8, version: Version) -> Flags {
    let bit = |mask: u8| format & mask != 0;
    match version {
        Version::V24 => Flags {
            grouped: bit(0x40),
            compressed: bit(0x08),
            encrypted: bit(0x04),
            unsynchronized: bit(0x02),
            has_length: bit(0x01),
        },
        _ => Flags { grouped: bit(0x20), compressed: bit(0x80), encrypted: bit(0x40), ..Flags::default() },
    }
}

/// The data of a frame without its flags' additions: resynchronized and inflated.
fn plain<'a>(data: &'a [u8], flags: &Flags, version: Version) -> Result<Cow<'a, [u8]>, &'static str> {
    if flags.encrypted {
        return Err("Encrypted");
    }
    let mut data = match flags.unsynchronized {
        true => Cow::Owned(synchronized(data)),
        false => Cow::Borrowed(data),
    };
    let length_at = usize::from(flags.grouped);
    let mut start = length_at;
    let mut stated = None;
    if flags.compressed || flags.has_length {
        let bytes = data.get(length_at..length_at + 4).and_then(|bytes| bytes.try_into().ok()).ok_or("Short")?;
        let length = u32::from_be_bytes(bytes);
        stated = Some(if version == Version::V24 { sync_safe(length).ok_or("Invalid length for")? } else { length });
        start += 4;
    }
    if start > 0 {
        data = Cow::Owned(data.get(start..).ok_or("Short")?.to_vec());
    }
    if flags.compressed {
        data = Cow::Owned(inflate(&data, INFLATED_MAX).ok_or("Error inflating")?);
    }
    match stated {
        Some(length) if length as usize != data.len() => Err("Wrong length for"),
        _ => Ok(data),
    }
}
