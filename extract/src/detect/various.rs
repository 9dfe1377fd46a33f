//! Tests of audio, video, documents, fonts and the rest that need more than one comparison.

use super::{Look, Named, TESTED, be, contains, find, le, trim_start};
use crate::bytes::{until_nul, utf8};

/// PostScript, plain or with a DOS header, Illustrator files and Type 1 fonts.
pub(super) fn postscript(look: &mut Look<'_, '_>) -> Option<Named> {
    let start = if look.is(b"\xc5\xd0\xd3\xc6") {
        le(look.head, 4, 4).filter(|_| look.head.len() >= 30)?
    } else if look.is(b"%!PS") || look.is(b"%!Adobe-PS") {
        0
    } else {
        return None;
    };
    if [&b"%!PS-AdobeFont-"[..], b"%!PS-Bitstream ", b"%!FontType1-"].iter().any(|magic| look.is(magic)) {
        return Some(look.name("PFA"));
    }
    let broken = if look.extension == "AI" { "AI" } else { "PS" };
    let text = look.read(start, 1024).to_vec();
    if !text.starts_with(b"%!") {
        return Some(look.name(broken));
    }
    let is_line_end = |b: &u8| matches!(b, b'\r' | b'\n');
    let Some(end) = text.get(..256.min(text.len())).and_then(|text| text.iter().position(is_line_end)) else {
        return Some(look.name(broken));
    };
    let second = text[end..].iter().position(|b| !is_line_end(b)).map_or(&[][..], |skip| &text[end + skip..]);
    Some(look.name(match contains(&text[..end], b"EPSF") {
        true => "EPS",
        false if second.starts_with(b"%%Creator: Adobe Illustrator") => "AI",
        false => "PS",
    }))
}

/// PDF, whose header may follow white space.
pub(super) fn pdf(look: &mut Look<'_, '_>) -> Option<Named> {
    let rest = trim_start(look.head.get(..TESTED.min(look.head.len()))?).strip_prefix(b"%PDF-")?;
    let major = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let minor = rest.get(major..)?.strip_prefix(b".")?.first()?;
    look.plain(major > 0 && minor.is_ascii_digit() && look.head.len() >= 8)
}

/// RIFF and the lossless audio formats that borrow from it.
pub(super) fn riff(look: &mut Look<'_, '_>) -> Option<Named> {
    let kind = look.head.get(8..12)?;
    let (file_type, mime) = match look.head.get(..4)? {
        b"RIFF" | b"RF64" => match kind {
            b"WAVE" => ("WAV", "audio/x-wav"),
            b"AVI " => ("AVI", "video/x-msvideo"),
            b"WEBP" => return super::pictures::webp(look),
            _ => return Some(look.name(look.base)),
        },
        other => {
            let start = look.head.get(12..)?;
            let fits = find(start, b"WAVE").is_some_and(|at| {
                let rest = &start[at + 4..];
                [0, 4]
                    .iter()
                    .any(|skip| rest.get(*skip..).is_some_and(|r| r.starts_with(b"junk") || r.starts_with(b"fmt ")))
            });
            match other {
                b"LA02" | b"LA03" | b"LA04" if fits => ("LA", "audio/x-nspaudio"),
                b"OFR " if fits => ("OFR", "audio/x-ofr"),
                b"LPAC" if fits => ("PAC", "audio/x-lpac"),
                b"wvpk" if fits => ("WV", "audio/x-wavpack"),
                _ => return None,
            }
        }
    };
    let named = look.name(file_type).with_mime(mime);
    let is_long = look.is(b"RF64");
    Some(if is_long { Named { file_type: format!("{} (RF64)", named.file_type).into(), ..named } } else { named })
}

