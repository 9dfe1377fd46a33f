//! What is kept beside the store in small files: roots added over the bus, pauses that outlive a restart.

use std::{
    fs, io,
    io::Write,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::control::{AbsPath, Hold, Pause, RootOptions};

/// The file of the roots.
const ROOTS: &str = "roots.toml";
/// The file of the pauses.
const PAUSES: &str = "pauses.toml";

#[derive(Debug, Default, Serialize, Deserialize)]
struct RootsFile {
    #[serde(default)]
    roots: Vec<RootEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RootEntry {
    /// Text; where the path is not UTF-8, `path_bytes` instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<Vec<u8>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_filesystems: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forget_when_unmounted: Option<bool>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct PausesFile {
    /// What the clock said when this was written, in microseconds since 1970.
    #[serde(default)]
    written: u64,
    #[serde(default)]
    pauses: Vec<PauseEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PauseEntry {
    reason: String,
    uid: u32,
    /// Microseconds since 1970; none is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

/// Why a kept file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} is not as this program wrote it: {what}; correct or remove it")]
    Format { path: PathBuf, what: String },
}

/// The files beside one store.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    dir: PathBuf,
}

impl Kept {
    /// `dir` is the directory that holds the store.
    pub fn beside(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where the roots added over the bus stand.
    pub fn roots_file(&self) -> PathBuf {
        self.dir.join(ROOTS)
    }

    /// The roots added over the bus.
    pub fn roots(&self) -> Result<Vec<(AbsPath, RootOptions)>, KeptError> {
        let path = self.dir.join(ROOTS);
        let file: RootsFile = self.read(ROOTS)?;
        file.roots.into_iter().map(|entry| entry.parse(&path)).collect()
    }

    /// Replaces the roots added over the bus; durable when it returns.
    pub fn put_roots<'a>(&self, roots: impl Iterator<Item = (&'a AbsPath, RootOptions)>) -> Result<(), KeptError> {
        let roots = roots.map(|(path, options)| RootEntry::new(path, options)).collect();
        self.write(ROOTS, &RootsFile { roots })
    }

    /// The pauses that outlive a restart, at `now`, in microseconds since 1970. A clock that was set back since has their ends
    /// set back with it.
    pub fn pauses(&self, now: u64) -> Result<Vec<Pause>, KeptError> {
        let file: PausesFile = self.read(PAUSES)?;
        let back = file.written.saturating_sub(now);
        let hold = |until: Option<u64>| until.map_or(Hold::Persistent, |until| Hold::Until(until.saturating_sub(back)));
        let pause = |entry: PauseEntry| Pause { reason: entry.reason, hold: hold(entry.until), uid: entry.uid };
        Ok(file.pauses.into_iter().map(pause).collect())
    }

    /// Replaces the pauses that outlive a restart; durable when it returns. `now` as in [`pauses`](Self::pauses).
    pub fn put_pauses(&self, pauses: Vec<Pause>, now: u64) -> Result<(), KeptError> {
        let entry = |pause: Pause| PauseEntry {
            reason: pause.reason,
            uid: pause.uid,
            until: if let Hold::Until(until) = pause.hold { Some(until) } else { None },
        };
        self.write(PAUSES, &PausesFile { written: now, pauses: pauses.into_iter().map(entry).collect() })
    }

    fn read<T: Default + for<'de> Deserialize<'de>>(&self, name: &str) -> Result<T, KeptError> {
        let path = self.dir.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => {
                toml::from_str(&text).map_err(|error| KeptError::Format { path, what: error.message().to_owned() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
            Err(source) => Err(KeptError::Read { path, source }),
        }
    }

    /// Written beside, synced and renamed: a crash leaves the old file or the new one.
    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), KeptError> {
        let path = self.dir.join(name);
        let write = || -> io::Result<()> {
            let text = toml::to_string(value).map_err(io::Error::other)?;
            fs::create_dir_all(&self.dir)?;
            let beside = self.dir.join(format!("{name}.new"));
            let mut file = fs::File::create(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            fs::File::open(&self.dir)?.sync_all()
        };
        write().map_err(|source| KeptError::Write { path: path.clone(), source })
    }
}

impl RootEntry {
    fn new(path: &AbsPath, options: RootOptions) -> Self {
        let text = std::str::from_utf8(path.as_bytes()).ok().map(str::to_owned);
        let RootOptions { poll, hidden, cross_filesystems, forget_when_unmounted } = options;
        let path_bytes = text.is_none().then(|| path.as_path().as_os_str().as_bytes().to_vec());
        Self { path: text, path_bytes, poll, hidden, cross_filesystems, forget_when_unmounted }
    }

    fn parse(self, file: &Path) -> Result<(AbsPath, RootOptions), KeptError> {
        let Self { path, path_bytes, poll, hidden, cross_filesystems, forget_when_unmounted } = self;
        let bytes = path.map(String::into_bytes).or(path_bytes).unwrap_or_default();
        let path = AbsPath::parse(&bytes)
            .map_err(|error| KeptError::Format { path: file.to_owned(), what: error.to_string() })?;
        Ok((path, RootOptions { poll, hidden, cross_filesystems, forget_when_unmounted }))
    }
}
