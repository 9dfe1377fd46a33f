//! The settings in force: checked, typed, each with a default that serves a desktop.
//!
//! `table` says which keys there are, `read` makes a [`Settings`] of files, environment and command line. Stages get
//! the small part they need, never the whole.

pub mod hours;
pub mod read;
pub mod table;
pub mod value;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use metaextract::Limits;

use self::{hours::Hours, table::KEYS};
use crate::{
    control::{Audience, ConfigLine, Origin, RootOptions, SettingOrRoot},
    model::PolicyId,
};

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Not a key: what the daemon was started as.
    pub audience: Audience,
    pub roots: Vec<RootSetting>,
    /// Patterns in gitignore syntax, for all roots.
    pub ignore: Vec<String>,
    pub workers: WorkerSettings,
    pub schedule: Schedule,
    pub limits: FileLimits,
    pub retry: Retry,
    pub watch: WatchSettings,
    pub store: StoreSettings,
    pub isolation: Isolation,
    /// Whether a copy of an indexed file takes its record without being parsed.
    pub dedupe: bool,
    pub mount: MountSettings,
    pub log: LogSettings,
    /// Where the value of each key comes from that has not its default.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// A root from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootSetting {
    pub path: PathBuf,
    pub options: RootOptions,
    /// Where it stands.
    pub origin: Origin,
}

/// Worker processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSettings {
    pub min: usize,
    pub max: usize,
    /// Bytes, all processes together.
    pub memory_ceiling: u64,
    /// Descriptors in one batch.
    pub batch_files: usize,
}

/// When files may be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub hours: Hours,
    /// From this charge of the battery on it is quiet while the machine runs from it, 0 to 1.
    pub battery: f64,
    /// Bytes a second that workers may read, above 0; `None` is without bound.
    pub read_rate: Option<u64>,
}

/// What one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    pub cpu: Duration,
    /// With an idle disk; scaled with what is read.
    pub wall: Duration,
    /// Bytes of a worker's memory.
    pub memory: u64,
    /// The library's own bounds.
    pub extract: Limits,
}

/// Tries after a worker failed on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries in all.
    pub attempts: u8,
    pub backoff: Duration,
    pub backoff_max: Duration,
}

/// Watching and settling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WatchSettings {
    /// Part of the user's inotify watches, 0 to 1.
    pub share: f64,
    pub settle: Duration,
    pub settle_max: Duration,
    /// Between two looks at what cannot be watched.
    pub poll: Duration,
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    pub path: PathBuf,
    /// Bytes of decoded records and listings.
    pub cache: u64,
    /// Records decoded before they are asked for, at most; `None` is as many as fit a quarter of the cache.
    pub prefetch_records: Option<usize>,
    /// Bytes that stay free on its disk.
    pub min_free: u64,
    /// Without work or reads for so long it is closed until somebody wants it.
    pub sleep_after: Duration,
}

/// What is done where the sandbox cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Nothing is read.
    Require,
    /// What the kernel offers.
    BestEffort,
    /// No sandbox.
    None,
}

/// The mounted view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountSettings {
    pub enabled: bool,
    pub path: PathBuf,
    /// Where the mount helper listens, if this process is not to mount by itself.
    pub helper: Option<PathBuf>,
}

/// Logging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    pub level: tracing::Level,
    pub format: LogFormat,
}

/// Where log lines go, and how they look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// The journal under systemd, else text.
    Auto,
    Journal,
    Text,
    /// One object a line.
    Json,
}

impl Settings {
    /// The defaults for an instance with these directories.
    pub fn defaults(places: &Places) -> Self {
        Self {
            audience: places.audience,
            roots: Vec::new(),
            ignore: Vec::new(),
            workers: WorkerSettings {
                min: 0,
                max: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
                memory_ceiling: places.memory.map_or(512 << 20, |memory| (memory / 10).min(512 << 20)),
                batch_files: 32,
            },
            schedule: Schedule { hours: Hours::default(), battery: 0.2, read_rate: None },
            limits: FileLimits {
                cpu: Duration::from_secs(5),
                wall: Duration::from_secs(60),
                memory: 256 << 20,
                extract: Limits::default(),
            },
            retry: Retry { attempts: 3, backoff: Duration::from_millis(100), backoff_max: Duration::from_secs(300) },
            watch: WatchSettings {
                share: 0.5,
                settle: Duration::from_secs(2),
                settle_max: Duration::from_secs(300),
                poll: Duration::from_secs(900),
            },
            store: StoreSettings {
                path: places.state.join("store"),
                cache: 16 << 20,
                prefetch_records: None,
                min_free: 200 << 20,
                sleep_after: Duration::from_secs(30),
            },
            isolation: Isolation::Require,
            dedupe: false,
            mount: MountSettings { enabled: true, path: places.mount.clone(), helper: None },
            log: LogSettings { level: tracing::Level::INFO, format: LogFormat::Auto },
            origins: BTreeMap::new(),
        }
    }

