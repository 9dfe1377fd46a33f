//! What people and programs do to files, drawn by chance.

use std::collections::BTreeSet;

use super::{
    kernel::State,
    rng::Rng,
    tree::{Key, Kind, Tree},
};
use crate::model::FileName;

/// The roots, in the order of their numbers. The last is where a file system is mounted.
pub(super) const ROOTS: [&str; 3] = ["/home/a", "/home/b", "/mnt/v"];
/// Where files also lie, below no root.
const OUTSIDE: &str = "/home/out";
/// Names of files and directories alike, so that they meet.
const NAMES: [&str; 12] = ["a", "b", "c", "d", "e.x", "f.part", ".h", "g", "k", "l.x", "m", "n"];
const RULES: [&str; 6] = ["a\n", "*.x\n", "!f.part\n!.h\n", "/c/\n", "b\n!a\n", ""];

/// The tree as people know it.
#[derive(Debug)]
pub(super) struct Doings {
    /// Files written with all but the time of change restored, and files that went elsewhere, since the daemon last was
    /// at rest: one file is never both, for then nothing tells that its content is new.
    sly: BTreeSet<Key>,
    moved: BTreeSet<Key>,
    /// Number of the file system that comes and goes.
    volume: usize,
    minor: u32,
    pub is_mounted: bool,
    /// A rule file has had a further name: of what is written through that, no event tells at the one that counts.
    pub are_rules_linked: bool,
}

fn key(tree: &Tree, path: &str) -> Option<Key> {
    tree.at(path.as_bytes())
}

impl Doings {
    /// Makes the roots and some files in them.
    pub(super) fn begin(state: &mut State) -> Self {
        let keeps_births = state.rng.chance(800);
        let mut doings = Self::bare(state, keeps_births);
        for _ in 0..60 {
            doings.something(state);
        }
        doings
    }

    /// Makes the roots, and nothing in them.
    pub(super) fn bare(state: &mut State, keeps_births: bool) -> Self {
        let tree = &mut state.tree;
        let volume = tree.add_volume(keeps_births);
        for path in ["/home", "/home/a", "/home/b", OUTSIDE, "/mnt", "/mnt/v"] {
            let (above, name) = path.rsplit_once('/').unwrap_or_default();
            if let Some(above) = tree.at(above.as_bytes()) {
                tree.mkdir(above, name.as_bytes());
            }
        }
        let mut doings = Self {
            sly: BTreeSet::new(),
            moved: BTreeSet::new(),
            volume,
            minor: 20,
            is_mounted: false,
            are_rules_linked: false,
        };
        doings.mount(state);
        doings
    }

    /// The daemon has seen everything.
    pub(super) fn at_rest(&mut self) {
        self.sly.clear();
        self.moved.clear();
    }

    pub(super) fn mount(&mut self, state: &mut State) {
        let Some(at) = key(&state.tree, "/mnt").and_then(|mnt| state.tree.entries(mnt)?.get(&b"v"[..]).copied()) else {
            return;
        };
        self.minor += 1;
        self.is_mounted = true;
        let (volume, minor) = (self.volume, self.minor);
        if state.tree.volumes[volume].keeps_births && state.rng.chance(300) {
            // As NFS and btrfs do.
            state.tree.volumes[volume].fs += 1;
        }
        state.log.push(format!("mounted with device 8:{minor}"));
        state.change(|tree| tree.mount(at, volume, minor));
        state.mounts_changed(ROOTS[2]);
    }

    pub(super) fn unmount(&mut self, state: &mut State) {
        let Some(at) = key(&state.tree, "/mnt").and_then(|mnt| state.tree.entries(mnt)?.get(&b"v"[..]).copied()) else {
            return;
        };
        self.is_mounted = false;
        state.log.push("unmounted".into());
        state.change(|tree| tree.unmount(at));
        state.unmounted(self.volume);
        state.mounts_changed(ROOTS[2]);
    }

