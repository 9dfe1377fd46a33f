//! One directory of a walk: what is there against what the index has. Runs in the pool; also says which rule leaves
//! a path out.

use std::io;

use rustix::io::Errno;

use super::{Problem, Root, Seen, Stop, Visit, Visited, of_directory};
use crate::{
    model::{self, Identity, Node},
    plan::{Comparison, Current, Delta, Found, FoundKind, Scope},
    store::{Rows, StoreError},
    watch::{
        files::Files,
        names::Names,
        rules::{self, Chain, Rule},
        scan::{self, Opened, RootDir},
    },
};

/// Names of a directory that are looked up one by one in the index.
const FEW: usize = 16;

/// Whether a name decides what else in its directory is indexed.
pub(super) fn governs(name: &[u8]) -> bool {
    name == rules::RULE_FILE.as_bytes() || rules::MARKERS.iter().any(|marker| marker.as_bytes() == name)
}

/// `dir` and `name` joined, where `dir` may be empty.
pub(super) fn below(dir: &[u8], name: &[u8]) -> Vec<u8> {
    if dir.is_empty() { name.to_vec() } else { model::join(dir, name) }
}

/// One directory: what is there, against what the index has. `None` when it is gone, which the look at its parent
/// tells. Runs in the pool.
pub(super) fn look_at(
    rows: &dyn Rows,
    root: &RootDir,
    current: Current<'_>,
    seen: &Seen,
    visit: Visit,
) -> Result<Option<Visited>, Stop> {
    let mut names = Names::default();
    let (found, rules, problem, opened) = match see(root, seen, &visit, &mut names).map_err(of_directory) {
        Ok(Sight { found, rules, opened }) => (found, rules, None, Some(opened)),
        Err(error) => {
            let error = error?;
            if scan::is_gone(&error) {
                return Ok(None);
            }
            let (rules, problem) = (visit.rules.clone(), Some(Problem::of(&error)));
            if error.kind() != io::ErrorKind::PermissionDenied {
                return Ok(Some(Visited { visit, delta: Delta::default(), rules, problem }));
            }
            (Vec::new(), rules, problem, None)
        }
    };
    let files = found.iter().filter(|found| found.kind != FoundKind::Dir).count();
    seen.looked(files);
    let mut delta = compare(rows, &visit, &found, current)?;
    seen.unchanged(delta.unchanged);
    if let Some(opened) = opened.filter(|_| root.within().shared) {
        look_for_lists(&mut delta, &opened);
    }
    Ok(Some(Visited { visit, delta, rules, problem }))
}

/// Holds what was found against the rows.
fn compare(rows: &dyn Rows, visit: &Visit, found: &[Found<&[u8]>], current: Current<'_>) -> Result<Delta, StoreError> {
    let mut comparison = Comparison::new(found, &visit.scope, current);
    match &visit.scope {
        _ if !visit.known => {}
        // A name in a directory of very many costs no more than one in a small one.
        Scope::Names(names) if names.len() <= FEW => {
            for name in names {
                rows.entry(visit.id, name)?.iter().for_each(|row| comparison.row(row.as_ref()));
            }
        }
        Scope::Whole | Scope::Names(_) => _ = rows.each(visit.id, &mut |row| comparison.row(row))?,
    }
    Ok(comparison.finish())
}

/// What there was to see in a directory.
pub(super) struct Sight<'n> {
    /// What the rules admit, sorted by name.
    pub found: Vec<Found<&'n [u8]>>,
    pub rules: Chain,
    opened: Opened,
}

