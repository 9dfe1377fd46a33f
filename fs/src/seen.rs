//! Which files and directories the kernel may hold anything of, one bit each.
//!
//! A request for something inside one marks it before the view is read, and a change looks at the mark after it has
//! become visible: whatever was read before the change is then known to be made stale. Marks are never taken back:
//! a file held open outlives its name.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::view::{ChildId, DirId, FileId};

/// The marks. Behind a lock that is held for one look only, because two request threads and the notifier share it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    files: Mutex<Bits>,
    dirs: Mutex<Bits>,
}

impl Seen {
    pub(crate) fn mark(&self, id: ChildId) {
        let (bits, id) = self.of(id);
        bits.lock().unwrap_or_else(PoisonError::into_inner).set(id);
    }

    pub(crate) fn file(&self, file: FileId) -> bool {
        self.has(ChildId::File(file))
    }

    pub(crate) fn dir(&self, dir: DirId) -> bool {
        self.has(ChildId::Dir(dir))
    }

    fn has(&self, id: ChildId) -> bool {
        let (bits, id) = self.of(id);
        bits.lock().unwrap_or_else(PoisonError::into_inner).has(id)
    }

    fn of(&self, id: ChildId) -> (&Mutex<Bits>, u64) {
        match id {
            ChildId::File(file) => (&self.files, file.0),
            ChildId::Dir(dir) => (&self.dirs, u64::from(dir.0)),
        }
    }
}

/// A sparse set of numbers.
#[derive(Debug, Default)]
struct Bits(HashMap<u64, u64>);

impl Bits {
    fn set(&mut self, id: u64) {
        *self.0.entry(id / 64).or_default() |= 1 << (id % 64);
    }

    fn has(&self, id: u64) -> bool {
        self.0.get(&(id / 64)).is_some_and(|word| word & 1 << (id % 64) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_one_file_or_directory() {
        let seen = Seen::default();
        seen.mark(ChildId::File(FileId(64)));
        seen.mark(ChildId::Dir(DirId(3)));
        let files: Vec<u64> = (0..200).filter(|&id| seen.file(FileId(id))).collect();
        let dirs: Vec<u32> = (0..200).filter(|&id| seen.dir(DirId(id))).collect();
        assert_eq!((files, dirs), (vec![64], vec![3]));
    }
}
