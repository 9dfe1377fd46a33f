//! Side files: packed records too large for a row, each named by its content's digest.
//!
//! A row that names a side file is committed only after the file is on disk; a file that no row names is removed after
//! the commit that made it so, or at the next opening.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::store::{StoreError, failed};

/// The directory of all side files.
#[derive(Debug, Clone)]
pub(super) struct SideFiles {
    dir: PathBuf,
}

impl SideFiles {
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }

    fn path(&self, digest: &[u8; 32]) -> PathBuf {
        self.dir.join(blake3::Hash::from_bytes(*digest).to_hex().as_str())
    }

    /// Keeps the bytes on disk, and gives their digest.
    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<[u8; 32]> {
        let digest = *blake3::hash(bytes).as_bytes();
        let path = self.path(&digest);
        if path.metadata().is_ok_and(|found| found.len() == bytes.len() as u64) {
            return Ok(digest);
        }
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(&self.dir)?.sync_all()?;
        Ok(digest)
    }

    /// The bytes of this digest, checked.
    pub(super) fn get(&self, digest: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        let path = self.path(digest);
        let mut bytes = Vec::new();
        File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed("read", &path))?;
        match blake3::hash(&bytes).as_bytes() == digest {
            true => Ok(bytes),
            false => Err(StoreError::Damaged { what: format!("{} does not hold what its name says", path.display()) }),
        }
    }

    pub(super) fn remove(&self, digest: &[u8; 32]) {
        // A file left behind is found by the next opening.
        _ = fs::remove_file(self.path(digest));
    }

    /// Removes all files but those wanted.
    pub(super) fn sweep(&self, wanted: impl Fn(&[u8; 32]) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if !digest_of(&path).is_some_and(|digest| wanted(&digest)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn digest_of(path: &Path) -> Option<[u8; 32]> {
    let name = path.file_name()?.to_str()?;
    Some(*blake3::Hash::from_hex(name).ok()?.as_bytes())
}
