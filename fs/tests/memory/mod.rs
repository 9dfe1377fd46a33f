//! A view kept in memory, for the tests of the tree and of the mount.

#![cfg(test)]

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use metaextract::{Limits, Record};
use metafs::{
    Access, Change, Child, ChildId, DirId, Entry, FileId, Numbers, Place, Status, View,
    view::{Error, Named},
};

/// A record of these `(group, tag, value)`s.
pub(crate) fn record(tags: &[(&str, &str, &str)]) -> Record {
    let mut record = Record::new(&Limits::default());
    for &(group, name, value) in tags {
        record.put(group.to_owned(), name.to_owned(), value);
    }
    record.finish();
    record
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    rows: RwLock<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    nodes: HashMap<ChildId, Node>,
    children: HashMap<DirId, BTreeMap<Box<[u8]>, ChildId>>,
    entries: HashMap<FileId, Arc<Entry>>,
    given: u32,
}

#[derive(Debug, Clone)]
struct Node {
    place: Place,
    access: Access,
}

impl Rows {
    /// A new number, above [`DirId::TOP`].
    fn number(&mut self) -> u32 {
        self.given += 1;
        self.given + 1
    }

    fn access(&mut self, mode: u16) -> Access {
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + u64::from(self.number()));
        Access { uid: 1234, gid: 567, mode, changed }
    }

    fn put(&mut self, place: Place, id: ChildId, access: Access) {
        self.children.entry(place.dir).or_default().insert(place.name.clone(), id);
        self.nodes.insert(id, Node { place, access });
    }

    fn get(&self, place: &Place) -> Option<ChildId> {
        self.children.get(&place.dir)?.get(&place.name).copied()
    }

    /// The place of an absolute path; directories on the way are made.
    fn place(&mut self, path: &[u8]) -> Place {
        let mut names = path.split(|&b| b == b'/').filter(|name| !name.is_empty()).map(Box::<[u8]>::from).peekable();
        let mut dir = DirId::TOP;
        loop {
            let name = names.next().expect("a path with a name");
            let place = Place { dir, name };
            if names.peek().is_none() {
                return place;
            }
            dir = match self.get(&place) {
                Some(ChildId::Dir(dir)) => dir,
                _ => {
                    let made = DirId(self.number());
                    let access = self.access(0o750);
                    self.put(place, ChildId::Dir(made), access);
                    made
                }
            };
        }
    }
}

impl Memory {
    /// Files with records, their directories made on the way.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, Record)>) -> Arc<Self> {
        let memory = Arc::new(Self::default());
        files.into_iter().for_each(|(path, record)| drop(memory.put(path.as_bytes(), record)));
        memory
    }

    /// Gives a file its record, as if it were new or had changed.
    pub(crate) fn put(&self, path: &[u8], record: Record) -> Change {
        let mut rows = self.rows.write().unwrap();
        let place = rows.place(path);
        let access = rows.access(0o640);
        let (file, numbers) = match rows.get(&place) {
            Some(ChildId::File(file)) => {
                let old = rows.entries[&file].clone();
                (file, Numbers::carried(&old.record, &old.numbers, &record))
            }
            _ => (FileId(u64::from(rows.number())), Numbers::first(&record)),
        };
        rows.put(place.clone(), ChildId::File(file), access);
        rows.entries.insert(file, Arc::new(Entry::new(Arc::new(record), numbers)));
        Change { dir: place.dir, name: place.name, file: Some(file) }
    }

    pub(crate) fn remove(&self, path: &[u8]) -> Change {
        let mut rows = self.rows.write().unwrap();
        let place = rows.place(path);
        let id = rows.children.get_mut(&place.dir).unwrap().remove(&place.name).expect("a known path");
        rows.nodes.remove(&id);
        let file = match id {
            ChildId::File(file) => rows.entries.remove(&file).map(|_| file),
            ChildId::Dir(_) => None,
        };
        Change { dir: place.dir, name: place.name, file }
    }

    /// Moves a file or directory to a name that is free.
    pub(crate) fn rename(&self, from: &[u8], to: &[u8]) -> [Change; 2] {
        let mut rows = self.rows.write().unwrap();
        let (from, to) = (rows.place(from), rows.place(to));
        let id = rows.children.get_mut(&from.dir).unwrap().remove(&from.name).expect("a known path");
        let access = rows.nodes[&id].access;
        rows.put(to.clone(), id, access);
        let file = if let ChildId::File(file) = id { Some(file) } else { None };
        [from, to].map(|place| Change { dir: place.dir, name: place.name, file })
    }

    fn rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap()
    }
}

impl View for Memory {
    fn child(&self, dir: DirId, name: &[u8]) -> Result<Option<Child>, Error> {
        assert_ne!(name, b"panic", "a planted fault");
        let rows = self.rows();
        let id = rows.children.get(&dir).and_then(|children| children.get(name));
        Ok(id.map(|id| Child { id: *id, access: rows.nodes[id].access }))
    }

    fn children(&self, dir: DirId, after: &[u8], limit: usize) -> Result<Vec<Named>, Error> {
        let rows = self.rows();
        let Some(children) = rows.children.get(&dir) else { return Ok(Vec::new()) };
        let later = children.iter().filter(|(name, _)| &***name > after).take(limit);
        Ok(later.map(|(name, id)| (name.clone(), Child { id: *id, access: rows.nodes[id].access })).collect())
    }

    fn place(&self, id: ChildId) -> Result<Option<Place>, Error> {
        Ok(self.rows().nodes.get(&id).map(|node| node.place.clone()))
    }

    fn access(&self, id: ChildId) -> Result<Option<Access>, Error> {
        Ok(self.rows().nodes.get(&id).map(|node| node.access))
    }

    fn entry(&self, file: FileId) -> Result<Option<Arc<Entry>>, Error> {
        Ok(self.rows().entries.get(&file).cloned())
    }
}

/// `count` grows by one with each rendering, and by a digit now and then.
pub(crate) fn status() -> Status {
    let count = AtomicU64::new(98);
    let render = move |name: &str| match name {
        "count" => format!("{}\n", count.fetch_add(1, Ordering::SeqCst)),
        _ => "idle\n".into(),
    };
    Status { names: &["state", "count"], render: Box::new(render) }
}
