//! Changes that are not committed yet: the writer's view of the rows, and the one transaction that makes it everyone's.
//!
//! Keeps what must stay true between rows whatever the changes are: totals, the places of inodes with several names,
//! and side files no row names. What a change means is decided in `apply`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Bound::{Excluded, Included, Unbounded},
    sync::PoisonError,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    model::{DirId, EntryRow, FailureKind, FileId, Note, Place},
    store::{
        Counts, Shared, StoreError,
        dictionary::Packer,
        lease::Lent,
        names::Interner,
        page::Page,
        rebuild,
        row::{Body, Row},
        schema::{State, failure_number, link_place, meta, page_key, page_of, record_key},
        tables::{Changes, Table, Tables},
    },
};

/// A transaction is committed when it has so many operations; one change adds up to 400 more. Sled takes gigabytes for
/// transactions of thousands.
pub(super) const OPERATIONS: usize = 600;
/// … or so many bytes.
const BYTES: usize = 4 << 20;
/// About the bytes of a page.
const PAGE: usize = 8 << 10;

/// What the writer keeps from one transaction to the next.
#[derive(Debug)]
pub(super) struct Tools {
    pub names: Interner,
    pub packer: Packer,
    /// Rows changed since a rebuilding has begun, if there is one.
    pub touched: Option<BTreeSet<rebuild::Key>>,
}

impl Tools {
    pub(super) fn new(shared: &Shared) -> io::Result<Self> {
        Ok(Self { names: Interner::new(shared.names.clone()), packer: Packer::new(&shared.unpacker)?, touched: None })
    }
    /// These rows were changed.
    pub(super) fn note(&mut self, changes: &Changes) {
        let Some(touched) = &mut self.touched else { return };
        for table in Table::ALL {
            touched.extend(changes.0[table.index()].iter().map(|(key, _)| (table, key.clone())));
        }
    }
}

/// Rows as they will be.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub shared: &'a Shared,
    pub tools: &'a mut Tools,
    tables: Lent<'a>,
    pages: BTreeMap<Vec<u8>, Slot>,
    records: BTreeMap<FileId, Option<Row>>,
    suspects: BTreeMap<FileId, Option<(u8, FailureKind)>>,
    notes: BTreeMap<Note, Vec<u8>>,
    /// Whether there is such a link.
    links: BTreeMap<Vec<u8>, bool>,
    /// How many rows name a side file.
    sides: BTreeMap<[u8; 32], u32>,
    /// Directories removed (`true`) and cleared (`false`).
    hidden: BTreeMap<DirId, bool>,
    pub counts: Counts,
    /// Microseconds since 1970.
    pub now: u64,
    operations: usize,
    bytes: usize,
}

/// A page that was looked at; `None` if there is none of this key any more.
#[derive(Debug)]
struct Slot {
    page: Option<Page>,
    dirty: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(shared: &'a Shared, tools: &'a mut Tools) -> Result<Self, StoreError> {
        Ok(Self {
            tools,
            tables: shared.lease.tables()?,
            pages: BTreeMap::new(),
            records: BTreeMap::new(),
            suspects: BTreeMap::new(),
            notes: BTreeMap::new(),
            links: BTreeMap::new(),
            sides: BTreeMap::new(),
            hidden: BTreeMap::new(),
            counts: shared.counts(),
            now: now(),
            operations: 0,
            bytes: 0,
            shared,
        })
    }

    /// Whether it should be committed before more is changed.
    pub(super) fn is_full(&self) -> bool {
        self.operations >= OPERATIONS || self.bytes >= BYTES
    }

    /// The key of the page that has or would have this name: the one with the greatest fence up to it.
    fn page_for(&self, dir: DirId, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (low, high) = (page_key(dir, b""), page_key(dir, name));
        let mut theirs = self.tables.range(Table::Dirs, Included(&low), Included(&high)).rev();
        let ours = self.pages.range(low..=high).rev().find(|(_, slot)| slot.page.is_some()).map(|(key, _)| key);
        let gone = |key: &[u8]| self.pages.get(key).is_some_and(|slot| slot.page.is_none());
        let theirs = loop {
            match theirs.next().transpose()? {
                Some((key, _)) if gone(&key) => {}
                other => break other.map(|(key, _)| key.to_vec()),
            }
        };
        Ok(theirs.max(ours.cloned()))
    }

