//! TIFF and the raw formats built on it: the extension, the header and the first directory tell them apart.

use super::{Look, Named, extensions};
use crate::bytes::{Bytes, Order};

/// Entries of one directory that are looked at.
const ENTRIES: u16 = 256;
/// Sub-directories of the first one that are looked at.
const SUB_DIRECTORIES: usize = 5;
/// Mark of Panasonic's and Leica's current raw files.
const RW2: &[u8] = b"\x88\xe7\x74\xd8\xf8\x25\x1d\x4d\x94\x7a\x6e\x77\x82\x2b\x5d\x6a";

/// Types by the compression of their raw image.
static BY_COMPRESSION: &[(u32, &str)] =
    &[(32767, "ARW"), (32770, "SRW"), (32867, "KDC"), (34713, "NEF"), (65000, "DCR"), (65535, "PEF")];

/// TIFF with any of its many magic numbers.
pub(super) fn tiff(look: &mut Look<'_, '_>) -> Option<Named> {
    let order = match look.head.get(..2)? {
        b"II" => Order::Little,
        b"MM" => Order::Big,
        _ => return None,
    };
    let head = Bytes { data: look.head, order };
    let (magic, offset) = (head.u16(2)?, head.u32(4)?);
    if offset < 8 {
        return None;
    }
    let named = by_header(look, magic, offset)?;
    Some(by_directory(look, order, offset, named))
}

/// The type by extension and header.
fn by_header(look: &Look<'_, '_>, magic: u16, offset: u32) -> Option<Named> {
    let assumed = match look.base {
        "TIFF" if look.is_known => look.extension,
        base => base,
    };
    if magic == 0x2a && offset >= 16 {
        match look.head.get(8..16)? {
            [b'C', b'R', 2, 0, ..] => return Some(look.name("CR2")),
            [0xba, 0xb0, 0xac, 0xbb, ..] => return Some(look.name("Canon 1D RAW")),
            b"ExifMeta" => return Some(look.name("EXIF")),
            _ => {}
        }
    }
    if magic == 0x55 && matches!(assumed, "RAW" | "RW2" | "RWL" | "TIFF") {
        let is_new = offset >= 0x18 && look.at(8, RW2);
        return Some(look.name(match (is_new, assumed) {
            (true, "RWL") => "RWL",
            (true, _) => "RW2",
            (false, _) => "RAW",
        }));
    }
    if assumed == "TIFF" {
        match magic {
            0x2b if look.is(b"MM\0\x2b\0\x08\0\0") || look.is(b"II\x2b\0\x08\0\0\0") => return Some(look.name("BTF")),
            0x4f52 | 0x5352 => return Some(look.name("ORF")),
            0x4352 => return Some(look.name("DCP")),
            _ if look.is(b"II\xbc") => return (look.head.get(3)? <= &1).then(|| look.name("HDP")),
            _ => {}
        }
    }
    let is_raw = assumed.contains("RAW");
    match extensions::own_bases(assumed) {
        Some((name, [base, ..])) if *base == "TIFF" || is_raw => Some(look.name(name)),
        _ => Some(look.name(look.base)),
    }
}

/// What the first directory says of the type.
fn by_directory(look: &mut Look<'_, '_>, order: Order, offset: u32, named: Named) -> Named {
    if look.base != "TIFF" || named.file_type == "BTF" {
        return named;
    }
    let first = Directory::read(look, order, offset);
    if first.dng && !matches!(&*named.file_type, "DNG" | "GPR") {
        return named.over("DNG");
    }
    let by_compression = |wanted: u32| BY_COMPRESSION.iter().find(|(value, _)| *value == wanted).map(|(_, name)| *name);
    let mut found = by_compression(first.compression);
    for sub in first.sub_directories {
        found = found.or_else(|| by_compression(Directory::read(look, order, sub).compression));
    }
    if let Some(file_type) = found
        && named.file_type != file_type
    {
        return named.over(file_type);
    }
    if named.file_type == "NEF" && first.compression == 6 && first.thumbnail {
        return named.over("NRW");
    }
    if first.sony && first.subfile_type == 1 && first.compression == 6 && first.has_sub && named.file_type != "ARW" {
        return named.over("ARW");
    }
    named
}

/// The few entries of a directory that matter here.
#[derive(Default)]
struct Directory {
    compression: u32,
    subfile_type: u32,
    dng: bool,
    sony: bool,
    thumbnail: bool,
    has_sub: bool,
    sub_directories: Vec<u32>,
}

impl Directory {
    fn read(look: &mut Look<'_, '_>, order: Order, offset: u32) -> Self {
        let mut found = Self::default();
        let count = (Bytes { data: look.read(offset.into(), 2), order }).u16(0).unwrap_or(0).min(ENTRIES);
        let entries = look.read(u64::from(offset) + 2, usize::from(count) * 12).to_vec();
        for entry in entries.chunks_exact(12) {
            found.take(look, Bytes { data: entry, order });
        }
        found
    }

    fn take(&mut self, look: &mut Look<'_, '_>, entry: Bytes<'_>) {
        let (Some(tag), Some(kind), Some(count)) = (entry.u16(0), entry.u16(2), entry.u32(4)) else { return };
        let value = if kind == 3 { entry.u16(8).map(u32::from) } else { entry.u32(8) }.unwrap_or(0);
        match tag {
            0xfe => self.subfile_type = value,
            0x103 => self.compression = value,
            0x10f => {
                let make = if count > 4 { look.read(value.into(), 4) } else { &entry.data[8..] };
                self.sony = make == b"SONY";
            }
            0x14a => {
                self.has_sub = true;
                let count = (count as usize).min(SUB_DIRECTORIES);
                let offsets = if count > 1 { look.read(value.into(), 4 * count) } else { &entry.data[8..] };
                let offsets = Bytes { data: offsets, order: entry.order };
                self.sub_directories = (0..count).map_while(|index| offsets.u32(4 * index)).collect();
            }
            0x201 => self.thumbnail = true,
            0xc612 => self.dng = true,
            _ => {}
        }
    }
}
