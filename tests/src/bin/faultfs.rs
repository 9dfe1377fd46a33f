//! A file system with faults: shows a directory, and fails, hangs or is slow where it is told to.
//!
//! `faultfs SOURCE MOUNTPOINT`; commands on standard input, one a line, each answered with `ok`:
//! `FAULT OPERATION PATH` or `clear`. Faults are `eio`, `hang` (until cleared), `slow` (20 ms each time, `slow=MS` so many) and
//! `short` (16 bytes a read); operations `open`, `read`, `list`, `stat`; paths are relative, `.` is everything. Ends with its
//! standard input. Reads meet their fault each time: nothing is cached and nothing read ahead. It can be written to.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, BufRead, Write},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, SystemTime},
};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};

/// Nothing is kept by the kernel: each call can meet its fault.
const AT_ONCE: Duration = Duration::ZERO;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Eio,
    Hang,
    Slow(Duration),
    Short,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    operation: String,
    path: PathBuf,
}

/// What is shown, and what is wrong with it.
#[derive(Debug)]
struct Faulty {
    source: PathBuf,
    /// Relative paths by number.
    paths: Mutex<HashMap<u64, PathBuf>>,
    rules: Mutex<Vec<Rule>>,
    cleared: Condvar,
}

impl Faulty {
    fn fault(rules: &[Rule], operation: &str, path: &Path) -> Option<Fault> {
        let hit = |rule: &&Rule| rule.operation == operation && (rule.path == Path::new(".") || rule.path == path);
        rules.iter().find(hit).map(|rule| rule.fault)
    }

    /// Lets an operation pass, as its fault wants. `true`: only a part of what was asked.
    fn pass(&self, operation: &str, path: &Path) -> Result<bool, Errno> {
        let mut rules = self.rules.lock().unwrap();
        loop {
            match Self::fault(&rules, operation, path) {
                None => return Ok(false),
                Some(Fault::Eio) => return Err(Errno::EIO),
                Some(Fault::Short) => return Ok(true),
                Some(Fault::Hang) => rules = self.cleared.wait(rules).unwrap(),
                Some(Fault::Slow(time)) => {
                    drop(rules);
                    // The fault itself, not a wait for something.
                    thread::sleep(time);
                    return Ok(false);
                }
            }
        }
    }

    fn path(&self, node: INodeNo) -> PathBuf {
        if node.0 == 1 {
            return PathBuf::new();
        }
        self.paths.lock().unwrap().get(&node.0).cloned().unwrap_or_default()
    }

    fn stat(&self, path: &Path) -> Result<FileAttr, Errno> {
        let file = fs::symlink_metadata(self.source.join(path))?;
        let attr = attr(&file, if path.as_os_str().is_empty() { 1 } else { file.ino() });
        self.paths.lock().unwrap().insert(attr.ino.0, path.to_owned());
        Ok(attr)
    }

