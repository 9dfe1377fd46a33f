//! ISO base media files: QuickTime, MP4, HEIF, AVIF and their relatives, told apart by brand and tracks.

use super::{Look, Named, be};

/// Atoms looked at in one container.
const ATOMS: usize = 256;
/// Atoms that may stand first.
static FIRST: &[&[u8; 4]] = &[
    b"free", b"skip", b"wide", b"ftyp", b"pnot", b"PICT", b"pict", b"moov", b"mdat", b"junk", b"uuid", b"idsc",
    b"idat", b"iicc",
];

/// Major brands that name a type.
static BRANDS: &[(&str, &[&[u8; 4]])] = &[
    ("3G2", &[b"3g2a", b"3g2b", b"3g2c"]),
    ("3GP", &[b"3ge6", b"3ge7", b"3gp1", b"3gp2", b"3gp3", b"3gp4", b"3gp5", b"3gp6", b"3gs7"]),
    ("AAX", &[b"aax "]),
    ("DVB", &[b"dvr1", b"dvt1"]),
    ("F4A", &[b"F4A "]),
    ("F4B", &[b"F4B "]),
    ("F4P", &[b"F4P "]),
    ("F4V", &[b"F4V "]),
    ("JP2", &[b"JP2 "]),
    ("JPM", &[b"jpm "]),
    ("JPX", &[b"jpx "]),
    ("M4A", &[b"M4A "]),
    ("M4B", &[b"M4B "]),
    ("M4P", &[b"M4P "]),
    ("M4V", &[b"M4V ", b"M4VH", b"M4VP"]),
    (
        "MP4",
        &[b"mmp4", b"MSNV", b"NDSC", b"NDSH", b"NDSM", b"NDSP", b"NDSS", b"NDXC", b"NDXH", b"NDXM", b"NDXP", b"NDXS"],
    ),
    ("MQV", &[b"mqt "]),
    ("MOV", &[b"qt  "]),
    ("HEIC", &[b"heic"]),
    ("HEICS", &[b"hevc"]),
    ("HEIF", &[b"mif1", b"heix"]),
    ("HEIFS", &[b"msf1"]),
    ("AVIF", &[b"avif", b"avis", b"avio", b"miaf"]),
    ("CRX", &[b"crx "]),
];

/// Compatible brands that name a type where the major brand does not, the strongest first.
static COMPATIBLE: &[(&str, &[&[u8; 4]])] =
    &[("MP4", &[b"mp41", b"mp42", b"avc1"]), ("F4V", &[b"f4v "]), ("MOV", &[b"qt  "])];

/// Canon's `uuid` atom.
const CANON: &[u8] = b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48";

/// A file that starts with a known atom.
pub(super) fn movie(look: &mut Look<'_, '_>) -> Option<Named> {
    let atom: &[u8; 4] = look.head.get(4..8)?.try_into().ok()?;
    if !FIRST.contains(&atom) {
        return None;
    }
    let size = be(look.head, 0, 4)?;
    if atom != b"ftyp" || size < 12 {
        return Some(look.name(look.base));
    }
    let brands = look.read(8, size.saturating_sub(8).min(4096) as usize).to_vec();
    let file_type = if brands.len() as u64 == size - 8 || size > 4096 { by_brand(&brands) } else { "MP4" };
    let file_type = if look.extension == "GLV" && file_type == "MP4" { "GLV" } else { file_type };
    let mime = super::media_types::exiftool(file_type).filter(|_| file_type != "CR3").unwrap_or("video/mp4");
    let mut named = look.name(file_type).with_mime(mime);
    let major = brands.get(..4).unwrap_or_default();
    let may_be_audio = major.starts_with(b"iso") || matches!(major, b"dash" | b"mp42");
    if matches!(&*named.file_type, "M4A" | "CRX") || (named.file_type == "MP4" && may_be_audio) {
        let tracks = tracks(look);
        if let Some(raw) = tracks.canon {
            named = named.over(raw);
        } else if named.file_type == "M4A" && tracks.protected {
            named = named.over("M4P");
        } else if named.file_type == "MP4" && tracks.sound && !tracks.video {
            named = named.over("M4A").with_mime("audio/mp4");
        }
    }
    Some(named)
}

fn by_brand(brands: &[u8]) -> &'static str {
    let named = |table: &'static [(&str, &[&[u8; 4]])], brand: &[u8]| {
        table.iter().find(|(_, brands)| brands.iter().any(|b| b.as_slice() == brand)).map(|(name, _)| *name)
    };
    let major = brands.get(..4).unwrap_or_default();
    if let Some(file_type) = named(BRANDS, major) {
        return file_type;
    }
    // The first compatible brand is passed over, as ExifTool does.
    let compatible = brands.get(12..).unwrap_or_default();
    let found = COMPATIBLE
        .iter()
        .find(|(_, wanted)| compatible.chunks_exact(4).any(|brand| wanted.iter().any(|b| b.as_slice() == brand)));
    found.map_or("MP4", |(file_type, _)| *file_type)
}

/// What the movie atom says about its tracks.
#[derive(Default)]
struct Tracks {
    sound: bool,
    video: bool,
    protected: bool,
    canon: Option<&'static str>,
}

fn tracks(look: &mut Look<'_, '_>) -> Tracks {
    let mut tracks = Tracks::default();
    let end = look.source.size();
    for (kind, at, end) in atoms(look, 0, end) {
        if &kind == b"moov" {
            walk(look, at, end, 0, &mut tracks);
        }
    }
    tracks
}

/// Descends along the path to handlers and sample descriptions.
fn walk(look: &mut Look<'_, '_>, at: u64, end: u64, depth: u32, tracks: &mut Tracks) {
    for (kind, at, end) in atoms(look, at, end) {
        match &kind {
            b"trak" | b"mdia" | b"minf" | b"stbl" if depth < 5 => walk(look, at, end, depth + 1, tracks),
            b"hdlr" => match look.read(at + 8, 4) {
                b"soun" => tracks.sound = true,
                b"vide" => tracks.video = true,
                _ => {}
            },
            b"stsd" => tracks.protected |= look.read(at + 12, 4) == b"drms",
            b"uuid" if look.read(at, 16) == CANON => {
                tracks.canon = match look.read(at + 24, 8) {
                    b"CanonCR3" => Some("CR3"),
                    b"CanonCRM" => Some("CRM"),
                    _ => None,
                };
            }
            _ => {}
        }
    }
}

/// The atoms between two offsets: kind, start and end of the body.
fn atoms(look: &mut Look<'_, '_>, start: u64, end: u64) -> Vec<([u8; 4], u64, u64)> {
    let mut found = Vec::new();
    let mut at = start;
    while found.len() < ATOMS && at.saturating_add(8) <= end {
        let header = look.read(at, 16);
        let (Some(size), Some(kind)) = (be(header, 0, 4), header.get(4..8)) else { break };
        let (size, body) = match size {
            0 => (end - at, 8),
            1 => (be(header, 8, 8).unwrap_or(0), 16),
            size => (size, 8),
        };
        let Some(next) = at.checked_add(size).filter(|_| size >= body) else { break };
        let Ok(kind) = kind.try_into() else { break };
        found.push((kind, at + body, next.min(end)));
        at = next;
    }
    found
}
