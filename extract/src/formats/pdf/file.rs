//! The file of a PDF: cross-reference tables and streams, indirect objects, object streams, decoded streams.
//!
//! Tables are never loaded whole: an entry is read where it stands when its object is asked for.

use std::{collections::HashMap, rc::Rc};

use super::{
    crypt::{Crypt, Extension},
    filter,
    object::{Dict, Object, Parser, Ref, Stop, is_space},
};
use crate::{Error, Source};

/// Cross-reference sections of one file.
const SECTIONS: usize = 512;
/// Objects fetched from one file.
const OBJECTS: u32 = 20_000;
/// Bytes of an object's text, without its stream.
const OBJECT_MAX: u64 = 1 << 20;
/// Objects in one object stream.
const IN_STREAM: usize = 1 << 16;

/// A part of a cross-reference table: where the offsets of some objects stand.
#[derive(Debug)]
enum Section {
    /// Entries of 20 bytes in the file.
    Table { first: u64, count: u64, at: u64 },
    /// Entries of binary numbers, already decoded; runs of object numbers.
    Stream { runs: Vec<(u64, u64)>, widths: [usize; 3], size: u64, entries: Vec<u8> },
}

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    At(u64),
    InStream { stream: u32, index: u64 },
    Free,
}

/// An indirect object as it stands in the file.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) object: Object,
    /// Offset and length of the stream behind a dictionary.
    pub(super) stream: Option<(u64, u64)>,
    /// Under which number its strings and stream are encrypted, if they are.
    pub(super) key: Option<Ref>,
}

/// A stream of objects: its text, and number and offset of each.
#[derive(Debug)]
struct ObjectStream {
    objects: Vec<(u64, usize)>,
    text: Vec<u8>,
}

/// An open PDF.
#[derive(Debug)]
pub(super) struct File<'a, 'b> {
    pub(super) source: &'a mut Source<'b>,
    /// Where the header stands; all offsets count from there.
    base: u64,
    sections: Vec<Section>,
    /// Object streams by number; `None` for one that could not be read.
    object_streams: HashMap<u32, Option<Rc<ObjectStream>>>,
    pub(super) crypt: Option<Crypt>,
    pub(super) warnings: Vec<String>,
    objects_left: u32,
    /// Bytes that decoding may still give.
    decoded_left: u64,
}

impl<'a, 'b> File<'a, 'b> {
    /// A PDF whose header stands at `base`.
    pub(super) fn new(source: &'a mut Source<'b>, base: u64) -> Self {
        let decoded_left = source.limits().block.saturating_mul(4);
        Self {
            source,
            base,
            sections: Vec::new(),
            object_streams: HashMap::new(),
            crypt: None,
            warnings: Vec::new(),
            objects_left: OBJECTS,
            decoded_left,
        }
    }

