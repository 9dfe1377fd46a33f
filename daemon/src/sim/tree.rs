//! File systems in memory: inodes, names, mounts. Knows no daemon; every change gives the [`Happened`] that a kernel would
//! report of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::FileName;

/// An inode, whatever number the file system shows for it. Never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(pub u64);

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Dir {
        entries: BTreeMap<FileName, Key>,
        /// Another file system's root that covers it.
        covered: Option<Key>,
    },
    File {
        /// Stands for the bytes: equal numbers, equal bytes.
        content: u64,
        size: u64,
        /// The bytes of a rule file.
        text: Vec<u8>,
    },
    Link,
    Fifo,
}

#[derive(Debug, Clone)]
pub(super) struct Inode {
    pub kind: Kind,
    pub volume: usize,
    pub number: u64,
    pub born: Option<i64>,
    pub mode: u16,
    pub links: u32,
    pub mtime: i64,
    pub ctime: i64,
}

/// A file system.
#[derive(Debug, Clone)]
pub(super) struct Volume {
    pub root: Key,
    pub device: (u32, u32),
    pub fs: u64,
    pub keeps_births: bool,
    /// Numbers of inodes that are gone.
    free: Vec<u64>,
    next: u64,
}

/// What the kernel tells whoever watches a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Created,
    CreatedDir,
    Closed,
    Attributes,
    Deleted,
    MovedFrom,
    MovedTo,
}

#[derive(Debug, Clone)]
pub(super) enum Happened {
    At {
        dir: Key,
        name: FileName,
        what: What,
    },
    /// To the watched directory itself.
    Own {
        dir: Key,
        what: What,
    },
}

#[derive(Debug)]
pub(super) struct Tree {
    pub inodes: BTreeMap<Key, Inode>,
    pub volumes: Vec<Volume>,
    next_key: u64,
    next_content: u64,
    /// Adds up in every time stamp, so that no two changes are at the same one.
    tick: i64,
    /// ns since 1970.
    pub now: i64,
    pub happened: Vec<Happened>,
    /// Numbers of inodes that have ever had several names.
    pub linked: BTreeSet<u64>,
}

pub(super) const TOP: Key = Key(1);
const DIR: u16 = 0o040_000;
const FILE: u16 = 0o100_000;
const LINK: u16 = 0o120_000;
const FIFO: u16 = 0o010_000;

impl Tree {
    /// The file system at `/`.
    pub(super) fn new(now: i64) -> Self {
        let mut tree = Self {
            inodes: BTreeMap::new(),
            volumes: Vec::new(),
            next_key: 1,
            next_content: 1,
            tick: 0,
            now,
            happened: Vec::new(),
            linked: BTreeSet::new(),
        };
        tree.add_volume(true);
        tree
    }

    /// Makes a file system; gives its number.
    pub(super) fn add_volume(&mut self, keeps_births: bool) -> usize {
        let volume = self.volumes.len();
        let minor = volume as u32 + 1;
        let root = Key(self.next_key);
        let fs = 1000 + volume as u64;
        self.volumes.push(Volume { root, device: (8, minor), fs, keeps_births, free: Vec::new(), next: 1 });
        self.make(volume, Kind::Dir { entries: BTreeMap::new(), covered: None }, DIR | 0o755);
        volume
    }

    /// The time of a change: no two are equal.
    fn stamp(&mut self) -> i64 {
        self.tick += 1;
        self.now + self.tick
    }

    fn make(&mut self, volume: usize, kind: Kind, mode: u16) -> Key {
        let key = Key(self.next_key);
        self.next_key += 1;
        let now = self.stamp();
        let of = &mut self.volumes[volume];
        let number = of.free.pop().unwrap_or_else(|| {
            of.next += 1;
            // Every fourth differs from the one before only above the low 32 bits.
            if of.next.is_multiple_of(4) { (of.next - 1) | (of.next << 32) } else { of.next }
        });
        let born = of.keeps_births.then_some(now);
        let inode = Inode { kind, volume, number, born, mode, links: 0, mtime: now, ctime: now };
        self.inodes.insert(key, inode);
        key
    }

    pub(super) fn inode(&self, key: Key) -> Option<&Inode> {
        self.inodes.get(&key)
    }

    pub(super) fn entries(&self, dir: Key) -> Option<&BTreeMap<FileName, Key>> {
        match &self.inodes.get(&dir)?.kind {
            Kind::Dir { entries, .. } => Some(entries),
            _ => None,
        }
    }

    fn entries_mut(&mut self, dir: Key) -> Option<&mut BTreeMap<FileName, Key>> {
        match &mut self.inodes.get_mut(&dir)?.kind {
            Kind::Dir { entries, .. } => Some(entries),
            _ => None,
        }
    }

    pub(super) fn content(&self, file: Key) -> Option<u64> {
        match &self.inodes.get(&file)?.kind {
            Kind::File { content, .. } => Some(*content),
            _ => None,
        }
    }

    pub(super) fn is_dir(&self, key: Key) -> bool {
        self.entries(key).is_some()
    }