    /// One act.
    pub(super) fn something(&mut self, state: &mut State) {
        let dirs = dirs(&state.tree, self.is_mounted);
        let mut rng = state.rng.clone();
        let Some(&dir) = rng.pick(&dirs) else { return };
        let name = a_name(&state.tree, dir, &mut rng);
        let done = match rng.below(100) {
            0..24 => self.write(state, &mut rng, dir, &name),
            24..30 => self.write_slyly(state, &mut rng, dir, &name),
            30..42 => state.change(|tree| tree.mkdir(dir, &name)).map(|_| "mkdir"),
            42..52 => state.change(|tree| tree.remove(dir, &name)).map(|()| "remove"),
            52..72 => self.rename(state, &mut rng, (dir, &name), &dirs),
            72..76 => self.exchange(state, &mut rng, (dir, &name), &dirs),
            76..83 => self.link(state, &mut rng, (dir, &name), &dirs),
            83..85 => state.change(|tree| tree.make_special(dir, &name, true)).map(|()| "symlink"),
            85..89 => rule_file(state, &mut rng, dir),
            89..91 => marker(state, &mut rng, dir),
            91..95 => chmod(state, &mut rng, dir, &name),
            _ => Some("nothing"),
        };
        state.rng = rng;
        if let Some(what) = done {
            let line = format!("{what} {}", shown(&state.tree, dir, &name));
            state.log.push(line);
        }
    }

    fn write(&mut self, state: &mut State, rng: &mut Rng, dir: Key, name: &[u8]) -> Option<&'static str> {
        // Those of the first size are sampled whole.
        let size = (1 + rng.below(3) as u64) << 13;
        let file = state.change(|tree| tree.write(dir, name, size, b""))?;
        self.sly.remove(&file);
        let nth = rng.below(1000);
        Some(match rng.chance(150) && state.tree.copy_into(file, nth).is_some() {
            true => "copy",
            false => "write",
        })
    }

    /// In place, with size and time of the last write as they were. Only the time of change tells.
    fn write_slyly(&mut self, state: &mut State, rng: &mut Rng, dir: Key, name: &[u8]) -> Option<&'static str> {
        let file = state.tree.child(dir, name)?;
        let inode = state.tree.inode(file)?;
        let (Kind::File { size, .. }, mtime) = (&inode.kind, inode.mtime) else { return None };
        let (size, mtime) = (*size, mtime);
        if self.moved.contains(&file) || rng.chance(300) {
            return None;
        }
        self.sly.insert(file);
        state.change(|tree| {
            tree.write(dir, name, size, b"")?;
            tree.set_mtime(dir, name, mtime)
        })?;
        Some("write in place, times restored:")
    }

    /// Whether it may go elsewhere, under another name; it is remembered.
    fn may_move(&mut self, tree: &Tree, from: (Key, &[u8]), to: &[u8]) -> Option<()> {
        let file = tree.child(from.0, from.1)?;
        if self.sly.contains(&file) {
            return None;
        }
        let rules = [from.1, to].iter().any(|name| name.starts_with(b"."));
        self.are_rules_linked |= rules && tree.inode(file)?.links > 1;
        self.moved.insert(file);
        Some(())
    }

    fn rename(&mut self, state: &mut State, rng: &mut Rng, from: (Key, &[u8]), dirs: &[Key]) -> Option<&'static str> {
        let to = if rng.chance(500) { from.0 } else { *rng.pick(dirs)? };
        let name = a_name(&state.tree, to, rng);
        self.may_move(&state.tree, from, &name)?;
        state.change(|tree| tree.rename(from, (to, &name)))?;
        let line = format!("  to {}", shown(&state.tree, to, &name));
        state.log.push(line);
        Some("rename")
    }

    fn exchange(&mut self, state: &mut State, rng: &mut Rng, from: (Key, &[u8]), dirs: &[Key]) -> Option<&'static str> {
        let to = *rng.pick(dirs)?;
        let name = a_name(&state.tree, to, rng);
        self.may_move(&state.tree, from, &name)?;
        self.may_move(&state.tree, (to, &name), from.1)?;
        state.change(|tree| tree.exchange(from, (to, &name)))?;
        let line = format!("  with {}", shown(&state.tree, to, &name));
        state.log.push(line);
        Some("exchange")
    }

    fn link(&mut self, state: &mut State, rng: &mut Rng, from: (Key, &[u8]), dirs: &[Key]) -> Option<&'static str> {
        let to = *rng.pick(dirs)?;
        let name = *rng.pick(&NAMES)?;
        self.may_move(&state.tree, from, name.as_bytes())?;
        state.change(|tree| tree.link(from, (to, name.as_bytes())))?;
        self.are_rules_linked |= [from.1, name.as_bytes()].iter().any(|name| name.starts_with(b"."));
        let line = format!("  as {}", shown(&state.tree, to, name.as_bytes()));
        state.log.push(line);
        Some("link")
    }
}