    /// Notes something odd, in ExifTool's words where it has some.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        if self.warnings.len() < 64 {
            self.warnings.push(text.into());
        }
    }

    /// The offset that `startxref` names at the file's end.
    pub(super) fn start(&mut self) -> Result<u64, Error> {
        let at = self.source.size().saturating_sub(1024);
        let tail = self.source.read_up_to(at, 1024)?;
        let bad = Error::Malformed { at, what: "Invalid xref table" };
        (0..tail.len())
            .rev()
            .filter(|at| tail[*at..].starts_with(b"startxref"))
            .find_map(|at| {
                let mut parser = Parser::whole(&tail[at + 9..]);
                // Comments may stand between the offset and the end mark, which is a comment itself.
                let offset = parser.digits()?;
                tail[at..].windows(5).any(|mark| mark == b"%%EOF").then_some(offset)
            })
            .ok_or(bad)
    }

    /// Loads all sections from `start` on, newest first, and gives their trailers in that order.
    ///
    /// Errors: the first section cannot be read, or an entry of a table is malformed.
    pub(super) fn load(&mut self, start: u64) -> Result<Vec<Dict>, Error> {
        let mut trailers: Vec<Dict> = Vec::new();
        let mut pending = std::collections::VecDeque::from([start]);
        let mut seen = Vec::new();
        while let Some(offset) = pending.pop_front() {
            if seen.contains(&offset) || seen.len() >= SECTIONS {
                continue;
            }
            let trailer = match self.section(offset) {
                Ok(trailer) => trailer,
                Err(error) if trailers.is_empty() || is_final(&error) => return Err(error),
                Err(error) => {
                    self.warn(error.to_string());
                    continue;
                }
            };
            seen.push(offset);
            pending.extend([&b"XRefStm"[..], b"Prev"].into_iter().filter_map(|key| trailer.number(key)));
            trailers.push(trailer);
        }
        Ok(trailers)
    }

    /// Loads the table or stream at an offset and gives its trailer.
    fn section(&mut self, offset: u64) -> Result<Dict, Error> {
        let at = self.base.saturating_add(offset);
        let head = self.source.block_up_to(at, 256)?;
        let skip = head.iter().take_while(|b| is_space(**b)).count();
        let is_table =
            head[skip..].strip_prefix(b"xref").is_some_and(|rest| rest.first().is_some_and(|b| is_space(*b)));
        if is_table {
            return self.table(at + skip as u64 + 4);
        }
        let bad = Error::Malformed { at, what: "Invalid xref table" };
        let mut parser = Parser::new(&head[skip..]);
        let number = parser.digits().and_then(|n| u32::try_from(n).ok());
        let generation = parser.digits().and_then(|n| u32::try_from(n).ok());
        parser.skip_space();
        let (Some(number), Some(generation), true) = (number, generation, parser.skip(b"obj")) else { return Err(bad) };
        let key = Ref { number, generation };
        let body = at + (skip + parser.position()) as u64;
        let fetched = self.body(body, key).map_err(|_| bad)?;
        let entries = self.stream_unencrypted(&fetched);
        let Object::Dict(dict) = fetched.object else { return Err(unreadable(at)) };
        self.stream_section(&dict, entries.ok_or(unreadable(at))?).ok_or(unreadable(at))?;
        Ok(dict)
    }

    /// The sub-sections of a table from `at` on and the trailer behind them.
    fn table(&mut self, mut at: u64) -> Result<Dict, Error> {
        for _ in 0..SECTIONS * 16 {
            let piece = self.source.block_up_to(at, 64)?;
            let mut parser = Parser::whole(&piece);
            parser.skip_space();
            if parser.skip(b"trailer") {
                let body = at + parser.position() as u64;
                let key = Ref { number: 0, generation: 0 };
                return match self.body(body, key).map(|fetched| fetched.object) {
                    Ok(Object::Dict(dict)) if !dict.0.is_empty() => Ok(dict),
                    _ => Err(Error::Malformed { at: body, what: "Error reading main dictionary" }),
                };
            }
            let bad = Error::Malformed { at, what: "Invalid xref table" };
            let (Some(first), Some(count)) = (parser.digits(), parser.digits()) else { return Err(bad) };
            parser.skip_space();
            let entries = at + parser.position() as u64;
            let end = count.checked_mul(20).and_then(|len| entries.checked_add(len)).ok_or(bad)?;
            if end > self.source.size() {
                return Err(Error::Malformed { at, what: "Error reading xref table" });
            }
            // The two ends tell whether the entries have their 20 bytes.
            for index in [0, count.saturating_sub(1)].into_iter().take(count.min(2) as usize) {
                if self.entry(entries + 20 * index).is_none() {
                    return Err(Error::Malformed { at: entries, what: "Invalid xref table" });
                }
            }
            self.sections.push(Section::Table { first, count, at: entries });
            at = end;
        }
        Err(Error::Limit { what: "parts of a cross-reference table" })
    }

    /// One entry of a table: offset, generation, whether it is in use.
    fn entry(&mut self, at: u64) -> Option<(u64, u32, bool)> {
        let entry: [u8; 20] = self.source.array(at).ok()?;
        let entry = entry.trim_ascii_start();
        let number = |digits: &[u8]| {
            let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse::<u64>().ok()
        };
        let (offset, generation) = (number(entry.get(..10)?)?, number(entry.get(11..16)?)?);
        let fits = entry[10] == b' ' && entry[16] == b' ' && matches!(entry.get(17)?, b'f' | b'n');
        fits.then(|| (offset, generation as u32, entry[17] == b'n'))
    }

    /// Takes over the entries of a cross-reference stream.
    fn stream_section(&mut self, dict: &Dict, entries: Vec<u8>) -> Option<()> {
        let numbers = |key: &[u8]| match dict.get(key) {
            Some(Object::Array(items)) => items.iter().map(Object::number).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let is_cross_reference = dict.name(b"Type") == Some(b"XRef");
        let size = dict.number(b"Size").filter(|_| is_cross_reference)?;
        let widths = numbers(b"W")?;
        let width = |index: usize| widths.get(index).copied().filter(|width| *width <= 8).map(|width| width as usize);
        let index = numbers(b"Index").unwrap_or_else(|| vec![0, size]);
        let runs = index.chunks_exact(2).map(|run| (run[0], run[1])).collect();
        self.sections.push(Section::Stream { runs, widths: [width(0)?, width(1)?, width(2)?], size, entries });
        Some(())
    }

    /// Where an object lies, by the newest section that knows its number. `None`: no section does.
    fn place(&mut self, object: Ref) -> Option<Place> {
        let number = u64::from(object.number);
        for index in 0..self.sections.len() {
            let entry = match &self.sections[index] {
                Section::Table { first, count, at } if number >= *first && number - first < *count => {
                    let at = at + 20 * (number - first);
                    let (offset, generation, in_use) = self.entry(at)?;
                    (in_use && generation == object.generation).then_some(Place::At(offset))
                }
                Section::Table { .. } => continue,
                section @ Section::Stream { .. } => match section.stream_entry(number) {
                    Some((1, offset, generation)) if generation == u64::from(object.generation) => {
                        Some(Place::At(offset))
                    }
                    Some((2, stream, index)) if object.generation == 0 => {
                        Some(Place::InStream { stream: u32::try_from(stream).ok()?, index })
                    }
                    Some(_) => None,
                    None => continue,
                },
            };
            return Some(entry.filter(|place| *place != Place::At(0)).unwrap_or(Place::Free));
        }
        None
    }

    /// An indirect object; `what` names it in warnings.
    pub(super) fn fetch(&mut self, object: Ref, what: &str) -> Option<Fetched> {
        self.objects_left = self.objects_left.checked_sub(1)?;
        match self.place(object) {
            None => {
                self.warn(format!("Bad {what} reference"));
                None
            }
            Some(Place::Free) => None,
            Some(Place::At(offset)) => self.fetch_at(object, offset, what),
            Some(Place::InStream { stream, index }) => self.fetch_in_stream(object, stream, index, what),
        }
    }

    fn fetch_at(&mut self, object: Ref, offset: u64, what: &str) -> Option<Fetched> {
        let at = self.base.checked_add(offset)?;
        let head = self.source.block_up_to(at, 128).ok()?;
        let Some(skip) = object_header(&head, object) else {
            let Ref { number, generation } = object;
            self.warn(format!("{what} object ({number} {generation} obj) not found at offset {offset}"));
            return None;
        };
        self.body(at + skip as u64, object).ok()
    }

    /// The object at a place of the file, and where the stream behind it lies.
    fn body(&mut self, at: u64, key: Ref) -> Result<Fetched, Stop> {
        let mut len = 1024;
        loop {
            let text = self.source.block_up_to(at, len).map_err(|_| Stop::Bad)?;
            let is_end = (text.len() as u64) < len;
            let mut parser = if is_end { Parser::whole(&text) } else { Parser::new(&text) };
            match parser.object() {
                Ok(object) => {
                    parser.skip_space();
                    let stream_at = stream_start(parser.rest()).map(|skip| at + (parser.position() + skip) as u64);
                    if parser.rest().len() < 16 && !is_end && len < OBJECT_MAX {
                        len *= 16;
                        continue;
                    }
                    let stream = match &object {
                        Object::Dict(dict) => stream_at.and_then(|at| Some((at, self.stream_len(dict, at)?))),
                        _ => None,
                    };
                    return Ok(Fetched { object, stream, key: Some(key) });
                }
                Err(Stop::More) if !is_end && len < OBJECT_MAX => len = (len * 16).min(OBJECT_MAX),
                Err(stop) => return Err(stop),
            }
        }
    }

    /// The length of a stream, which may be an object of its own; `None` when the file has not so many bytes.
    fn stream_len(&mut self, dict: &Dict, at: u64) -> Option<u64> {
        let len = match dict.get(b"Length")? {
            Object::Ref(object) => match self.place(*object)? {
                Place::At(offset) => {
                    let at = self.base.checked_add(offset)?;
                    let text = self.source.block_up_to(at, 128).ok()?;
                    let skip = object_header(&text, *object)?;
                    Parser::whole(&text[skip..]).digits()?
                }
                _ => return None,
            },
            length => length.number()?,
        };
        (len > 0 && at.checked_add(len)? <= self.source.size()).then_some(len)
    }

    /// An object out of an object stream.
    fn fetch_in_stream(&mut self, object: Ref, stream: u32, index: u64, what: &str) -> Option<Fetched> {
        let objects = self.object_stream(stream)?;
        let index = usize::try_from(index).ok()?;
        let found = objects.objects.get(index).filter(|(number, _)| *number == u64::from(object.number));
        let Some((_, from)) = found else {
            self.warn(format!("Bad index for stream object {what}"));
            return None;
        };
        let end = objects.objects.get(index + 1).map_or(objects.text.len(), |(_, end)| *end);
        // Offsets out of order are no reason to read less than the rest.
        let end = if end > *from { end } else { objects.text.len() };
        let text = objects.text.get(*from..end.min(objects.text.len()))?;
        let value = Parser::whole(text).object().ok()?;
        // What came out of a decrypted stream is not encrypted again.
        let key = match &self.crypt {
            Some(crypt) if crypt.streams => None,
            _ => Some(object),
        };
        Some(Fetched { object: value, stream: None, key })
    }

    /// An object stream, decoded once.
    fn object_stream(&mut self, number: u32) -> Option<Rc<ObjectStream>> {
        if let Some(known) = self.object_streams.get(&number) {
            return known.clone();
        }
        // Set first, so that a stream within itself is found missing.
        self.object_streams.insert(number, None);
        let object = Ref { number, generation: 0 };
        let place = self.place(object)?;
        let Place::At(offset) = place else { return None };
        let fetched = self.fetch_at(object, offset, "object stream")?;
        let text = self.stream(&fetched)?;
        let Object::Dict(dict) = fetched.object else { return None };
        let (first, count) = (dict.number(b"First")?, dict.number(b"N")?);
        let count = usize::try_from(count).ok().filter(|count| *count <= IN_STREAM)?;
        let first = usize::try_from(first).ok().filter(|first| *first <= text.len())?;
        let mut header = Parser::whole(&text[..first]);
        let objects =
            (0..count).map_while(|_| Some((header.digits()?, usize::try_from(header.digits()?).ok()?))).collect();
        let loaded = Rc::new(ObjectStream { objects, text: text[first..].to_vec() });
        self.object_streams.insert(number, Some(Rc::clone(&loaded)));
        Some(loaded)
    }

    /// The decoded bytes of an object's stream.
    pub(super) fn stream(&mut self, fetched: &Fetched) -> Option<Vec<u8>> {
        let Object::Dict(dict) = &fetched.object else { return None };
        let data = self.stream_bytes(fetched)?;
        let data = match (&self.crypt, fetched.key) {
            (Some(crypt), Some(key)) => decrypt_stream(crypt, key, dict, data),
            _ => data,
        };
        self.decode(dict, data)
    }

    fn stream_unencrypted(&mut self, fetched: &Fetched) -> Option<Vec<u8>> {
        let Object::Dict(dict) = &fetched.object else { return None };
        let data = self.stream_bytes(fetched)?;
        self.decode(dict, data)
    }

    fn stream_bytes(&mut self, fetched: &Fetched) -> Option<Vec<u8>> {
        let (at, len) = fetched.stream?;
        self.source.block(at, len).ok()
    }

    fn decode(&mut self, dict: &Dict, data: Vec<u8>) -> Option<Vec<u8>> {
        let limit = self.source.limits().block.min(self.decoded_left);
        match filter::decode(dict, data, limit) {
            Ok(data) => {
                self.decoded_left = self.decoded_left.saturating_sub(data.len() as u64);
                Some(data)
            }
            Err(warning) => {
                self.warn(warning);
                None
            }
        }
    }

    /// A string as it is meant: decrypted where the file is encrypted.
    pub(super) fn decrypt<'t>(&self, text: &'t [u8], key: Option<Ref>) -> std::borrow::Cow<'t, [u8]> {
        match (&self.crypt, key) {
            (Some(crypt), Some(key)) if crypt.strings => crypt.decrypt(text, Extension::Object(key)).into(),
            _ => text.into(),
        }
    }
}