    /// What is seen at a key: another file system's root where one is mounted.
    pub(super) fn seen(&self, key: Key) -> Key {
        match self.inodes.get(&key).map(|inode| &inode.kind) {
            Some(Kind::Dir { covered: Some(root), .. }) => *root,
            _ => key,
        }
    }

    pub(super) fn child(&self, dir: Key, name: &[u8]) -> Option<Key> {
        Some(self.seen(*self.entries(dir)?.get(name)?))
    }

    /// The inode at an absolute path, through mounts; links are not followed.
    pub(super) fn at(&self, path: &[u8]) -> Option<Key> {
        path.split(|&b| b == b'/').filter(|name| !name.is_empty()).try_fold(TOP, |at, name| self.child(at, name))
    }

    fn tell(&mut self, dir: Key, name: &[u8], what: What) {
        self.happened.push(Happened::At { dir, name: name.into(), what });
    }

    fn touch_dir(&mut self, dir: Key) {
        let now = self.stamp();
        if let Some(inode) = self.inodes.get_mut(&dir) {
            (inode.mtime, inode.ctime) = (now, now);
        }
    }

    fn enter(&mut self, dir: Key, name: &[u8], key: Key) {
        self.entries_mut(dir).into_iter().for_each(|entries| _ = entries.insert(name.into(), key));
        self.inodes.get_mut(&key).into_iter().for_each(|inode| inode.links += 1);
        self.touch_dir(dir);
    }

    /// Makes a directory; gives it, or what is there.
    pub(super) fn mkdir(&mut self, dir: Key, name: &[u8]) -> Option<Key> {
        if let Some(there) = self.child(dir, name) {
            return self.is_dir(there).then_some(there);
        }
        let volume = self.inode(dir)?.volume;
        let key = self.make(volume, Kind::Dir { entries: BTreeMap::new(), covered: None }, DIR | 0o755);
        self.enter(dir, name, key);
        self.tell(dir, name, What::CreatedDir);
        Some(key)
    }

    /// Makes a file, or writes the one that is there.
    pub(super) fn write(&mut self, dir: Key, name: &[u8], size: u64, text: &[u8]) -> Option<Key> {
        let key = match self.child(dir, name) {
            Some(there) if matches!(self.inode(there)?.kind, Kind::File { .. }) => there,
            Some(_) => return None,
            None => {
                let volume = self.inode(dir)?.volume;
                let kind = Kind::File { content: 0, size, text: Vec::new() };
                let key = self.make(volume, kind, FILE | 0o644);
                self.enter(dir, name, key);
                self.tell(dir, name, What::Created);
                key
            }
        };
        let (now, next) = (self.stamp(), self.next_content);
        self.next_content += 1;
        let inode = self.inodes.get_mut(&key)?;
        (inode.mtime, inode.ctime) = (now, now);
        inode.kind = Kind::File { content: next, size, text: text.to_vec() };
        self.tell(dir, name, What::Closed);
        Some(key)
    }

    /// Gives a file that was just written the bytes of another, if any other is of its size: of the `nth` of them.
    pub(super) fn copy_into(&mut self, file: Key, nth: usize) -> Option<()> {
        let Kind::File { size: wanted, .. } = self.inode(file)?.kind else { return None };
        let bytes = |(key, inode): (&Key, &Inode)| match &inode.kind {
            Kind::File { content, size, text } if *key != file && *size == wanted && text.is_empty() => Some(*content),
            _ => None,
        };
        let others: Vec<u64> = self.inodes.iter().filter_map(bytes).collect();
        let other = *others.get(nth.checked_rem(others.len())?)?;
        if let Kind::File { content, .. } = &mut self.inodes.get_mut(&file)?.kind {
            *content = other;
        }
        Some(())
    }

    /// Sets the time of the last write, as `touch -d` does.
    pub(super) fn set_mtime(&mut self, dir: Key, name: &[u8], mtime: i64) -> Option<()> {
        let key = self.child(dir, name)?;
        let now = self.stamp();
        let inode = self.inodes.get_mut(&key)?;
        (inode.mtime, inode.ctime) = (mtime, now);
        self.tell(dir, name, What::Attributes);
        Some(())
    }

    pub(super) fn chmod(&mut self, dir: Key, name: &[u8], mode: u16) -> Option<()> {
        let key = self.child(dir, name)?;
        let now = self.stamp();
        let inode = self.inodes.get_mut(&key)?;
        inode.mode = inode.mode & !0o7777 | mode;
        inode.ctime = now;
        self.tell(dir, name, What::Attributes);
        self.happened.push(Happened::Own { dir: key, what: What::Attributes });
        Some(())
    }

    /// Makes something that is never indexed.
    pub(super) fn make_special(&mut self, dir: Key, name: &[u8], is_link: bool) -> Option<()> {
        if self.child(dir, name).is_some() {
            return None;
        }
        let volume = self.inode(dir)?.volume;
        let (kind, mode) = if is_link { (Kind::Link, LINK | 0o777) } else { (Kind::Fifo, FIFO | 0o644) };
        let key = self.make(volume, kind, mode);
        self.enter(dir, name, key);
        self.tell(dir, name, What::Created);
        Some(())
    }

