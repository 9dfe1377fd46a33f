//! Power cuts: the disk beneath a working store as it is at some moment, mounted and opened. Needs root, for loop devices.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod killed;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use killed::{Writer, check, rounds, write_if_child};

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A file system in a file, mounted.
struct Disk(PathBuf);

impl Disk {
    fn mount(image: &Path, at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        run("mount", &["-o", "loop", image.to_str().unwrap(), at.to_str().unwrap()]);
        Self(at.into())
    }

    fn make(kind: &[&str], size: u64, image: &Path, at: &Path) -> Self {
        File::create(image).unwrap().set_len(size).unwrap();
        run(kind[0], &[&kind[1..], &[image.to_str().unwrap()]].concat());
        Self::mount(image, at)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        _ = Command::new("umount").args(["-l".as_ref(), self.0.as_os_str()]).output();
    }
}

#[test]
fn a_power_cut_takes_nothing_that_was_durable() {
    write_if_child();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    // A file system that copies a file at one moment, below the one that is cut.
    let _below = Disk::make(&["mkfs.xfs", "-q"], 3 << 30, &at("below.img"), &at("below"));
    let mut working = None;
    for round in 0..rounds("STORE_CUTS", 6) {
        // Fresh stores and old ones.
        let (writer, disk) = match working.take() {
            Some(both) if round % 3 != 0 => both,
            old => {
                drop(old.map(|(writer, disk): (Writer, Disk)| (writer.kill(), disk)));
                _ = fs::remove_file(at("below/disk.img"));
                let ext4 = ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0"];
                let disk = Disk::make(&ext4, 512 << 20, &at("below/disk.img"), &at("disk"));
                (Writer::start::<&str>("a_power_cut_takes_nothing_that_was_durable", &at("disk"), &[]), disk)
            }
        };
        // At a sync, and in between.
        let promised = if round % 4 == 3 { None } else { writer.next() };
        let cut = at("below/cut.img");
        run("cp", &["--reflink=always", at("below/disk.img").to_str().unwrap(), cut.to_str().unwrap()]);
        let found = Disk::mount(&cut, &at("cut"));
        // A store that was never durable need not be there.
        check(&at("cut"), promised);
        drop(found);
        fs::remove_file(cut).unwrap();
        working = Some((writer, disk));
    }
    drop(working.map(|(writer, disk)| (writer.kill(), disk)));
}
