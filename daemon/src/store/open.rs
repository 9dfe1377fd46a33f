//! Opens the store carefully: one process at a time, damaged parts set aside, rows of a newer program refused.
//!
//! In the directory lie `lock`, which names the process that has it, and `rows`: sled's files, `side`, and `made`, which
//! says that all this was there once.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::fs::{FlockOperation, flock};

use crate::{
    model::{Access, DirId, DirRow},
    store::{
        Counts, OpenReport, StoreConfig, StoreError,
        bound::{ENDLESS, in_time, patience},
        dictionary::Unpacker,
        draft::side_count,
        lease::Place,
        names::{self, Names},
        page::{Head, Page},
        rebuild::tidy,
        schema::{SCHEMA, State, meta, page_key},
        side::SideFiles,
        tables::{Bytes, Changes, Table, Tables},
    },
};

/// An open store, before anybody uses it.
#[derive(Debug)]
pub(super) struct Opened {
    pub tables: Tables,
    /// Where they are; `None` in memory.
    pub place: Option<Place>,
    pub side: SideFiles,
    pub names: Names,
    pub dictionaries: Unpacker,
    pub state: State,
    /// Removed directories that are not cleared yet.
    pub hidden: Vec<DirId>,
    /// Until it is handed on.
    pub lock: Option<File>,
    pub report: OpenReport,
}

/// A file beside sled's that says what was found damaged, once something was.
const DAMAGED: &str = "damaged";

/// The next opening sets these rows aside.
pub(super) fn condemn(store: &Path, what: &str) {
    // Where nothing can be written, the damage will be found again.
    _ = fs::write(rows_dir(store).join(DAMAGED), what);
}

/// Where sled's files lie in the store's directory.
pub(super) fn rows_dir(store: &Path) -> PathBuf {
    store.join("rows")
}

/// Opens the store, or makes it.
pub(super) fn open(config: &StoreConfig) -> Result<Opened, StoreError> {
    let path = &config.path;
    let cannot = |source| StoreError::Open { path: path.display().to_string(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(cannot)?;
    let lock = lock(path)?;
    open_carefully(config).map(|opened| Opened { lock: Some(lock), ..opened })
}

/// Takes the lock that keeps a second daemon out; the file names who has it.
fn lock(path: &Path) -> Result<File, StoreError> {
    let cannot = |source| StoreError::Open { path: path.display().to_string(), source };
    let file = path.join("lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file);
    let mut file = open.map_err(cannot)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            // Its text is for people only.
            _ = file.read_to_string(&mut pid);
            let holder = match pid.trim().parse::<u32>() {
                Ok(pid) => format!("process {pid}"),
                Err(_) => "another process".into(),
            };
            return Err(StoreError::Locked { path: path.display().to_string(), holder });
        }
        Err(error) => return Err(cannot(error.into())),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(cannot)?;
    Ok(file)
}

/// What opens needs nothing; what does not is first opened without its snapshots, then set aside.
fn open_carefully(config: &StoreConfig) -> Result<Opened, StoreError> {
    let rows = rows_dir(&config.path);
    let cannot = |source| StoreError::Open { path: rows.display().to_string(), source };
    tidy(&config.path).map_err(cannot)?;
    if let Ok(what) = fs::read_to_string(rows.join(DAMAGED)) {
        // Found when it was open; opening it would not show it.
        return open_anew(config, &rows, what);
    }
    let what = match open_in_time(config, &rows) {
        Err(StoreError::Damaged { what }) => what,
        other => return other,
    };
    if move_snapshots(&rows).map_err(cannot)? > 0 {
        match open_in_time(config, &rows) {
            Err(StoreError::Damaged { .. }) => {}
            other => {
                return other.map(|mut opened| {
                    opened.report.repaired = Some(what);
                    opened
                });
            }
        }
    }
    open_anew(config, &rows, what)
}

/// Rows whose opening does not come to an end are set aside by the next process.
fn open_in_time(config: &StoreConfig, rows: &Path) -> Result<Opened, StoreError> {
    let of = config.clone();
    let opened = in_time(patience(rows, config.open_within), move || open_rows(&of));
    if matches!(opened, Err(StoreError::Endless)) {
        condemn(&config.path, ENDLESS);
    }
    opened
}

/// Begins anew; what was there lies beside it.
fn open_anew(config: &StoreConfig, rows: &Path, what: String) -> Result<Opened, StoreError> {
    let cannot = |source| StoreError::Open { path: rows.display().to_string(), source };
    let aside = set_aside(rows).map_err(cannot)?;
    let mut opened = attempt(|| open_rows(config))?;
    opened.report.set_aside = Some((aside, what));
    Ok(opened)
}

/// Sled panics on some damage.
pub(super) fn attempt<T>(act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
            Err(StoreError::Damaged { what: format!("sled panicked: {text}") })
        }
    }
}

