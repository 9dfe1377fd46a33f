//! PDF (ISO 32000-1:2008 and 32000-2:2020): version, information dictionary, catalog, pages, signatures, encryption, XMP.
//!
//! Groups, names and order are ExifTool's, and so is the way through the file: the trailers newest first, each object
//! once. A file whose cross-reference table is broken gives its version only, as there.

mod crypt;
mod file;
mod filter;
mod object;
mod tags;
mod text;
mod values;
mod xref;

use std::collections::HashSet;

use self::{
    crypt::Crypt,
    file::{Fetched, File},
    object::{Dict, Object, Parser, Ref},
    tags::{ACCESS, Stream, TRAILER, Table, What},
};
use crate::{
    Error, Format, Magic, Name, Priority, Record, Source, Tier, Value,
    blocks::{icc, photoshop, postscript, xmp},
};

/// The reader of PDF and of Illustrator files that are PDF.
pub static FORMAT: Format = Format {
    name: "PDF",
    version: 1,
    extensions: &["pdf", "ai"],
    mime: &["application/pdf"],
    magic: &[Magic { at: 0, bytes: b"%PDF-" }],
    tier: Tier::Full,
    read,
};

/// Entries of one dictionary that are looked at.
const ENTRIES: usize = 2048;
/// Dictionaries below the trailer that are followed into each other; ExifTool's bound.
const NESTING: u32 = 50;

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let head = source.head(1024)?.to_vec();
    let base = head.iter().take_while(|b| b.is_ascii_whitespace() || **b == 11).count();
    let version = version(&head[base..]).ok_or(Error::Malformed { at: 0, what: "no PDF header" })?;
    record.put("PDF", "PDFVersion", version.as_str());
    let is_linear = linear_size(&head) == Some(source.size().saturating_sub(base as u64));
    put_yes_no(record, "Linearized", is_linear);
    if base > 0 {
        record.warn("PDF header is not at start of file");
    }
    let extension = source.extension();
    let mut file = File::new(source, base as u64);
    let start = file.start()?;
    let trailers = file.load(start)?;
    match open(&mut file, &trailers, record) {
        Ok(()) => {
            let has_escapes = version.parse::<f64>().unwrap_or(0.0) >= 1.2;
            let mut reader =
                Reader { file: &mut file, record, seen: HashSet::new(), info_seen: false, has_escapes, extension };
            for trailer in &trailers {
                reader.dict(&TRAILER, trailer, None, None, 0);
            }
        }
        // All that a password hides: the record is what anyone may know, and whole as such.
        Err(reason) => file.warn(reason),
    }
    for warning in std::mem::take(&mut file.warnings) {
        record.warn(warning);
    }
    Ok(())
}

/// The digits behind `%PDF-`.
fn version(head: &[u8]) -> Option<String> {
    let rest = head.strip_prefix(b"%PDF-")?;
    let major = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let minor = rest.get(major..)?.strip_prefix(b".")?.iter().take_while(|b| b.is_ascii_digit()).count();
    (major > 0 && minor > 0).then(|| String::from_utf8_lossy(&rest[..major + 1 + minor]).into_owned())
}

/// The file size that a linearization dictionary claims.
fn linear_size(head: &[u8]) -> Option<u64> {
    let at = head.windows(2).position(|w| w == b"<<")?;
    match Parser::whole(&head[at..]).object().ok()? {
        Object::Dict(dict) => dict.get(b"Linearized").and_then(|_| dict.number(b"L")),
        _ => None,
    }
}

fn put_yes_no(record: &mut Record, name: &'static str, value: bool) {
    record.put_printed("PDF", name, value, if value { "Yes" } else { "No" });
}

