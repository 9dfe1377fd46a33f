//! Which format a file is: by name, first 4 KiB and one look into the container.
//!
//! Types, extensions and media types are ExifTool's (`File:FileType` and so on), found by its rules: the base types
//! that the name's extension stands for are tried first, then all others in a fixed order. A type that ExifTool would
//! not know has no name here; its media type still comes from our own signatures.
//!
//! Called by [`crate::extract`] only. Nothing here trusts a length a file claims.

mod executable;
mod extensions;
mod id3;
mod kinds;
mod matroska;
mod media_types;
mod ole;
mod pictures;
mod quicktime;
mod shared_mime;
mod text;
mod tiff;
mod various;
mod xml;
mod zip;

use crate::{Error, Format, Name, Source, formats};

/// Bytes of the file's beginning that every signature sees.
const HEAD: usize = 4096;
/// Bytes of the file's beginning that ExifTool tests; where a rule depends on it, ours does too.
const TESTED: usize = 1024;

/// The verdict on a file.
#[derive(Debug, Clone)]
pub struct Detected {
    /// The reader, where there is one.
    pub format: Option<&'static Format>,
    /// ExifTool's `File:FileType`; empty when ExifTool would not know the file.
    pub file_type: Name,
    /// ExifTool's `File:FileTypeExtension`, in any case.
    pub extension: Name,
    /// ExifTool's `File:MIMEType`.
    pub exiftool_mime: Name,
    /// shared-mime-info's name.
    pub mime: Name,
}

/// Looks at the name and the first bytes, and where a container needs it once into it.
pub fn detect(source: &mut Source<'_>) -> Result<Detected, Error> {
    let head = source.head(HEAD)?.to_vec();
    let mut extension = source.extension();
    if extension == "TIF" {
        extension = "TIFF".into();
    }
    let mut look = Look { head: &head, extension: &extension, is_known: false, base: "", source, failed: None };
    let named = look.identify();
    if let Some(error) = look.failed.take() {
        return Err(error);
    }
    let mime = shared_mime::of(named.as_ref().map(|(_, named)| named), &head, &extension, source);
    Ok(match named {
        Some((base, named)) => Detected {
            format: reader(base, &named.file_type),
            file_type: named.file_type,
            extension: named.extension,
            exiftool_mime: named.mime,
            mime,
        },
        None => Detected {
            format: None,
            file_type: Name::default(),
            extension: Name::default(),
            exiftool_mime: Name::default(),
            mime,
        },
    })
}

/// The reader of a type: by the type's own name, else by its base type where all of the family is read alike.
fn reader(base: &str, file_type: &str) -> Option<&'static Format> {
    let by_name = |name: &str| formats::ALL.iter().copied().find(|format| format.name == name);
    by_name(file_type).or_else(|| match (base, file_type) {
        ("JPEG" | "PDF" | "TXT", _) | ("PNG", "APNG") => by_name(base),
        _ => None,
    })
}

/// ExifTool's three names of a file's type.
#[derive(Debug)]
struct Named {
    file_type: Name,
    extension: Name,
    mime: Name,
}

impl Named {
    /// The type turns out to be another; the media type stays where the new one has none.
    fn over(mut self, file_type: &'static str) -> Self {
        if self.file_type == file_type {
            return self;
        }
        self.extension = extensions::usual(file_type).unwrap_or(file_type).into();
        if let Some(mime) = media_types::exiftool(file_type) {
            self.mime = mime.into();
        }
        self.file_type = file_type.into();
        self
    }

    /// As [`Named::over`], with an extension that is not the type's.
    fn over_with(self, file_type: &'static str, extension: &'static str) -> Self {
        if self.file_type == file_type {
            return self;
        }
        Self { extension: extension.into(), ..self.over(file_type) }
    }

    fn with_mime(self, mime: &'static str) -> Self {
        Self { mime: mime.into(), ..self }
    }

    fn with_extension(self, extension: impl Into<Name>) -> Self {
        Self { extension: extension.into(), ..self }
    }
}

