//! The peer of a rescan in `bench/scale.sh`: asks the kernel about every file below a directory what a rescan asks, on
//! as many threads as a crawl has, and does nothing with the answers. Prints directories, files and bytes.
//!
//!     statwalk DIR [THREADS]

use std::{
    ffi::OsString,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, StatxFlags};

/// Directories still to be read, and how many threads are reading one.
#[derive(Default)]
struct Waiting {
    dirs: Vec<PathBuf>,
    busy: usize,
}

#[derive(Default)]
struct Walk {
    waiting: Mutex<Waiting>,
    come: Condvar,
    dirs: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let root: OsString = arguments.next().ok_or("statwalk DIR [THREADS]")?;
    let threads = match arguments.next() {
        Some(text) => text.to_str().ok_or("a number of threads is wanted")?.parse()?,
        None => thread::available_parallelism()?.get(),
    };
    let walk = Walk::default();
    walk.lock().dirs.push(root.into());
    thread::scope(|scope| {
        let walkers: Vec<_> = (0..threads).map(|_| scope.spawn(|| walk.run())).collect();
        walkers.into_iter().try_for_each(|walker| walker.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    })?;
    let [dirs, files, bytes] = [&walk.dirs, &walk.files, &walk.bytes].map(|count| count.load(Ordering::Relaxed));
    #[expect(clippy::print_stdout, reason = "what it is for")]
    {
        println!("{dirs} {files} {bytes}");
    }
    Ok(())
}

impl Walk {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) -> io::Result<()> {
        let mut space = Vec::with_capacity(64 << 10);
        while let Some(dir) = self.next() {
            let below = self.read(&dir, &mut space);
            let mut waiting = self.lock();
            waiting.busy -= 1;
            let below = below.inspect_err(|_| self.come.notify_all())?;
            waiting.dirs.extend(below);
            drop(waiting);
            self.come.notify_all();
        }
        Ok(())
    }

    /// A directory to read; `None` when none is left and nobody finds any more.
    fn next(&self) -> Option<PathBuf> {
        let mut waiting = self.lock();
        loop {
            if let Some(dir) = waiting.dirs.pop() {
                waiting.busy += 1;
                return Some(dir);
            }
            if waiting.busy == 0 {
                return None;
            }
            waiting = self.come.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Asks for every file of one directory; gives the directories in it.
    fn read(&self, dir: &Path, space: &mut Vec<u8>) -> io::Result<Vec<PathBuf>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(dir, flags, Mode::empty())?;
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        let mut below = Vec::new();
        let (mut files, mut bytes) = (0, 0);
        let mut listing = RawDir::new(&fd, space.spare_capacity_mut());
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name();
            match (entry.file_type(), name.to_bytes()) {
                (_, b"." | b"..") => {}
                (FileType::Directory, name) => below.push(dir.join(std::ffi::OsStr::from_bytes(name))),
                _ => {
                    let stat = rustix::fs::statx(&fd, name, AtFlags::SYMLINK_NOFOLLOW, wanted)?;
                    (files, bytes) = (files + 1, bytes + stat.stx_size);
                }
            }
        }
        self.dirs.fetch_add(1, Ordering::Relaxed);
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(below)
    }
}
