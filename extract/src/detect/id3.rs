//! Audio that may stand behind an ID3 tag: APE, Musepack, FLAC, Ogg and MPEG audio.

use super::{Look, Named, be, find};
use crate::blocks::mpeg_audio::{self, Layer};

/// Formats that may follow an ID3v2 tag, by their first bytes, in the order of testing.
static AFTER_TAG: &[(&str, &[u8])] =
    &[("APE", b"MAC "), ("APE", b"APETAGEX"), ("MPC", b"MP+"), ("FLAC", b"fLaC"), ("OGG", b"OggS")];

/// Longest ID3v2 tag that is believed: what ExifTool would read into memory is bounded by the file only.
const TAG_MAX: u64 = 256 << 20;

/// The base type's own signature, or an ID3v2 tag before whatever audio follows.
pub(super) fn audio(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.is(b"ID3") {
        return Some(behind_tag(look));
    }
    let base = look.base;
    let fits = AFTER_TAG.iter().any(|(name, magic)| *name == base && look.is(magic));
    if !fits {
        return None;
    }
    Some(match base {
        "OGG" => ogg(look, 0),
        _ => look.name(base),
    })
}

/// MPEG audio, recognised by a tag at either end or by a frame near the beginning.
pub(super) fn mp3(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.is(b"ID3") {
        return Some(behind_tag(look));
    }
    let size = look.source.size();
    if size >= 128 && look.read(size - 128, 3) == b"TAG" {
        return Some(look.name("MP3"));
    }
    let is_mp3 = look.extension == "MP3";
    let scan = if is_mp3 { 8192 } else { 256 };
    let extension = look.extension.to_owned();
    let start = look.read(0, scan);
    let is_stream = start.windows(4).any(|w| matches!(w, [0, 0, 1, 0xb3 | 0xc0]));
    if !is_stream {
        let layer = if extension == "MUS" { Layer::Any } else { Layer::Three };
        return is_frame_sync(start, layer, is_mp3).then(|| look.name("MP3"));
    }
    let start = look.read(0, 65536);
    program_stream(start, is_mp3).map(|file_type| look.name(file_type))
}

/// What stands behind an ID3v2 tag; `MP3` when it is nothing else.
fn behind_tag(look: &mut Look<'_, '_>) -> Named {
    let Some(end) = tag_end(look.head).filter(|end| *end <= look.source.size().min(TAG_MAX)) else {
        return look.name("MP3");
    };
    let start = look.read(end, 32).to_vec();
    // The type in hand is tried first, but no two signatures exclude each other less for it.
    match AFTER_TAG.iter().find(|(_, magic)| start.starts_with(magic)) {
        Some((base @ "OGG", _)) => {
            look.base = base;
            ogg(look, end)
        }
        Some((base, _)) => {
            look.base = base;
            look.name(base)
        }
        None => look.name("MP3"),
    }
}

/// Where an ID3v2 tag ends; `None` when its header is not valid.
fn tag_end(head: &[u8]) -> Option<u64> {
    let [major, _, flags] = *head.get(3..6)? else { return None };
    let size = be(head, 6, 4)?;
    if major >= 5 || size & 0x8080_8080 != 0 {
        return None;
    }
    let size = (size & 0x7f) | (size >> 8 & 0x7f) << 7 | (size >> 16 & 0x7f) << 14 | (size >> 24 & 0x7f) << 21;
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

/// Ogg by its first packets: video, Opus or anything else.
fn ogg(look: &mut Look<'_, '_>, at: u64) -> Named {
    let named = look.name("OGG");
    let pages = look.read(at, 4096);
    let mut file_type = None;
    let mut page = pages;
    // All streams begin before the first page that continues one.
    while page.starts_with(b"OggS") && page.get(5).is_some_and(|flags| flags & 2 != 0) {
        let Some(segments) = page.get(26).map(|n| usize::from(*n)) else { break };
        let Some(table) = page.get(27..27 + segments) else { break };
        let body: usize = table.iter().map(|len| usize::from(*len)).sum();
        let packet = page.get(27 + segments..).unwrap_or_default();
        if packet.get(1..).is_some_and(|name| name.starts_with(b"theora")) {
            file_type = Some("OGV");
        } else if packet.starts_with(b"OpusHead") {
            file_type = Some("OPUS");
        }
        page = page.get(27 + segments + body..).unwrap_or_default();
    }
    match file_type {
        Some(file_type) => named.over(file_type),
        None => named,
    }
}

/// Whether an MPEG audio frame starts in `data`: at the first sync pattern, or at a later one if `keep_looking`.
fn is_frame_sync(data: &[u8], layer: Layer, keep_looking: bool) -> bool {
    mpeg_audio::find(data, layer, keep_looking).is_some()
}

/// The type of a stream of video and audio packets, found by the first valid header.
fn program_stream(data: &[u8], is_mp3: bool) -> Option<&'static str> {
    let first = find_start_code(data, 0)?;
    if is_frame_sync(&data[..first + 1], Layer::Any, is_mp3) {
        return Some("MP3");
    }
    let mut at = first;
    loop {
        let body = data.get(at + 4..data.len().min(at + 260)).filter(|body| body.len() >= 4)?;
        let is_video = data[at + 3] == 0xb3;
        if is_video && is_sequence_header(body) {
            return Some("MPEG");
        }
        if !is_video && is_frame_sync(body, Layer::Any, is_mp3) {
            return Some("MP3");
        }
        at = find_start_code(data, at + 4)?;
    }
}

fn find_start_code(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += find(data.get(at..)?, b"\0\0\x01")?;
        if matches!(data.get(at + 3)?, 0xb3 | 0xc0) {
            return Some(at);
        }
        at += 3;
    }
}

/// Whether aspect ratio and frame rate are not reserved.
fn is_sequence_header(body: &[u8]) -> bool {
    let Some(&packed) = body.get(3) else { return false };
    !matches!(packed >> 4, 0 | 15) && matches!(packed & 15, 1..=8)
}
