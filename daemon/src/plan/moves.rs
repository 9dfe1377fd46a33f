//! Matches what vanished with what appeared, so that a moved file keeps its record and a moved directory its rows.
//!
//! One pool serves one batch of events or one crawl. No index of inodes is kept. What comes out has one order.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{Current, Delta, Found, FoundKind, is_current, key};
use crate::model::{
    DirId, EntryRow, FileId, FileName, FileRow, FileState, Fingerprint, Mutation, Node, Place, ReaderId,
};

type Key = (u64, i64);

/// What vanished or was replaced, waiting for its match.
#[derive(Debug, Default)]
pub struct Moves {
    vanished: BTreeMap<Key, (DirId, EntryRow)>,
    /// Further names of inodes that vanished: only one can be matched, these are simply gone.
    gone: Vec<(DirId, EntryRow)>,
    replaced: BTreeMap<Key, (DirId, EntryRow, Found)>,
    appeared: Vec<(DirId, Found)>,
}

/// What matching decided.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Known directories at new places: their rows move, then their content is compared.
    pub moved_dirs: Vec<MovedDir>,
    /// Directories that nobody knew.
    pub new_dirs: Vec<(DirId, Found)>,
}

/// A directory that kept its number.
#[derive(Debug, PartialEq, Eq)]
pub struct MovedDir {
    pub id: DirId,
    pub from: Place,
    pub to: DirId,
    pub found: Found,
}

impl Moves {
    /// Takes in what differs in `dir`; what needs no match comes out as mutations.
    pub fn take(&mut self, dir: DirId, delta: Delta) -> Vec<Mutation> {
        for row in delta.vanished {
            self.vanish(dir, row);
        }
        let mut mutations: Vec<_> = delta.changed.into_iter().map(|row| changed(dir, row)).collect();
        for (row, found) in delta.replaced {
            // Of several names of one inode only one can be matched; the others simply have new content.
            match self.replaced.entry(key(&row.identity)) {
                Entry::Occupied(_) => mutations.extend(replace(dir, &row, &found)),
                Entry::Vacant(slot) => _ = slot.insert((dir, row, found)),
            }
        }
        self.appeared.extend(delta.appeared.into_iter().map(|found| (dir, found)));
        mutations
    }

    /// How many names wait.
    pub fn waiting(&self) -> usize {
        self.vanished.len() + self.gone.len() + self.replaced.len() + self.appeared.len()
    }

    fn vanish(&mut self, dir: DirId, row: EntryRow) {
        match self.vanished.entry(key(&row.identity)) {
            Entry::Occupied(_) => self.gone.push((dir, row)),
            Entry::Vacant(slot) => _ = slot.insert((dir, row)),
        }
    }

    /// Matches directories, as soon as every known directory has been looked at.
    pub fn settle_dirs(&mut self) -> Settled {
        let mut settled = Settled::default();
        let (dirs, files) = std::mem::take(&mut self.appeared)
            .into_iter()
            .partition(|(_, found): &(DirId, Found)| found.kind == FoundKind::Dir);
        self.appeared = files;
        for (to, found) in dirs {
            match self.take_vanished(&found) {
                Some((from, EntryRow { name, node: Node::Dir(id), .. })) => {
                    settled.moved_dirs.push(MovedDir { id, from: Place { dir: from, name }, to, found });
                }
                _ => settled.new_dirs.push((to, found)),
            }
        }
        settled
    }

    /// Matches the files that appeared so far; the others are new. Numbers come from `new_file`.
    pub fn settle_files(&mut self, current: Current<'_>, new_file: &dyn Fn() -> FileId) -> Vec<Mutation> {
        let is_file = |(_, found): &(DirId, Found)| found.kind != FoundKind::Dir;
        let (files, dirs): (Vec<_>, _) = std::mem::take(&mut self.appeared).into_iter().partition(is_file);
        self.appeared = dirs;
        let mut mutations = Vec::with_capacity(files.len());
        for (to, found) in files {
            match self.take_vanished(&found) {
                Some((from, row)) => mutations.push(moved(from, row, to, &found, current)),
                None => match self.replaced.remove(&key(&found.identity)) {
                    Some((from, row, newcomer)) => {
                        mutations.push(moved(from, row, to, &found, current));
                        mutations.extend(put_new(from, &newcomer, new_file()));
                    }
                    None => mutations.extend(put_new(to, &found, new_file())),
                },
            }
        }
        mutations
    }

    /// Everything that found no match: replaced contents, and what is really gone. Ends the pool.
    pub fn finish(mut self, current: Current<'_>) -> Vec<Mutation> {
        let mut mutations = Vec::new();
        for (_, (dir, row, found)) in std::mem::take(&mut self.replaced) {
            match self.take_vanished(&found) {
                Some((from, moved_row)) => {
                    mutations.push(Mutation::RemoveFile(Place { dir, name: row.name }));
                    mutations.push(moved(from, moved_row, dir, &found, current));
                }
                None => mutations.extend(replace(dir, &row, &found)),
            }
        }
        mutations.extend(self.vanished.into_values().chain(self.gone).map(|(dir, row)| match row.node {
            Node::Dir(id) => Mutation::RemoveDir(id),
            Node::File(_) => Mutation::RemoveFile(Place { dir, name: row.name }),
        }));
        mutations
    }

