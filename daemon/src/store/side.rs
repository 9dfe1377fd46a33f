//! Side files: packed records too large for a row, each named by its content's digest.
//!
//! A row that names a side file is committed only after the file is on disk; a file that no row names is removed after
//! the commit that made it so, or at the next opening.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

#[cfg(test)]
use crate::store::memory::MemoryDisk;
use crate::store::{StoreError, failed};

/// All side files.
#[derive(Debug, Clone)]
pub(super) enum SideFiles {
    /// In this directory.
    Disk(PathBuf),
    #[cfg(test)]
    Memory(MemoryDisk),
}

impl SideFiles {
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        Ok(Self::Disk(dir))
    }

    /// Keeps the bytes on disk, and gives their digest.
    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<[u8; 32]> {
        let digest = *blake3::hash(bytes).as_bytes();
        match self {
            Self::Disk(dir) => put(dir, &digest, bytes)?,
            #[cfg(test)]
            Self::Memory(disk) => disk.put_side(digest, bytes),
        }
        Ok(digest)
    }

    /// The bytes of this digest, checked.
    pub(super) fn get(&self, digest: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        let path = match self {
            Self::Disk(dir) => path(dir, digest),
            #[cfg(test)]
            Self::Memory(disk) => return disk.side(digest).ok_or(StoreError::Damaged { what: "no such side".into() }),
        };
        let mut bytes = Vec::new();
        File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed("read", &path))?;
        match blake3::hash(&bytes).as_bytes() == digest {
            true => Ok(bytes),
            false => Err(StoreError::Damaged { what: format!("{} does not hold what its name says", path.display()) }),
        }
    }

    pub(super) fn remove(&self, digest: &[u8; 32]) {
        match self {
            // A file left behind is found by the next opening.
            Self::Disk(dir) => _ = fs::remove_file(path(dir, digest)),
            #[cfg(test)]
            Self::Memory(disk) => disk.keep_sides(|other| other != digest),
        }
    }

    /// Removes all files but those wanted.
    pub(super) fn sweep(&self, wanted: impl Fn(&[u8; 32]) -> bool) -> io::Result<()> {
        let dir = match self {
            Self::Disk(dir) => dir,
            #[cfg(test)]
            Self::Memory(disk) => {
                disk.keep_sides(wanted);
                return Ok(());
            }
        };
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if !digest_of(&path).is_some_and(|digest| wanted(&digest)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn path(dir: &Path, digest: &[u8; 32]) -> PathBuf {
    dir.join(blake3::Hash::from_bytes(*digest).to_hex().as_str())
}

fn put(dir: &Path, digest: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
    let path = path(dir, digest);
    if path.metadata().is_ok_and(|found| found.len() == bytes.len() as u64) {
        return Ok(());
    }
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(dir)?.sync_all()
}

fn digest_of(path: &Path) -> Option<[u8; 32]> {
    let name = path.file_name()?.to_str()?;
    Some(*blake3::Hash::from_hex(name).ok()?.as_bytes())
}