    fn read(&self, path: &Path, offset: u64, size: u32) -> Result<Vec<u8>, Errno> {
        let part = self.pass("read", path)?;
        let mut bytes = vec![0; if part { size.min(16) } else { size } as usize];
        let read = File::open(self.source.join(path))?.read_at(&mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    fn write(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<u32> {
        OpenOptions::new().write(true).open(self.source.join(path))?.write_all_at(bytes, offset)?;
        Ok(bytes.len() as u32)
    }

    fn create(&self, path: &Path, mode: u32) -> Result<FileAttr, Errno> {
        OpenOptions::new().write(true).create(true).truncate(false).mode(mode).open(self.source.join(path))?;
        self.stat(path)
    }

    fn make_dir(&self, path: &Path, mode: u32) -> Result<FileAttr, Errno> {
        fs::DirBuilder::new().mode(mode).create(self.source.join(path))?;
        self.stat(path)
    }

    /// What was known below the old path is known below the new one.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.source.join(from), self.source.join(to))?;
        for path in self.paths.lock().unwrap().values_mut() {
            if let Ok(rest) = path.strip_prefix(from) {
                *path = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
            }
        }
        Ok(())
    }

    /// Size and mode; times and owners stay.
    fn set(&self, path: &Path, size: Option<u64>, mode: Option<u32>) -> Result<FileAttr, Errno> {
        let real = self.source.join(path);
        if let Some(size) = size {
            OpenOptions::new().write(true).open(&real)?.set_len(size)?;
        }
        if let Some(mode) = mode {
            fs::set_permissions(&real, Permissions::from_mode(mode))?;
        }
        self.stat(path)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(self.source.join(path))?.sync_all()
    }

    fn names(&self, path: &Path) -> Result<Vec<(u64, FileType, std::ffi::OsString)>, Errno> {
        self.pass("list", path)?;
        let mut names: Vec<_> = fs::read_dir(self.source.join(path))?
            .map(|entry| {
                let entry = entry?;
                let kind = if entry.file_type()?.is_dir() { FileType::Directory } else { FileType::RegularFile };
                Ok((std::os::unix::fs::DirEntryExt::ino(&entry), kind, entry.file_name()))
            })
            .collect::<io::Result<_>>()?;
        names.sort_by(|a, b| a.2.cmp(&b.2));
        Ok(names)
    }
}

fn attr(file: &Metadata, number: u64) -> FileAttr {
    let time = |seconds: i64, ns: i64| SystemTime::UNIX_EPOCH + Duration::new(seconds as u64, ns as u32);
    FileAttr {
        ino: INodeNo(number),
        size: file.len(),
        blocks: file.blocks(),
        atime: time(file.atime(), file.atime_nsec()),
        mtime: time(file.mtime(), file.mtime_nsec()),
        ctime: time(file.ctime(), file.ctime_nsec()),
        crtime: SystemTime::UNIX_EPOCH,
        kind: if file.is_dir() { FileType::Directory } else { FileType::RegularFile },
        perm: (file.permissions().mode() & 0o7777) as u16,
        nlink: file.nlink() as u32,
        uid: file.uid(),
        gid: file.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// Each request has a thread: one that hangs holds up no other.
struct Fs(Arc<Faulty>);

impl Fs {
    fn then(&self, answer: impl FnOnce(&Faulty) + Send + 'static) {
        let faulty = Arc::clone(&self.0);
        thread::spawn(move || answer(&faulty));
    }
}

impl Filesystem for Fs {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let path = self.0.path(parent).join(name);
        self.then(move |fs| match fs.pass("stat", &path).and_then(|_| fs.stat(&path)) {
            Ok(attr) => reply.entry(&AT_ONCE, &attr, Generation(0)),
            Err(errno) => reply.error(errno),
        });
    }

    fn getattr(&self, _: &Request, node: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let path = self.0.path(node);
        self.then(move |fs| match fs.pass("stat", &path).and_then(|_| fs.stat(&path)) {
            Ok(attr) => reply.attr(&AT_ONCE, &attr),
            Err(errno) => reply.error(errno),
        });
    }

    fn open(&self, _: &Request, node: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let path = self.0.path(node);
        self.then(move |fs| match fs.pass("open", &path) {
            Ok(_) => reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO),
            Err(errno) => reply.error(errno),
        });
    }

    fn read(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let path = self.0.path(node);
        self.then(move |fs| match fs.read(&path, offset, size) {
            Ok(bytes) => reply.data(&bytes),
            Err(errno) => reply.error(errno),
        });
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, _: i32, reply: ReplyCreate) {
        let path = self.0.path(parent).join(name);
        self.then(move |fs| match fs.create(&path, mode) {
            Ok(attr) => {
                reply.created(&AT_ONCE, &attr, Generation(0), FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
            }
            Err(errno) => reply.error(errno),
        });
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        let path = self.0.path(parent).join(name);
        self.then(move |fs| match fs.make_dir(&path, mode) {
            Ok(attr) => reply.entry(&AT_ONCE, &attr, Generation(0)),
            Err(errno) => reply.error(errno),
        });
    }

    fn write(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let (path, data) = (self.0.path(node), data.to_vec());
        self.then(move |fs| match fs.write(&path, offset, &data) {
            Ok(written) => reply.written(written),
            Err(error) => reply.error(error.into()),
        });
    }

    fn setattr(
        &self,
        _: &Request,
        node: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let path = self.0.path(node);
        self.then(move |fs| match fs.set(&path, size, mode) {
            Ok(attr) => reply.attr(&AT_ONCE, &attr),
            Err(errno) => reply.error(errno),
        });
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let path = self.0.path(parent).join(name);
        self.then(move |fs| done(fs::remove_file(fs.source.join(path)), reply));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let path = self.0.path(parent).join(name);
        self.then(move |fs| done(fs::remove_dir(fs.source.join(path)), reply));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let (from, to) = (self.0.path(parent).join(name), self.0.path(new_parent).join(new_name));
        self.then(move |fs| done(fs.rename(&from, &to), reply));
    }

    fn fsync(&self, _: &Request, node: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let path = self.0.path(node);
        self.then(move |fs| done(fs.sync(&path), reply));
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    fn readdir(&self, _: &Request, node: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let path = self.0.path(node);
        self.then(move |fs| match fs.names(&path) {
            Ok(names) => {
                for (at, (number, kind, name)) in names.into_iter().enumerate().skip(offset as usize) {
                    if reply.add(INodeNo(number), at as u64 + 1, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(errno) => reply.error(errno),
        });
    }
}

fn done(result: io::Result<()>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error.into()),
    }
}

fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, point, kind @ ..] = &arguments[..] else { panic!("faultfs SOURCE MOUNTPOINT [KIND]") };
    let mut config = fuser::Config::default();
    let kind = kind.first().map(|kind| fuser::MountOption::CUSTOM(format!("subtype={}", kind.display())));
    config.mount_options.extend(kind);
    let faulty = Arc::new(Faulty {
        source: source.clone(),
        paths: Mutex::default(),
        rules: Mutex::default(),
        cleared: Condvar::new(),
    });
    let session = fuser::spawn_mount(Fs(Arc::clone(&faulty)), point, &config).unwrap();
    answer();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let fault = |name| match name {
            "eio" => Fault::Eio,
            "hang" => Fault::Hang,
            "slow" => Fault::Slow(Duration::from_millis(20)),
            "short" => Fault::Short,
            other => match other.strip_prefix("slow=") {
                Some(ms) => Fault::Slow(Duration::from_millis(ms.parse().unwrap())),
                None => panic!("no fault {other}"),
            },
        };
        let mut rules = faulty.rules.lock().unwrap();
        match words[..] {
            ["clear"] => rules.clear(),
            [name, operation, path] => {
                rules.push(Rule { fault: fault(name), operation: operation.into(), path: path.into() });
            }
            _ => panic!("no command {line}"),
        }
        drop(rules);
        faulty.cleared.notify_all();
        answer();
    }
    faulty.rules.lock().unwrap().clear();
    faulty.cleared.notify_all();
    drop(session);
}

fn answer() {
    let mut out = io::stdout();
    out.write_all(b"ok\n").unwrap();
    out.flush().unwrap();
}