    fn take_vanished(&mut self, found: &Found) -> Option<(DirId, EntryRow)> {
        let key = key(&found.identity);
        let is_dir = matches!(self.vanished.get(&key)?.1.node, Node::Dir(_));
        if is_dir == (found.kind == FoundKind::Dir) { self.vanished.remove(&key) } else { None }
    }
}

fn changed(dir: DirId, row: EntryRow) -> Mutation {
    match row.node {
        Node::File(_) => Mutation::PutFile { dir, entry: row },
        Node::Dir(id) => put_dir(id, dir, row.name, &row.identity, row.access),
    }
}

/// A directory's row as a mutation.
pub(crate) fn put_dir(
    id: DirId,
    parent: DirId,
    name: FileName,
    identity: &crate::model::Identity,
    access: crate::model::Access,
) -> Mutation {
    Mutation::PutDir { row: crate::model::DirRow { id, parent, name, access }, identity: *identity }
}

/// A moved file keeps its record when size and mtime are what they were and its reader is of today; the move itself explains
/// a new ctime, unless who may read it has changed, too.
fn moved(from: DirId, row: EntryRow, to: DirId, found: &Found, current: Current<'_>) -> Mutation {
    let (Node::File(file), FoundKind::File { stamp, links }) = (row.node, found.kind) else {
        return Mutation::RemoveFile(Place { dir: from, name: row.name });
    };
    let old = file.fingerprint.stamp;
    let same = (old.size, old.mtime) == (stamp.size, stamp.mtime)
        && row.access == found.access
        && file.fingerprint.policy == current.policy
        && is_current(file, current);
    let state = if same { file.state } else { FileState::Pending };
    let fingerprint = Fingerprint { stamp, ..file.fingerprint };
    let node = Node::File(FileRow { fingerprint, state, links, ..file });
    let entry = EntryRow { name: found.name.clone(), identity: found.identity, access: found.access, node };
    Mutation::MoveFile { from: Place { dir: from, name: row.name }, to, entry }
}

fn put_new(dir: DirId, found: &Found, id: FileId) -> Option<Mutation> {
    let FoundKind::File { stamp, links } = found.kind else { return None };
    let fingerprint = Fingerprint { stamp, reader: ReaderId(0), policy: crate::model::PolicyId(0) };
    let node = Node::File(FileRow { id, fingerprint, state: FileState::Pending, links });
    let entry = EntryRow { name: found.name.clone(), identity: found.identity, access: found.access, node };
    Some(Mutation::PutFile { dir, entry })
}

