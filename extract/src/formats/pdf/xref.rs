//! Cross-reference tables and streams (ISO 32000-1, 7.5.4 to 7.5.8): where each object lies.
//!
//! Tables are never loaded whole: an entry is read where it stands when its object is asked for.

use super::{
    file::File,
    object::{Dict, Object, Parser, Ref, is_space},
};
use crate::Error;

/// Cross-reference sections of one file.
const SECTIONS: usize = 512;
/// A part of a cross-reference table: where the offsets of some objects stand.
#[derive(Debug)]
pub(super) enum Section {
    /// Entries of 20 bytes in the file.
    Table { first: u64, count: u64, at: u64 },
    /// Entries of binary numbers, already decoded; runs of object numbers.
    Stream { runs: Vec<(u64, u64)>, widths: [usize; 3], size: u64, entries: Vec<u8> },
}

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    At(u64),
    InStream { stream: u32, index: u64 },
    Free,
}

impl File<'_, '_> {
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
            self.runs += 1;
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
        let runs: Vec<_> = index.chunks_exact(2).map(|run| (run[0], run[1])).collect();
        self.runs += runs.len() as u64;
        self.sections.push(Section::Stream { runs, widths: [width(0)?, width(1)?, width(2)?], size, entries });
        Some(())
    }

    /// Where an object lies, by the newest section that knows its number. `None`: no section does.
    pub(super) fn place(&mut self, object: Ref) -> Option<Place> {
        self.spend(self.runs)?;
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