/// What a test of one base type sees.
struct Look<'a, 'b> {
    /// The first [`HEAD`] bytes, fewer in a shorter file.
    head: &'a [u8],
    /// The name's extension in upper case, `TIF` as `TIFF`.
    extension: &'a str,
    /// Whether the extension belongs to types that are read.
    is_known: bool,
    /// The base type that is being tried.
    base: &'static str,
    source: &'a mut Source<'b>,
    failed: Option<Error>,
}

/// Tests one base type.
type Sniff = fn(&mut Look<'_, '_>) -> Option<Named>;

impl Look<'_, '_> {
    /// The base type that fits, and the names within it.
    fn identify(&mut self) -> Option<(&'static str, Named)> {
        if self.head.is_empty() {
            return None;
        }
        // An extension whose first base type is only known by name, not read, changes nothing.
        let by_name = match extensions::bases(self.extension) {
            [base, ..] if kinds::UNREAD.contains(base) => &[],
            bases => bases,
        };
        self.is_known = !by_name.is_empty();
        for base in by_name {
            if let Some(named) = kinds::by_base(base).and_then(|sniff| self.test(base, sniff)) {
                return Some((base, named));
            }
        }
        kinds::ORDER
            .iter()
            .filter(|(base, _)| !by_name.contains(base))
            .find_map(|(base, sniff)| self.test(base, *sniff).map(|named| (*base, named)))
    }

    fn test(&mut self, base: &'static str, sniff: Sniff) -> Option<Named> {
        self.base = base;
        sniff(self)
    }

    /// Up to `len` bytes at `at`; fewer at the end of the file.
    fn read(&mut self, at: u64, len: usize) -> &[u8] {
        match self.source.read_up_to(at, len) {
            Ok(piece) => piece,
            Err(Error::Read { at, source }) => {
                self.failed = Some(Error::Read { at, source });
                &[]
            }
            Err(_) => &[],
        }
    }

    /// Whether `bytes` stand at `at` in the head.
    fn at(&self, at: usize, bytes: &[u8]) -> bool {
        self.head.get(at..).is_some_and(|rest| rest.starts_with(bytes))
    }

    /// Whether the head starts with `bytes`.
    fn is(&self, bytes: &[u8]) -> bool {
        self.head.starts_with(bytes)
    }

    /// The base type itself, where `fits`; the extension may name a member of the family.
    fn plain(&self, fits: bool) -> Option<Named> {
        fits.then(|| self.name(self.base))
    }

    /// A type, or the member of its family that the extension names.
    fn name(&self, file_type: &'static str) -> Named {
        let file_type = self.member(file_type).unwrap_or(file_type);
        let base_mime = || if self.base == "TIFF" { None } else { media_types::exiftool(self.base) };
        let mime = media_types::exiftool(file_type).or_else(base_mime).unwrap_or("application/unknown");
        Named {
            file_type: file_type.into(),
            extension: extensions::usual(file_type).unwrap_or(file_type).into(),
            mime: mime.into(),
        }
    }

    /// The extension as a type, where type and extension have one and the same base type and the type is the base
    /// itself (or the base is no extension).
    fn member(&self, file_type: &str) -> Option<&'static str> {
        let (_, [of_type]) = extensions::own_bases(file_type)? else { return None };
        let (extension, [of_extension]) = extensions::own_bases(self.extension)? else { return None };
        let is_base = *of_type == file_type || !extensions::is_known(of_type);
        (of_type == of_extension && is_base).then_some(extension)
    }
}

/// The big-endian number of `N` bytes at `at`; `None` outside.
fn be(data: &[u8], at: usize, len: usize) -> Option<u64> {
    Some(data.get(at..at.checked_add(len)?)?.iter().fold(0, |n, &b| n << 8 | u64::from(b)))
}

/// The little-endian number of `len` bytes at `at`; `None` outside.
fn le(data: &[u8], at: usize, len: usize) -> Option<u64> {
    Some(data.get(at..at.checked_add(len)?)?.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b)))
}

