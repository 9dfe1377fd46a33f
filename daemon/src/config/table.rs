//! Every key of the configuration: one row each. Parser, `--check-config`, man page and documentation read it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tracing::Level;

use super::{
    Isolation, LogFormat, Settings,
    hours::Hours,
    value::{
        Given, auto_or, count, duration, duration_from, in_bytes, in_percent, in_time, integer, number, or_auto, said,
        share, size, switch, text, texts, word,
    },
};
use crate::control::Setting;

/// A key outside `roots[]`.
#[derive(Debug)]
pub struct Key {
    /// Section and name, such as `workers.max`.
    pub name: &'static str,
    /// The default, as the documentation words it.
    pub default: &'static str,
    /// What it does: a sentence without full stop.
    pub about: &'static str,
    /// Checks and takes over a value; the error says what is wanted.
    pub set: fn(&mut Settings, &Given) -> Result<(), String>,
    /// The value in force.
    pub show: fn(&Settings) -> Setting,
}

/// A key of an entry of `roots[]`.
#[derive(Debug)]
pub struct RootKey {
    pub name: &'static str,
    pub default: &'static str,
    pub about: &'static str,
}

/// The keys of an entry of `roots[]`.
pub static ROOT_KEYS: &[RootKey] = &[
    RootKey { name: "path", default: "", about: "the directory, absolute" },
    RootKey {
        name: "poll",
        default: "auto",
        about: "look at it every watch.poll instead of watching it; by default where it lies behind a network",
    },
    RootKey { name: "hidden", default: "false", about: "also names that begin with a dot" },
    RootKey { name: "cross_filesystems", default: "false", about: "also other file systems mounted below it" },
    RootKey {
        name: "forget_when_unmounted",
        default: "false",
        about: "forget its files when it is gone, instead of keeping them as offline",
    },
];

macro_rules! key {
    ($name:literal, $default:literal, $about:literal, |$settings:ident, $given:ident| $set:expr, $show:expr) => {
        Key {
            name: $name,
            default: $default,
            about: $about,
            set: |$settings: &mut Settings, $given: &Given| {
                $set;
                Ok(())
            },
            show: |$settings: &Settings| $show,
        }
    };
}

