//! Tests of pictures that need more than one comparison, one function a base type.

use super::{Look, Named, be, le, trim_start};

/// Fujifilm raw: the embedded JPEG must be there.
pub(super) fn raf(look: &mut Look<'_, '_>) -> Option<Named> {
    let (at, len) = (be(look.head, 84, 4)?, be(look.head, 88, 4)?);
    let has_preview = at == 0 || at.checked_add(len)? <= look.source.size();
    let fits = look.is(b"FUJIFILM") && look.head.len() >= 0x70 && at & 0x8000 == 0 && has_preview;
    if !fits {
        return None;
    }
    // A file with a second raw header of its own says so in its type.
    let is_multiple = be(look.head, 72, 4)? != 0;
    let named = look.name(look.base);
    Some(if is_multiple { Named { file_type: "RAF (M-RAW)".into(), ..named } } else { named })
}

/// JPEG 2000: boxes or a bare codestream.
pub(super) fn jpeg_2000(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.is(b"\xff\x4f\xff\x51\0") {
        return Some(look.name("J2C"));
    }
    let fits = look.is(b"\0\0\0\x0cjP  \x0d\x0a\x87\x0a") || look.is(b"\0\0\0\x0cjP\x1a\x1a\x0d\x0a\x87\x0a");
    fits.then(|| look.name(jp2_brand(look)))
}

/// JPEG XL: boxes or a bare codestream.
pub(super) fn jpeg_xl(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.is(b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a") && look.at(16, b"ftyp") {
        return Some(look.name(jp2_brand(look)));
    }
    (look.is(b"\xff\x0a") && look.head.len() >= 12)
        .then(|| look.name("JXL Codestream").with_mime("image/jxl").with_extension("jxl"))
}

fn jp2_brand(look: &Look<'_, '_>) -> &'static str {
    match look.head.get(16..24) {
        Some(b"ftypjpx ") => "JPX",
        Some(b"ftypjpm ") => "JPM",
        Some(b"ftypjxl ") => "JXL",
        Some(b"ftypjph ") => "JPH",
        _ => look.base,
    }
}

/// PNG and its relatives; a PNG is animated when a control chunk precedes the image.
pub(super) fn png(look: &mut Look<'_, '_>) -> Option<Named> {
    match look.head.get(..8)? {
        b"\x89PNG\r\n\x1a\n" => {}
        b"\x8aMNG\r\n\x1a\n" => return Some(look.name("MNG")),
        b"\x8bJNG\r\n\x1a\n" => return Some(look.name("JNG")),
        _ => return None,
    }
    let named = look.name("PNG");
    let mut at = 8;
    for _ in 0..64 {
        let header = look.read(at, 8);
        let Some(len) = be(header, 0, 4) else { break };
        match header.get(4..) {
            Some(b"acTL") => return Some(named.over_with("APNG", "PNG")),
            Some(b"IDAT") | None => break,
            Some(_) => at += len + 12,
        }
    }
    Some(named)
}

/// Portable bitmap, graymap, pixmap; the header's numbers must be numbers.
pub(super) fn portable_map(look: &mut Look<'_, '_>) -> Option<Named> {
    let file_type = match look.head.get(..2)? {
        b"P1" | b"P4" => "PBM",
        b"P2" | b"P5" => "PGM",
        b"P3" | b"P6" => "PPM",
        _ => return None,
    };
    let mut rest = &look.head[2..];
    let numbers = if file_type == "PBM" { 2 } else { 3 };
    for _ in 0..numbers {
        let before = rest.len();
        rest = trim_start(rest);
        if rest.len() == before {
            return None;
        }
        while rest.starts_with(b"#") {
            let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'))?;
            rest = trim_start(&rest[end..]);
        }
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        rest = &rest[digits..];
    }
    let ends = rest.first().is_some_and(|b| matches!(b, b'\t'..=b'\r' | b' '));
    ends.then(|| look.name(file_type))
}

