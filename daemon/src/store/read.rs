//! Reads of the rows, from any thread.

use std::{
    ops::Bound::{Included, Unbounded},
    sync::{Arc, OnceLock, PoisonError},
};

use crate::{
    model::{
        DirId, DirRows, EntryRef, EntryRow, FailureKind, FileId, FileRecord, FileResult, FileState, Identity, Node,
        Note, Place, join,
    },
    store::{
        Counts, Rows, Scanned, Shared, StoreError,
        cache::{self, For, Miss},
        page::{Head, Page, Reader},
        row::{Body, Packed, Row},
        schema::{failure_of, file_of, link_place, link_prefix, meta, page_key, page_of, record_key},
        tables::{Bytes, Table, Tables},
    },
};

/// A path has 4,096 bytes at most: what is deeper is a ring of damaged rows.
const DEEPEST: usize = 2_048;
/// Pages looked at in one call of [`Rows::scan`].
const PAGES: usize = 4_096;

/// A file's row, decoded.
#[derive(Debug)]
pub(super) struct Loaded {
    pub record: Arc<FileRecord>,
    /// As in [`Row::numbers`].
    pub numbers: Option<metafs::Numbers>,
    /// The record as the view shows it, once that was asked for.
    pub entry: OnceLock<Arc<metafs::Entry>>,
}

impl Tables {
    /// The page that has or would have this name: the one with the greatest fence up to it.
    pub(super) fn page_for(&self, dir: DirId, name: &[u8]) -> Result<Option<(Bytes, Bytes)>, StoreError> {
        let (low, high) = (page_key(dir, b""), page_key(dir, name));
        self.range(Table::Dirs, Included(&low), Included(&high)).next_back().transpose()
    }

    pub(super) fn entry(&self, dir: DirId, name: &[u8]) -> Result<Option<EntryRow>, StoreError> {
        let Some((_, bytes)) = self.page_for(dir, name)? else { return Ok(None) };
        Ok(Reader::new(dir, &bytes)?.find(name)?.map(|entry| entry.to_row()))
    }

    pub(super) fn head(&self, dir: DirId) -> Result<Option<Head>, StoreError> {
        let Some(bytes) = self.get(Table::Dirs, page_key(dir, b""))? else { return Ok(None) };
        Ok(Reader::new(dir, &bytes)?.head)
    }

    pub(super) fn row(&self, file: FileId) -> Result<Option<Row>, StoreError> {
        let bytes = self.get(Table::Records, record_key(file))?;
        Ok(bytes.map(|bytes| Row::decode(&bytes)).transpose()?)
    }
}

impl Shared {
    /// Whether the directory is there, and none above it is removed.
    pub(super) fn is_visible(&self, tables: &Tables, dir: DirId) -> Result<bool, StoreError> {
        if self.hidden.is_empty() {
            return Ok(true);
        }
        let mut dir = dir;
        for _ in 0..DEEPEST {
            if dir == DirId::TOP {
                return Ok(true);
            }
            if self.hidden.contains(dir) {
                return Ok(false);
            }
            let Some(head) = tables.head(dir)? else { return Ok(false) };
            dir = head.row.parent;
        }
        Ok(false)
    }

    /// A file's row with its record, from the cache if it is there. What cannot be read is read anew from the file.
    pub(super) fn load(&self, file: FileId) -> Result<Option<Arc<Loaded>>, StoreError> {
        let loaded = self.load_row(file);
        if matches!(loaded, Err(StoreError::Damaged { .. } | StoreError::Failed { .. })) {
            self.unreadable(file);
        }
        loaded
    }

    fn load_row(&self, file: FileId) -> Result<Option<Arc<Loaded>>, StoreError> {
        let miss = match self.cache.get(file) {
            Ok(loaded) => {
                self.lease.touch();
                return Ok(Some(loaded));
            }
            Err(miss) => miss,
        };
        let Some(row) = self.lease.tables()?.row(file)? else { return Ok(None) };
        Ok(Some(self.decode(file, row, miss, For::Reader)?))
    }

    /// The same before anybody asks for it, if the store is awake.
    pub(super) fn load_ahead(&self, file: FileId) -> Result<(), StoreError> {
        let Err(miss) = self.cache.peek(file) else { return Ok(()) };
        let row = self.lease.awake().map(|tables| tables.row(file)).transpose()?.flatten();
        row.map_or(Ok(()), |row| self.decode(file, row, miss, For::Later).map(drop))
    }

    fn decode(&self, file: FileId, row: Row, miss: Miss, whom: For) -> Result<Arc<Loaded>, StoreError> {
        let Row { place, committed, cost, attempts, numbers, body } = row;
        let result = self.result(body)?;
        let bytes = match &result {
            FileResult::Record(record) => cache::weight(record),
            FileResult::Failed { text, .. } => 256 + text.len(),
        };
        let record = Arc::new(FileRecord { place, committed, cost, attempts, result });
        let loaded = Arc::new(Loaded { record, numbers, entry: OnceLock::new() });
        self.cache.put(miss, file, &loaded, bytes, whom);
        Ok(loaded)
    }

    /// The record of a row's body, from wherever it lies.
    pub(super) fn result(&self, body: Body) -> Result<FileResult, StoreError> {
        let packed = match body {
            Body::Failed { kind, text } => return Ok(FileResult::Failed { kind, text }),
            Body::Packed(packed) => packed,
            Body::Side { digest, dictionary, len } => Packed { dictionary, len, data: self.side.get(&digest)? },
        };
        Ok(FileResult::Record(Arc::new(self.unpacker.unpack(&packed, &self.names)?)))
    }
}