impl Section {
    /// The three numbers of an entry of a stream.
    fn stream_entry(&self, number: u64) -> Option<(u64, u64, u64)> {
        let Self::Stream { runs, widths, size, entries } = self else { return None };
        if number >= *size {
            return None;
        }
        let mut before = 0_u64;
        for (first, count) in runs {
            if number >= *first && number - first < *count {
                let len = widths.iter().sum::<usize>();
                let index = usize::try_from(before.checked_add(number - first)?).ok()?;
                let mut rest = entries.get(index.checked_mul(len)?..)?.get(..len)?;
                let mut field = |index: usize, default: u64| {
                    let (field, after) = rest.split_at(widths[index]);
                    rest = after;
                    if field.is_empty() { default } else { field.iter().fold(0, |n, b| n << 8 | u64::from(*b)) }
                };
                return Some((field(0, 1), field(1, 0), field(2, 0)));
            }
            before = before.checked_add(*count)?;
        }
        None
    }
}

fn unreadable(at: u64) -> Error {
    Error::Malformed { at, what: "Invalid xref stream in main dictionary" }
}

/// Whether a bad section ends the reading even when others are loaded: entries of tables are all or nothing.
fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::Malformed { what: "Error reading xref table", .. } | Error::Limit { .. } | Error::Read { .. }
    )
}