    /// Gives a file another name. The kernel tells nobody that its first name's inode has changed.
    pub(super) fn link(&mut self, from: (Key, &[u8]), to: (Key, &[u8])) -> Option<()> {
        let key = self.child(from.0, from.1)?;
        let same_volume = self.inode(key)?.volume == self.inode(to.0)?.volume;
        if self.is_dir(key) || !same_volume || self.child(to.0, to.1).is_some() {
            return None;
        }
        self.enter(to.0, to.1, key);
        let now = self.stamp();
        let inode = self.inodes.get_mut(&key)?;
        inode.ctime = now;
        self.linked.insert(inode.number);
        self.tell(to.0, to.1, What::Created);
        Some(())
    }

    /// Takes a name away, with all below.
    pub(super) fn remove(&mut self, dir: Key, name: &[u8]) -> Option<()> {
        let key = *self.entries(dir)?.get(name)?;
        if self.seen(key) != key {
            return None;
        }
        let below: Vec<FileName> =
            self.entries(key).map(|entries| entries.keys().cloned().collect()).unwrap_or_default();
        for name in below {
            self.remove(key, &name)?;
        }
        self.entries_mut(dir)?.remove(name);
        self.touch_dir(dir);
        self.drop_link(key);
        self.tell(dir, name, What::Deleted);
        Some(())
    }

    fn drop_link(&mut self, key: Key) {
        let now = self.stamp();
        let Some(inode) = self.inodes.get_mut(&key) else { return };
        inode.links -= 1;
        inode.ctime = now;
        if inode.links == 0 {
            let (volume, number) = (inode.volume, inode.number);
            if self.is_dir(key) {
                self.happened.push(Happened::Own { dir: key, what: What::Deleted });
            }
            self.inodes.remove(&key);
            // Without a birth time nothing would tell a file from the next one of its number.
            if self.volumes[volume].keeps_births {
                self.volumes[volume].free.push(number);
            }
        }
    }

    fn is_below(&self, key: Key, above: Key) -> bool {
        key == above
            || self.entries(above).is_some_and(|entries| entries.values().any(|&child| self.is_below(key, child)))
    }

    /// Renames, over what is there where that is possible.
    pub(super) fn rename(&mut self, from: (Key, &[u8]), to: (Key, &[u8])) -> Option<()> {
        let key = *self.entries(from.0)?.get(from.1)?;
        let there = self.entries(to.0)?.get(to.1).copied();
        let same_volume = self.inode(from.0)?.volume == self.inode(to.0)?.volume;
        if there == Some(key) || !same_volume || self.seen(key) != key || self.is_below(to.0, key) {
            return None;
        }
        if let Some(there) = there {
            let is_empty = self.entries(there).is_none_or(BTreeMap::is_empty);
            if self.is_dir(there) != self.is_dir(key) || !is_empty || self.seen(there) != there {
                return None;
            }
            self.entries_mut(to.0)?.remove(to.1);
            self.drop_link(there);
        }
        self.entries_mut(from.0)?.remove(from.1);
        self.entries_mut(to.0)?.insert(to.1.into(), key);
        self.moved(key, from, to);
        Some(())
    }

    /// Lets two names change places.
    pub(super) fn exchange(&mut self, a: (Key, &[u8]), b: (Key, &[u8])) -> Option<()> {
        let (one, two) = (*self.entries(a.0)?.get(a.1)?, *self.entries(b.0)?.get(b.1)?);
        let same_volume = self.inode(one)?.volume == self.inode(two)?.volume;
        let mounts = self.seen(one) != one || self.seen(two) != two;
        if one == two || !same_volume || mounts || self.is_below(b.0, one) || self.is_below(a.0, two) {
            return None;
        }
        self.entries_mut(a.0)?.insert(a.1.into(), two);
        self.entries_mut(b.0)?.insert(b.1.into(), one);
        self.moved(one, a, b);
        self.moved(two, b, a);
        Some(())
    }

    fn moved(&mut self, key: Key, from: (Key, &[u8]), to: (Key, &[u8])) {
        let now = self.stamp();
        self.inodes.get_mut(&key).into_iter().for_each(|inode| inode.ctime = now);
        self.touch_dir(from.0);
        self.touch_dir(to.0);
        self.tell(from.0, from.1, What::MovedFrom);
        self.tell(to.0, to.1, What::MovedTo);
        if self.is_dir(key) {
            self.happened.push(Happened::Own { dir: key, what: What::MovedFrom });
        }
    }

    /// Covers a directory with a file system, under a device number that may differ from its last one's. No event says so.
    pub(super) fn mount(&mut self, at: Key, volume: usize, minor: u32) {
        self.volumes[volume].device.1 = minor;
        let root = self.volumes[volume].root;
        if let Some(Inode { kind: Kind::Dir { covered, .. }, .. }) = self.inodes.get_mut(&at) {
            *covered = Some(root);
        }
    }

    pub(super) fn unmount(&mut self, at: Key) {
        if let Some(Inode { kind: Kind::Dir { covered, .. }, .. }) = self.inodes.get_mut(&at) {
            *covered = None;
        }
    }
}