/// WebP: plain, lossless or extended, by the chunks before the image.
pub(super) fn webp(look: &mut Look<'_, '_>) -> Option<Named> {
    let named = look.name("WEBP").with_mime("image/webp");
    Some(match look.head.get(12..16) {
        Some(b"VP8X") => {
            let mut at = 12;
            let mut is_lossless = false;
            for _ in 0..16 {
                let header = look.read(at, 8);
                let Some(len) = le(header, 4, 4) else { break };
                if header.starts_with(b"VP8L") {
                    is_lossless = true;
                }
                at += 8 + len + (len & 1);
            }
            let file_type = if is_lossless { "Extended WEBP (lossless)" } else { "Extended WEBP" };
            Named { file_type: file_type.into(), ..named }.with_extension("webp")
        }
        Some(b"VP8L") => Named { file_type: "WEBP (lossless)".into(), ..named }.with_extension("webp"),
        _ => named,
    })
}

/// Colour profile, by class and spaces.
pub(super) fn icc(look: &mut Look<'_, '_>) -> Option<Named> {
    static CLASSES: &[&[u8]] =
        &[b"scnr", b"mntr", b"prtr", b"link", b"spac", b"abst", b"nmcl", b"nkpf", b"cenc", b"mid ", b"mlnk", b"mvis"];
    static SPACES: &[&[u8]] = &[
        b"XYZ ",
        b"Lab ",
        b"Luv ",
        b"YCbr",
        b"Yxy ",
        b"RGB ",
        b"GRAY",
        b"HSV ",
        b"HLS ",
        b"CMYK",
        b"CMY ",
        b"\0\0\0\0",
    ];
    let is_space = |space: &[u8]| {
        SPACES.contains(&space)
            || space.starts_with(b"nc")
            || matches!(space, [b'2'..=b'9' | b'A'..=b'F', b'C', b'L', b'R'])
    };
    let class = look.head.get(12..16)?;
    let (space, connection) = (look.head.get(16..20)?, look.head.get(20..24)?);
    look.plain(CLASSES.contains(&class) && is_space(space) && is_space(connection))
}

/// Macintosh picture, bare or behind 512 bytes of nothing.
pub(super) fn pict(look: &mut Look<'_, '_>) -> Option<Named> {
    // The first test is weak; both places are tried as a whole afterwards.
    let is_op = |at: usize| look.at(at, b"\x11\x01") || look.at(at, b"\0\x11");
    if !is_op(10) && !is_op(522) {
        return None;
    }
    let at = [0, 512].into_iter().find(|at| is_picture(look.head.get(*at..).unwrap_or_default()))?;
    let side = |index: usize| be(look.head, at + 2 + 2 * index, 2).map(|n| i64::from(n as u16 as i16));
    let (top, left, bottom, right) = (side(0)?, side(1)?, side(2)?, side(3)?);
    look.plain(bottom > top && right > left)
}

fn is_picture(data: &[u8]) -> bool {
    match data.get(10..12) {
        Some(b"\x11\x01") => true,
        Some(b"\0\x11") => {
            let next = data.get(12..18).filter(|_| data.len() >= 40);
            let sizes = be(data, 20, 4) > Some(0) && be(data, 24, 4) > Some(0);
            next == Some(b"\x02\xff\x0c\x00\xff\xff") || (next == Some(b"\x02\xff\x0c\x00\xff\xfe") && sizes)
        }
        _ => false,
    }
}

/// Electron density maps: axes, mark and byte order.
pub(super) fn mrc(look: &mut Look<'_, '_>) -> Option<Named> {
    let is_axis = |at: usize| matches!(le(look.head, at, 4), Some(1..=3));
    let mark = look.at(208, b"MAP\0") || look.at(208, b"MAP ");
    let order = [b"\x44\x44\0\0", b"\x44\x41\0\0", b"\x11\x11\0\0"].iter().any(|order| look.at(212, *order));
    look.plain(is_axis(64) && is_axis(68) && is_axis(72) && mark && order && look.head.len() >= 1024)
}
