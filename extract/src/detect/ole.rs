//! Compound documents (OLE): old office files and others, told apart by extension or by the program that wrote them.

use super::{Look, Named, contains, le};

/// Sectors of one chain that are followed.
const CHAIN: usize = 256;

/// Extensions that settle the type.
static BY_EXTENSION: &[&str] = &[
    "DOC", "DOCX", "DOCM", "DOT", "DOTX", "DOTM", "POT", "POTX", "POTM", "PPS", "PPSX", "PPSM", "PPT", "PPTX", "PPTM",
    "THMX", "XLA", "XLAM", "XLS", "XLSX", "XLSM", "XLSB", "XLT", "XLTX", "XLTM", "FLA", "VSD",
];

/// Types by what the program calls itself.
static BY_PROGRAM: &[(&str, &str)] = &[("Excel", "XLS"), ("PowerPoint", "PPT"), ("Word", "DOC")];

/// A compound document.
pub(super) fn compound(look: &mut Look<'_, '_>) -> Option<Named> {
    if !look.is(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") || look.source.size() < 512 {
        return None;
    }
    if let Some(file_type) = BY_EXTENSION.iter().find(|name| **name == look.extension) {
        return Some(look.name(file_type));
    }
    let named = look.name("FPX");
    if named.file_type != "FPX" {
        return Some(named);
    }
    let Some(program) = Storage::open(look).and_then(|storage| storage.program(look)) else { return Some(named) };
    let program = String::from_utf8_lossy(&program);
    if program.starts_with("3ds Max") {
        return Some(named.over("MAX"));
    }
    match BY_PROGRAM.iter().find(|(name, _)| program.contains(name)) {
        Some((_, file_type)) => Some(named.over(file_type)),
        None => Some(named),
    }
}

/// The tables that lead to streams.
struct Storage {
    sector: u64,
    fat: Vec<u32>,
    directory: Vec<u8>,
}

impl Storage {
    fn open(look: &mut Look<'_, '_>) -> Option<Self> {
        let head = look.head;
        let sector = 1_u64 << le(head, 0x1e, 2).filter(|shift| matches!(shift, 7..=12))?;
        let count = le(head, 0x2c, 4)?.min(109) as usize;
        let fat_sectors: Vec<u64> = (0..count).map_while(|index| le(head, 0x4c + 4 * index, 4)).collect();
        let directory_at = le(head, 0x30, 4)?;
        let mut fat = Vec::new();
        for index in fat_sectors.into_iter().take(CHAIN) {
            fat.extend(words(look.read((index + 1) * sector, sector as usize)));
        }
        let mut storage = Self { sector, fat, directory: Vec::new() };
        storage.directory = storage.chain(look, directory_at);
        Some(storage)
    }

    /// The sectors of a chain, one after the other.
    fn chain(&self, look: &mut Look<'_, '_>, start: u64) -> Vec<u8> {
        let mut data = Vec::new();
        let mut at = start;
        for _ in 0..CHAIN {
            if at >= self.fat.len() as u64 {
                break;
            }
            data.extend_from_slice(look.read((at + 1) * self.sector, self.sector as usize));
            at = self.fat[at as usize].into();
        }
        data
    }

    /// What the writing program calls itself: the user type of the object, else the summary's application.
    fn program(&self, look: &mut Look<'_, '_>) -> Option<Vec<u8>> {
        if let Some(object) = self.stream(look, "\u{1}CompObj") {
            let len = le(&object, 0x1c, 4)?.min(256) as usize;
            let name = object.get(0x20..0x20 + len)?;
            return Some(name.to_vec());
        }
        let summary = self.stream(look, "\u{5}SummaryInformation")?;
        let section = le(&summary, 0x2c, 4)? as usize;
        let count = le(&summary, section + 4, 4)?.min(64) as usize;
        let at = (0..count).find_map(|index| {
            let entry = section + 8 + 8 * index;
            (le(&summary, entry, 4)? == 18).then(|| le(&summary, entry + 4, 4))?
        })?;
        let value = section.checked_add(at as usize)?;
        let len = le(&summary, value + 4, 4)?.min(256) as usize;
        summary.get(value + 8..value + 8 + len).map(<[u8]>::to_vec)
    }

    /// The bytes of a small stream, by its name.
    fn stream(&self, look: &mut Look<'_, '_>, name: &str) -> Option<Vec<u8>> {
        let mut utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        utf16.extend([0, 0]);
        let mut entries = self.directory.chunks_exact(128);
        let root = self.directory.get(..128)?;
        // Embedded objects have the same streams: the last one counts.
        let entry = entries.rfind(|entry| entry.starts_with(&utf16))?;
        let (start, size) = (le(entry, 0x74, 4)?, le(entry, 0x78, 4)?);
        if size >= le(look.head, 0x38, 4)? {
            return Some(self.chain(look, start));
        }
        let mini_fat_at = le(look.head, 0x3c, 4)?;
        let mini_fat: Vec<u32> = words(&self.chain(look, mini_fat_at)).collect();
        let mini = self.chain(look, le(root, 0x74, 4)?);
        let mut data = Vec::new();
        let mut at = start as usize;
        for _ in 0..CHAIN {
            let Some(piece) = mini.get(at.checked_mul(64)?..).map(|rest| &rest[..rest.len().min(64)]) else { break };
            data.extend_from_slice(piece);
            let Some(next) = mini_fat.get(at) else { break };
            at = *next as usize;
        }
        data.truncate(size as usize);
        Some(data)
    }
}

fn words(data: &[u8]) -> impl Iterator<Item = u32> + '_ {
    data.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

/// Whether a compound document holds a stream of this name; for media types only.
pub(super) fn has_stream(head: &[u8], name: &str) -> bool {
    let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    contains(head, &utf16)
}
