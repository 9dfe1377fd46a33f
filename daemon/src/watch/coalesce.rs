//! Gathers hints until they are looked at: many events at one name are one look. Pure.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{Change, Hint};
use crate::{model::FileName, plan::Scope};

/// Names remembered in one directory before all of it is looked at.
const NAMES_MAX: usize = 256;
/// Names remembered in all before everything is looked at.
const TOTAL_MAX: usize = 100_000;

/// What has to be looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Directories by absolute path.
    pub dirs: Vec<(PathBuf, Scope)>,
    /// Events were lost: look at everything.
    pub everything: bool,
}

/// Hints not yet taken.
#[derive(Debug, Default)]
pub struct Pending {
    settled: HashMap<PathBuf, Names>,
    unsettled: HashMap<PathBuf, Names>,
    everything: bool,
    total: usize,
}

#[derive(Debug)]
enum Names {
    All,
    Some(BTreeSet<FileName>),
}

impl Pending {
    /// Adds a hint.
    pub fn add(&mut self, hint: Hint) {
        match hint {
            Hint::Overflow => self.overflow(),
            Hint::Name { dir, name, change } => self.add_name(dir, name, change),
        }
    }

    /// Whether something should be looked at now.
    pub fn has_settled(&self) -> bool {
        self.everything || !self.settled.is_empty()
    }

    /// Whether something should be looked at soon.
    pub fn has_unsettled(&self) -> bool {
        !self.unsettled.is_empty()
    }

    /// Takes what is settled.
    pub fn take_settled(&mut self) -> Dirty {
        let dirs: Vec<_> = self.settled.drain().map(|(dir, names)| (dir, names.into_scope())).collect();
        self.total = self.unsettled.values().map(Names::len).sum();
        let everything = std::mem::take(&mut self.everything);
        Dirty { dirs, everything }
    }

    /// Takes everything.
    pub fn take_all(&mut self) -> Dirty {
        for (dir, names) in std::mem::take(&mut self.unsettled) {
            match names {
                Names::All => _ = self.settled.insert(dir, Names::All),
                Names::Some(names) => {
                    let into = self.settled.entry(dir).or_insert_with(|| Names::Some(BTreeSet::new()));
                    names.into_iter().for_each(|name| _ = into.add(name));
                }
            }
        }
        self.take_settled()
    }

    fn add_name(&mut self, dir: PathBuf, name: Vec<u8>, change: Change) {
        if self.everything {
            return;
        }
        let name = FileName::from(name);
        let (bucket, other) = match change {
            Change::Settled => (&mut self.settled, Some(&mut self.unsettled)),
            Change::Unsettled => (&mut self.unsettled, None),
        };
        if let Some(names) = other.and_then(|other| other.get_mut(&dir)) {
            names.remove(&name);
        }
        if bucket.entry(dir).or_insert_with(|| Names::Some(BTreeSet::new())).add(name) {
            self.total += 1;
        }
        if self.total > TOTAL_MAX {
            self.overflow();
        }
    }

    fn overflow(&mut self) {
        *self = Self { everything: true, ..Self::default() };
    }
}

impl Names {
    fn add(&mut self, name: FileName) -> bool {
        let Self::Some(names) = self else { return false };
        let added = names.insert(name);
        if names.len() > NAMES_MAX {
            *self = Self::All;
        }
        added
    }

    fn remove(&mut self, name: &FileName) {
        if let Self::Some(names) = self {
            names.remove(name);
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::All => NAMES_MAX,
            Self::Some(names) => names.len(),
        }
    }

    fn into_scope(self) -> Scope {
        match self {
            Self::All => Scope::Whole,
            Self::Some(names) => Scope::Names(names.into_iter().collect()),
        }
    }
}

/// The hint for an event at an absolute path.
pub fn at(path: &Path, change: Change) -> Option<Hint> {
    let name = path.file_name().map(OsStr::as_bytes)?.to_vec();
    Some(Hint::Name { dir: path.parent()?.to_owned(), name, change })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(path: &str, change: Change) -> Hint {
        at(Path::new(path), change).expect("a path with a parent")
    }

    #[test]
    fn a_settled_name_is_not_looked_at_twice() {
        let mut pending = Pending::default();
        pending.add(hint("/d/a", Change::Unsettled));
        pending.add(hint("/d/b", Change::Unsettled));
        pending.add(hint("/d/a", Change::Settled));
        let scope = |name: &str| Scope::Names(vec![name.as_bytes().into()]);
        assert_eq!(pending.take_settled().dirs, vec![("/d".into(), scope("a"))]);
        assert_eq!(pending.take_all().dirs, vec![("/d".into(), scope("b"))]);
    }

    #[test]
    fn many_names_become_the_whole_directory_and_too_many_everything() {
        let mut pending = Pending::default();
        (0..300).for_each(|n| pending.add(hint(&format!("/d/{n}"), Change::Settled)));
        assert_eq!(pending.take_settled().dirs, vec![("/d".into(), Scope::Whole)]);
        (0..TOTAL_MAX + 1).for_each(|n| pending.add(hint(&format!("/{}/{n}", n / 100), Change::Settled)));
        let dirty = pending.take_all();
        assert!(dirty.everything && dirty.dirs.is_empty());
    }
}