    /// The value of every key but `roots`, and where it comes from, in the order of the documentation.
    pub fn lines(&self) -> Vec<ConfigLine> {
        let origin = |name| self.origins.get(name).cloned().unwrap_or(Origin::Default);
        let line = |key: &table::Key| ConfigLine {
            key: key.name,
            value: SettingOrRoot::Setting((key.show)(self)),
            origin: origin(key.name),
        };
        KEYS.iter().map(line).collect()
    }

    /// What was not taken over from `read` keeps the origin it had `before`.
    pub fn keep_origins(&mut self, read: &Self, before: &Self) {
        for key in KEYS {
            if (key.show)(self) == (key.show)(read) {
                continue;
            }
            match before.origins.get(key.name) {
                Some(origin) => _ = self.origins.insert(key.name, origin.clone()),
                None => _ = self.origins.remove(key.name),
            }
        }
    }

    /// Whether several users are served.
    pub fn is_shared(&self) -> bool {
        self.audience == Audience::Everyone
    }

    /// Stands for the settings that shape a record: a change of any reads every file again.
    pub fn policy(&self) -> PolicyId {
        let Limits { read, record, depth, block } = self.limits.extract;
        let mut hash = blake3::Hasher::new();
        for number in [read, record, u64::from(depth), block] {
            hash.update(&number.to_le_bytes());
        }
        let digest = *hash.finalize().as_bytes();
        PolicyId(u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]))
    }
}

/// Where this instance keeps its things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Whose they are.
    pub audience: Audience,
    /// `$XDG_CONFIG_HOME/metaextract`; of the machine `/etc/metaextract`.
    pub config: PathBuf,
    /// `$XDG_STATE_HOME/metaextract`; of the machine `/var/lib/metaextract`.
    pub state: PathBuf,
    /// `$XDG_RUNTIME_DIR/metaextract`; of the machine `/run/metaextract/view`.
    pub mount: PathBuf,
    /// Bytes of memory in the machine, where known.
    pub memory: Option<u64>,
}

impl Places {
    /// By the XDG base directory specification (0.8), from an environment handed in. `uid` names the runtime
    /// directory where the variable does not.
    pub fn from_environment(get: &dyn Fn(&str) -> Option<PathBuf>, uid: u32, memory: Option<u64>) -> Self {
        let home = get("HOME").unwrap_or_else(|| PathBuf::from("/"));
        let absolute = |name: &str| get(name).filter(|path| path.is_absolute());
        let runtime = absolute("XDG_RUNTIME_DIR").unwrap_or_else(|| PathBuf::from(format!("/run/user/{uid}")));
        Self {
            audience: Audience::Owner,
            config: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("metaextract"),
            state: absolute("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state")).join("metaextract"),
            mount: runtime.join("metaextract"),
            memory,
        }
    }

    /// Of the instance that serves the whole machine: what the service manager says (`systemd.exec(5)`,
    /// `StateDirectory=` and its like), else the places such a service has.
    pub fn of_machine(get: &dyn Fn(&str) -> Option<PathBuf>, memory: Option<u64>) -> Self {
        let first = |name: &str, default: &str| {
            // Several directories are separated by colons; the first is the service's own.
            let given = get(name).and_then(|path| Some(PathBuf::from(path.to_str()?.split(':').next()?)));
            given.filter(|path| path.is_absolute()).unwrap_or_else(|| default.into())
        };
        Self {
            audience: Audience::Everyone,
            config: first("CONFIGURATION_DIRECTORY", "/etc/metaextract"),
            state: first("STATE_DIRECTORY", "/var/lib/metaextract"),
            mount: first("RUNTIME_DIRECTORY", "/run/metaextract").join("view"),
            memory,
        }
    }
}

/// An error with everything that caused it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(error.to_string().trim_end());
        cause = error.source();
    }
    text
}