    fn slot(&mut self, key: &[u8]) -> Result<&mut Slot, StoreError> {
        if !self.pages.contains_key(key) {
            let page = match self.tables.get(Table::Dirs, key)? {
                Some(bytes) => Some(Page::decode(page_of(key)?.0, &bytes)?),
                None => None,
            };
            self.pages.insert(key.to_vec(), Slot { page, dirty: false });
        }
        self.pages.get_mut(key).ok_or(StoreError::Closed)
    }

    /// The page, to be changed. It must exist.
    fn change(&mut self, key: &[u8]) -> Result<&mut Page, StoreError> {
        if !self.slot(key)?.dirty {
            self.operations += 1;
            self.bytes += PAGE;
        }
        let slot = self.pages.get_mut(key).ok_or(StoreError::Closed)?;
        slot.dirty = true;
        slot.page.as_mut().ok_or_else(|| StoreError::Damaged { what: "a page is missing".into() })
    }

    fn set_page(&mut self, key: Vec<u8>, page: Option<Page>) {
        self.operations += 1;
        self.pages.insert(key, Slot { page, dirty: true });
    }

    /// The directory's first page.
    pub(super) fn first_page(&mut self, dir: DirId) -> Result<Option<&Page>, StoreError> {
        Ok(self.slot(&page_key(dir, b""))?.page.as_ref())
    }

    /// The directory's first page, to be changed.
    pub(super) fn change_first_page(&mut self, dir: DirId) -> Result<&mut Page, StoreError> {
        self.change(&page_key(dir, b""))
    }

    pub(super) fn add_dir(&mut self, dir: DirId, page: Page) {
        self.set_page(page_key(dir, b""), Some(page));
    }

    pub(super) fn entry(&mut self, dir: DirId, name: &[u8]) -> Result<Option<EntryRow>, StoreError> {
        let Some(key) = self.page_for(dir, name)? else { return Ok(None) };
        let page = self.slot(&key)?.page.as_ref();
        Ok(page.and_then(|page| page.get(name)).cloned())
    }

    /// Puts an entry into a directory that exists.
    pub(super) fn set_entry(&mut self, dir: DirId, entry: EntryRow) -> Result<(), StoreError> {
        let key = self.page_for(dir, &entry.name)?.ok_or_else(|| StoreError::Damaged { what: "no page".into() })?;
        let page = self.change(&key)?;
        if let Some((fence, rest)) = page.put(entry) {
            self.set_page(page_key(dir, &fence), Some(rest));
        }
        Ok(())
    }

    /// Takes an entry out of a directory.
    pub(super) fn unset_entry(&mut self, dir: DirId, name: &[u8]) -> Result<(), StoreError> {
        let Some(key) = self.page_for(dir, name)? else { return Ok(()) };
        let page = self.change(&key)?;
        page.entries.retain(|entry| *entry.name != *name);
        if page.entries.is_empty() && page.head.is_none() {
            self.pages.insert(key, Slot { page: None, dirty: true });
        }
        Ok(())
    }

    /// Takes the last page of a directory away, with its entries.
    pub(super) fn take_page(&mut self, dir: DirId) -> Result<Option<Page>, StoreError> {
        // No name is longer than 255 bytes or holds 0xff so often.
        let Some(key) = self.page_for(dir, &[0xff; 300])? else { return Ok(None) };
        let page = self.slot(&key)?.page.take();
        self.set_page(key, None);
        Ok(page)
    }

    pub(super) fn row(&mut self, file: FileId) -> Result<Option<Row>, StoreError> {
        if let Some(row) = self.records.get(&file) {
            return Ok(row.clone());
        }
        let bytes = self.tables.get(Table::Records, record_key(file))?;
        // A row that rot has damaged counts as none, so that the file is read again and the row replaced.
        Ok(bytes.and_then(|bytes| Row::decode(&bytes).ok()))
    }

