//! Directories as the view lists them: what stands in one, decoded once.

use std::{
    ops::Bound::{Included, Unbounded},
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use metafs::{Access, Child, ChildId, view::Named};

use super::{
    Shared, StoreError,
    cache::For,
    page::Reader,
    row::Row,
    schema::{page_key, page_of, record_key},
    tables::{Table, Tables},
};
use crate::model::{self, DirId, EntryRef, Node, Place};

/// Larger directories are read a part at a time.
const MOST: usize = 256;

/// A directory, whole.
#[derive(Debug)]
pub(super) struct Listing {
    /// Where it stands; `/` in itself.
    pub place: Place,
    pub access: Access,
    /// By name.
    pub children: Vec<Named>,
}

impl Listing {
    pub(super) fn child(&self, name: &[u8]) -> Option<Child> {
        let at = self.children.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
        self.children.get(at).map(|(_, child)| *child)
    }

    /// Up to `limit` children after a name.
    pub(super) fn after(&self, name: &[u8], limit: usize) -> &[Named] {
        let from = self.children.partition_point(|(other, _)| !name.is_empty() && **other <= *name);
        let rest = &self.children[from..];
        &rest[..rest.len().min(limit)]
    }

    pub(super) fn files(&self) -> usize {
        self.children.iter().filter(|(_, child)| matches!(child.id, ChildId::File(_))).count()
    }

    /// About its bytes in memory.
    fn weight(&self) -> usize {
        let children = self.children.iter().map(|child| size_of_val(child) + child.0.len() + 16);
        256 + children.sum::<usize>()
    }
}

impl Tables {
    /// An entry as a child, if it is shown.
    pub(super) fn shown(&self, entry: &EntryRef<'_>) -> Result<Option<Child>, StoreError> {
        let (id, changed) = match entry.node {
            Node::Dir(dir) => {
                let changed = self.head(dir)?.map(|head| head.changed);
                (ChildId::Dir(metafs::DirId(dir.0)), changed)
            }
            Node::File(file) => {
                let row = self.get(Table::Records, record_key(file.id))?;
                let committed = row.map(|bytes| Row::committed(&bytes)).transpose()?.flatten();
                (ChildId::File(metafs::FileId(file.id.0)), committed)
            }
        };
        Ok(changed.map(|changed| Child { id, access: access(&entry.access, changed) }))
    }

    /// A directory, if it is there and not too large, as long as `go_on` says so.
    fn listing(&self, dir: DirId, go_on: &dyn Fn() -> bool) -> Result<Option<Listing>, StoreError> {
        let mut listing: Option<Listing> = None;
        for page in self.range(Table::Dirs, Included(&page_key(dir, b"")), Unbounded) {
            let (key, bytes) = page?;
            if page_of(&key)?.0 != dir {
                break;
            }
            let mut reader = Reader::new(dir, &bytes)?;
            let listing = match (&mut listing, &reader.head) {
                (Some(listing), None) => listing,
                (listing @ None, Some(head)) => listing.insert(Listing {
                    place: Place { dir: head.row.parent, name: head.row.name.clone() },
                    access: access(&head.row.access, head.changed),
                    children: Vec::with_capacity(reader.left().min(MOST)),
                }),
                _ => return Ok(None),
            };
            while let Some(entry) = reader.next()? {
                if listing.children.len() == MOST || !go_on() {
                    return Ok(None);
                }
                if let Some(child) = self.shown(&entry)? {
                    listing.children.push((entry.name.into(), child));
                }
            }
        }
        Ok(listing)
    }
}

impl Shared {
    /// A directory with all that is in it, from the cache or, unless it is too large, read; `None` also while something
    /// is removed, as it may lie below that.
    pub(super) fn listing(
        &self,
        dir: DirId,
        whom: For,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Option<Arc<Listing>>, StoreError> {
        if !self.hidden.is_empty() {
            return Ok(None);
        }
        let found = if whom == For::Later { self.listings.peek(dir) } else { self.listings.get(dir) };
        let miss = match found {
            Ok(listing) => {
                self.lease.touch();
                return Ok(Some(listing));
            }
            Err(miss) => miss,
        };
        let tables = match whom {
            For::Reader => Some(self.lease.tables()?),
            For::Later => self.lease.awake(),
        };
        let Some(listing) = tables.map(|tables| tables.listing(dir, go_on)).transpose()?.flatten() else {
            return Ok(None);
        };
        let listing = Arc::new(listing);
        // Its pages and rows are of one transaction only if there was none since: what is not kept may be torn.
        let _still = self.applying.read().unwrap_or_else(PoisonError::into_inner);
        Ok(self.listings.put(miss, dir, &listing, listing.weight(), whom).then_some(listing))
    }

    /// A directory if it is in the cache.
    pub(super) fn known_listing(&self, dir: DirId) -> Option<Arc<Listing>> {
        let listing = self.listings.peek(dir).ok().filter(|_| self.hidden.is_empty())?;
        self.lease.touch();
        Some(listing)
    }
}

pub(super) fn access(access: &model::Access, changed: u64) -> Access {
    let model::Access { uid, gid, mode } = *access;
    // Whom a list lets in the kernel cannot be told of: only the owner is left.
    let mode = if access.has_acl() { mode & 0o700 } else { mode & 0o7777 };
    Access { uid, gid, mode, changed: time(changed) }
}

fn time(micros: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_micros(micros)).unwrap_or(UNIX_EPOCH)
}
