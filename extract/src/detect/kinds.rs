//! The base types in the order in which an unknown file is tested, each with its test.
//!
//! Signatures of one line stand here; what needs more has a function in a sibling. ExifTool's order counts: strong
//! signatures first, guesses last.

use super::{
    Look, Named, Sniff, be, executable, find, id3, le, matroska, ole, pictures, quicktime, text, tiff, various, xml,
    zip,
};

/// Base types that are recognised and never read: their extensions do not change the order.
pub(super) static UNREAD: &[&str] =
    &["ALIAS", "AVC", "BZ2", "DEX", "DCX", "DIR", "DWF", "DWG", "DXF", "LRI", "PHP", "TAR", "WMF"];

/// The test of a base type.
pub(super) fn by_base(base: &str) -> Option<Sniff> {
    BY_EXTENSION.iter().chain(ORDER).find(|(name, _)| *name == base).map(|(_, sniff)| *sniff)
}

/// Base types that only an extension leads to.
static BY_EXTENSION: &[(&str, Sniff)] = &[
    ("BTF", |l| l.plain(l.is(b"MM\0\x2b\0\x08\0\0") || l.is(b"II\x2b\0\x08\0\0\0"))),
    ("COS", xml::xml),
    ("DV", various::dv_anywhere),
    ("EPS", various::postscript),
    ("EXIF", |l| if l.is(b"II\x2a\0") || l.is(b"MM\0\x2a") { tiff::tiff(l) } else { None }),
    ("MXF", |l| l.plain(find(l.head, MXF_KEY).is_some())),
    ("ORF", tiff::tiff),
    ("PFM2", pfm),
    ("RAW", |l| l.plain(l.at(25, b"ARECOYK") && l.head.len() >= 156)),
    ("RWZ", |l| l.plain(l.is(b"rawzor"))),
];

const MXF_KEY: &[u8] = b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02";