    pub(super) fn set_row(&mut self, file: FileId, row: Option<Row>) -> Result<(), StoreError> {
        let old = self.row(file)?;
        if let Some(digest) = side_of(old.as_ref()) {
            *self.side(&digest)? -= 1;
        }
        if let Some(digest) = side_of(row.as_ref()) {
            *self.side(&digest)? += 1;
        }
        if old.is_some() || row.is_some() {
            self.operations += 1;
            self.bytes += row.as_ref().map_or(0, Row::weight);
            self.records.insert(file, row);
        }
        Ok(())
    }

    fn side(&mut self, digest: &[u8; 32]) -> Result<&mut u32, StoreError> {
        if !self.sides.contains_key(digest) {
            let count = side_count(&self.tables, digest)?;
            // One operation more: never below zero, as each row is counted when it is put.
            self.operations += 1;
            self.sides.insert(*digest, count);
        }
        self.sides.get_mut(digest).ok_or(StoreError::Closed)
    }

    pub(super) fn set_suspect(&mut self, file: FileId, suspect: Option<(u8, FailureKind)>) -> Result<(), StoreError> {
        let known = self.suspects.contains_key(&file) || self.tables.get(Table::Suspects, record_key(file))?.is_some();
        if known || suspect.is_some() {
            self.operations += 1;
            self.suspects.insert(file, suspect);
        }
        Ok(())
    }

    pub(super) fn set_note(&mut self, note: Note, bytes: &[u8]) {
        self.operations += 1;
        self.bytes += bytes.len();
        self.notes.insert(note, bytes.to_vec());
    }

    pub(super) fn set_link(&mut self, key: Vec<u8>, there: bool) {
        self.operations += 1;
        self.links.insert(key, there);
    }

    /// Up to `limit` places whose links begin with `prefix`, after the link `after`.
    pub(super) fn places(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Place)>, StoreError> {
        let mut keys = BTreeSet::new();
        let after = after.unwrap_or(prefix);
        let range = (Excluded(after), Unbounded);
        for link in self.tables.range(Table::Links, range.0, range.1) {
            let key = link?.0.to_vec();
            if !key.starts_with(prefix) || keys.len() >= limit {
                break;
            }
            if !self.links.contains_key(&key) {
                keys.insert(key);
            }
        }
        let ours = self.links.range::<[u8], _>(range).filter(|(_, there)| **there);
        keys.extend(ours.map(|(key, _)| key).take_while(|key| key.starts_with(prefix)).cloned());
        let places = keys.into_iter().take(limit).map(|key| Ok((link_place(&key)?, key)));
        places.map(|place| place.map(|(place, key)| (key, place))).collect()
    }

    pub(super) fn is_hidden(&self, dir: DirId) -> bool {
        self.hidden.get(&dir).copied().unwrap_or_else(|| self.shared.hidden.contains(dir))
    }

    pub(super) fn unhide(&mut self, dir: DirId) {
        if self.is_hidden(dir) {
            self.set_hidden(dir, false);
        }
    }

    pub(super) fn set_hidden(&mut self, dir: DirId, hidden: bool) {
        self.operations += 1;
        self.hidden.insert(dir, hidden);
    }

    /// Whether the directory is there and no directory above it is removed.
    pub(super) fn is_visible(&mut self, dir: DirId) -> Result<bool, StoreError> {
        if self.first_page(dir)?.is_none() {
            return Ok(false);
        }
        if self.hidden.is_empty() && self.shared.hidden.is_empty() {
            return Ok(true);
        }
        let mut dir = dir;
        while dir != DirId::TOP {
            if self.is_hidden(dir) {
                return Ok(false);
            }
            let parent = self.first_page(dir)?.and_then(|page| page.head.as_ref()).map(|head| head.row.parent);
            let Some(parent) = parent else { return Ok(false) };
            dir = parent;
        }
        Ok(true)
    }