/// Puts what is known of the encryption and finds the key, where the file is encrypted.
fn open(file: &mut File<'_, '_>, trailers: &[Dict], record: &mut Record) -> Result<(), String> {
    let encrypt = trailers.iter().rev().find_map(|trailer| trailer.get(b"Encrypt"));
    let dict = match encrypt {
        None => return Ok(()),
        Some(Object::Word(word)) if word == b"null" => return Ok(()),
        Some(Object::Dict(dict)) => dict.clone(),
        Some(Object::Ref(object)) => match file.fetch(*object, "Encrypt").map(|fetched| fetched.object) {
            Some(Object::Dict(dict)) => dict,
            _ => return Err("Error loading Encrypt object".into()),
        },
        Some(_) => return Err("Error loading Encrypt object".into()),
    };
    let Some(handler) = dict.name(b"Filter") else { return Err("Encrypt dictionary has no Filter!".into()) };
    let handler = String::from_utf8_lossy(handler).into_owned();
    let number = |key: &[u8], default: u64| dict.number(key).unwrap_or(default);
    let mut description = format!("{handler} V{}", number(b"V", 0));
    let is_standard = handler == "Standard";
    if is_standard {
        description += &format!(".{}", number(b"R", 0));
    }
    if let Some(sub) = dict.name(b"SubFilter") {
        description += &format!(" ({})", String::from_utf8_lossy(sub));
    }
    if is_standard {
        description += &format!(" ({}-bit)", number(b"Length", 40));
    }
    record.put("PDF", "Encryption", description);
    if !is_standard {
        return Err(format!("Encryption filter {handler} currently not supported"));
    }
    let is_complete = dict.get(b"O").is_some() && dict.get(b"U").is_some();
    if let Some(permissions) = crypt::permissions(&dict).filter(|_| is_complete && dict.get(b"R").is_some()) {
        let access = permissions as u64 & 0x0f3c;
        let allowed: Vec<&str> =
            ACCESS.iter().filter(|(bit, _)| access >> bit & 1 == 1).map(|(_, name)| *name).collect();
        let printed = if allowed.is_empty() { "(none)".to_owned() } else { allowed.join(", ") };
        record.put_printed("PDF", "UserAccess", access, printed);
    }
    let id = trailers.iter().rev().find_map(|trailer| match trailer.get(b"ID") {
        Some(Object::Array(items)) => match items.first() {
            Some(Object::Text(id)) => Some(id.as_slice()),
            _ => None,
        },
        _ => None,
    });
    file.crypt = Some(Crypt::open(&dict, id)?);
    Ok(())
}

/// Walks the dictionaries and puts their tags.
struct Reader<'r, 'a, 'b> {
    file: &'r mut File<'a, 'b>,
    record: &'r mut Record,
    /// Objects that were entered: each is read once.
    seen: HashSet<Ref>,
    info_seen: bool,
    /// Names have escapes since PDF 1.2.
    has_escapes: bool,
    extension: String,
}

