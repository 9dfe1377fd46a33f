//! The store as the mounted view sees it: `metafs`'s trait over the same rows. Decides nothing about what is shown but
//! that a file needs a record.

use std::{
    fmt,
    ops::Bound::{Included, Unbounded},
    sync::Arc,
};

use metafs::{
    Access, Change, Child, ChildId, Entry,
    view::{Error, Named},
};

use crate::{
    model::{DirId, FileId, FileResult, Place},
    store::{
        Changed, Shared, StoreError,
        ahead::{Item, Wanted},
        cache::For,
        listing::access,
        page::Reader,
        schema::{page_key, page_of},
        tables::{Table, Tables},
    },
};

/// Hears of directories that somebody looks into or misses a name in. Called by the kernel's request threads, it never waits.
pub type Looks = Box<dyn Fn(DirId) + Send + Sync>;

/// What [`metafs::mount`] is given.
pub struct StoreView {
    shared: Arc<Shared>,
    looks: Looks,
}

impl fmt::Debug for StoreView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreView").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// What the kernel has to forget of a committed change.
pub fn change(changed: &Changed) -> Change {
    let Place { dir, name } = &changed.place;
    Change { dir: metafs::DirId(dir.0), name: name.clone(), file: changed.file.map(|file| metafs::FileId(file.0)) }
}

impl StoreView {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, looks: Box::new(|_| {}) }
    }

    /// Tells of looks from now on.
    pub fn telling(self, looks: Looks) -> Self {
        Self { looks, ..self }
    }

    /// Some children of a directory. Whoever begins with the first is about to list it.
    pub(super) fn named(&self, dir: DirId, after: &[u8], limit: usize) -> Result<Vec<Named>, StoreError> {
        let listing = match after {
            b"" => self.shared.listing(dir, For::Reader, &|| true)?,
            _ => self.shared.known_listing(dir),
        };
        let Some(listing) = listing else { return self.part(dir, after, limit) };
        if after.is_empty() {
            let Place { dir: parent, name } = &listing.place;
            self.shared.ahead.want(Wanted { parent: *parent, name, item: Item::Dir(dir), files: listing.files() });
        }
        Ok(listing.after(after, limit).to_vec())
    }

    /// The same, not more than that.
    pub(super) fn part(&self, dir: DirId, after: &[u8], limit: usize) -> Result<Vec<Named>, StoreError> {
        let tables = self.shared.lease.tables()?;
        let mut children: Vec<Named> = Vec::new();
        if !self.shared.is_visible(&tables, dir)? {
            return Ok(children);
        }
        let first = tables.page_for(dir, after)?.map_or_else(|| page_key(dir, b""), |(key, _)| key.to_vec());
        let mut last = after.to_vec();
        for page in tables.range(Table::Dirs, Included(&first), Unbounded) {
            let (key, bytes) = page?;
            if page_of(&key)?.0 != dir {
                break;
            }
            let mut reader = Reader::new(dir, &bytes)?;
            while let Some(entry) = reader.next()? {
                // A page may have been split after the one before was read: its names came already.
                if entry.name <= &*last {
                    continue;
                }
                if let Some(child) = tables.shown(&entry)? {
                    children.push((entry.name.into(), child));
                    if children.len() == limit {
                        return Ok(children);
                    }
                }
                last.clear();
                last.extend_from_slice(entry.name);
            }
        }
        Ok(children)
    }

    pub(super) fn one(&self, dir: DirId, name: &[u8]) -> Result<Option<Child>, StoreError> {
        if let Some(listing) = self.shared.known_listing(dir) {
            return Ok(listing.child(name));
        }
        let tables = self.shared.lease.tables()?;
        let Some((_, bytes)) = tables.page_for(dir, name)? else { return Ok(None) };
        match Reader::new(dir, &bytes)?.find(name)? {
            Some(entry) if self.shared.is_visible(&tables, dir)? => tables.shown(&entry),
            _ => Ok(None),
        }
    }

    fn place_of(&self, tables: &Tables, id: ChildId) -> Result<Option<Place>, StoreError> {
        let place = match id {
            ChildId::Dir(metafs::DirId::TOP) => None,
            ChildId::Dir(dir) => {
                tables.head(DirId(dir.0))?.map(|head| Place { dir: head.row.parent, name: head.row.name })
            }
            ChildId::File(file) => tables.row(FileId(file.0))?.map(|row| row.place),
        };
        match place {
            Some(place) if self.shared.is_visible(tables, place.dir)? && !self.is_hidden(id) => Ok(Some(place)),
            _ => Ok(None),
        }
    }

    fn is_hidden(&self, id: ChildId) -> bool {
        match id {
            ChildId::Dir(dir) => self.shared.hidden.contains(DirId(dir.0)),
            ChildId::File(_) => false,
        }
    }

    pub(super) fn access_of(&self, id: ChildId) -> Result<Option<Access>, StoreError> {
        if let Some(access) = self.known_access(id) {
            return Ok(Some(access));
        }
        let tables = self.shared.lease.tables()?;
        if let ChildId::Dir(dir) = id {
            let head = match self.shared.is_visible(&tables, DirId(dir.0))? {
                true => tables.head(DirId(dir.0))?,
                false => None,
            };
            return Ok(head.map(|head| access(&head.row.access, head.changed)));
        }
        let Some(place) = self.place_of(&tables, id)? else { return Ok(None) };
        let Some((_, bytes)) = tables.page_for(place.dir, &place.name)? else { return Ok(None) };
        let entry = Reader::new(place.dir, &bytes)?.find(&place.name)?;
        let child = entry.map(|entry| tables.shown(&entry)).transpose()?.flatten();
        Ok(child.filter(|child| child.id == id).map(|child| child.access))
    }

    /// From the caches, if they have it.
    fn known_access(&self, id: ChildId) -> Option<Access> {
        match id {
            ChildId::Dir(dir) => self.shared.known_listing(DirId(dir.0)).map(|listing| listing.access),
            ChildId::File(file) => {
                let loaded = self.shared.cache.peek(FileId(file.0)).ok()?;
                let Place { dir, name } = &loaded.record.place;
                let child = self.shared.known_listing(*dir)?.child(name)?;
                Some(child.access).filter(|_| child.id == id)
            }
        }
    }

    fn entry_of(&self, file: FileId) -> Result<Option<Arc<Entry>>, StoreError> {
        let Some(loaded) = self.shared.load(file)? else { return Ok(None) };
        if !self.shared.hidden.is_empty() {
            let tables = self.shared.lease.tables()?;
            if !self.shared.is_visible(&tables, loaded.record.place.dir)? {
                return Ok(None);
            }
        }
        self.shared.ahead.want_file(file, &loaded.record.place);
        let FileResult::Record(record) = &loaded.record.result else { return Ok(None) };
        let entry = loaded.entry.get_or_init(|| {
            let numbers = loaded.numbers.clone().unwrap_or_else(|| metafs::Numbers::first(record));
            Arc::new(Entry::new(record.clone(), numbers))
        });
        Ok(Some(entry.clone()))
    }
}