fn open_rows(config: &StoreConfig) -> Result<Opened, StoreError> {
    let rows = rows_dir(&config.path);
    let cannot = |source| StoreError::Open { path: rows.display().to_string(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(&rows).map_err(cannot)?;
    let place = Place { rows: rows.clone(), cache_bytes: config.cache_bytes };
    let tables = place.open()?;
    let made = rows.join("made");
    let side = SideFiles::open(rows.join("side")).map_err(cannot)?;
    let opened = Opened { place: Some(place), ..load(tables, side, config, made.exists())? };
    if opened.report.created {
        File::create(&made).and_then(|_| sync_dirs(&rows)).map_err(cannot)?;
    }
    Ok(opened)
}

/// Makes the first rows where there are none, and reads what is kept in memory. `made` says that there were some.
pub(super) fn load(tables: Tables, side: SideFiles, config: &StoreConfig, made: bool) -> Result<Opened, StoreError> {
    let created = check_schema(&tables, config, made)?;
    if created {
        begin(&tables)?;
    }
    let Memory { state, names, hidden } = Memory::read(&tables)?;
    let wanted = |digest: &[u8; 32]| side_count(&tables, digest).is_ok_and(|count| count > 0);
    side.sweep(wanted).map_err(|error| StoreError::Write { what: error.to_string() })?;
    put_meta(&tables, meta::OPENED, now().to_be_bytes().to_vec())?;
    tables.sync()?;
    let dictionaries = Unpacker::default();
    for row in tables.prefix(Table::Meta, meta::DICTIONARY) {
        let (key, bytes) = row?;
        dictionaries.add(key.last_chunk().map_or(0, |number| u32::from_be_bytes(*number)), &bytes);
    }
    let report = OpenReport { created, repaired: None, set_aside: None };
    Ok(Opened {
        side,
        dictionaries,
        names: names::decode(names.iter().map(|chunk| &**chunk))?,
        state,
        hidden,
        lock: None,
        report,
        place: None,
        tables,
    })
}

/// What is kept in memory of an open store's rows.
pub(super) struct Memory {
    pub state: State,
    /// Chunks of interned names.
    pub names: Vec<Bytes>,
    pub hidden: Vec<DirId>,
}

impl Memory {
    pub(super) fn read(tables: &Tables) -> Result<Self, StoreError> {
        let missing = |what: &str| StoreError::Damaged { what: format!("{what} is missing") };
        let state = tables.get(Table::Meta, meta::STATE)?.ok_or_else(|| missing("its state"))?;
        tables.get(Table::Dirs, page_key(DirId::TOP, b""))?.ok_or_else(|| missing("its first directory"))?;
        let names =
            tables.prefix(Table::Meta, meta::NAMES).map(|row| row.map(|row| row.1)).collect::<Result<_, _>>()?;
        let hidden = tables.prefix(Table::Meta, meta::HIDDEN).collect::<Result<Vec<_>, _>>()?;
        let hidden = hidden.iter().filter_map(|(key, _)| Some(DirId(u32::from_be_bytes(*key.last_chunk()?)))).collect();
        Ok(Self { state: State::decode(&state)?, names, hidden })
    }
}

fn put_meta(tables: &Tables, key: &[u8], value: Vec<u8>) -> Result<(), StoreError> {
    let mut changes = Changes::default();
    changes.put(Table::Meta, key, Some(value));
    tables.commit(&changes)
}

/// Whether the store is empty still. Rows of an unknown layout are refused.
fn check_schema(tables: &Tables, config: &StoreConfig, made: bool) -> Result<bool, StoreError> {
    let Some(schema) = tables.get(Table::Meta, meta::SCHEMA)? else {
        // Of a file that holds nothing it knows, sled makes an empty database.
        return match made {
            false => Ok(true),
            true => Err(StoreError::Damaged { what: "its schema is missing".into() }),
        };
    };
    match <[u8; 4]>::try_from(&*schema).map(u32::from_be_bytes) {
        Ok(SCHEMA) => Ok(false),
        Ok(found) if found > SCHEMA => {
            Err(StoreError::Newer { path: config.path.display().to_string(), found, known: SCHEMA })
        }
        _ => Err(StoreError::Damaged { what: "its schema is unknown".into() }),
    }
}

/// The first rows, in one transaction: the directory `/` and nothing in it.
fn begin(tables: &Tables) -> Result<(), StoreError> {
    let access = Access { uid: 0, gid: 0, mode: 0o755 };
    let row = DirRow { id: DirId::TOP, parent: DirId::TOP, name: Box::default(), access };
    let top = Page { head: Some(Head { row, changed: now() }), entries: Vec::new() };
    let state = State { counts: Counts::default(), next_file: 1, next_dir: DirId::TOP.0 + 1 };
    let mut first = Changes::default();
    first.put(Table::Dirs, &page_key(DirId::TOP, b""), Some(top.encode()));
    first.put(Table::Meta, meta::STATE, Some(state.encode()));
    first.put(Table::Meta, meta::SCHEMA, Some(SCHEMA.to_be_bytes().to_vec()));
    tables.commit(&first)
}

/// Names of directories made just now survive a power cut too.
fn sync_dirs(rows: &Path) -> std::io::Result<()> {
    for dir in rows.ancestors().take(3) {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// A damaged snapshot only makes opening impossible: without it the log is replayed.
fn move_snapshots(rows: &Path) -> std::io::Result<usize> {
    let mut moved = 0;
    for entry in fs::read_dir(rows)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|name| name.starts_with("snap.")) {
            fs::rename(&path, rows.join(format!("damaged-{name}")))?;
            moved += 1;
        }
    }
    Ok(moved)
}

/// Renames the directory out of the way. The one set aside before is removed: it can be large.
fn set_aside(rows: &Path) -> std::io::Result<PathBuf> {
    let numbered = |n: u32| rows.with_extension(format!("damaged-{n}"));
    let mut last = 0;
    for entry in fs::read_dir(rows.parent().unwrap_or(rows))? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if let Some(n) = extension.and_then(|text| text.strip_prefix("damaged-")).and_then(|n| n.parse().ok()) {
            last = last.max(n);
        }
    }
    if last > 0 {
        fs::remove_dir_all(numbered(last))?;
    }
    let aside = numbered(last + 1);
    fs::rename(rows, &aside)?;
    Ok(aside)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
