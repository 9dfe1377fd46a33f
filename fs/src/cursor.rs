//! Where a listing of a real directory goes on.
//!
//! The kernel gives back the cookie of the last child it passed on, which is the child's own id. Its name, by which
//! the view goes on, is remembered for the last batches, so that a listing survives the child's removal.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::view::{ChildId, DirId, FileId};

/// The cookies of `.` and `..`; no child has them, since directories below the top have ids from 2.
pub(crate) const DOT: u64 = 1;
pub(crate) const DOT_DOT: u64 = 2;
/// Batches remembered.
const KEPT: usize = 32;

/// A child's cookie: small ids give small ones, for old programs with 32 bits.
pub(crate) fn cookie(child: ChildId) -> u64 {
    match child {
        ChildId::Dir(dir) => u64::from(dir.0) << 1,
        ChildId::File(file) => file.0 << 1 | 1,
    }
}

/// The child of a cookie.
pub(crate) fn child(cookie: u64) -> Option<ChildId> {
    match cookie {
        0..=DOT_DOT => None,
        cookie if cookie & 1 == 1 => Some(ChildId::File(FileId(cookie >> 1))),
        cookie => u32::try_from(cookie >> 1).ok().map(|id| ChildId::Dir(DirId(id))),
    }
}

type Batch = (DirId, Vec<(u64, Box<[u8]>)>);

/// The last batches of all listings. Behind a lock, since listings run on both request threads.
#[derive(Debug, Default)]
pub(crate) struct Cursors(Mutex<VecDeque<Batch>>);

impl Cursors {
    pub(crate) fn remember(&self, dir: DirId, batch: Vec<(u64, Box<[u8]>)>) {
        if batch.is_empty() {
            return;
        }
        let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        batches.truncate(KEPT - 1);
        batches.push_front((dir, batch));
    }

    /// The name that a child had when it was listed, if that is not long ago.
    pub(crate) fn name(&self, dir: DirId, cookie: u64) -> Option<Box<[u8]>> {
        let batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = batches.iter().filter(|batch| batch.0 == dir).flat_map(|batch| &batch.1);
        names.find(|(known, _)| *known == cookie).map(|(_, name)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_leads_back_to_its_child() {
        for id in [ChildId::Dir(DirId(2)), ChildId::File(FileId(1)), ChildId::File(FileId((1 << 43) - 1))] {
            assert!(cookie(id) > DOT_DOT && i64::try_from(cookie(id)).is_ok());
            assert_eq!(child(cookie(id)), Some(id));
        }
        assert_eq!([0, DOT, DOT_DOT].map(child), [None; 3]);
    }

    #[test]
    fn the_last_batches_are_remembered() {
        let cursors = Cursors::default();
        for id in 0..100 {
            cursors.remember(DirId(id % 2), vec![(u64::from(id), Box::from(id.to_string().as_bytes()))]);
        }
        assert_eq!(cursors.name(DirId(1), 99).as_deref(), Some(&b"99"[..]));
        assert_eq!(cursors.name(DirId(0), 99), None);
        assert_eq!(cursors.name(DirId(0), 100 - 2 - KEPT as u64), None);
    }
}
