//! Where a walk begins: the root and the directories above it, which get rows, and what it is aimed at.

use std::sync::atomic::Ordering;

use super::{Problem, Reach, Stop, Visit, Walk, look::governs, of_directory};
use crate::{
    model::{self, Access, DirId, EntryRow, FileName, Identity, Node},
    plan::{self, Scope},
    watch::{rules, scan},
};

impl Walk<'_> {
    /// `false` when cancelled.
    pub(super) fn start(&mut self, reach: &Reach) -> Result<bool, Stop> {
        let root_id = self.ensure_root()?;
        // It may have hung until now, and another root may have made the rows above both meanwhile.
        if self.seen.cancel.load(Ordering::Relaxed) {
            return Ok(false);
        }
        // Other roots may have directories above them in common with this one.
        self.flush();
        match reach {
            // Nothing is known of what stands there now, nor watched.
            Reach::Dirs(_) if self.is_other => self.aim(root_id, b"", Scope::Whole, true),
            Reach::Below(relative) => self.aim(root_id, relative, Scope::Whole, true),
            Reach::Dirs(dirs) => {
                dirs.iter().try_for_each(|(relative, scope)| self.aim(root_id, relative, scope.clone(), false))
            }
        }?;
        Ok(true)
    }

    /// Why what stands at the root's path is not the root: another directory, and empty, as a mount point is while
    /// nothing is mounted there. Its rows must not be taken for gone.
    pub(super) fn is_a_stranger(&self) -> Option<String> {
        let path = &self.root.path;
        let slash = path.iter().rposition(|&b| b == b'/').filter(|_| path.len() > 1)?;
        let parent = self.crawl.rows.dir_at(&path[..slash.max(1)]).ok()??;
        let known = self.crawl.rows.entry(parent, &path[slash + 1..]).ok()??;
        let opened = self.root_dir.open_dir(b"").ok()?;
        let is_other = !plan::same_inode(&known.identity, &opened.identity().ok()?);
        let had_files = matches!(known.node, Node::Dir(id) if !self.crawl.rows.dir(id).ok()??.entries.is_empty());
        (is_other && had_files && opened.names().ok()?.is_empty())
            .then(|| "an empty directory stands in its place, as if its file system were not mounted".into())
    }

    /// Makes rows for the root and the directories above it where there are none, or others stand there now.
    fn ensure_root(&mut self) -> Result<DirId, Stop> {
        let mut parent = DirId::TOP;
        let mut path = Vec::from(*b"/");
        self.look_at_top()?;
        let names = self.root.path.split(|&b| b == b'/').filter(|name| !name.is_empty());
        for (above, name) in names.enumerate() {
            path = model::join(&path, name);
            let known = self.crawl.rows.entry(parent, name)?;
            let id = match &known {
                Some(EntryRow { node: Node::Dir(id), .. }) => *id,
                _ => self.crawl.rows.new_dir(),
            };
            let is_root = path == *self.root.path;
            let stands = match self.root_dir.step(above + 1) {
                Some(step) => Some(step),
                None => self.stat_dir(&path)?,
            };
            if let Some((identity, access)) = stands
                && known.as_ref().is_none_or(|known| known.identity != identity || known.access != access)
            {
                if is_root && known.is_some_and(|known| !plan::same_inode(&known.identity, &identity)) {
                    self.forget_watches(model::path(&path));
                    self.is_other = true;
                }
                self.batch.push(plan::put_dir(id, parent, name.into(), &identity, access));
            }
            parent = id;
        }
        Ok(parent)
    }

    /// `None` for a directory that nothing can be said of.
    fn stat_dir(&self, path: &[u8]) -> Result<Option<(Identity, Access)>, Stop> {
        match scan::stat_dir(&*self.crawl.files, path) {
            Ok(said) => Ok(Some(said)),
            Err(error) => of_directory(error).map(|_| None),
        }
    }

    /// Who may pass `/` counts for everything below, where several users are served.
    fn look_at_top(&mut self) -> Result<(), Stop> {
        let known = self.crawl.rows.dir(DirId::TOP)?.map(|rows| rows.dir.access);
        if let Some((identity, access)) = self.root_dir.step(0)
            && known.is_some_and(|known| known != access)
        {
            self.batch.push(plan::put_dir(DirId::TOP, DirId::TOP, FileName::default(), &identity, access));
        }
        Ok(())
    }

    /// Plans a visit of one known directory, with the rules of all directories above it. A directory that the index
    /// does not have is left to the look at its parent.
    fn aim(&mut self, root_id: DirId, relative: &[u8], scope: Scope, deep: bool) -> Result<(), Stop> {
        let (mut id, mut identity) = (root_id, None);
        let mut rules = self.root.rules.clone();
        let mut above = Vec::new();
        for name in relative.split(|&b| b == b'/').filter(|name| !name.is_empty()) {
            let entry = self.crawl.rows.entry(id, name)?;
            let Some(EntryRow { node: Node::Dir(child), identity: own, .. }) = entry else { return Ok(()) };
            let read = |opened: scan::Opened| opened.read_rules(rules::RULE_FILE, rules::RULE_FILE_MAX);
            match self.root_dir.open_dir(&above).and_then(read).map_err(of_directory) {
                Ok(text) => rules.add_rules(text.as_deref()),
                Err(error) => {
                    let error = error?;
                    if !scan::is_gone(&error) {
                        self.tell_problem(&above, Problem::of(&error));
                    }
                    return Ok(());
                }
            }
            rules = rules.enter(name);
            above = if above.is_empty() { name.to_vec() } else { model::join(&above, name) };
            (id, identity) = (child, Some(own));
        }
        let rules_changed = matches!(&scope, Scope::Names(names) if names.iter().any(|name| governs(name)));
        let (scope, deep) = if rules_changed { (Scope::Whole, true) } else { (scope, deep) };
        let needed = rules_changed || self.is_other;
        self.known.push(Visit { id, identity, relative: relative.to_vec(), rules, scope, known: true, deep, needed });
        Ok(())
    }
}
