//! The records decoded last, as many as fit a number of bytes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metaextract::{Record, Value};

use crate::{model::FileId, store::CacheUse};

/// Values by file, the longest unused go first. What a writer changes meanwhile never gets in.
#[derive(Debug)]
pub(super) struct Cache<T> {
    // Held for a look-up, never while a record is read or decoded.
    state: Mutex<State<T>>,
    most: usize,
}

#[derive(Debug)]
struct State<T> {
    found: HashMap<FileId, Slot<T>>,
    /// By last use.
    order: BTreeMap<u64, FileId>,
    clock: u64,
    /// Grows with each change of rows: what was read before must not be kept after.
    changes: u64,
    bytes: usize,
    hits: u64,
    misses: u64,
}

#[derive(Debug)]
struct Slot<T> {
    value: Arc<T>,
    bytes: usize,
    used: u64,
}

/// When a value was looked for in vain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Miss(u64);

impl<T> Cache<T> {
    pub(super) fn new(most: usize) -> Self {
        let state =
            State { found: HashMap::new(), order: BTreeMap::new(), clock: 0, changes: 0, bytes: 0, hits: 0, misses: 0 };
        Self { state: Mutex::new(state), most }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, file: FileId) -> Result<Arc<T>, Miss> {
        let mut state = self.state();
        let State { found, order, clock, changes, hits, misses, .. } = &mut *state;
        let Some(slot) = found.get_mut(&file) else {
            *misses += 1;
            return Err(Miss(*changes));
        };
        *hits += 1;
        *clock += 1;
        order.remove(&slot.used);
        order.insert(*clock, file);
        slot.used = *clock;
        Ok(slot.value.clone())
    }

    /// Keeps a value that was read after `miss`, unless rows changed meanwhile.
    pub(super) fn put(&self, miss: Miss, file: FileId, value: &Arc<T>, bytes: usize) {
        let mut state = self.state();
        if miss.0 != state.changes || bytes > self.most / 4 {
            return;
        }
        state.remove(file);
        state.clock += 1;
        let used = state.clock;
        state.found.insert(file, Slot { value: value.clone(), bytes, used });
        state.order.insert(used, file);
        state.bytes += bytes;
        while state.bytes > self.most {
            let Some((_, &oldest)) = state.order.first_key_value() else { break };
            state.remove(oldest);
        }
    }

    /// The rows of these files changed.
    pub(super) fn forget(&self, files: impl Iterator<Item = FileId>) {
        let mut state = self.state();
        state.changes += 1;
        files.for_each(|file| state.remove(file));
    }

    /// Any row may have changed.
    pub(super) fn clear(&self) {
        let mut state = self.state();
        state.changes += 1;
        (state.found, state.order, state.bytes) = Default::default();
    }

    pub(super) fn usage(&self) -> CacheUse {
        let state = self.state();
        CacheUse { bytes: state.bytes as u64, hits: state.hits, misses: state.misses }
    }
}

impl<T> State<T> {
    fn remove(&mut self, file: FileId) {
        if let Some(slot) = self.found.remove(&file) {
            self.order.remove(&slot.used);
            self.bytes -= slot.bytes;
        }
    }
}

/// About the memory a record takes, and as much again for the view's names and numbers.
pub(super) fn weight(record: &Record) -> usize {
    let tags = record
        .tags
        .iter()
        .map(|tag| size_of_val(tag) + heap(&tag.raw) + tag.printed.as_ref().map_or(0, heap) + tag.group.len() / 8 + 16);
    512 + tags.sum::<usize>() + record.warnings.iter().map(|text| text.len() + 40).sum::<usize>()
}

fn heap(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::DateTime(text) => text.len() + 16,
        Value::List(items) => items.iter().map(|item| size_of_val(item) + heap(item)).sum(),
        Value::Struct(fields) => fields.iter().map(|field| size_of_val(field) + heap(&field.1)).sum(),
        _ => 0,
    }
}