impl Rows for Shared {
    fn dir(&self, dir: DirId) -> Result<Option<DirRows>, StoreError> {
        let tables = self.lease.tables()?;
        if !self.is_visible(&tables, dir)? {
            return Ok(None);
        }
        let _still = self.applying.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Option<DirRows> = None;
        for page in tables.prefix(Table::Dirs, &page_key(dir, b"")) {
            let (key, bytes) = page?;
            let Page { head, entries } = Page::decode(page_of(&key)?.0, &bytes)?;
            match (&mut rows, head) {
                (None, Some(head)) => rows = Some(DirRows { dir: head.row, entries }),
                (Some(rows), None) => rows.entries.extend(entries),
                _ => return Ok(None),
            }
        }
        Ok(rows)
    }

    fn each(&self, dir: DirId, take: &mut dyn FnMut(EntryRef<'_>)) -> Result<bool, StoreError> {
        let tables = self.lease.tables()?;
        if !self.is_visible(&tables, dir)? {
            return Ok(false);
        }
        let _still = self.applying.read().unwrap_or_else(PoisonError::into_inner);
        let mut is_first = true;
        for page in tables.prefix(Table::Dirs, &page_key(dir, b"")) {
            let (_, bytes) = page?;
            let mut reader = Reader::new(dir, &bytes)?;
            if reader.head.is_some() != is_first {
                return Ok(false);
            }
            is_first = false;
            while let Some(entry) = reader.next()? {
                take(entry);
            }
        }
        Ok(!is_first)
    }

    fn entry(&self, dir: DirId, name: &[u8]) -> Result<Option<EntryRow>, StoreError> {
        let tables = self.lease.tables()?;
        match self.is_visible(&tables, dir)? {
            true => tables.entry(dir, name),
            false => Ok(None),
        }
    }

    fn path(&self, dir: DirId) -> Result<Option<Vec<u8>>, StoreError> {
        let tables = self.lease.tables()?;
        let mut names = Vec::new();
        let mut at = dir;
        while at != DirId::TOP {
            if self.hidden.contains(at) || names.len() == DEEPEST {
                return Ok(None);
            }
            let Some(head) = tables.head(at)? else { return Ok(None) };
            names.push(head.row.name);
            at = head.row.parent;
        }
        Ok(Some(names.iter().rev().fold(b"/".to_vec(), |path, name| join(&path, name))))
    }

    fn dir_at(&self, path: &[u8]) -> Result<Option<DirId>, StoreError> {
        let tables = self.lease.tables()?;
        let mut dir = DirId::TOP;
        for name in path.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
            match tables.entry(dir, name)?.map(|entry| entry.node) {
                Some(Node::Dir(below)) => dir = below,
                _ => return Ok(None),
            }
        }
        Ok(Some(dir))
    }

    fn file(&self, file: FileId) -> Result<Option<Arc<FileRecord>>, StoreError> {
        let Some(loaded) = self.load(file)? else { return Ok(None) };
        self.ahead.want_file(file, &loaded.record.place);
        Ok(Some(loaded.record.clone()))
    }

    fn links(&self, identity: &Identity) -> Result<Vec<Place>, StoreError> {
        let tables = self.lease.tables()?;
        let mut places = Vec::new();
        for link in tables.prefix(Table::Links, &link_prefix(identity)) {
            let place = link_place(&link?.0)?;
            // A removed directory may have been cleared since its key was read.
            if self.is_visible(&tables, place.dir)? && tables.head(place.dir)?.is_some() {
                places.push(place);
            }
        }
        Ok(places)
    }

    fn scan(&self, from: DirId, limit: usize, wanted: &dyn Fn(FileState) -> bool) -> Result<Scanned, StoreError> {
        let tables = self.lease.tables()?;
        let mut found = Vec::new();
        let mut at = from;
        for (count, page) in tables.range(Table::Dirs, Included(&page_key(from, b"")), Unbounded).enumerate() {
            let (key, bytes) = page?;
            let (dir, _) = page_of(&key)?;
            if dir != at && (found.len() >= limit || count >= PAGES) {
                return Ok((found, Some(dir)));
            }
            at = dir;
            let mut reader = Reader::new(dir, &bytes)?;
            if !reader.has(wanted) || !self.is_visible(&tables, dir)? {
                continue;
            }
            while let Some(entry) = reader.next()? {
                if matches!(&entry.node, Node::File(row) if wanted(row.state)) {
                    found.push((dir, entry.to_row()));
                }
            }
        }
        Ok((found, None))
    }

    fn suspects(&self) -> Result<Vec<(FileId, u8, FailureKind)>, StoreError> {
        let tables = self.lease.tables()?;
        let rows = tables.prefix(Table::Suspects, b"").map(|row| {
            let (key, value) = row?;
            let &[attempts, kind] = &*value else {
                return Err(StoreError::Damaged { what: "a suspect of odd length".into() });
            };
            Ok((file_of(&key)?, attempts, failure_of(kind)?))
        });
        rows.collect()
    }

    fn note(&self, note: Note) -> Result<Option<Vec<u8>>, StoreError> {
        let key = meta::key(meta::NOTE, note.as_str().as_bytes());
        Ok(self.lease.tables()?.get(Table::Meta, key)?.map(|bytes| bytes.to_vec()))
    }

    fn counts(&self) -> Counts {
        self.counts()
    }

    fn new_file(&self) -> FileId {
        self.new_file()
    }

    fn new_dir(&self) -> DirId {
        self.new_dir()
    }
}
