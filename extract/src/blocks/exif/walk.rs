//! The walk over directories: which are read, which of their entries count, and where the walk ends.
//!
//! Every directory is read once, whatever points to it, so that no file can make the walk turn in circles.

use super::{
    Block, Chain, Holder,
    entry::{Raw, Shown, Type},
    ifd::{Entry, Head, Loaded},
    mpf,
    pages::{Pages, Summary},
    place, show,
    tags::{Field, How, Pointer, Table},
};
use crate::{
    Error, Name, Priority, Record, Source, Value,
    blocks::{geo_tiff, icc, iptc, photoshop, print_im, xmp},
    bytes::Order,
};

/// Most directories read of one structure.
const MOST_DIRECTORIES: usize = 10_000;
/// Numbers of an array beyond which ExifTool leaves the tag out.
const MOST_NUMBERS: u64 = 100_000;
/// Most warnings of a directory before it is given up.
const MOST_WARNINGS: u32 = 10;

/// The tag of maker notes.
const MAKER_NOTES: u16 = 0x927c;
/// Their maker notes have a form of their own, whatever they hold.
const KNOWN_MAKERS: &[&str] = &[
    "asahi",
    "canon",
    "casio",
    "dji",
    "eastman kodak",
    "flir",
    "foveon",
    "hasselblad",
    "jvc",
    "kodak",
    "konica minolta",
    "leica",
    "minolta",
    "nikon",
    "nintendo",
    "pentax",
    "ricoh",
    "sanyo",
    "sigma",
    "sony",
    "teledyne flir",
    "victor",
];
/// Bytes looked at, overlapping ones counted again, before the walk is given up.
const MOST_WORK: u64 = 128 << 20;
/// What a byte of an embedded block or of a number counts, as it is parsed.
const PARSING: u64 = 8;

/// Walks the structure from its head.
pub(super) fn run(
    source: &mut Source<'_>,
    base: u64,
    holder: Holder,
    chain: Chain,
    record: &mut Record,
) -> Result<Summary, Error> {
    let head = Head::read(source)?;
    let printed = match head.order {
        Order::Little => ("II", "Little-endian (Intel, II)"),
        Order::Big => ("MM", "Big-endian (Motorola, MM)"),
    };
    // ExifTool gives no byte order for BigTIFF.
    if chain == Chain::Exif && !head.big {
        record.put_printed("File", "ExifByteOrder", printed.0, printed.1);
    }
    let first = head.first;
    let mut walk = Walk {
        source,
        record,
        base,
        holder,
        head,
        seen: Vec::new(),
        pages: Pages::default(),
        geo: geo_tiff::Block::default(),
        worked: 0,
    };
    let mut next = Some(first);
    let mut number = 0_u32;
    while let Some(at) = next {
        let (group, table) = match chain {
            Chain::Exif => (format!("IFD{number}").into(), Table::Main),
            Chain::MultiPicture => ("MPF0".into(), Table::MultiPicture),
        };
        next = walk.directory(group, table, at, 0)?;
        number += 1;
    }
    geo_tiff::read(&walk.geo, walk.head.order, walk.record);
    Ok(walk.pages.summary())
}

struct Walk<'w, 's> {
    source: &'w mut Source<'s>,
    record: &'w mut Record,
    base: u64,
    holder: Holder,
    head: Head,
    /// Directories read so far: where, and their group.
    seen: Vec<(u64, Name)>,
    pages: Pages,
    geo: geo_tiff::Block,
    /// Bytes looked at so far.
    worked: u64,
}

/// One directory in hand.
struct Directory {
    group: Name,
    table: Table,
    at: u64,
    end: u64,
    depth: u32,
    compression: Option<i64>,
    subfile: Option<i64>,
}

/// What an entry means for the rest of its directory.
#[derive(PartialEq)]
enum Then {
    GoOn,
    Warned,
    Stop,
}

impl Walk<'_, '_> {
    /// Reads one directory; gives the place of the next in its chain.
    fn directory(&mut self, group: Name, table: Table, at: u64, depth: u32) -> Result<Option<u64>, Error> {
        if self.record.is_full() || self.seen.len() >= MOST_DIRECTORIES || depth > self.source.limits().depth {
            return Ok(None);
        }
        if let Some((_, earlier)) = self.seen.iter().find(|(seen, _)| *seen == at) {
            self.record.warn(format!("{group} pointer references previous {earlier} directory"));
            // Some phones write the pointer to the GPS directory twice.
            if group != "GPS" || earlier != "InteropIFD" {
                return Ok(None);
            }
        }
        self.seen.push((at, group.clone()));
        let Some(Loaded { entries, first, end, next, odd }) = self.head.load(self.source, at)? else {
            self.record.warn(format!("Bad {group} directory"));
            return Ok(None);
        };
        if odd {
            // ExifTool gives such a directory up; its entries are whole.
            self.record.warn(format!("Illegal {group} directory size"));
        }
        let entry_size = self.head.entry_size();
        let mut directory = Directory { group, table, at, end, depth, compression: None, subfile: None };
        let mut warnings = 0;
        for (index, bytes) in entries.chunks_exact(entry_size).enumerate() {
            if warnings > MOST_WARNINGS {
                self.record.warn(format!("Too many warnings -- {} parsing aborted", directory.group));
                return Ok(None);
            }
            let at = first + (index * entry_size) as u64;
            match self.entry(&mut directory, index, at, bytes)? {
                Then::GoOn => {}
                Then::Warned => warnings += 1,
                Then::Stop => return Ok(None),
            }
        }
        Ok(next)
    }

