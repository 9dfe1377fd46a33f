//! Interned names: a group's or tag's name is kept once, records hold its number.
//!
//! Names are never taken back. A file chooses its tags' names, so there is a bound: what exceeds it stands in the
//! record as text.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex, PoisonError, RwLock, RwLockReadGuard},
};

use metaextract::Name;

use crate::codec::{DecodeError, Input, ReadName, WriteName, write_text, write_varint};

/// At most so many names are interned, each of at most so many bytes: 4 MiB in all.
const MOST: usize = 1 << 16;
const LONGEST: usize = 64;
/// Names in one row.
pub(super) const CHUNK: usize = 128;

/// All interned names by number, shared with readers.
#[derive(Debug, Default)]
pub(super) struct Names {
    // Written only for a name never seen before, so that readers practically never wait.
    list: RwLock<Vec<&'static str>>,
}

impl Names {
    pub(super) fn reading(&self) -> Reading<'_> {
        Reading(self.list.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads names of a record.
#[derive(Debug)]
pub(super) struct Reading<'a>(RwLockReadGuard<'a, Vec<&'static str>>);

impl ReadName for Reading<'_> {
    fn read_name(&mut self, input: &mut Input<'_>) -> Result<Name, DecodeError> {
        let number = usize::try_from(input.varint()?).map_err(|_| DecodeError::Bad("an unknown name"))?;
        match number.checked_sub(1) {
            None => Ok(input.text()?.to_owned().into()),
            Some(index) => self.0.get(index).map(|&name| name.into()).ok_or(DecodeError::Bad("an unknown name")),
        }
    }
}

/// Gives numbers to names; there is one, the writer's.
#[derive(Debug)]
pub(super) struct Interner {
    names: Arc<Names>,
    numbers: HashMap<&'static str, u32>,
    /// Which name came last as the second after each one, by number: groups and tags alternate, and records of a format
    /// have them in the same order.
    next: Vec<Option<(&'static str, u32)>>,
    /// The two names before.
    last: [u32; 2],
    /// How many names stand in rows already.
    stored: usize,
}

impl Interner {
    pub(super) fn new(names: Arc<Names>) -> Self {
        let list = names.reading().0;
        let numbers = list.iter().enumerate().map(|(index, &name)| (name, index as u32)).collect();
        let stored = list.len();
        drop(list);
        Self { names, numbers, next: Vec::new(), last: [0; 2], stored }
    }

    /// The chunks with names that stand in no row yet, by number.
    pub(super) fn unstored(&self) -> Vec<(u32, Vec<u8>)> {
        let list = self.names.reading().0;
        if list.len() == self.stored {
            return Vec::new();
        }
        let first = self.stored / CHUNK;
        let chunks = list.chunks(CHUNK).enumerate().skip(first);
        chunks.map(|(number, names)| (number as u32, encode(names))).collect()
    }

    /// Commits may have been lost with the disk: all names are to be written again.
    pub(super) fn store_again(&mut self) {
        self.stored = 0;
    }

    /// The rows of [`Self::unstored`] are committed.
    pub(super) fn set_stored(&mut self) {
        self.stored = self.names.reading().0.len();
    }
}

impl Interner {
    fn number(&mut self, name: &str) -> Option<u32> {
        let [before, last] = self.last;
        let after = before as usize;
        let number = match self.next.get(after) {
            Some(&Some((next, number))) if next == name => number,
            _ => {
                let (name, number) = self.look_up(name)?;
                if self.next.len() <= after {
                    self.next.resize(after + 1, None);
                }
                self.next[after] = Some((name, number));
                number
            }
        };
        self.last = [last, number];
        Some(number)
    }

    fn look_up(&mut self, name: &str) -> Option<(&'static str, u32)> {
        if let Some((&name, &number)) = self.numbers.get_key_value(name) {
            return Some((name, number));
        }
        if name.len() > LONGEST || self.numbers.len() >= MOST {
            return None;
        }
        let name = lasting(name);
        let mut list = self.names.list.write().unwrap_or_else(PoisonError::into_inner);
        let number = list.len() as u32;
        list.push(name);
        self.numbers.insert(name, number);
        Some((name, number))
    }
}

impl WriteName for Interner {
    fn write_name(&mut self, name: &str, out: &mut Vec<u8>) {
        match self.number(name) {
            Some(number) => write_varint(u64::from(number) + 1, out),
            None => {
                out.push(0);
                write_text(name, out);
            }
        }
    }
}

fn encode(names: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    names.iter().for_each(|name| write_text(name, &mut out));
    out
}

/// Reads all names from their rows, which come in order.
pub(super) fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Result<Names, DecodeError> {
    let mut list = Vec::new();
    for chunk in chunks {
        let mut input = Input::new(chunk);
        while !input.rest().is_empty() {
            list.push(lasting(input.text()?));
        }
    }
    Ok(Names { list: RwLock::new(list) })
}

/// The name, kept for the life of the process: a decoded record then owns none. Bounded as the table is.
fn lasting(name: &str) -> &'static str {
    static ALL: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(name) {
        return known;
    }
    let name: &'static str = Box::leak(name.into());
    all.insert(name);
    name
}
