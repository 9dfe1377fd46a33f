//! What kind of disk a directory lies on (Linux, `Documentation/ABI/stable/sysfs-block`).

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::{major, minor};

use crate::mountinfo::{self, Mount};

/// How a disk wants to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskKind {
    /// No order is better than another: solid state, or memory.
    Solid,
    /// Each answer takes long, and many can be under way.
    Network,
    /// One reader at a time, in the order of the disk.
    Rotational,
}

/// File systems behind a network, as mount tables call them.
const NETWORK: [&str; 22] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph",
    "fuse.davfs",
    "fuse.glusterfs",
    "fuse.gvfsd-fuse",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "gfs2",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "smb3",
    "smbfs",
];
/// File systems in memory.
const MEMORY: [&str; 3] = ["devtmpfs", "ramfs", "tmpfs"];
/// Devices that lie upon each other, at most: what is deeper is not looked for.
const DEPTH: usize = 8;

/// The kind of the disk below a directory; `None` where nothing says so. `root` is `/`, or where files of another machine lie;
/// `device` is the directory's `st_dev`, major and minor. With several disks it is the slowest.
pub fn kind(root: &Path, dir: &Path, device: (u32, u32)) -> Option<DiskKind> {
    let table = fs::read(root.join("proc/self/mountinfo")).unwrap_or_default();
    let mounts: Vec<Mount> = mountinfo::parse(&table).collect();
    Machine { root, mounts: &mounts }.of_dir(dir, Some(device), DEPTH)
}

/// `st_dev` as major and minor.
pub fn device(metadata: &fs::Metadata) -> (u32, u32) {
    (major(metadata.dev()), minor(metadata.dev()))
}

#[derive(Clone, Copy)]
struct Machine<'a> {
    root: &'a Path,
    mounts: &'a [Mount],
}