/// Whether `data` contains `part`.
fn contains(data: &[u8], part: &[u8]) -> bool {
    find(data, part).is_some()
}

/// Where `part` first stands in `data`.
fn find(data: &[u8], part: &[u8]) -> Option<usize> {
    let (first, rest) = part.split_first()?;
    let mut from = 0;
    loop {
        let at = from + data.get(from..)?.iter().position(|b| b == first)?;
        if data.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Leading white space removed, as Perl's `\s` has it.
fn trim_start(data: &[u8]) -> &[u8] {
    let space = data.iter().take_while(|b| matches!(b, b'\t'..=b'\r' | b' ')).count();
    &data[space..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn names(bytes: &[u8], name: &str) -> [String; 4] {
        let mut source = Source::from_bytes(bytes, name.as_bytes(), Limits::default());
        let detected = detect(&mut source).expect("bytes in memory can be read");
        let Detected { file_type, extension, exiftool_mime, mime, .. } = detected;
        [file_type, extension, exiftool_mime, mime].map(Name::into_owned)
    }

    #[test]
    fn extension_tells_members_of_a_family_apart() {
        let tiff = b"II\x2a\0\x08\0\0\0\0\0\0\0\0\0";
        assert_eq!(names(tiff, "a.tif"), ["TIFF", "tif", "image/tiff", "image/tiff"]);
        assert_eq!(names(tiff, "a.nef"), ["NEF", "NEF", "image/x-nikon-nef", "image/x-nikon-nef"]);
        assert_eq!(names(tiff, "a.jpg"), ["TIFF", "tif", "image/tiff", "image/tiff"]);
        let jpeg = b"\xff\xd8\xff\xe0";
        assert_eq!(names(jpeg, "a.mpo")[0], "MPO");
        assert_eq!(names(jpeg, "a.png")[..2], ["JPEG", "jpg"]);
        assert_eq!(names(b"a,b\n1,2\n", "a.csv"), ["CSV", "CSV", "text/csv", "text/csv"]);
        assert_eq!(names(b"# a\n", "a.md"), ["TXT", "TXT", "text/plain", "text/markdown"]);
    }

    #[test]
    fn unknown_files_have_a_media_type_only() {
        assert_eq!(names(b"\x89HDF\r\n\x1a\n", "a.h5"), ["", "", "", "application/x-hdf"]);
        assert_eq!(names(b"\0\x01\x02\x03", "a"), ["", "", "", "application/octet-stream"]);
        assert_eq!(names(b"", "a.jpg"), ["", "", "", "application/x-zerosize"]);
    }

    /// Every signature followed by noise: nothing may panic or take long.
    #[test]
    fn noise_behind_signatures_is_survived() {
        let signatures: [&[u8]; 16] = [
            b"II\x2a\0",
            b"MM\0\x2a",
            b"\0\0\0\x18ftypisom",
            b"\0\0\0\x18ftypcrx ",
            b"\x1a\x45\xdf\xa3\x84",
            b"PK\x03\x04",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            b"ID3\x04\0\0",
            b"OggS",
            b"RIFF\0\0\0\0WEBPVP8X",
            b"\x89PNG\r\n\x1a\n",
            b"\x7fELF",
            b"\xca\xfe\xba\xbe",
            b"!<arch>\n",
            b".RMF",
            b"\0\0\x01\0",
        ];
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        };
        for signature in signatures {
            for round in 0..200 {
                let mut bytes = signature.to_vec();
                let mask = if round % 2 == 0 { 0xff } else { 0x0f };
                bytes.extend((0..round * 8).map(|_| noise() & mask));
                bytes.extend_from_slice(if round % 3 == 0 {
                    b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0"
                } else {
                    b""
                });
                for name in ["a", "a.mp3", "a.nef", "a.docx", "a.dv"] {
                    names(&bytes, name);
                }
            }
        }
    }
}
