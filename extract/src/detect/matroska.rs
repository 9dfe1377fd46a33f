//! Matroska and WebM, by document type and kinds of tracks.

use super::{Look, Named};
use crate::bytes::until_nul;

/// Elements looked at in one container.
const ELEMENTS: usize = 512;

/// A file with an EBML header.
pub(super) fn matroska(look: &mut Look<'_, '_>) -> Option<Named> {
    if !look.is(b"\x1a\x45\xdf\xa3") {
        return None;
    }
    let (header_len, width) = number(look.head.get(4..)?)?;
    let header_at = 4 + width as u64;
    let header_end = header_at.checked_add(header_len).filter(|end| *end <= look.source.size().min(65536))?;
    let mut named = look.name(look.base);
    let webm = elements(look, header_at, header_end).into_iter().any(|(id, at, end)| {
        id == 0x4282 && until_nul(look.read(at, end.saturating_sub(at).min(8) as usize)) == b"webm"
    });
    if webm {
        named = named.over("WEBM");
    }
    match track_kinds(look, header_end) {
        Kinds { video: false, audio: true, .. } => Some(named.over("MKA")),
        Kinds { video: false, audio: false, subtitle: true } => Some(named.over("MKS")),
        Kinds { .. } => Some(named),
    }
}

#[derive(Default)]
struct Kinds {
    video: bool,
    audio: bool,
    subtitle: bool,
}

/// The kinds of tracks of the first segment.
fn track_kinds(look: &mut Look<'_, '_>, at: u64) -> Kinds {
    let mut kinds = Kinds::default();
    let size = look.source.size();
    let Some((_, at, end)) = elements(look, at, size).into_iter().find(|(id, ..)| *id == 0x1853_8067) else {
        return kinds;
    };
    let Some((_, at, end)) = elements(look, at, end).into_iter().find(|(id, ..)| *id == 0x1654_ae6b) else {
        return kinds;
    };
    for (id, at, end) in elements(look, at, end) {
        if id != 0xae {
            continue;
        }
        for (id, at, _) in elements(look, at, end) {
            match (id, look.read(at, 1)) {
                (0x83, [1 | 3]) => kinds.video = true,
                (0x83, [2]) => kinds.audio = true,
                (0x83, [0x11]) => kinds.subtitle = true,
                _ => {}
            }
        }
    }
    kinds
}

/// The elements between two offsets up to a cluster: id, start and end of the body.
fn elements(look: &mut Look<'_, '_>, start: u64, end: u64) -> Vec<(u32, u64, u64)> {
    let mut found = Vec::new();
    let mut at = start;
    while found.len() < ELEMENTS && at < end {
        let header = look.read(at, 12);
        let Some(id_len) = header.first().map(|b| b.leading_zeros() as usize + 1).filter(|len| *len <= 4) else {
            break;
        };
        let Some(id) = super::be(header, 0, id_len) else { break };
        let Some((size, width)) = header.get(id_len..).and_then(number) else { break };
        let body = at + (id_len + width) as u64;
        let next = body.saturating_add(size).min(end);
        found.push((id as u32, body, next));
        if id == 0x1f43_b675 {
            break;
        }
        at = next.max(at + 1);
    }
    found
}

/// A number of variable length and its width; one of unknown size is as large as can be.
fn number(data: &[u8]) -> Option<(u64, usize)> {
    let width = data.first()?.leading_zeros() as usize + 1;
    if width > 8 {
        return None;
    }
    let mask = (1_u64 << (7 * width)) - 1;
    let value = super::be(data, 0, width)? & mask;
    Some((if value == mask { u64::MAX } else { value }, width))
}
