//! The file of a PDF: indirect objects, object streams, decoded streams. Where objects lie is `xref`'s part.

use std::{collections::HashMap, rc::Rc};

use super::{
    crypt::{Crypt, Extension},
    filter,
    object::{Dict, Object, Parser, Ref, Stop},
    xref::{Place, Section},
};
use crate::Source;

/// Objects fetched from one file.
const OBJECTS: u32 = 20_000;
/// Bytes of an object's text, without its stream.
const OBJECT_MAX: u64 = 1 << 20;
/// Bytes parsed and table parts searched in one file, in all: what a file may cost by pointing at its parts again
/// and again.
const WORK: u64 = 64 << 20;
/// Objects in one object stream.
const IN_STREAM: usize = 1 << 16;

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
    pub(super) base: u64,
    pub(super) sections: Vec<Section>,
    /// Object streams by number; `None` for one that could not be read.
    object_streams: HashMap<u32, Option<Rc<ObjectStream>>>,
    pub(super) crypt: Option<Crypt>,
    pub(super) warnings: Vec<String>,
    objects_left: u32,
    work_left: u64,
    /// Runs of object numbers in all sections: what finding one object may cost.
    pub(super) runs: u64,
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
            work_left: WORK,
            runs: 0,
            decoded_left,
        }
    }

    /// Notes something odd, in ExifTool's words where it has some.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        if self.warnings.len() < 64 {
            self.warnings.push(text.into());
        }
    }

    /// Takes from what the file may cost; `None` when it is used up.
    pub(super) fn spend(&mut self, work: u64) -> Option<()> {
        self.work_left = self.work_left.checked_sub(work)?;
        Some(())
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
    pub(super) fn body(&mut self, at: u64, key: Ref) -> Result<Fetched, Stop> {
        let mut len = 1024;
        loop {
            let text = self.source.block_up_to(at, len).map_err(|_| Stop::Bad)?;
            self.spend(text.len() as u64).ok_or(Stop::Bad)?;
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
        let mut parser = Parser::whole(text);
        let value = parser.object().ok()?;
        self.spend(parser.position() as u64)?;
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

    pub(super) fn stream_unencrypted(&mut self, fetched: &Fetched) -> Option<Vec<u8>> {
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