fn rule_file(state: &mut State, rng: &mut Rng, dir: Key) -> Option<&'static str> {
    if rng.chance(400) {
        return state.change(|tree| tree.remove(dir, b".metaignore")).map(|()| "remove .metaignore of");
    }
    let rules = *rng.pick(&RULES)?;
    state.change(|tree| tree.write(dir, b".metaignore", rules.len() as u64, rules.as_bytes()))?;
    Some("write .metaignore of")
}

fn marker(state: &mut State, rng: &mut Rng, dir: Key) -> Option<&'static str> {
    if rng.chance(700) {
        return state.change(|tree| tree.remove(dir, b".nomedia")).map(|()| "remove .nomedia of");
    }
    state.change(|tree| tree.write(dir, b".nomedia", 0, b""))?;
    Some("write .nomedia of")
}

fn chmod(state: &mut State, rng: &mut Rng, dir: Key, name: &[u8]) -> Option<&'static str> {
    let mode = *rng.pick(&[0o755, 0o755, 0o700, 0o000, 0o400])?;
    state.change(|tree| tree.chmod(dir, name, mode))?;
    Some("chmod")
}

/// All directories that people write in.
fn dirs(tree: &Tree, is_mounted: bool) -> Vec<Key> {
    // Where nothing is mounted, nobody writes.
    let roots = &ROOTS[..if is_mounted { 3 } else { 2 }];
    let mut dirs: Vec<Key> = roots.iter().chain(&[OUTSIDE]).filter_map(|path| key(tree, path)).collect();
    dirs.retain(|&dir| tree.is_dir(dir));
    let mut at = 0;
    while at < dirs.len() {
        let below = tree.entries(dirs[at]).into_iter().flatten().map(|(_, &child)| tree.seen(child));
        let below: Vec<Key> = below.filter(|&child| tree.is_dir(child)).collect();
        dirs.extend(below);
        at += 1;
    }
    dirs
}

/// A name in a directory: often one that is there.
fn a_name(tree: &Tree, dir: Key, rng: &mut Rng) -> Vec<u8> {
    let there: Vec<&FileName> = tree.entries(dir).into_iter().flatten().map(|(name, _)| name).collect();
    match rng.pick(&there) {
        Some(name) if rng.chance(600) => name.to_vec(),
        _ => rng.pick(&NAMES).map_or(Vec::new(), |name| name.as_bytes().to_vec()),
    }
}

fn shown(tree: &Tree, dir: Key, name: &[u8]) -> String {
    let mut names = vec![String::from_utf8_lossy(name).into_owned()];
    let mut at = dir;
    while let Some((above, name)) = tree.inodes.keys().find_map(|&above| {
        let entries = tree.entries(above)?;
        entries.iter().find(|(_, child)| tree.seen(**child) == at).map(|(name, _)| (above, name))
    }) {
        names.push(String::from_utf8_lossy(name).into_owned());
        at = above;
    }
    names.reverse();
    format!("/{}", names.join("/"))
}