impl Machine<'_> {
    fn of_dir(self, dir: &Path, device: Option<(u32, u32)>, depth: usize) -> Option<DiskKind> {
        let depth = depth.checked_sub(1)?;
        // The last that is mounted there is seen.
        let above = self.mounts.iter().filter(|mount| dir.starts_with(&mount.point));
        let mount =
            above.enumerate().max_by_key(|(at, mount)| (mount.point.components().count(), *at)).map(|(_, mount)| mount);
        let Some(mount) = mount else { return self.of_device(device?, depth) };
        if NETWORK.contains(&mount.kind.as_str()) {
            return Some(DiskKind::Network);
        }
        if MEMORY.contains(&mount.kind.as_str()) {
            return Some(DiskKind::Solid);
        }
        if let Some(upper) = mount.option("upperdir") {
            return self.of_dir(&upper, None, depth);
        }
        // A file system of several devices, as btrfs, has a number of its own; it names one of them.
        let numbers = [device, Some(mount.device)].into_iter().flatten().filter(|(major, _)| *major != 0);
        numbers.into_iter().find_map(|device| self.of_device(device, depth)).or_else(|| self.of_source(mount, depth))
    }

    /// By the device file, as `/dev/mapper/home`.
    fn of_source(self, mount: &Mount, depth: usize) -> Option<DiskKind> {
        let source = Path::new(&mount.source).strip_prefix("/dev").ok()?;
        // Links as `/dev/mapper/x -> ../dm-0` lead to the name that the kernel knows.
        let real = self.root.join("dev").join(source).canonicalize().ok()?;
        self.of_disk(&self.root.join("sys/class/block").join(real.file_name()?), depth)
    }

    fn of_device(self, (major, minor): (u32, u32), depth: usize) -> Option<DiskKind> {
        self.of_disk(&self.root.join(format!("sys/dev/block/{major}:{minor}")), depth)
    }

    /// By the directory of a disk or partition, or a link to it.
    fn of_disk(self, disk: &Path, depth: usize) -> Option<DiskKind> {
        let depth = depth.checked_sub(1)?;
        let disk = disk.canonicalize().ok()?;
        // A disk made from others is as they are, whatever it says of itself.
        let below = fs::read_dir(disk.join("slaves")).into_iter().flatten().flatten();
        let slowest = below.filter_map(|slave| self.of_disk(&slave.path(), depth)).max();
        if slowest.is_some() {
            return slowest;
        }
        if let Ok(file) = fs::read_to_string(disk.join("loop/backing_file")) {
            return self.of_dir(Path::new(file.trim_end_matches('\n')), None, depth);
        }
        let whole: PathBuf = if disk.join("partition").exists() { disk.parent()?.into() } else { disk };
        match fs::read_to_string(whole.join("queue/rotational")).ok()?.trim() {
            "0" => Some(DiskKind::Solid),
            _ => Some(DiskKind::Rotational),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A machine with a rotating disk of two partitions, a solid one, and what can be made from them.
    fn machine() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        let put = |path: &str, text: &str| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        };
        put("sys/devices/pci/sda/queue/rotational", "1\n");
        put("sys/devices/pci/sda/sda1/partition", "1\n");
        put("sys/devices/pci/sda/sda2/partition", "2\n");
        put("sys/devices/pci/nvme0n1/queue/rotational", "0\n");
        put("sys/devices/virtual/dm-0/queue/rotational", "0\n");
        put("sys/devices/virtual/dm-1/queue/rotational", "1\n");
        put("sys/devices/virtual/loop0/queue/rotational", "0\n");
        put("sys/devices/virtual/loop0/loop/backing_file", "/slow/image\n");
        put("sys/devices/virtual/md0/queue/rotational", "0\n");
        for dir in ["sys/dev/block", "sys/class/block", "dev/mapper"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        for (name, number, place) in [
            ("sda", "8:0", "pci/sda"),
            ("sda1", "8:1", "pci/sda/sda1"),
            ("sda2", "8:2", "pci/sda/sda2"),
            ("nvme0n1", "259:0", "pci/nvme0n1"),
            ("dm-0", "253:0", "virtual/dm-0"),
            ("dm-1", "253:1", "virtual/dm-1"),
            ("loop0", "7:0", "virtual/loop0"),
            ("md0", "9:0", "virtual/md0"),
        ] {
            symlink(at(&format!("sys/devices/{place}")), at(&format!("sys/dev/block/{number}"))).unwrap();
            symlink(at(&format!("sys/devices/{place}")), at(&format!("sys/class/block/{name}"))).unwrap();
            put(&format!("dev/{name}"), "");
        }
        for (upper, lower) in
            [("dm-0", "pci/sda/sda2"), ("dm-1", "pci/nvme0n1"), ("md0", "virtual/md0"), ("md0", "virtual/dm-0")]
        {
            let slaves = at(&format!("sys/devices/virtual/{upper}/slaves"));
            fs::create_dir_all(&slaves).unwrap();
            symlink(at(&format!("sys/devices/{lower}")), slaves.join(lower.rsplit('/').next().unwrap())).unwrap();
        }
        symlink("../dm-1", at("dev/mapper/home")).unwrap();
        put(
            "proc/self/mountinfo",
            "1 0 259:0 / / rw - ext4 /dev/nvme0n1 rw\n\
             2 1 8:1 / /slow rw - ext4 /dev/sda1 rw\n\
             3 1 253:0 / /dm rw - xfs /dev/mapper/x rw\n\
             4 1 0:40 / /btr rw - btrfs /dev/mapper/home rw,subvol=/\n\
             5 1 0:41 / /nfs rw - nfs4 server:/x rw\n\
             6 1 0:42 / /tmp rw - tmpfs tmpfs rw\n\
             7 1 0:43 / /over rw - overlay overlay rw,lowerdir=/,upperdir=/slow/up,workdir=/slow/work\n\
             8 1 7:0 / /loop rw - ext4 /dev/loop0 rw\n\
             9 1 9:0 / /md rw - ext4 /dev/md0 rw\n\
             10 1 0:44 / /fuse rw - fuse.bindfs /some/where rw\n\
             11 2 0:45 / /slow/in/memory rw - tmpfs tmpfs rw\n",
        );
        home
    }

    #[test]
    fn a_directory_is_as_the_slowest_disk_below_it() {
        let home = machine();
        use DiskKind::{Network, Rotational, Solid};
        let table = [
            ("/", (259, 0), Some(Solid)),
            ("/home/x", (259, 0), Some(Solid)),
            ("/slow/pictures", (8, 1), Some(Rotational)),
            ("/slower", (259, 0), Some(Solid)),
            ("/slow/in/memory/x", (0, 45), Some(Solid)),
            ("/dm", (253, 0), Some(Rotational)),
            ("/btr/home", (0, 51), Some(Solid)),
            ("/nfs/x", (0, 41), Some(Network)),
            ("/tmp", (0, 42), Some(Solid)),
            ("/over/x", (0, 43), Some(Rotational)),
            ("/loop", (7, 0), Some(Rotational)),
            // One of its disks is itself: that ends somewhere, and the other one counts.
            ("/md", (9, 0), Some(Rotational)),
            ("/fuse", (0, 44), None),
        ];
        for (dir, device, expected) in table {
            assert_eq!(kind(home.path(), Path::new(dir), device), expected, "{dir}");
        }
        assert_eq!(kind(Path::new("/nonexistent"), Path::new("/"), (8, 1)), None);
    }

    #[test]
    fn this_machine_has_an_answer_or_none() {
        let dir = Path::new("/proc/self");
        _ = kind(Path::new("/"), dir, device(&fs::metadata(dir).unwrap()));
        let memory = Path::new("/dev/shm");
        assert_eq!(kind(Path::new("/"), memory, device(&fs::metadata(memory).unwrap())), Some(DiskKind::Solid));
    }
}