/// Opens and looks; the names it found go to `names`. A directory with a marker file shows nothing.
pub(super) fn see<'n>(root: &RootDir, seen: &Seen, visit: &Visit, names: &'n mut Names) -> io::Result<Sight<'n>> {
    let opened = root.open_dir(&visit.relative)?;
    seen.beat();
    // Its rows say who may read what is in it: nothing out of another directory may come to stand there.
    if root.within().shared
        && let Some(identity) = &visit.identity
        && !is_one_inode(identity, &opened.identity()?)
    {
        return Err(Errno::STALE.into());
    }
    let mut rules = visit.rules.clone();
    let (has_rules, marked) = match &visit.scope {
        Scope::Names(asked) => {
            *names = asked.iter().map(|name| &**name).collect();
            (true, rules::MARKERS.iter().any(|marker| opened.has(marker)))
        }
        Scope::Whole => {
            *names = opened.names()?;
            (names.has(rules::RULE_FILE), rules::MARKERS.iter().any(|marker| names.has(marker)))
        }
    };
    if has_rules {
        add_rules(&opened, &mut rules)?;
    }
    let mut found = if marked { Vec::new() } else { opened.look(root, &rules, names, &|| seen.beat())? };
    if root.within().shared {
        // A directory's times say nothing of its list, so each is asked.
        for found in found.iter_mut().filter(|found| found.kind == FoundKind::Dir) {
            found.access = opened.with_acl(found.name, found.identity.inode, found.access);
        }
    }
    Ok(Sight { found, rules, opened })
}

/// Adds what the rule file of a directory says.
pub(super) fn add_rules(opened: &Opened, rules: &mut Chain) -> io::Result<()> {
    rules.add_rules(opened.read_rules(rules::RULE_FILE, rules::RULE_FILE_MAX)?.as_deref());
    Ok(())
}

/// Whether two looks were at one inode. The number of the file system counts for nothing: what stands at a mount point
/// is given that of the directory around it.
fn is_one_inode(a: &Identity, b: &Identity) -> bool {
    (a.inode, a.born) == (b.inode, b.born)
}

/// Marks files whose access control list says more than their bits, among those that are new or have changed: a list
/// that changes changes the file's time of change.
fn look_for_lists(delta: &mut Delta, opened: &Opened) {
    for row in delta.changed.iter_mut().filter(|row| matches!(row.node, Node::File(_))) {
        row.access = opened.with_acl(&row.name, row.identity.inode, row.access);
    }
    for found in delta.replaced.iter_mut().map(|(_, found)| found).chain(&mut delta.appeared) {
        found.access = opened.with_acl(&found.name, found.identity.inode, found.access);
    }
}

/// Whether a directory below a root can be looked at as a whole, or there is none any more.
pub fn can_be_looked_at(files: &dyn Files, root: &Root, relative: &[u8]) -> bool {
    let opened = RootDir::open(files, &root.path, root.within).and_then(|dir| dir.open_dir(relative));
    let whole = |opened: Opened| {
        opened.has(".") && opened.names().is_ok() && opened.read_rules(rules::RULE_FILE, rules::RULE_FILE_MAX).is_ok()
    };
    opened.map_or_else(|error| scan::is_gone(&error), whole)
}

/// Why a path below a root is not indexed by rule, if it is so.
pub fn excluded_by(files: &dyn Files, root: &Root, relative: &[u8]) -> Option<Rule> {
    let root_dir = RootDir::open(files, &root.path, root.within).ok()?;
    let mut rules = root.rules.clone();
    let mut at: Vec<u8> = Vec::new();
    let mut names = relative.split(|&b| b == b'/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        let opened = root_dir.open_dir(&at).ok()?;
        if let Some(marker) = rules::MARKERS.iter().find(|marker| opened.has(marker)) {
            return Some(rules.marked(marker));
        }
        rules.add_rules(opened.read_rules(rules::RULE_FILE, rules::RULE_FILE_MAX).ok().flatten().as_deref());
        let is_dir = names.peek().is_some() || root_dir.open_dir(&below(&at, name)).is_ok();
        if let Some(rule) = rules.excludes(name, is_dir) {
            return Some(rule);
        }
        at = below(&at, name);
        rules = rules.enter(name);
    }
    None
}