impl Reader<'_, '_, '_> {
    /// Reads one dictionary by its table; `fetched` is the object it came as, for its stream.
    fn dict(&mut self, table: &'static Table, dict: &Dict, key: Option<Ref>, fetched: Option<&Fetched>, depth: u32) {
        if depth >= NESTING.min(self.file.source.limits().depth) {
            self.file.warn("Nesting too deep (directory ignored)");
            return;
        }
        for (name, value) in dict.0.iter().take(ENTRIES) {
            if self.record.is_full() {
                return;
            }
            // Of equal keys only the first counts.
            let is_first = || dict.get(name).is_some_and(|first| std::ptr::eq(first, value));
            match table.keys.iter().find(|(known, _)| known.as_bytes() == name) {
                Some((known, what)) if is_first() => self.known(table, known, *what, value, key, depth),
                None if table.all && is_first() => {
                    self.value(tags::name_of(name).into(), What::Tag(""), value, key, Priority::LOW);
                }
                _ => {}
            }
        }
        if let Some(fetched) = fetched {
            self.stream(table.stream, fetched);
        }
    }

    fn known(
        &mut self,
        table: &Table,
        key: &'static str,
        what: What,
        value: &Object,
        crypt_key: Option<Ref>,
        depth: u32,
    ) {
        match what {
            What::Into(table) => self.enter(key, table, value, crypt_key, depth),
            What::Pair(table) => match value {
                Object::Array(items) if items.len() == 2 && matches!(items[0], Object::Name(_)) => {
                    self.dict(table, &pairs(items), crypt_key, None, depth + 1);
                }
                _ => self.enter(key, table, value, crypt_key, depth),
            },
            What::Once(table) => {
                if let Object::Ref(object) = value
                    && !self.seen.contains(object)
                    && std::mem::replace(&mut self.info_seen, true)
                {
                    self.file.warn(format!("Ignored duplicate {key} dictionary"));
                    return;
                }
                self.enter(key, table, value, crypt_key, depth);
            }
            What::Illustrator(table) => {
                if self.extension != "PDF" {
                    self.record.set_file_type("AI", "AI", "application/vnd.adobe.illustrator");
                    self.record.mime = "application/illustrator".into();
                }
                self.enter(key, table, value, crypt_key, depth);
            }
            What::Forms => self.forms(value),
            What::Tag(name)
            | What::Date(name)
            | What::List(name)
            | What::YesNo(name)
            | What::Code(name, _)
            | What::Ago(name) => {
                let priority = if table.all { Priority::LOW } else { Priority::NORMAL };
                self.value(name.into(), what, value, crypt_key, priority);
            }
        }
    }

    /// Follows a value to the dictionaries it stands for: itself, an object, or the items of an array.
    fn enter(&mut self, name: &str, table: &'static Table, value: &Object, key: Option<Ref>, depth: u32) {
        let items = match value {
            Object::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        for item in items {
            match item {
                Object::Dict(dict) => self.dict(table, dict, key, None, depth + 1),
                Object::Array(items) => self.dict(table, &pairs(items), key, None, depth + 1),
                Object::Ref(object) if self.seen.insert(*object) => {
                    let Some(fetched) = self.file.fetch(*object, name) else { continue };
                    match &fetched.object {
                        Object::Dict(dict) => self.dict(table, dict, fetched.key, Some(&fetched), depth + 1),
                        Object::Array(items) => self.dict(table, &pairs(items), fetched.key, None, depth + 1),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    /// Interactive forms exist; whether they are of the XML kind.
    fn forms(&mut self, value: &Object) {
        let fetched = match value {
            Object::Ref(object) if self.seen.insert(*object) => self.file.fetch(*object, "AcroForm").map(|f| f.object),
            Object::Dict(_) => Some(value.clone()),
            _ => None,
        };
        if let Some(Object::Dict(dict)) = fetched {
            put_yes_no(self.record, "HasXFA", dict.get(b"XFA").is_some());
        }
    }

    /// Puts the tag of a value, after fetching it where it is an object of its own.
    fn value(&mut self, name: Name, what: What, value: &Object, key: Option<Ref>, priority: Priority) {
        let fetched = match value {
            Object::Ref(object) => self.file.fetch(*object, &name),
            _ => None,
        };
        let (object, key) = match (&fetched, value) {
            (Some(fetched), _) => (&fetched.object, fetched.key),
            (None, Object::Ref(_)) => return,
            (None, direct) => (direct, key),
        };
        if let Object::Array(items) = object {
            let items: Vec<Value> =
                items.iter().filter_map(|item| Some(Value::from(text::raw(&self.bytes(item, key)?)))).collect();
            self.list(name, items, priority);
            return;
        }
        let Some(bytes) = self.bytes(object, key) else { return };
        if let What::List(_) = what {
            let items = values::split(&values::text(&bytes)).into_iter().map(Value::from).collect();
            self.list(name, items, priority);
            return;
        }
        let (raw, printed) = values::convert(what, &bytes);
        self.record.put_tag("PDF".into(), name, raw, printed, priority);
    }

    /// A list of one is its item; an empty one is nothing.
    fn list(&mut self, name: Name, mut items: Vec<Value>, priority: Priority) {
        let value = match items.len() {
            0 => return,
            1 => items.remove(0),
            _ => Value::List(items),
        };
        self.record.put_tag("PDF".into(), name, value, None, priority);
    }

    /// The bytes of a scalar.
    fn bytes(&self, object: &Object, key: Option<Ref>) -> Option<Vec<u8>> {
        match object {
            Object::Word(word) => Some(word.clone()),
            Object::Name(name) => Some(text::name(name, self.has_escapes)),
            Object::Text(text) => Some(self.file.decrypt(text, key).into_owned()),
            Object::Array(_) | Object::Dict(_) | Object::Ref(_) => None,
        }
    }

    /// Hands the stream of an object to whoever reads its kind.
    fn stream(&mut self, kind: Stream, fetched: &Fetched) {
        let Object::Dict(dict) = &fetched.object else { return };
        if kind == Stream::None || (kind == Stream::Xmp && dict.name(b"Subtype") != Some(b"XML")) {
            return;
        }
        // Records agree with ExifTool's here, which decrypts AES too slowly to do it for more than metadata.
        let is_aes = self.file.crypt.as_ref().is_some_and(|crypt| crypt.is_aes(dict.number(b"Length").unwrap_or(0)));
        if is_aes && dict.name(b"Type") != Some(b"Metadata") {
            self.file.warn("Skipping large AES-encrypted stream");
            return;
        }
        let Some(data) = self.file.stream(fetched) else { return };
        match kind {
            Stream::None => {}
            Stream::Xmp => xmp::read(&data, self.record),
            Stream::Icc => icc::read(&data, self.record),
            Stream::Photoshop => photoshop::read(&data, self.record),
            Stream::PostScript => postscript::read(&data, self.record),
        }
    }
}

/// An array of names and values as a dictionary.
fn pairs(items: &[Object]) -> Dict {
    let entry = |pair: &[Object]| match pair {
        [Object::Name(name), value] => Some((name.clone(), value.clone())),
        _ => None,
    };
    Dict(items.chunks_exact(2).filter_map(entry).collect())
}