/// AIFF and DjVu.
pub(super) fn aiff(look: &mut Look<'_, '_>) -> Option<Named> {
    match (look.head.get(..4)?, look.head.get(8..12)?) {
        (b"FORM", b"AIFF") => Some(look.name("AIFF")),
        (b"FORM", b"AIFC") => Some(look.name("AIFC")),
        (b"AT&T", _) if look.at(4, b"FORM") => match look.head.get(12..16)? {
            b"DJVU" => Some(look.name("DJVU")),
            b"DJVM" => Some(Named { file_type: "DJVU (multi-page)".into(), ..look.name("DJVU") }),
            _ => None,
        },
        _ => None,
    }
}

/// Advanced Systems Format; its members are told apart by extension.
pub(super) fn asf(look: &mut Look<'_, '_>) -> Option<Named> {
    let fits = look.is(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c") && look.head.len() >= 24;
    fits.then(|| match look.extension {
        "WMV" => look.name("WMV"),
        "WMA" => look.name("WMA"),
        "DIVX" => look.name("DIVX"),
        _ => look.name("ASF"),
    })
}

/// Real media, audio and lists of addresses.
pub(super) fn real(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.is(b".RMF") {
        let named = look.name("RM");
        return Some(match stream_type(look) {
            Some(mime) => Named { mime: mime.into(), ..named },
            None => named,
        });
    }
    if look.is(b".ra\xfd") {
        return Some(look.name("RA"));
    }
    let is_list = [&b"pnm://"[..], b"rtsp://", b"http://"].iter().any(|scheme| look.is(scheme));
    let line = look.head.split(|b| matches!(b, b'\r' | b'\n')).next()?;
    if !is_list || line.len() > 256 {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    let is_real = [&b".ra"[..], b".rm", b".rv", b".rmvb", b".smil"].iter().any(|end| lower.ends_with(end));
    (is_real || !line.starts_with(b"http")).then(|| look.name(if look.extension == "RPM" { "RPM" } else { "RAM" }))
}

/// The media type of a Real media file's only stream.
fn stream_type(look: &mut Look<'_, '_>) -> Option<String> {
    let mut types = Vec::new();
    let mut at = be(look.head, 4, 4)?;
    for _ in 0..32 {
        let chunk = look.read(at, 10 + 30 + 2 * 256);
        let Some(len) = be(chunk, 4, 4).filter(|len| (10..1 << 31).contains(len)) else { break };
        match &chunk[..4] {
            b"DATA" | b"\0\0\0\0" => break,
            b"MDPR" => {
                let name_len = usize::from(*chunk.get(40)?);
                let mime_len = usize::from(*chunk.get(41 + name_len)?);
                let mime = until_nul(chunk.get(42 + name_len..42 + name_len + mime_len)?);
                if !mime.is_empty() && !mime.starts_with(b"logical-") {
                    types.push(utf8(mime));
                }
            }
            _ => {}
        }
        at += len;
    }
    if types.len() == 1 { types.pop() } else { None }
}

/// Digital video at the file's beginning.
pub(super) fn dv(look: &mut Look<'_, '_>) -> Option<Named> {
    let fits = look.is(b"\x1f\x07\0\x3f") || look.is(b"\x1f\x07\0\xbf");
    look.plain(fits && look.source.size() >= 480)
}

/// Digital video by its extension: the header block may stand later.
pub(super) fn dv_anywhere(look: &mut Look<'_, '_>) -> Option<Named> {
    let start = look.read(0, 12000);
    let header = start.windows(4).position(|w| matches!(w, [0x1f, 7, 0, 0x3f | 0xbf]));
    let audio =
        start.windows(84).position(|w| matches!(w[..4], [0 | 0xff, 0x3f, 7, 0]) && w[80..] == *b"\xff\x3f\x07\x01");
    let at = header.or_else(|| audio?.checked_add(84)?.checked_sub(163))?;
    let fits = at + 480 <= start.len();
    look.plain(fits)
}

/// Rich text.
pub(super) fn rtf(look: &mut Look<'_, '_>) -> Option<Named> {
    let skip = |data: &'_ [u8]| data.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
    let start = look.head.get(..64.min(look.head.len()))?;
    let rest = start[skip(start)..].strip_prefix(b"{")?;
    let rest = rest[skip(rest)..].strip_prefix(b"\\rtf")?;
    look.plain(!rest.first()?.is_ascii_alphabetic())
}

/// Windows shortcut, binary or text.
pub(super) fn shortcut(look: &mut Look<'_, '_>) -> Option<Named> {
    let class = b"\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    if look.head.len() < 0x4c {
        return None;
    }
    if look.at(4, class) {
        let len = le(look.head, 0, 4)?;
        return look.plain((0x4c..=look.source.size()).contains(&len));
    }
    // Meant is the whole section name; what counts is ExifTool's test: a bracket and one of its characters.
    let is_url = look.is(b"[") && b"[InternetShortcut]\r\n".contains(&look.head[1]);
    is_url.then(|| look.name("URL").with_mime("application/x-mswinurl"))
}

/// Fonts: TrueType and OpenType, collections, web fonts, Type 1 and their metrics.
pub(super) fn font(look: &mut Look<'_, '_>) -> Option<Named> {
    let start = look.head.get(..24.min(look.head.len()))?;
    let table = start.get(4).is_some_and(|b| *b <= 1);
    match start.get(..4)? {
        b"OTTO" if table => return Some(look.name("OTF")),
        b"\0\x01\0\0" | b"true" | b"typ1" if table => return Some(look.name("TTF")),
        b"ttcf" if matches!(start.get(4..8), Some([0, 1 | 2, 0, 0])) => {
            let fonts = be(start, 8, 4).filter(|count| *count < 256)?;
            return (look.source.size() >= 12 + 4 * fonts).then(|| look.name("TTC"));
        }
        b"wOFF" if look.head.len() >= 48 => return Some(look.name("WOFF").with_mime("font/woff")),
        b"wOF2" if look.head.len() >= 48 => return Some(look.name("WOFF2").with_mime("font/woff2")),
        b"Star" => return font_metrics(look),
        _ => {}
    }
    let type_1: [&[u8]; 3] = [b"%!PS-AdobeFont-", b"%!PS-Bitstream ", b"%!FontType1-"];
    if type_1.iter().any(|magic| look.is(magic)) {
        return Some(look.name("PFA"));
    }
    if type_1.iter().any(|magic| look.at(6, magic)) {
        return Some(look.name("PFB"));
    }
    let size = look.source.size();
    let is_metrics = matches!(start, [0, 1 | 2, ..]) && size > 117 && le(start, 2, 4) == Some(size);
    let device = le(look.head, 101, 4).filter(|_| is_metrics)?;
    look.read(device, 11).eq_ignore_ascii_case(b"postscript\0").then(|| look.name("PFM"))
}

fn font_metrics(look: &Look<'_, '_>) -> Option<Named> {
    let kinds: [(&str, &[u8]); 3] =
        [("AFM", b"StartFontMetrics"), ("ACFM", b"StartCompFontMetrics"), ("AMFM", b"StartMasterFontMetrics")];
    let (file_type, rest) = kinds.iter().find_map(|(name, magic)| Some((*name, look.head.strip_prefix(*magic)?)))?;
    let version = trim_start(rest);
    let fits = version.len() < rest.len() && version.first().is_some_and(u8::is_ascii_digit);
    fits.then(|| look.name(file_type).with_mime("application/x-font-afm"))
}

/// A resource fork in a file of its own; with a font in it a data fork font.
pub(super) fn resource_fork(look: &mut Look<'_, '_>) -> Option<Named> {
    if !look.is(b"\0\0\x01\0") && !look.at(4, b"\0\0\x01\0") {
        return None;
    }
    let number = |at: usize| be(look.head, at, 4).filter(|_| look.head.len() >= 30);
    let (data_at, map_at, data_len, map_len) = (number(0)?, number(4)?, number(8)?, number(12)?);
    let (data_end, map_end, size) = (data_at + data_len, map_at + map_len, look.source.size());
    let apart = if data_at < map_at { data_end <= map_at } else { map_at >= data_at || map_end <= data_at };
    if data_at < 0x10 || map_at < 0x10 || map_len < 30 || data_end > size || map_end > size || !apart {
        return None;
    }
    let map = look.read(map_at, map_len.min(65536) as usize).to_vec();
    let (types_at, names_at) = (be(&map, 24, 2)?, be(&map, 26, 2)?);
    if types_at < 28 || names_at < 30 {
        return None;
    }
    let named = look.name("RSRC");
    let count = (be(&map, 28, 2)? + 1) & 0xffff;
    let types = map.get(types_at as usize + 2..).unwrap_or_default().chunks_exact(8).take(count as usize);
    let is_font = types.into_iter().any(|entry| matches!(&entry[..4], b"sfnt" | b"POST"));
    Some(if is_font { named.over("DFONT") } else { named })
}

/// MPEG transport stream, with time codes or without, by the sync bytes of four packets.
pub(super) fn transport_stream(look: &mut Look<'_, '_>) -> Option<Named> {
    let head = look.head;
    if head.len() < 383 {
        return None;
    }
    let sync = |at: usize| head.get(at) == Some(&0x47);
    let (first, code) = (0..=190).find_map(|at| {
        (sync(at) && sync(at + 188)).then_some((at, 0)).or_else(|| (sync(at) && sync(at + 192)).then_some((at, 4)))
    })?;
    let packets = |first: usize, len: usize| (1..4).all(|n| sync(first + n * len));
    // A time code may hold a sync byte itself: then it looks as if there were none.
    let file_type = match code {
        0 if packets(first, 188) => "M2T",
        0 if packets(first, 192) => "M2TS",
        4 if packets(first, 192) => "M2TS",
        _ => return None,
    };
    Some(look.name(file_type))
}

/// AutoCAD exchange: section and header, each after its group code.
pub(super) fn dxf(look: &mut Look<'_, '_>) -> Option<Named> {
    let rest = trim_start(look.head).strip_prefix(b"0")?;
    let spaced = trim_start(rest);
    let rest = spaced.strip_prefix(b"\0").unwrap_or(spaced);
    let rest = trim_start(rest).strip_prefix(b"SECTION")?;
    let rest = trim_start(rest).strip_prefix(b"2")?;
    look.plain(trim_start(rest).starts_with(b"HEADER"))
}

/// BitTorrent: a dictionary with one of the keys that make it one.
pub(super) fn torrent(look: &mut Look<'_, '_>) -> Option<Named> {
    let rest = look.head.strip_prefix(b"d")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let key = rest.get(digits..)?.strip_prefix(b":")?.first()?;
    let fits = digits > 0 && (key.is_ascii_alphanumeric() || *key == b'_');
    let keys: [&[u8]; 3] = [b"8:announce", b"10:created by", b"4:info"];
    let named = look.plain(fits)?;
    let start = look.read(0, 65536);
    keys.iter().any(|key| contains(start, key)).then_some(named)
}

/// Palm database, by its pair of type and creator.
pub(super) fn palm(look: &mut Look<'_, '_>) -> Option<Named> {
    static KINDS: &str = ".pdfADBE TEXtREAd BVokBDIC DB99DBOS PNRdPPrs DataPPrs vIMGView PmDBPmDB InfoINDB ToGoToGo \
        SDocSilX JbDbJBas JfDbJFil DATALSdb Mdb1Mdb1 BOOKMOBI DataPlkr DataSprd SM01SMem TEXtTlDc InfoTlIf DataTlMl \
        DataTlPt dataTDBP TdatTide ToRaTRPW zTXTGPlm BDOCWrdS";
    let kind = look.head.get(60..68).filter(|_| look.head.len() >= 86)?;
    let fits = KINDS.split_ascii_whitespace().any(|known| known.as_bytes() == kind);
    fits.then(|| look.name(if kind == b"BOOKMOBI" { "MOBI" } else { "PDB" }))
}

/// Network captures.
pub(super) fn capture(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.head.len() < 24 {
        return None;
    }
    let big = (look.is(b"\xa1\xb2\xc3\xd4") || look.is(b"\xa1\xb2\x3c\x4d")) && look.head[4] == 0 && look.head[6] == 0;
    let little =
        (look.is(b"\xd4\xc3\xb2\xa1") || look.is(b"\x4d\x3c\xb2\xa1")) && look.head[5] == 0 && look.head[7] == 0;
    if big || little {
        return Some(look.name("PCAP"));
    }
    if look.is(b"\x0a\x0d\x0d\x0a") && (look.at(8, b"\x1a\x2b\x3c\x4d") || look.at(8, b"\x4d\x3c\x2b\x1a")) {
        return Some(look.name("PCAPNG"));
    }
    look.is(b"GMBU\0\x02").then(|| look.name("CAP").with_mime("application/octet-stream").with_extension("cap"))
}

/// Kandao's table of typed values.
pub(super) fn kvar(look: &mut Look<'_, '_>) -> Option<Named> {
    let kinds: [&[u8]; 12] = [
        b"CHAR\0",
        b"BOOL\0",
        b"U8\0",
        b"U16\0",
        b"U32\0",
        b"U64\0",
        b"S8\0",
        b"S16\0",
        b"S32\0",
        b"S64\0",
        b"FLOAT\0",
        b"DOUBLE\0",
    ];
    let fits =
        look.at(2, b"\0\0") && look.head.get(4)?.is_ascii_uppercase() && kinds.iter().any(|kind| look.at(36, kind));
    (fits && look.head.len() >= 44).then(|| look.name("KVAR").with_mime("application/x-kandaostudio"))
}

/// DICOM, or its predecessor without preamble.
pub(super) fn dicom(look: &mut Look<'_, '_>) -> Option<Named> {
    if look.at(128, b"DICM") {
        return Some(look.name("DICOM"));
    }
    let head = look.head;
    let big = matches!(head, [0, 2 | 4 | 6 | 8, 0, 0..=0x20, ..]);
    let little = matches!(head, [2 | 4 | 6 | 8, 0, 0..=0x20, 0, ..]);
    if !(big || little) || head.len() < 132 {
        return None;
    }
    let fits = is_element(head, le) || is_element(head, be);
    fits.then(|| look.name("ACR"))
}

/// Whether a first data element is plausible in a byte order.
fn is_element(head: &[u8], number: fn(&[u8], usize, usize) -> Option<u64>) -> bool {
    const LONG: [&[u8]; 6] = [b"OB", b"OW", b"OF", b"SQ", b"UT", b"UN"];
    let (Some(group), Some(element)) = (number(head, 0, 2), number(head, 2, 2)) else { return false };
    if !(2..=8).contains(&group) || group & 1 != 0 || element > 0x20 {
        return false;
    }
    let kind = &head[4..6];
    let len = if !kind.iter().all(u8::is_ascii_uppercase) {
        number(head, 4, 4)
    } else if LONG.contains(&kind) {
        number(head, 8, 4).filter(|_| head[6..8] == [0, 0])
    } else {
        number(head, 6, 2).filter(|_| element != 0 || kind == b"UL")
    };
    len.is_some_and(|len| len <= 64 && (element != 0 || len == 4))
}

/// Advanced audio coding, by the fields of its first frame header.
pub(super) fn aac(look: &mut Look<'_, '_>) -> Option<Named> {
    let head = look.head.get(..7)?;
    let word = be(head, 0, 4)?;
    let len = (word << 11 & 0x1800) | (be(head, 4, 2)? >> 5 & 0x07ff);
    let sync = matches!(head, [0xff, 0xf0 | 0xf1, ..]);
    look.plain(sync && word >> 16 & 3 != 3 && word >> 12 & 15 <= 12 && len >= 7)
}
