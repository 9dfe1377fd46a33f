//! Writes all rows anew into another directory, because sled never gives space back, and puts that in the old one's
//! place.
//!
//! The writer does it when it has nothing else to do, some rows at a time, and notes what it changes meanwhile. `rows.new`
//! counts only once `made` lies in it; until it is renamed, `rows` is the store. Of what a crash leaves, [`tidy`] makes
//! one store again at the next opening.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File},
    io,
    ops::Bound::{Excluded, Unbounded},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::store::{
    StoreError,
    dictionary::{Packer, Unpacker},
    lease::Place,
    open::rows_dir,
    row::{Body, Row},
    tables::{Bytes, Changes, Table, Tables},
};

/// Rows written at a time; sled takes gigabytes for transactions of thousands.
const ROWS: usize = 400;
/// … or so many bytes.
const BYTES: usize = 1 << 20;

/// A row, by its table and key.
pub(super) type Key = (Table, Bytes);

/// A rebuilding on its way.
#[derive(Debug)]
pub(super) struct Rebuild {
    store: PathBuf,
    place: Place,
    new: Tables,
    /// Tables to be copied, the first one from the key in `at` on.
    left: Vec<Table>,
    at: Option<Bytes>,
    packer: Packer,
}

fn new_dir(store: &Path) -> PathBuf {
    store.join("rows.new")
}

fn old_dir(store: &Path) -> PathBuf {
    store.join("rows.old")
}

fn broken(error: io::Error) -> StoreError {
    StoreError::Write { what: error.to_string() }
}

impl Rebuild {
    /// Begins in a new directory of the store. Records are packed with the latest dictionary.
    pub(super) fn begin(store: &Path, cache_bytes: u64, unpacker: &Unpacker) -> Result<Self, StoreError> {
        let rows = new_dir(store);
        discard(&rows).map_err(broken)?;
        DirBuilder::new().mode(0o700).create(&rows).map_err(broken)?;
        let place = Place { rows, cache_bytes };
        let new = place.open()?;
        let packer = Packer::new(unpacker).map_err(broken)?;
        Ok(Self { store: store.into(), place, new, left: Table::ALL.into_iter().rev().collect(), at: None, packer })
    }

    /// Copies some rows, then those of `touched`, which changed meanwhile. Whether nothing is left.
    pub(super) fn step(
        &mut self,
        old: &Tables,
        touched: &mut BTreeSet<Key>,
        unpacker: &Unpacker,
    ) -> Result<bool, StoreError> {
        let mut changes = Changes::default();
        if let Some(&table) = self.left.last() {
            let low = self.at.take();
            let low = low.as_deref().map_or(Unbounded, Excluded);
            let (mut rows, mut bytes) = (0, 0);
            for row in old.range(table, low, Unbounded) {
                let (key, value) = row?;
                bytes += key.len() + value.len();
                rows += 1;
                changes.0[table.index()].push((key.clone(), Some(self.packed(table, value, unpacker))));
                if rows == ROWS || bytes >= BYTES {
                    self.at = Some(key);
                    break;
                }
            }
            if self.at.is_none() {
                self.left.pop();
            }
        } else {
            for _ in 0..ROWS {
                let Some((table, key)) = touched.pop_first() else { break };
                let value = old.get(table, &key)?;
                changes.0[table.index()].push((key, value));
            }
        }
        self.new.commit(&changes)?;
        Ok(self.left.is_empty() && touched.is_empty())
    }

    /// A record that was packed otherwise is packed with this rebuilding's dictionary.
    fn packed(&mut self, table: Table, value: Bytes, unpacker: &Unpacker) -> Bytes {
        if table != Table::Records {
            return value;
        }
        // What is damaged stays so: it is found by whoever reads it.
        self.repacked(&value, unpacker).unwrap_or(value)
    }

    fn repacked(&mut self, value: &[u8], unpacker: &Unpacker) -> Option<Bytes> {
        let row = Row::decode(value).ok()?;
        let Body::Packed(packed) = &row.body else { return None };
        if packed.dictionary == self.packer.dictionary() {
            return None;
        }
        let bytes = unpacker.unpack_bytes(packed).ok()?;
        let body = Body::Packed(self.packer.pack_bytes(&bytes).ok()?);
        Some(Row { body, ..row }.encode().into())
    }

    /// Makes the copy a whole store beside the old one, durable and ready to be opened fast.
    pub(super) fn complete(self) -> Result<Complete, StoreError> {
        let Self { store, place, new, .. } = self;
        new.sync()?;
        drop(new);
        // Sled writes a snapshot when it is opened; without it the first reader would wait for one.
        drop(place.open()?);
        place.await_release();
        let (rows, side) = (rows_dir(&store), place.rows.join("side"));
        DirBuilder::new().mode(0o700).create(&side).map_err(broken)?;
        for file in fs::read_dir(rows.join("side")).map_err(broken)? {
            let file = file.map_err(broken)?;
            fs::hard_link(file.path(), side.join(file.file_name())).map_err(broken)?;
        }
        sync_dir(&side).map_err(broken)?;
        File::create(place.rows.join("made")).and_then(|made| made.sync_all()).map_err(broken)?;
        sync_dir(&place.rows).and_then(|()| sync_dir(&store)).map_err(broken)?;
        Ok(Complete { store })
    }
}

/// A copy that is whole.
#[derive(Debug)]
pub(super) struct Complete {
    store: PathBuf,
}

impl Complete {
    /// Puts the copy in the old rows' place; both are closed. The old ones are left to [`tidy`].
    pub(super) fn swap(&self) -> io::Result<()> {
        let rows = rows_dir(&self.store);
        discard(&old_dir(&self.store))?;
        fs::rename(&rows, old_dir(&self.store))?;
        fs::rename(new_dir(&self.store), &rows)?;
        sync_dir(&self.store)
    }
}

/// Ends a swap that a crash has broken off, and removes what is neither the store nor to become it.
pub(super) fn tidy(store: &Path) -> io::Result<()> {
    let (rows, new, old) = (rows_dir(store), new_dir(store), old_dir(store));
    if !rows.exists() {
        if new.join("made").exists() {
            fs::rename(&new, &rows)?;
        } else if old.exists() {
            fs::rename(&old, &rows)?;
        }
        sync_dir(store)?;
    }
    discard(&new)?;
    discard(&old)
}

fn discard(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_removed_is_not_passed_over() {
        let store = tempfile::tempdir().unwrap();
        fs::create_dir(rows_dir(store.path())).unwrap();
        tidy(store.path()).unwrap();
        // No directory, and nothing of ours.
        fs::write(old_dir(store.path()), "somebody's").unwrap();
        tidy(store.path()).unwrap_err();
        assert_eq!(fs::read(old_dir(store.path())).unwrap(), b"somebody's");
    }
}