/// All base types, in the order of testing.
pub(super) static ORDER: &[(&str, Sniff)] = &[
    ("JPEG", |l| l.plain(l.is(b"\xff\xd8\xff"))),
    ("EXV", |l| l.plain(l.is(b"\xff\x01Exiv2"))),
    ("CRW", |l| l.plain((l.is(b"II") || l.is(b"MM")) && (l.at(6, b"HEAPCCDR") || l.at(6, b"HEAPJPGM")))),
    ("DR4", |l| l.plain(l.is(b"IIII") && matches!(l.head.get(4), Some(4 | 5 | b'|')) && l.at(5, b"\0\x04\0"))),
    ("TIFF", tiff::tiff),
    ("GIF", |l| l.plain(l.is(b"GIF87a") || l.is(b"GIF89a"))),
    ("MRW", |l| l.plain((l.is(b"\0MRM") || l.is(b"\0MRI")) && l.head.len() >= 8)),
    ("RAF", pictures::raf),
    ("X3F", |l| l.plain(l.is(b"FOVb") && l.head.len() >= 40)),
    ("JP2", pictures::jpeg_2000),
    ("PNG", pictures::png),
    ("MIE", |l| l.plain((l.is(b"~\x10\x04") || l.is(b"~\x18\x04")) && l.at(4, b"0MIE"))),
    ("MIFF", |l| l.plain(l.is(b"id=ImageMagick"))),
    ("PS", various::postscript),
    ("PDF", various::pdf),
    ("PSD", |l| match l.head.get(..6)? {
        b"8BPS\0\x01" if l.head.len() >= 30 => Some(l.name("PSD")),
        b"8BPS\0\x02" if l.head.len() >= 30 => Some(l.name("PSB")),
        _ => None,
    }),
    ("XMP", xml::xml),
    ("BMP", |l| {
        let len = le(l.head, 14, 4)?;
        let fits = matches!(len, 12 | 16 | 40..1_000_000) && l.source.size() >= 14 + len;
        l.plain(l.is(b"BM") && fits)
    }),
    ("WPG", |l| l.plain(l.is(b"\xffWPC") && l.head.len() >= 16)),
    ("BPG", |l| l.plain(l.is(b"BPG\xfb") && l.head.len() >= 21)),
    ("PPM", pictures::portable_map),
    ("WV", |l| l.plain(l.is(b"wvpk") && (l.at(8, b"\x02\x04") || l.at(8, b"\x10\x04")) && l.head.len() >= 32)),
    ("RIFF", various::riff),
    ("AIFF", various::aiff),
    ("ASF", various::asf),
    ("MOV", quicktime::movie),
    ("MPEG", |l| l.plain(l.is(b"\0\0\x01") && matches!(l.head.get(3), Some(0xb0..=0xbf)))),
    ("Real", various::real),
    ("SWF", |l| l.plain((l.is(b"FWS") || l.is(b"CWS")) && l.head.len() >= 8 && l.head[3] != 0)),
    ("PSP", |l| l.plain(l.is(b"Paint Shop Pro Image File\x0a\x1a\0\0\0\0\0") && l.head.len() >= 36)),
    ("FLV", |l| l.plain(l.is(b"FLV\x01") && l.head.len() >= 9)),
    ("OGG", id3::audio),
    ("FLAC", id3::audio),
    ("APE", id3::audio),
    ("MPC", id3::audio),
    ("MKV", matroska::matroska),
    ("MXF", |l| l.plain(l.is(MXF_KEY))),
    ("DV", various::dv),
    ("PMP", |l| l.plain(l.at(8, b"\0\0\0\x7c") && l.at(124, b"\xff\xd8\xff\xdb"))),
    ("IND", |l| {
        let is = l.is(b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d");
        let kind = l.head.get(16..24)?;
        is.then(|| l.name(if kind == b"DOCUMENT" { "INDD" } else { "IND" }))
    }),
    ("PGF", |l| l.plain(l.is(b"PGF") && l.head.len() >= 24)),
    ("ICC", pictures::icc),
    ("ITC", |l| l.plain(l.at(4, b"itch") && matches!(be(l.head, 0, 4), Some(0x1c..0x10000)))),
    ("FLIR", |l| match l.head.get(..4)? {
        b"FFF\0" if l.head.len() >= 64 => Some(l.name("FLIR")),
        b"AFF\0" if l.head.len() >= 64 => Some(l.name("SEQ")),
        _ => None,
    }),
    ("FLIF", |l| l.plain(l.is(b"FLIF") && matches!(l.head.get(4..6), Some([b'0'..=0x6f, b'0'..=b'2'])))),
    ("FPF", |l| l.plain(l.is(b"FPF Public Image Format\0") && l.head.len() >= 892)),
    ("LFP", |l| l.plain(l.is(b"\x89LFP\x0d\x0a\x1a\x0a") && l.head.len() >= 16)),
    ("HTML", xml::html),
    ("VRD", |l| l.plain(l.is(b"CANON OPTIONAL DATA\0"))),
    ("RTF", various::rtf),
    ("FIT", |l| l.plain(l.at(8, b".FIT"))),
    ("FITS", |l| l.plain(l.is(b"SIMPLE  =                    T") && l.head.len() >= 80)),
    ("XISF", |l| l.plain(l.is(b"XISF0100") && l.head.len() >= 16)),
    ("XCF", |l| l.plain(l.is(b"gimp xcf ") && l.head.len() >= 26)),
    ("DSF", |l| l.plain(l.is(b"DSD \x1c\0\0\0\0\0\0\0") && l.at(28, b"fmt "))),
    ("DSS", |l| match l.head.get(..4)? {
        b"\x02dss" if l.head.len() > 68 => Some(l.name("DSS")),
        b"\x03ds2" if l.head.len() > 68 => Some(l.name("DS2")),
        _ => None,
    }),
    ("QTIF", |l| {
        let fits = [b"idsc", b"idat", b"iicc"].iter().any(|atom| l.at(4, *atom));
        if fits { quicktime::movie(l) } else { None }
    }),
    ("FPX", ole::compound),
    ("PICT", pictures::pict),
    ("ZIP", zip::zip),
    ("GZIP", |l| l.plain(l.is(b"\x1f\x8b\x08"))),
    ("PLIST", xml::plist),
    ("RAR", |l| l.plain(l.is(b"Rar!\x1a\x07\0") || l.is(b"Rar!\x1a\x07\x01\0"))),
    ("7Z", |l| l.plain(l.is(b"7z\xbc\xaf\x27\x1c"))),
    ("BZ2", |l| {
        l.plain(l.is(b"BZh") && matches!(l.head.get(3), Some(b'1'..=b'9')) && l.at(4, b"\x31\x41\x59\x26\x53\x59"))
    }),
    ("CZI", |l| l.plain(l.is(b"ZISRAWFILE\0\0\0\0\0\0") && l.head.len() >= 100)),
    ("TAR", |l| l.plain(l.at(257, b"ustar\0") || l.at(257, b"ustar  \0"))),
    ("EXE", executable::executable),
    ("EXR", |l| l.plain(l.is(b"\x76\x2f\x31\x01") && l.head.len() >= 8)),
    ("HDR", |l| l.plain(l.is(b"#?RADIANCE\x0a") || l.is(b"#?RGBE\x0a"))),
    ("CHM", |l| {
        let class = b"\x10\xfd\x01\x7c\xaa\x7b\xd0\x11\x9e\x0c\0\xa0\xc9\x22\xe6\xec";
        l.plain(l.is(b"ITSF") && l.at(24, class))
    }),
    ("LNK", various::shortcut),
    ("WMF", |l| l.plain(l.is(b"\xd7\xcd\xc6\x9a\0\0") || l.is(b"\x01\0\x09\0\0\x03"))),
    ("AVC", |l| l.plain(l.is(b"+A+V+C+"))),
    ("DEX", |l| l.plain(l.is(b"dex\n035\0"))),
    ("DPX", |l| l.plain((l.is(b"SDPX") || l.is(b"XPDS")) && l.head.len() >= 2080)),
    ("Font", various::font),
    ("JUMBF", |l| {
        let fits = l.at(4, b"jumb\0") && l.at(12, b"jumd");
        fits.then(|| l.name(if l.at(16, b"c2pa") { "C2PA" } else { "JUMBF" }))
    }),
    ("RSRC", various::resource_fork),
    ("M2TS", various::transport_stream),
    ("MacOS", |l| {
        let fits = l.is(b"\0\x05\x16\x07\0") && l.at(6, b"\0\0Mac OS X        ");
        let extension = l.extension.to_owned();
        l.plain(fits).map(|named| if extension.is_empty() { named } else { named.with_extension(extension) })
    }),
    ("PHP", |l| l.plain(l.is(b"<?php") && matches!(l.head.get(5), Some(b'\t'..=b'\r' | b' ')))),
    ("PCX", |l| {
        let fits = matches!(l.head.get(..4), Some([0x0a, 0..=5, 1, 1 | 2 | 4 | 8])) && l.head.len() >= 80;
        l.plain(fits && l.head[68] <= 2)
    }),
    ("DCX", |l| l.plain(l.is(b"\xb1\x68\xde\x3a"))),
    ("DWF", |l| l.plain(l.is(b"(DWF V") && l.head.get(6).is_some_and(u8::is_ascii_digit))),
    ("DWG", |l| l.plain(matches!(l.head.get(..7), Some([b'A', b'C', b'1', b'0', b'0'..=b'9', b'0'..=b'9', 0])))),
    ("DXF", various::dxf),
    ("WTV", |l| {
        let guid = b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d";
        l.plain(l.is(guid) && l.head.len() >= 0x60)
    }),
    ("Torrent", various::torrent),
    ("VCard", text::card),
    ("LRI", |l| l.plain(l.is(b"LELR \0"))),
    ("R3D", |l| l.plain(l.is(b"\0\0") && (l.at(4, b"RED1") || l.at(4, b"RED2")) && be(l.head, 0, 4) >= Some(8))),
    ("AA", |l| l.plain(l.at(4, b"\x57\x90\x75\x36") && be(l.head, 0, 4) == Some(l.source.size()))),
    ("PDB", various::palm),
    ("PFM2", pfm),
    ("MRC", pictures::mrc),
    ("LIF", |l| l.plain(l.is(b"\x70\0\0\0") && l.at(8, b"\x2a") && l.at(13, b"<\0"))),
    ("JXL", pictures::jpeg_xl),
    ("MOI", |l| l.plain(l.is(b"V6") && l.head.len() >= 256 && be(l.head, 2, 4) == Some(l.source.size()))),
    ("ISO", |l| {
        let sector = l.read(32768, 2048);
        let fits = sector.len() == 2048 && matches!(sector[0], 0..=3 | 0xff) && sector[1..].starts_with(b"CD001");
        l.plain(fits)
    }),
    ("ALIAS", |l| l.plain(l.is(b"book\0\0\0\0mark\0\0\0\0"))),
    ("PCAP", various::capture),
    ("JSON", text::json),
    ("MP3", id3::mp3),
    ("KVAR", various::kvar),
    ("TNEF", |l| l.plain(l.is(b"\x78\x9f\x3e\x22") && l.at(6, b"\x01\x06\x90\x08\0") && l.head.len() >= 21)),
    ("DICOM", various::dicom),
    ("PCD", |l| {
        let sector = l.read(2048, 2048);
        let fits = sector.len() == 2048 && sector.starts_with(b"PCD_IPI");
        l.plain(fits)
    }),
    ("NKA", |l| {
        let fits = l.is(b"NIKONADJ") && le(l.head, 49, 4)?.saturating_add(0x35) <= l.source.size();
        l.plain(fits).map(|named| named.with_mime("application/x-nikon-nxstudio"))
    }),
    ("ICO", |l| match l.head.get(..6)? {
        [0, 0, 1, 0, count, 0] if *count != b'0' => Some(l.name("ICO")),
        [0, 0, 2, 0, count, 0] if *count != b'0' => Some(l.name("CUR")),
        _ => None,
    }),
    ("TXT", text::text),
    ("AAC", various::aac),
];

/// Portable float map: `PF` or `Pf`, width, height and scale on lines of their own.
fn pfm(look: &mut Look<'_, '_>) -> Option<Named> {
    let mut lines = look.head.get(..256.min(look.head.len()))?.split(|&b| b == b'\n');
    let is_magic = matches!(lines.next()?, b"PF" | b"Pf");
    let (width, height) = split_once(lines.next()?, b' ')?;
    let scale = lines.next()?;
    let is_count = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let is_scale = !scale.is_empty() && scale.iter().all(|b| matches!(b, b'-' | b'+' | b'.' | b'0'..=b'9'));
    // What follows the scale's line must be there: the line has to end.
    let ends = lines.next().is_some();
    let fits = is_magic && is_count(width) && is_count(height) && is_scale && ends;
    fits.then(|| look.name("PFM").with_mime("image/x-pfm"))
}

fn split_once(data: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let index = data.iter().position(|&b| b == at)?;
    Some((&data[..index], &data[index + 1..]))
}