    /// Commits all changes in one transaction and begins anew. On error nothing is changed.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if self.operations > 0 {
            let changes = self.changes();
            // Readers of several pages wait here for the moment of one transaction.
            let _alone = self.shared.applying.write().unwrap_or_else(PoisonError::into_inner);
            self.tables.commit(&changes)?;
            self.tools.note(&changes);
            // Before anybody is told that something is gone.
            self.shared.cache.forget(self.records.keys().copied());
            self.shared.listings.forget(self.listed().into_iter());
            self.shared.committed(self.counts, &self.hidden);
        }
        self.tools.names.set_stored();
        self.pages.clear();
        self.records.clear();
        self.suspects.clear();
        self.notes.clear();
        self.links.clear();
        self.hidden.clear();
        let unnamed = std::mem::take(&mut self.sides).into_iter().filter(|&(_, count)| count == 0);
        unnamed.for_each(|(digest, _)| self.shared.unnamed_side(digest));
        (self.operations, self.bytes) = (0, 0);
        Ok(())
    }

    /// Directories whose listings change: those with a page or a record that does, and those above one whose first
    /// page, and with it the time of its change, does.
    fn listed(&self) -> BTreeSet<DirId> {
        let records = self.records.values().flatten().map(|row| row.place.dir);
        let mut dirs: BTreeSet<DirId> = records.collect();
        for (key, slot) in self.pages.iter().filter(|(_, slot)| slot.dirty) {
            dirs.extend(page_of(key).map(|(dir, _)| dir));
            dirs.extend(slot.page.as_ref().and_then(|page| page.head.as_ref()).map(|head| head.row.parent));
        }
        dirs
    }

    /// The changes, as rows.
    fn changes(&mut self) -> Changes {
        let mut all = Changes::default();
        for (key, slot) in self.pages.iter_mut().filter(|(_, slot)| slot.dirty) {
            let page = slot.page.as_mut().map(|page| {
                page.head.iter_mut().for_each(|head| head.changed = self.now);
                page.encode()
            });
            all.put(Table::Dirs, key, page);
        }
        for (file, row) in &self.records {
            all.put(Table::Records, &record_key(*file), row.as_ref().map(Row::encode));
        }
        for (file, suspect) in &self.suspects {
            let suspect = suspect.map(|(attempts, kind)| vec![attempts, failure_number(kind)]);
            all.put(Table::Suspects, &record_key(*file), suspect);
        }
        for (note, bytes) in &self.notes {
            all.put(Table::Meta, &meta::key(meta::NOTE, note.as_str().as_bytes()), Some(bytes.clone()));
        }
        for (key, there) in &self.links {
            all.put(Table::Links, key, there.then(Vec::new));
        }
        for (digest, count) in &self.sides {
            all.put(Table::Meta, &meta::key(meta::SIDE, digest), (*count > 0).then(|| count.to_be_bytes().to_vec()));
        }
        for (dir, hidden) in &self.hidden {
            all.put(Table::Meta, &meta::key(meta::HIDDEN, &dir.0.to_be_bytes()), hidden.then(Vec::new));
        }
        for (number, names) in self.tools.names.unstored() {
            all.put(Table::Meta, &meta::key(meta::NAMES, &number.to_be_bytes()), Some(names));
        }
        let (next_file, next_dir) = self.shared.next_numbers();
        let state = State { counts: self.counts, next_file, next_dir };
        all.put(Table::Meta, meta::STATE, Some(state.encode()));
        all
    }
}

fn side_of(row: Option<&Row>) -> Option<[u8; 32]> {
    match row?.body {
        Body::Side { digest, .. } => Some(digest),
        Body::Packed(_) | Body::Failed { .. } => None,
    }
}

/// How many rows name this side file.
pub(super) fn side_count(tables: &Tables, digest: &[u8; 32]) -> Result<u32, StoreError> {
    let bytes = tables.get(Table::Meta, meta::key(meta::SIDE, digest))?;
    match bytes.map(|bytes| <[u8; 4]>::try_from(&*bytes)) {
        None => Ok(0),
        Some(Ok(count)) => Ok(u32::from_be_bytes(count)),
        Some(Err(_)) => Err(StoreError::Damaged { what: "a count of odd length".into() }),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
