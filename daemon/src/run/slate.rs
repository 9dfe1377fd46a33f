//! The files in hand, written where the daemon's own death leaves them: a file that takes the daemon down is among those
//! that the next start finds here.
//!
//! Slots of fixed size in one small file, overwritten in place and never synced: what a process has written outlives it, and
//! only a power cut takes it away, which no file can cause. `reading` alone uses it.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use crate::model::{DirId, FileId};

/// Files noted at once, more than the engine takes. What comes beyond is not noted.
const SLOTS: usize = 1_024;
/// Bytes of one: the file's number with [`ALONE`], and its directory's with [`Left::accused`] above it.
const SLOT: usize = 16;
/// Set in the number of a file while nothing else is in hand.
const ALONE: u64 = 1 << 63;

/// What the slate is written on.
pub(crate) trait Stone: Send {
    /// Everything on it.
    fn read(&self) -> io::Result<Vec<u8>>;
    /// Overwrites from a byte on.
    fn write(&mut self, at: usize, bytes: &[u8]) -> io::Result<()>;
}

/// A file that a daemon had in hand when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub file: FileId,
    pub dir: DirId,
    /// Nothing else was in hand.
    pub alone: bool,
    /// Which of its accusations this end has brought about already, by a start that may have ended before it was durable;
    /// 0 for none.
    pub accused: u8,
}

impl Left {
    fn words(self) -> [u64; 2] {
        let alone = if self.alone { ALONE } else { 0 };
        [self.file.0 | alone, u64::from(self.dir.0) | u64::from(self.accused) << 32]
    }
}

/// See the module.
pub(crate) struct Slate {
    stone: Box<dyn Stone>,
    /// As it is to be.
    bytes: Vec<u8>,
    slots: HashMap<FileId, usize>,
    free: Vec<usize>,
    /// Slots that are not written yet.
    changed: Option<Range<usize>>,
}

impl Slate {
    pub fn new(stone: Box<dyn Stone>) -> Self {
        let free = (0..SLOTS).rev().collect();
        Self { stone, bytes: vec![0; SLOTS * SLOT], slots: HashMap::new(), free, changed: None }
    }

    /// What an earlier daemon left, as long as nothing is written.
    pub fn left(&self) -> Vec<Left> {
        // Without it nobody is suspected.
        let bytes = self.stone.read().unwrap_or_default();
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let words = bytes.chunks_exact(SLOT).map(|slot| (word(&slot[..8]), word(&slot[8..])));
        let left = words.filter_map(|(file, dir)| {
            let (accused, dir) = (u8::try_from(dir >> 32).ok()?, DirId(dir as u32));
            (file != 0).then_some(Left { file: FileId(file & !ALONE), dir, alone: file & ALONE != 0, accused })
        });
        left.collect()
    }

    /// What an earlier daemon left is to be found again until [`begin`](Self::begin), as it is now.
    pub fn keep(&mut self, left: &[Left]) {
        let mut bytes = vec![0; SLOTS * SLOT];
        for (slot, left) in bytes.chunks_exact_mut(SLOT).zip(left) {
            slot.copy_from_slice(left.words().map(u64::to_le_bytes).as_flattened());
        }
        _ = self.stone.write(0, &bytes);
    }

    /// Files on it.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether a file is on it.
    pub fn contains(&self, file: FileId) -> bool {
        self.slots.contains_key(&file)
    }

    /// A file is in hand.
    pub fn put(&mut self, left: Left) {
        let Some(slot) = self.slots.get(&left.file).copied().or_else(|| self.free.pop()) else { return };
        self.slots.insert(left.file, slot);
        self.set(slot, left.words());
    }

    /// It is no longer.
    pub fn remove(&mut self, file: FileId) {
        if let Some(slot) = self.slots.remove(&file) {
            self.free.push(slot);
            self.set(slot, [0, 0]);
        }
    }

    fn set(&mut self, slot: usize, words: [u64; 2]) {
        for (bytes, word) in self.bytes[slot * SLOT..][..SLOT].chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let Range { start, end } = self.changed.take().unwrap_or(slot..slot);
        self.changed = Some(start.min(slot)..end.max(slot + 1));
    }

    /// Forgets what an earlier daemon left.
    pub fn begin(&mut self) {
        self.changed = Some(0..SLOTS);
        self.write();
    }

    /// Writes what has changed.
    pub fn write(&mut self) {
        if let Some(Range { start, end }) = self.changed.take() {
            // Where there is no room for it nobody is suspected.
            _ = self.stone.write(start * SLOT, &self.bytes[start * SLOT..end * SLOT]);
        }
    }

    /// The daemon ends as it should: nobody is to be suspected.
    pub fn wipe(&mut self) {
        self.bytes.fill(0);
        self.begin();
    }
}

/// The slate's file in the store's directory.
#[derive(Debug)]
pub(super) struct InHand(File);

impl InHand {
    pub fn open(store: &Path) -> io::Result<Self> {
        let path = store.join("in-hand");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        open.map(Self)
    }
}

impl Stone for InHand {
    fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; SLOTS * SLOT];
        let length = self.0.read_at(&mut bytes, 0)?;
        bytes.truncate(length);
        Ok(bytes)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, at as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(file: u64, alone: bool) -> Left {
        Left { file: FileId(file), dir: DirId(7), alone, accused: 0 }
    }

    #[test]
    fn what_is_in_hand_outlives_who_had_it_and_takes_no_more_room() {
        let dir = tempfile::tempdir().expect("there is room");
        let slate = || Slate::new(Box::new(InHand::open(dir.path()).expect("it can be opened")));
        let mut first = slate();
        assert_eq!(first.left(), []);
        first.begin();
        (1..=2_000).for_each(|file| first.put(left(file, false)));
        (3..=2_000).for_each(|file| first.remove(FileId(file)));
        first.put(left(2, true));
        assert_eq!(slate().left(), [], "nothing is written yet");
        first.write();
        drop(first);
        let mut second = slate();
        assert_eq!(second.left(), [left(1, false), left(2, true)]);
        assert_eq!(std::fs::metadata(dir.path().join("in-hand")).expect("it is there").len(), 16 << 10);
        let accused = Left { accused: 2, ..left(2, true) };
        second.keep(&[accused]);
        assert_eq!(slate().left(), [accused]);
        second.put(left(9, false));
        second.wipe();
        assert_eq!(slate().left(), []);
    }
}
