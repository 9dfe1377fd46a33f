//! A look at everything below a directory that changes nothing: for estimates.

use std::io;

use super::{Root, Seen, Visit, below, look};
use crate::{
    model::{DirId, FileRow, Node},
    plan::{FoundKind, Scope},
    store::{Rows, StoreError},
    watch::{files::Files, names::Names, rules::Chain, scan::RootDir},
};

/// A file that the rules admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surveyed<'a> {
    pub name: &'a [u8],
    /// Bytes.
    pub size: u64,
    /// Its row, if the index has this very content.
    pub row: Option<FileRow>,
}

/// Why a survey could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    #[error("it cannot be looked at")]
    Directory(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Hands over every file below a directory that the root's rules admit, and gives how many directories could not be looked at.
/// `relative` is empty for the root itself. Nothing is opened but directories and rule files.
///
/// Errors: the directory itself cannot be looked at, or the index cannot be read.
pub fn survey(
    files: &dyn Files,
    rows: &dyn Rows,
    root: &Root,
    relative: &[u8],
    each: &mut dyn FnMut(Surveyed<'_>),
) -> Result<u64, SurveyError> {
    let (root_dir, seen) = (RootDir::open(files, &root.path, root.within)?, Seen::default());
    let mut unreadable = 0;
    let known = rows.dir_at(&below(&root.path, relative))?;
    let mut left = vec![(relative.to_vec(), known, rules_at(&root_dir, root, relative)?)];
    while let Some((at, known, rules)) = left.pop() {
        let (visit, mut names) = (visit(at, rules), Names::default());
        let sight = match look::see(&root_dir, &seen, &visit, &mut names) {
            Ok(sight) => sight,
            Err(error) if visit.relative == relative => return Err(error.into()),
            Err(_) => {
                unreadable += 1;
                continue;
            }
        };
        let known = known.map(|dir| rows.dir(dir)).transpose()?.flatten();
        let row = |name: &[u8]| {
            let entries = &known.as_ref()?.entries;
            let at = entries.binary_search_by(|entry| entry.name.as_ref().cmp(name)).ok()?;
            Some(entries[at].node)
        };
        for found in &sight.found {
            match (found.kind, row(found.name)) {
                (FoundKind::Dir, row) => {
                    let known = row.and_then(|node| if let Node::Dir(dir) = node { Some(dir) } else { None });
                    left.push((below(&visit.relative, found.name), known, sight.rules.enter(found.name)));
                }
                (FoundKind::File { stamp, .. }, row) => {
                    let row = row.and_then(|node| if let Node::File(file) = node { Some(file) } else { None });
                    let row = row.filter(|row| row.fingerprint.stamp == stamp);
                    each(Surveyed { name: found.name, size: stamp.size, row });
                }
            }
        }
    }
    Ok(unreadable)
}

/// The rules with which a directory is looked at, whatever they say of itself.
fn rules_at(root_dir: &RootDir, root: &Root, relative: &[u8]) -> io::Result<Chain> {
    let (mut rules, mut at) = (root.rules.clone(), Vec::new());
    for name in relative.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
        look::add_rules(&root_dir.open_dir(&at)?, &mut rules)?;
        rules = rules.enter(name);
        at = below(&at, name);
    }
    Ok(rules)
}

fn visit(relative: Vec<u8>, rules: Chain) -> Visit {
    Visit {
        id: DirId::TOP,
        identity: None,
        relative,
        rules,
        scope: Scope::Whole,
        known: false,
        deep: false,
        needed: false,
    }
}
