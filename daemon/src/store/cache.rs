//! What was decoded last, as much as fits a number of bytes. Some of it before anybody asked for it.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metaextract::{Record, Value};

use crate::store::{Prefetch, Tier};

/// Values by number, the longest unused go first. What a writer changes meanwhile never gets in.
#[derive(Debug)]
pub(super) struct Cache<K, T> {
    // Held for a look-up, never while a value is read or decoded.
    state: Mutex<State<K, T>>,
    most: usize,
}

#[derive(Debug)]
struct State<K, T> {
    found: HashMap<K, Slot<T>>,
    /// By last use.
    order: BTreeMap<u64, K>,
    clock: u64,
    /// Grows with each change of rows: what was read before must not be kept after.
    changes: u64,
    /// Its bytes are those of `found`.
    tier: Tier,
    prefetch: Prefetch,
    /// Bytes and number of what was fetched ahead and nobody has asked for yet.
    ahead: (usize, usize),
}

#[derive(Debug)]
struct Slot<T> {
    value: Arc<T>,
    bytes: usize,
    used: u64,
    /// Fetched ahead, and nobody has asked for it yet.
    ahead: bool,
}

/// When a value was looked for in vain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Miss(u64);

/// Who a value was read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Somebody who asks for it.
    Reader,
    /// Whoever may ask next.
    Later,
}

impl<K: Copy + Eq + Hash, T> Cache<K, T> {
    /// `most` is in bytes.
    pub(super) fn new(most: usize) -> Self {
        let state = State {
            found: HashMap::new(),
            order: BTreeMap::new(),
            clock: 0,
            changes: 0,
            tier: Tier { most: most as u64, ..Tier::default() },
            prefetch: Prefetch::default(),
            ahead: (0, 0),
        };
        Self { state: Mutex::new(state), most }
    }

    fn state(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: K) -> Result<Arc<T>, Miss> {
        let mut state = self.state();
        let State { found, order, clock, changes, tier, prefetch, ahead, .. } = &mut *state;
        let Some(slot) = found.get_mut(&key) else {
            tier.misses += 1;
            return Err(Miss(*changes));
        };
        tier.hits += 1;
        if std::mem::take(&mut slot.ahead) {
            prefetch.hits += 1;
            *ahead = (ahead.0 - slot.bytes, ahead.1 - 1);
        }
        *clock += 1;
        order.remove(&slot.used);
        order.insert(*clock, key);
        slot.used = *clock;
        Ok(slot.value.clone())
    }

    /// The same where it is only of use if it is there; neither counted nor used thereby.
    pub(super) fn peek(&self, key: K) -> Result<Arc<T>, Miss> {
        let state = self.state();
        state.found.get(&key).map(|slot| slot.value.clone()).ok_or(Miss(state.changes))
    }

    /// Keeps a value that was read after `miss`, unless rows changed meanwhile; whether it is kept.
    pub(super) fn put(&self, miss: Miss, key: K, value: &Arc<T>, bytes: usize, whom: For) -> bool {
        let mut state = self.state();
        let is_known = whom == For::Later && state.found.contains_key(&key);
        if miss.0 != state.changes || bytes > self.most / 4 || is_known {
            return is_known;
        }
        state.remove(key);
        state.clock += 1;
        let (used, ahead) = (state.clock, whom == For::Later);
        if ahead {
            state.prefetch.fetched += 1;
            state.ahead = (state.ahead.0 + bytes, state.ahead.1 + 1);
        }
        state.found.insert(key, Slot { value: value.clone(), bytes, used, ahead });
        state.order.insert(used, key);
        state.tier.bytes += bytes as u64;
        while state.tier.bytes > self.most as u64 {
            let Some((_, &oldest)) = state.order.first_key_value() else { break };
            state.remove(oldest);
            state.tier.evictions += 1;
        }
        true
    }

    /// Whether no more is to be fetched ahead: `most` values wait already, or so many that they take a quarter of the room.
    pub(super) fn is_ahead(&self, most: usize) -> bool {
        let (bytes, count) = self.state().ahead;
        count >= most || bytes >= self.most / 4
    }

    /// The rows of these changed.
    pub(super) fn forget(&self, keys: impl Iterator<Item = K>) {
        let mut state = self.state();
        state.changes += 1;
        keys.for_each(|key| state.remove(key));
    }

    /// Any row may have changed.
    pub(super) fn clear(&self) {
        let mut state = self.state();
        state.changes += 1;
        state.prefetch.wasted += state.ahead.1 as u64;
        (state.found, state.order, state.tier.bytes, state.ahead) = Default::default();
    }

    pub(super) fn usage(&self) -> (Tier, Prefetch) {
        let state = self.state();
        (state.tier, state.prefetch)
    }
}

impl<K: Copy + Eq + Hash, T> State<K, T> {
    fn remove(&mut self, key: K) {
        if let Some(slot) = self.found.remove(&key) {
            self.order.remove(&slot.used);
            self.tier.bytes -= slot.bytes as u64;
            if slot.ahead {
                self.prefetch.wasted += 1;
                self.ahead = (self.ahead.0 - slot.bytes, self.ahead.1 - 1);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &Cache<u32, u32>, key: u32, bytes: usize, whom: For) {
        if let Err(miss) = cache.peek(key) {
            cache.put(miss, key, &Arc::new(key), bytes, whom);
        }
    }

    #[test]
    fn hits_misses_evictions_and_bytes_are_counted() {
        let cache = Cache::new(100);
        (1..=5).for_each(|key| put(&cache, key, 25, For::Reader));
        assert!(cache.get(1).is_err(), "the longest unused is gone");
        assert_eq!(cache.get(2).ok().as_deref(), Some(&2));
        put(&cache, 6, 26, For::Reader);
        assert!(cache.get(6).is_err(), "nothing takes more than a quarter");
        let expected = Tier { bytes: 100, most: 100, hits: 1, misses: 2, evictions: 1 };
        assert_eq!(cache.usage(), (expected, Prefetch::default()));
        put(&cache, 6, 25, For::Reader);
        assert!(cache.get(2).is_ok() && cache.get(3).is_err(), "what was used last stays");
    }

    #[test]
    fn what_is_fetched_ahead_is_a_hit_once_and_wasted_if_nobody_comes() {
        let cache = Cache::new(100);
        (1..=4).for_each(|key| put(&cache, key, 10, For::Later));
        assert!(cache.is_ahead(4) && cache.is_ahead(0) && cache.is_ahead(100), "40 bytes are more than a quarter");
        (0..2).for_each(|_| assert!(cache.get(1).is_ok() && cache.get(2).is_ok()));
        assert!(!cache.is_ahead(3));
        cache.forget([3, 9].into_iter());
        put(&cache, 1, 10, For::Later);
        assert_eq!(cache.usage().1, Prefetch { fetched: 4, hits: 2, wasted: 1 });
        cache.clear();
        assert_eq!(cache.usage().1, Prefetch { fetched: 4, hits: 2, wasted: 2 });
        assert_eq!(cache.usage().0.bytes, 0);
        assert!(!cache.is_ahead(1));
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = Cache::new(100);
        let Err(miss) = cache.peek(1) else { unreachable!() };
        cache.forget([2].into_iter());
        cache.put(miss, 1, &Arc::new(1), 10, For::Later);
        assert!(cache.peek(1).is_err() && cache.usage().1 == Prefetch::default());
    }
}