impl metafs::View for StoreView {
    fn child(&self, dir: metafs::DirId, name: &[u8]) -> Result<Option<Child>, Error> {
        let child = self.shared.noticed(self.one(DirId(dir.0), name)).map_err(told)?;
        if child.is_none() {
            (self.looks)(DirId(dir.0));
        }
        Ok(child)
    }

    fn children(&self, dir: metafs::DirId, after: &[u8], limit: usize) -> Result<Vec<Named>, Error> {
        if after.is_empty() {
            (self.looks)(DirId(dir.0));
        }
        self.shared.noticed(self.named(DirId(dir.0), after, limit)).map_err(told)
    }

    fn place(&self, id: ChildId) -> Result<Option<metafs::Place>, Error> {
        let place = self.shared.lease.tables().and_then(|tables| self.place_of(&tables, id));
        let place = self.shared.noticed(place).map_err(told)?;
        Ok(place.map(|place| metafs::Place { dir: metafs::DirId(place.dir.0), name: place.name }))
    }

    fn access(&self, id: ChildId) -> Result<Option<Access>, Error> {
        self.shared.noticed(self.access_of(id)).map_err(told)
    }

    fn entry(&self, file: metafs::FileId) -> Result<Option<Arc<Entry>>, Error> {
        self.entry_of(FileId(file.0)).map_err(told)
    }
}

fn told(error: StoreError) -> Error {
    match error {
        StoreError::Damaged { .. } | StoreError::Endless => Error::Damaged,
        StoreError::Locked { .. }
        | StoreError::Newer { .. }
        | StoreError::Open { .. }
        | StoreError::Failed { .. }
        | StoreError::Full { .. }
        | StoreError::Write { .. }
        | StoreError::Closed => Error::Unavailable,
    }
}