    fn entry(&mut self, directory: &mut Directory, index: usize, at: u64, bytes: &[u8]) -> Result<Then, Error> {
        self.work(bytes.len() as u64)?;
        let entry = match self.head.entry(bytes, at) {
            Ok(entry) => entry,
            Err(code) => {
                if code != 0 {
                    self.record.warn(format!("Bad format ({code}) for {} entry {index}", directory.group));
                }
                // An unknown type in the very first entry: this is no directory.
                return Ok(match (index, code) {
                    (0, _) => Then::Stop,
                    (_, 0) => Then::GoOn,
                    _ => Then::Warned,
                });
            }
        };
        let then = self.check(directory, index, &entry);
        if then != Then::GoOn {
            return Ok(then);
        }
        if entry.id == MAKER_NOTES {
            self.record.has_maker_notes = true;
            if !self.of_unknown_maker(directory) {
                return Ok(Then::GoOn);
            }
        }
        match directory.table.field(entry.id) {
            Some(field) => self.field(directory, &entry, field),
            None if entry.id > 0xf000 && directory.table == Table::Main => self.self_named(directory, &entry),
            None => Ok(Then::GoOn),
        }
    }

    /// Whether maker notes are of nobody known, and may be plain text.
    fn of_unknown_maker(&self, directory: &Directory) -> bool {
        let make = self.record.find("IFD0", "Make").map(|tag| tag.raw.plain().to_ascii_lowercase());
        directory.group == "ExifIFD"
            && !KNOWN_MAKERS.iter().any(|known| make.as_ref().is_some_and(|make| make.starts_with(known)))
    }

    /// Counts work by the bytes looked at: overlapping directories and values could make it endless.
    fn work(&mut self, bytes: u64) -> Result<(), Error> {
        self.worked = self.worked.saturating_add(bytes);
        match self.worked > MOST_WORK {
            true => Err(Error::Limit { what: "the work on the TIFF directories of one file" }),
            false => Ok(()),
        }
    }

    /// Whether the value can be where the entry says.
    fn check(&mut self, directory: &Directory, index: usize, entry: &Entry) -> Then {
        if entry.inline {
            return Then::GoOn;
        }
        let (group, id) = (&directory.group, entry.id);
        if entry.size > 0x7fff_ffff {
            self.record.warn(format!("Invalid size ({}) for {group} tag 0x{id:04x}", entry.size));
            return Then::Warned;
        }
        let end = entry.at.saturating_add(entry.size);
        if end > self.source.size() {
            if self.holder == Holder::Tiff {
                self.record.warn(format!("Error reading value for {group} entry {index}, ID 0x{id:04x}"));
                return Then::Stop;
            }
            self.record.warn(format!("Bad offset for {group} tag 0x{id:04x}"));
            return Then::Warned;
        }
        if entry.at < 8 || (entry.at < directory.end && end > directory.at) {
            self.record.warn(format!("Suspicious {group} offset for tag 0x{id:04x}"));
            return Then::Warned;
        }
        Then::GoOn
    }

    fn field(&mut self, directory: &mut Directory, entry: &Entry, field: &'static Field) -> Result<Then, Error> {
        let kind = field.read_as.unwrap_or(entry.kind);
        let pointer = matches!(field.how, How::Directory(_));
        if (field.offset || pointer) && !kind.is_whole() {
            self.record.warn(format!(
                "Wrong format ({}) for {} 0x{:04x} {}",
                kind.name(),
                directory.group,
                field.id,
                field.name
            ));
            return Ok(Then::GoOn);
        }
        let count = entry.size / kind.size() as u64;
        if count > MOST_NUMBERS && !kind.is_bytes() && (field.name != "TransferFunction" || count != 196_608) {
            self.record.warn(format!("Ignoring {} {} with excessive count", directory.group, field.name));
            return Ok(Then::Warned);
        }
        match &field.how {
            How::Skip => {}
            _ if entry.size > self.source.limits().block && !matches!(field.how, How::Binary) => {
                self.record.warn(format!("Ignoring {} {}, which is too large", directory.group, field.name));
                return Ok(Then::Warned);
            }
            How::Directory(pointer) => self.pointer(directory, entry, kind, *pointer)?,
            How::Embedded(block) => self.embedded(entry, *block)?,
            How::Binary if entry.size > 1 << 16 => {
                let shown = Shown::plain(Value::bytes_unread(entry.size));
                self.put(directory, field, field.name, shown);
            }
            How::LongOver(64) if count > 500 && !kind.is_bytes() => {
                let text = format!("(large array of {count} {} values)", kind.name());
                self.put(directory, field, field.name, Shown::plain(text));
            }
            how => {
                // Numbers become text.
                self.work(entry.size.saturating_mul(if kind.is_bytes() { 1 } else { PARSING }))?;
                let order = self.head.order;
                let value = entry.value(self.source)?;
                let raw = Raw { kind, bytes: &value, order };
                match field.id {
                    0x103 => directory.compression = raw.whole(0),
                    0xfe => directory.subfile = raw.whole(0),
                    _ => {}
                }
                self.pages.note(&directory.group, field.id, raw.whole(0));
                let (name, how) = match how {
                    How::Place => placed(directory, self.holder, field.id),
                    how => (field.name, how),
                };
                let shown = match field.offset && self.base > 0 {
                    true => show::moved(&raw, self.base),
                    false => show::show(how, &raw),
                };
                if let Some(shown) = shown {
                    self.put(directory, field, name, shown);
                }
            }
        }
        Ok(Then::GoOn)
    }