/// The place keeps its number, so that who watches the path sees one file change.
fn replace(dir: DirId, row: &EntryRow, found: &Found) -> Option<Mutation> {
    let Node::File(file) = row.node else { return None };
    put_new(dir, found, file.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, FsId, Identity, PolicyId, Stamp};

    const CURRENT: Current<'static> = Current { policy: PolicyId(1), readers: &[ReaderId(7)] };
    const STAMP: Stamp = Stamp { size: 10, mtime: 20, ctime: 30 };
    const ACCESS: Access = Access { uid: 1, gid: 1, mode: 0o644 };

    fn identity(inode: u64) -> Identity {
        Identity { fs: FsId(1), inode, born: Some(5) }
    }

    fn row(name: &str, inode: u64) -> EntryRow {
        let fingerprint = Fingerprint { stamp: STAMP, reader: ReaderId(7), policy: PolicyId(1) };
        let node = Node::File(FileRow { id: FileId(inode), fingerprint, state: FileState::Indexed, links: 1 });
        EntryRow { name: name.as_bytes().into(), identity: identity(inode), access: ACCESS, node }
    }

    fn found(name: &str, inode: u64) -> Found {
        let kind = FoundKind::File { stamp: Stamp { ctime: 99, ..STAMP }, links: 1 };
        Found { name: name.as_bytes().into(), identity: identity(inode), access: ACCESS, kind }
    }

    fn settle(deltas: Vec<(u32, Delta)>) -> Vec<Mutation> {
        let mut moves = Moves::default();
        let mut all: Vec<_> = deltas.into_iter().flat_map(|(dir, delta)| moves.take(DirId(dir), delta)).collect();
        all.extend(moves.settle_files(CURRENT, &|| FileId(100)));
        all.extend(moves.finish(CURRENT));
        all
    }

    #[test]
    fn a_moved_file_keeps_number_and_state() {
        let gone = Delta { vanished: vec![row("a", 1)], ..Delta::default() };
        let come = Delta { appeared: vec![found("b", 1)], ..Delta::default() };
        let [Mutation::MoveFile { from, to, entry }] = &settle(vec![(2, gone), (3, come)])[..] else {
            panic!("one move")
        };
        let Node::File(file) = entry.node else { panic!("a file") };
        assert_eq!((from.dir, &*from.name, *to, &*entry.name), (DirId(2), &b"a"[..], DirId(3), &b"b"[..]));
        assert_eq!((file.id, file.state, file.fingerprint.stamp.ctime), (FileId(1), FileState::Indexed, 99));
    }

    #[test]
    fn a_moved_file_that_others_may_read_now_is_read_again() {
        let gone = Delta { vanished: vec![row("a", 1)], ..Delta::default() };
        let closed = Found { access: Access { mode: 0, ..ACCESS }, ..found("b", 1) };
        let come = Delta { appeared: vec![closed], ..Delta::default() };
        let [Mutation::MoveFile { entry, .. }] = &settle(vec![(2, gone), (3, come)])[..] else { panic!("one move") };
        assert!(matches!(entry.node, Node::File(FileRow { id: FileId(1), state: FileState::Pending, .. })));
    }

    #[test]
    fn a_moved_file_that_would_be_read_otherwise_today_is_read_again() {
        for (reader, policy) in [(ReaderId(6), PolicyId(1)), (ReaderId(7), PolicyId(2))] {
            let mut old = row("a", 1);
            let Node::File(file) = &mut old.node else { panic!("a file") };
            file.fingerprint = Fingerprint { reader, policy, ..file.fingerprint };
            let gone = Delta { vanished: vec![old], ..Delta::default() };
            let come = Delta { appeared: vec![found("b", 1)], ..Delta::default() };
            let [Mutation::MoveFile { entry, .. }] = &settle(vec![(2, gone), (3, come)])[..] else {
                panic!("one move")
            };
            assert!(matches!(entry.node, Node::File(FileRow { id: FileId(1), state: FileState::Pending, .. })));
        }
    }

    #[test]
    fn a_moved_file_that_was_written_meanwhile_is_read_again() {
        for stamp in [Stamp { mtime: 21, ctime: 99, ..STAMP }, Stamp { size: 11, ctime: 99, ..STAMP }] {
            let gone = Delta { vanished: vec![row("a", 1)], ..Delta::default() };
            let written = Found { kind: FoundKind::File { stamp, links: 1 }, ..found("b", 1) };
            let come = Delta { appeared: vec![written], ..Delta::default() };
            let [Mutation::MoveFile { entry, .. }] = &settle(vec![(2, gone), (3, come)])[..] else {
                panic!("one move")
            };
            assert!(matches!(entry.node, Node::File(FileRow { id: FileId(1), state: FileState::Pending, .. })));
        }
    }

    #[test]
    fn a_file_moved_over_another_keeps_its_own_record() {
        let delta =
            Delta { vanished: vec![row("b", 2)], replaced: vec![(row("a", 1), found("a", 2))], ..Delta::default() };
        let mutations = settle(vec![(2, delta)]);
        assert_eq!(mutations[0], Mutation::RemoveFile(Place { dir: DirId(2), name: b"a"[..].into() }));
        assert!(matches!(&mutations[1], Mutation::MoveFile { entry, .. } if &*entry.name == b"a"));
        assert_eq!(mutations.len(), 2);
    }

    #[test]
    fn an_atomic_replacement_keeps_the_number_and_is_read() {
        let delta = Delta { replaced: vec![(row("a", 1), found("a", 2))], ..Delta::default() };
        let [Mutation::PutFile { entry, .. }] = &settle(vec![(2, delta)])[..] else { panic!("one put") };
        assert!(matches!(entry.node, Node::File(FileRow { id: FileId(1), state: FileState::Pending, .. })));
    }

    #[test]
    fn a_file_moved_away_and_made_anew_keeps_its_record_elsewhere() {
        let replaced = Delta { replaced: vec![(row("a", 1), found("a", 2))], ..Delta::default() };
        let come = Delta { appeared: vec![found("old", 1)], ..Delta::default() };
        let mutations = settle(vec![(2, replaced), (3, come)]);
        assert!(matches!(&mutations[0], Mutation::MoveFile { to: DirId(3), .. }));
        assert!(matches!(&mutations[1], Mutation::PutFile { dir: DirId(2), entry }
            if matches!(entry.node, Node::File(FileRow { id: FileId(100), .. }))));
    }

    #[test]
    fn directories_wait_until_all_known_ones_have_been_looked_at() {
        let dir = Found { kind: FoundKind::Dir, ..found("d", 2) };
        let mut moves = Moves::default();
        moves.take(DirId(2), Delta { appeared: vec![dir.clone(), found("f", 1)], ..Delta::default() });
        assert_eq!(moves.settle_files(CURRENT, &|| FileId(100)).len(), 1);
        assert_eq!(moves.settle_dirs().new_dirs, [(DirId(2), dir)]);
    }

    #[test]
    fn all_names_of_one_inode_vanish() {
        let names = ["a", "b", "c", "d", "e"];
        let delta = Delta { vanished: names.map(|name| row(name, 1)).into(), ..Delta::default() };
        let mutations = settle(vec![(2, delta)]);
        assert_eq!(mutations.iter().filter(|m| matches!(m, Mutation::RemoveFile(_))).count(), names.len());
    }
}