/// All other keys, in the order of the documentation.
pub static KEYS: &[Key] = &[
    key!(
        "ignore",
        "none",
        "patterns of names that are not indexed, in gitignore syntax, for all roots",
        |s, g| s.ignore = texts(g)?,
        Setting::List(s.ignore.clone())
    ),
    key!(
        "workers.max",
        "number of cores",
        "worker processes at most, 1 to 64",
        |s, g| s.workers.max = count(g, 1, 64)?,
        number(s.workers.max)
    ),
    key!(
        "workers.min",
        "0",
        "worker processes that go on while nobody else needs what they use, up to 64; workers.max where that is less",
        |s, g| s.workers.min = count(g, 0, 64)?,
        number(s.workers.min)
    ),
    key!(
        "schedule.hours",
        "always",
        "when files are read, by the clock on the wall, such as \"22:00-06:00, 12:30-13:00\"; looks go on all the time",
        |s, g| s.schedule.hours = Hours::parse(text(g)?)?,
        Setting::Text(s.schedule.hours.to_string())
    ),
    key!(
        "schedule.battery",
        "20%",
        "nothing is read below this charge while the machine runs from its battery; 0% is never",
        |s, g| s.schedule.battery = share(g, 0)?,
        in_percent(s.schedule.battery)
    ),
    key!(
        "schedule.read_rate",
        "unlimited",
        "bytes that are read a second, at least 64KiB; what a person waits for is read at once, and counts",
        |s, g| s.schedule.read_rate = if text(g)? == "unlimited" { None } else { Some(size(g, 64 << 10)?) },
        s.schedule.read_rate.map_or(Setting::Text("unlimited".into()), in_bytes)
    ),
    key!(
        "memory.ceiling",
        "10% of memory, at most 512MiB",
        "memory of all processes together, at least 64MiB",
        |s, g| s.workers.memory_ceiling = size(g, 64 << 20)?,
        in_bytes(s.workers.memory_ceiling)
    ),
    key!(
        "batch.files",
        "32",
        "files handed to a worker at once, 1 to 128",
        |s, g| s.workers.batch_files = count(g, 1, 128)?,
        number(s.workers.batch_files)
    ),
    key!(
        "limits.cpu",
        "5s",
        "CPU time one file may take, at least 100ms",
        |s, g| s.limits.cpu = duration_from(g, Duration::from_millis(100))?,
        in_time(s.limits.cpu)
    ),
    key!(
        "limits.wall",
        "60s",
        "time one file may take, at least 1s, and a second more for each MiB read",
        |s, g| s.limits.wall = duration_from(g, Duration::from_secs(1))?,
        in_time(s.limits.wall)
    ),
    key!(
        "limits.memory",
        "256MiB",
        "memory of a worker, at least 16MiB; half of memory.ceiling where that is less",
        |s, g| s.limits.memory = size(g, 16 << 20)?,
        in_bytes(s.limits.memory)
    ),
    key!(
        "limits.read",
        "256MiB",
        "bytes read of one file, at least 64KiB",
        |s, g| s.limits.extract.read = size(g, 1 << 16)?,
        in_bytes(s.limits.extract.read)
    ),
    key!(
        "limits.record",
        "1MiB",
        "bytes of one record, at least 1KiB",
        |s, g| s.limits.extract.record = size(g, 1 << 10)?,
        in_bytes(s.limits.extract.record)
    ),
    key!(
        "limits.depth",
        "64",
        "nesting of structures in one file, 4 to 256",
        |s, g| s.limits.extract.depth = integer(g, 4, 256)? as u32,
        Setting::Number(s.limits.extract.depth.into())
    ),
    key!(
        "retry.attempts",
        "3",
        "tries of a file on which a worker failed, 1 to 10",
        |s, g| s.retry.attempts = integer(g, 1, 10)? as u8,
        Setting::Number(s.retry.attempts.into())
    ),
    key!(
        "retry.backoff",
        "100ms",
        "time before the second try; doubled for each further one",
        |s, g| s.retry.backoff = duration(g)?,
        in_time(s.retry.backoff)
    ),
    key!(
        "retry.backoff_max",
        "5min",
        "longest time between two tries",
        |s, g| s.retry.backoff_max = duration(g)?,
        in_time(s.retry.backoff_max)
    ),
    key!(
        "watch.share",
        "50%",
        "part of the user's inotify watches that may be used",
        |s, g| s.watch.share = share(g, 1)?,
        in_percent(s.watch.share)
    ),
    key!(
        "watch.settle",
        "2s",
        "a file that changes again within this time waits until it is quiet",
        |s, g| s.watch.settle = duration(g)?,
        in_time(s.watch.settle)
    ),
    key!(
        "watch.settle_max",
        "5min",
        "longest time a file waits for quiet",
        |s, g| s.watch.settle_max = duration(g)?,
        in_time(s.watch.settle_max)
    ),
    key!(
        "watch.poll",
        "15min",
        "time between two looks at what is not watched, at least 1s",
        |s, g| s.watch.poll = duration(g)?.max(Duration::from_secs(1)),
        in_time(s.watch.poll)
    ),
    key!(
        "store.path",
        "$XDG_STATE_HOME/metaextract/store; with --system /var/lib/metaextract/store",
        "where the index is kept, absolute",
        |s, g| s.store.path = absolute(g)?,
        place(&s.store.path)
    ),
    key!(
        "store.cache",
        "16MiB",
        "memory for decoded records and directories",
        |s, g| s.store.cache = size(g, 0)?,
        in_bytes(s.store.cache)
    ),
    key!(
        "prefetch.records",
        "auto",
        "records decoded before they are asked for where somebody goes through files in order, 0 is off; auto is as many as fit \
         a quarter of store.cache",
        |s, g| s.store.prefetch_records = auto_or(g, 1_000_000)?,
        or_auto(s.store.prefetch_records)
    ),
    key!(
        "store.min_free",
        "200MiB",
        "room that is left free on the store's disk",
        |s, g| s.store.min_free = size(g, 0)?,
        in_bytes(s.store.min_free)
    ),
    key!(
        "store.sleep_after",
        "30s",
        "the store is closed when nobody has used it for so long",
        |s, g| s.store.sleep_after = duration(g)?,
        in_time(s.store.sleep_after)
    ),
    key!(
        "isolation",
        "require",
        "sandbox of the workers: require, best-effort or none",
        |s, g| s.isolation = word(g, ISOLATIONS)?,
        said(s.isolation, ISOLATIONS)
    ),
    key!(
        "dedupe",
        "false",
        "a file with the bytes of an indexed one takes its record without being parsed: worth it where many are copies",
        |s, g| s.dedupe = switch(g)?,
        Setting::Switch(s.dedupe)
    ),
    key!(
        "mount.enabled",
        "true",
        "whether the metadata is shown as files",
        |s, g| s.mount.enabled = switch(g)?,
        Setting::Switch(s.mount.enabled)
    ),
    key!(
        "mount.path",
        "$XDG_RUNTIME_DIR/metaextract; with --system /run/metaextract/view",
        "where they are shown, absolute",
        |s, g| s.mount.path = absolute(g)?,
        place(&s.mount.path)
    ),
    key!(
        "mount.helper",
        "none",
        "socket of the mount helper, absolute, where the daemon itself may not mount; set by the units",
        |s, g| s.mount.helper = if text(g)? == "none" { None } else { Some(absolute(g)?) },
        s.mount.helper.as_deref().map_or(Setting::Text("none".into()), place)
    ),
    key!(
        "log.level",
        "info",
        "error, warn, info, debug or trace",
        |s, g| s.log.level = word(g, LEVELS)?,
        said(s.log.level, LEVELS)
    ),
    key!(
        "log.format",
        "auto",
        "auto (the journal under systemd, else text), journal, text or json (one object a line)",
        |s, g| s.log.format = word(g, LOG_FORMATS)?,
        said(s.log.format, LOG_FORMATS)
    ),
];

const ISOLATIONS: &[(&str, Isolation)] =
    &[("require", Isolation::Require), ("best-effort", Isolation::BestEffort), ("none", Isolation::None)];
const LEVELS: &[(&str, Level)] = &[
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];
const LOG_FORMATS: &[(&str, LogFormat)] =
    &[("auto", LogFormat::Auto), ("journal", LogFormat::Journal), ("text", LogFormat::Text), ("json", LogFormat::Json)];

fn place(path: &Path) -> Setting {
    Setting::Text(path.to_string_lossy().into_owned())
}

fn absolute(given: &Given) -> Result<PathBuf, String> {
    let path = PathBuf::from(text(given)?);
    if path.is_absolute() { Ok(path) } else { Err("an absolute path is wanted".into()) }
}

/// The key nearest to a misspelt one.
pub fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.map(|name| (distance(wrong, name), name)).min().filter(|(far, _)| *far <= 1 + wrong.len() / 3).map(|(_, n)| n)
}

/// Levenshtein's distance, over bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}