    fn put(&mut self, directory: &Directory, field: &Field, name: &'static str, shown: Shown) {
        let low_directory = self.holder == Holder::Jpeg && directory.group == "IFD1";
        let priority = match field.low {
            true if !self.pages.is_main(&directory.group) => Priority::LOW,
            false if low_directory => Priority::LOW,
            _ => Priority::NORMAL,
        };
        self.record.put_tag(directory.group.clone(), name.into(), shown.raw, shown.printed, priority);
    }

    /// Follows a pointer to further directories.
    fn pointer(&mut self, directory: &Directory, entry: &Entry, kind: Type, pointer: Pointer) -> Result<(), Error> {
        let order = self.head.order;
        let value = entry.value(self.source)?.into_owned();
        let raw = Raw { kind, bytes: &value, order };
        let table = if pointer == Pointer::Gps { Table::Gps } else { Table::Main };
        for number in 0..raw.len().min(pointer.most()) {
            let Some(at) = raw.whole(number).and_then(|at| u64::try_from(at).ok()) else { break };
            let group = match number {
                0 => pointer.group().into(),
                _ => format!("{}{number}", pointer.group()).into(),
            };
            self.directory(group, table, at, directory.depth + 1)?;
        }
        Ok(())
    }

    fn embedded(&mut self, entry: &Entry, block: Block) -> Result<(), Error> {
        if entry.size == 0 {
            return Ok(());
        }
        self.work(entry.size.saturating_mul(PARSING))?;
        if block == Block::PhotoshopDocument {
            return photoshop::read_document(self.source, entry.at, entry.size, self.record);
        }
        if entry.size > self.source.limits().block {
            self.record.warn("Ignoring a block that is too large");
            return Ok(());
        }
        let bytes = self.source.block(entry.at, entry.size)?;
        match block {
            Block::Xmp => xmp::read(&bytes, self.record),
            Block::Iptc => iptc::read(&bytes, self.record),
            Block::Photoshop => photoshop::read(&bytes, self.record),
            Block::Icc => icc::read(&bytes, self.record),
            Block::PrintIm => print_im::read(&bytes, self.head.order, self.record),
            Block::MpImages => {
                let list = Raw { kind: Type::Undefined, bytes: &bytes, order: self.head.order };
                mpf::images(&list, self.base, self.record);
            }
            Block::GeoDirectory => self.geo.directory = bytes,
            Block::GeoDoubles => self.geo.doubles = bytes,
            Block::GeoText => self.geo.text = bytes,
            Block::PhotoshopDocument => {}
        }
        Ok(())
    }

    /// Tags of Photoshop's raw converter tell their own name: `Owner's Name: somebody`.
    fn self_named(&mut self, directory: &Directory, entry: &Entry) -> Result<Then, Error> {
        if entry.size > 4096 || !entry.kind.is_bytes() {
            return Ok(Then::GoOn);
        }
        let order = self.head.order;
        let bytes = entry.value(self.source)?;
        let text = Raw { kind: entry.kind, bytes: &bytes, order }.text();
        let Some((name, value)) = text.rsplit_once(": ") else { return Ok(Then::GoOn) };
        let name: String =
            name.replacen("'s", "", 1).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !name.is_empty() {
            self.record.put(directory.group.clone(), name, value);
        }
        Ok(Then::GoOn)
    }
}

fn placed(directory: &Directory, holder: Holder, id: u16) -> (&'static str, &'static How) {
    let here = place::Directory {
        group: &directory.group,
        holder,
        compression: directory.compression,
        subfile: directory.subfile,
    };
    let (name, strips) = place::name(id, &here);
    (name, if strips { &How::LongOver(32) } else { &How::Plain })
}
