//! Media types by shared-mime-info's names, also for files that ExifTool does not know.
//!
//! First what the type says, then our own signatures, then the extension of what is text or has no signature.

use super::{Named, contains, media_types, ole, zip};
use crate::{Name, Source};

/// Bytes at a place that tell a format ExifTool does not read.
static SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf"),
    (0, b"CDF\x01", "application/x-netcdf"),
    (0, b"CDF\x02", "application/x-netcdf"),
    (0, b"CDF\x05", "application/x-netcdf"),
    (344, b"n+1\0", "image/x.nifti"),
    (344, b"ni1\0", "image/x.nifti"),
    (4, b"n+2\0", "image/x.nifti"),
    (4, b"ni2\0", "image/x.nifti"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),
    (0, b"MSCF", "application/vnd.ms-cab-compressed"),
    (0, b"070701", "application/x-cpio"),
    (0, b"070702", "application/x-cpio"),
    (0, b"070707", "application/x-cpio"),
    (0, b"\xc7\x71", "application/x-cpio"),
    (257, b"ustar", "application/x-tar"),
    (0, b"MThd", "audio/midi"),
    (0, b".snd", "audio/basic"),
    (0, b"#!AMR-WB\n", "audio/AMR-WB"),
    (0, b"#!AMR", "audio/AMR"),
    (0, b"FRM8", "audio/x-dff"),
    (0, b"\x0b\x77", "audio/ac3"),
    (0, b"Extended Module: ", "audio/x-xm"),
    (0, b"IMPM", "audio/x-it"),
    (44, b"SCRM", "audio/x-s3m"),
    (1080, b"M.K.", "audio/x-mod"),
    (0, b"DDS ", "image/x-dds"),
    (0, b"icns", "image/x-icns"),
    (0, b"qoif", "image/qoi"),
    (0, b"\x01\xda", "image/x-sgi"),
    (0, b"\0\0\x02\0\x06\x04\x06\0", "application/vnd.lotus-1-2-3"),
    (0, b"\0\0\x02\0\x04\x04", "application/vnd.lotus-1-2-3"),
    (0, b"\0\0\x1a\0", "application/vnd.lotus-1-2-3"),
    (0, b"MATLAB ", "application/x-matlab-data"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"%FDF-", "application/vnd.fdf"),
    (0, b"glTF", "model/gltf-binary"),
    (0, b"\0asm", "application/wasm"),
];

/// Extensions of text and of formats without a signature, in upper case.
static EXTENSIONS: &[(&str, &str)] = &[
    ("ASC", "text/plain"),
    ("BIB", "text/x-bibtex"),
    ("C", "text/x-csrc"),
    ("CFG", "text/plain"),
    ("CMAKE", "text/x-cmake"),
    ("CONF", "text/plain"),
    ("CPP", "text/x-c++src"),
    ("CSS", "text/css"),
    ("DIFF", "text/x-patch"),
    ("EML", "message/rfc822"),
    ("FB2", "application/x-fictionbook+xml"),
    ("FODT", "application/vnd.oasis.opendocument.text-flat-xml"),
    ("FODS", "application/vnd.oasis.opendocument.spreadsheet-flat-xml"),
    ("FODP", "application/vnd.oasis.opendocument.presentation-flat-xml"),
    ("FODG", "application/vnd.oasis.opendocument.graphics-flat-xml"),
    ("GO", "text/x-go"),
    ("GPX", "application/gpx+xml"),
    ("H", "text/x-chdr"),
    ("HPP", "text/x-c++hdr"),
    ("ICS", "text/calendar"),
    ("INI", "text/plain"),
    ("JAVA", "text/x-java"),
    ("JS", "application/javascript"),
    ("KML", "application/vnd.google-earth.kml+xml"),
    ("LOG", "text/x-log"),
    ("LUA", "text/x-lua"),
    ("MBOX", "application/mbox"),
    ("MD", "text/markdown"),
    ("MARKDOWN", "text/markdown"),
    ("PATCH", "text/x-patch"),
    ("PL", "application/x-perl"),
    ("PY", "text/x-python"),
    ("RB", "application/x-ruby"),
    ("RS", "text/rust"),
    ("RST", "text/x-rst"),
    ("SH", "application/x-shellscript"),
    ("SQL", "application/sql"),
    ("SRT", "application/x-subrip"),
    ("TEX", "text/x-tex"),
    ("TGA", "image/x-tga"),
    ("TOML", "application/toml"),
    ("TS", "text/vnd.trolltech.linguist"),
    ("TSV", "text/tab-separated-values"),
    ("TTML", "application/ttml+xml"),
    ("VTT", "text/vtt"),
    ("YAML", "application/x-yaml"),
    ("YML", "application/x-yaml"),
];

/// The media type of a file: by its type where it has one, else by signature, else by extension.
pub(super) fn of(named: Option<&Named>, head: &[u8], extension: &str, source: &Source<'_>) -> Name {
    let by_extension = || EXTENSIONS.iter().find(|(name, _)| *name == extension).map(|(_, mime)| Name::from(*mime));
    match named {
        None if source.size() == 0 => "application/x-zerosize".into(),
        None => by_signature(head)
            .map(Name::from)
            .or_else(by_extension)
            .unwrap_or_else(|| "application/octet-stream".into()),
        Some(named) => match &*named.file_type {
            "TXT" | "XML" => by_extension().unwrap_or_else(|| named.mime.clone()),
            "HTML" if contains(head, b"<?xml") => "application/xhtml+xml".into(),
            "ZIP" => zipped(named, head, extension),
            "FPX" if ole::has_stream(head, "__substg1.0_") || extension == "MSG" => "application/vnd.ms-outlook".into(),
            "PLIST" => named.mime.clone(),
            "Static library" if head.starts_with(b"!<arch>\ndebian-binary") => {
                "application/vnd.debian.binary-package".into()
            }
            kind if kind.ends_with(" script") => script(head).into(),
            kind => by_type(kind).map_or_else(|| named.mime.clone(), Name::from),
        },
    }
}

fn by_signature(head: &[u8]) -> Option<&'static str> {
    let fits = |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    SIGNATURES.iter().find(|(at, bytes, _)| fits(*at, bytes)).map(|(.., mime)| *mime)
}

fn zipped(named: &Named, head: &[u8], extension: &str) -> Name {
    match extension {
        "APK" => "application/vnd.android.package-archive".into(),
        "JAR" => "application/x-java-archive".into(),
        _ if zip::first_member_is(head, b"META-INF/") => "application/x-java-archive".into(),
        _ => named.mime.clone(),
    }
}

/// A script by the interpreter that its first line names, directly or through `env`.
fn script(head: &[u8]) -> &'static str {
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let kinds: [(&[u8], &str); 5] = [
        (b"python", "text/x-python"),
        (b"perl", "application/x-perl"),
        (b"ruby", "application/x-ruby"),
        (b"php", "application/x-php"),
        (b"sh", "application/x-shellscript"),
    ];
    kinds.iter().find(|(name, _)| contains(line, name)).map_or("text/plain", |(_, mime)| mime)
}

fn by_type(kind: &str) -> Option<&'static str> {
    Some(match kind {
        _ if kind.starts_with("Win") || kind == "DOS EXE" => "application/x-ms-dos-executable",
        "ELF executable" => "application/x-executable",
        "ELF shared library" => "application/x-sharedlib",
        "ELF object file" => "application/x-object",
        "Static library" => "application/x-archive",
        "Java bytecode" => "application/x-java",
        "Extended WEBP" | "WEBP (lossless)" | "Extended WEBP (lossless)" => "image/webp",
        _ => return media_types::shared(kind),
    })
}