/// Where the body begins behind `12 0 obj`, which only white space may precede.
fn object_header(text: &[u8], object: Ref) -> Option<usize> {
    let mut parser = Parser::whole(text);
    let number = parser.digits()?;
    let generation = parser.digits()?;
    parser.skip_space();
    let fits = number == u64::from(object.number) && generation == u64::from(object.generation);
    (fits && parser.skip(b"obj")).then(|| parser.position())
}

/// Where the bytes begin behind the keyword `stream` and its line end.
fn stream_start(rest: &[u8]) -> Option<usize> {
    let after = rest.strip_prefix(b"stream")?;
    Some(match after {
        [b'\r', b'\n', ..] => 8,
        [b'\n' | b'\r', ..] => 7,
        _ => 6,
    })
}

/// A stream as it is before encryption; metadata may be left in clear, a crypt filter may name its own key.
fn decrypt_stream(crypt: &Crypt, key: Ref, dict: &Dict, data: Vec<u8>) -> Vec<u8> {
    if filter::names(dict).first() == Some(&&b"Crypt"[..]) {
        let parameters = match dict.get(b"DecodeParms") {
            Some(Object::Dict(parameters)) => Some(parameters),
            Some(Object::Array(items)) => items.first().and_then(|item| match item {
                Object::Dict(parameters) => Some(parameters),
                _ => None,
            }),
            _ => None,
        };
        return match parameters.and_then(|parameters| parameters.name(b"Name")) {
            Some(b"StdCF") => crypt.decrypt(&data, Extension::None),
            _ => data,
        };
    }
    let kind = dict.name(b"Type").unwrap_or_default();
    let is_clear = !crypt.streams || kind == b"XRef" || (kind == b"Metadata" && !crypt.metadata);
    if is_clear { data } else { crypt.decrypt(&data, Extension::Object(key)) }
}
