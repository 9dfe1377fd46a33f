//! The table of mounts: where something was mounted or unmounted is a place to look at. No watch on a directory tells.
//!
//! One thread, which sleeps until the kernel says that the table has changed.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use super::{Change, Hint, coalesce};
use crate::mountinfo::{self, TABLE};

/// Hears of mounts. Dropping it ends its thread.
#[derive(Debug)]
pub struct Mounts {
    end: Arc<OwnedFd>,
    ear: Option<JoinHandle<()>>,
}

/// A mount: its number and its place.
type Mount = (u64, PathBuf);

impl Mounts {
    /// Tells `sink` of each name at which something is mounted or unmounted from now on.
    ///
    /// Errors: the table cannot be read, or no thread started.
    pub fn watch(sink: Arc<dyn Fn(Hint) + Send + Sync>) -> io::Result<Self> {
        let mut table = File::open(TABLE)?;
        let mut before = mounts(&mut table)?;
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let told = Arc::clone(&end);
        let ear = thread::Builder::new().name("mounts".into()).spawn(move || {
            while has_changed(&table, &told) {
                let Ok(after) = mounts(&mut table) else { return };
                changed(&before, &after).into_iter().for_each(|hint| sink(hint));
                before = after;
            }
        })?;
        Ok(Self { end, ear: Some(ear) })
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        // Cannot fail: the counter is far from full.
        _ = rustix::io::write(&*self.end, &1_u64.to_ne_bytes());
        // A thread that panicked has ended too.
        _ = self.ear.take().map(JoinHandle::join);
    }
}

/// Waits; `false` when the thread is to end.
fn has_changed(table: &File, end: &OwnedFd) -> bool {
    loop {
        let mut fds = [PollFd::new(table, PollFlags::PRI), PollFd::new(end, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) if !fds[1].revents().is_empty() => return false,
            Ok(_) if !fds[0].revents().is_empty() => return true,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

fn mounts(table: &mut File) -> io::Result<BTreeSet<Mount>> {
    let mut text = Vec::new();
    table.seek(SeekFrom::Start(0))?;
    table.read_to_end(&mut text)?;
    Ok(mountinfo::parse(&text).map(|mount| (mount.number, mount.point)).collect())
}

fn changed(before: &BTreeSet<Mount>, after: &BTreeSet<Mount>) -> Vec<Hint> {
    let places: BTreeSet<_> = before.symmetric_difference(after).map(|(_, place)| place).collect();
    places.into_iter().filter_map(|place| coalesce::at(place, Change::Settled)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(lines: &[&str]) -> BTreeSet<Mount> {
        mountinfo::parse(lines.join("\n").as_bytes()).map(|mount| (mount.number, mount.point)).collect()
    }

    #[test]
    fn what_is_mounted_and_unmounted_is_a_place_to_look_at() {
        let root = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw";
        let disk = r"35 21 8:2 / /mnt/my\040disk rw - ext4 /dev/sdb1 rw";
        let again = r"36 21 8:3 / /mnt/my\040disk rw - ext4 /dev/sdb1 rw";
        let hints = |before: &[&str], after: &[&str]| changed(&table(before), &table(after));
        let there = Hint::Name { dir: "/mnt".into(), name: b"my disk".to_vec(), change: Change::Settled };
        for (before, after) in
            [(vec![root], vec![root, disk]), (vec![root, disk], vec![root]), (vec![disk], vec![again])]
        {
            assert_eq!(hints(&before, &after), std::slice::from_ref(&there), "{before:?} {after:?}");
        }
        assert_eq!(hints(&[root, disk], &[root, disk]), []);
    }

    #[test]
    fn the_table_of_this_machine_is_read_and_the_thread_ends() {
        let mounts = mounts(&mut File::open(TABLE).expect("there is /proc")).expect("it can be read");
        assert!(mounts.iter().any(|(_, place)| place.as_os_str() == "/"));
        drop(Mounts::watch(Arc::new(|_| {})).expect("it can be heard"));
    }
}
