//! File systems of a test's own. Needs root.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs a program that has to succeed, and gives what it printed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A mount that ends with the test.
#[derive(Debug)]
pub struct Mounted(PathBuf);

impl Mounted {
    /// Mounts with these arguments of `mount`, at a directory that is made if need be.
    pub fn new(arguments: &[&str], at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        run("mount", &[arguments, &[at.to_str().unwrap()]].concat());
        Self(at.to_owned())
    }

    /// A file system in memory, of at most so many bytes, as tmpfs writes them (`8m`).
    pub fn tmpfs(size: &str, at: &Path) -> Self {
        Self::new(&["-t", "tmpfs", "-o", &format!("size={size}"), "none"], at)
    }

    /// Where it is mounted.
    pub fn at(&self) -> &Path {
        &self.0
    }

    /// Leaves no room, and gives what has to go for it to be there again.
    pub fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        path
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        _ = Command::new("umount").args(["-l".as_ref(), self.0.as_os_str()]).output();
    }
}

/// A file system in a file, mounted and unmounted as the test wants.
#[derive(Debug)]
pub struct Image {
    file: PathBuf,
    at: PathBuf,
    /// Loop devices in use besides, so that the next mount gets another number.
    others: Vec<String>,
}

impl Image {
    /// Makes an empty file system with a program as `mkfs.ext4` in a file of 320 MiB in `home`, and mounts it.
    pub fn make(home: &Path, make: &str, at: &Path) -> Self {
        let file = home.join("image");
        File::create(&file).unwrap().set_len(320 << 20).unwrap();
        run(make, &[if make == "mkfs.ext4" { "-q" } else { "-f" }, file.to_str().unwrap()]);
        fs::create_dir_all(at).unwrap();
        let image = Self { file, at: at.to_owned(), others: Vec::new() };
        image.mount();
        image
    }

    /// Mounts it again.
    pub fn mount(&self) {
        run("mount", &["-o", "loop", self.file.to_str().unwrap(), self.at.to_str().unwrap()]);
    }

    /// Unmounts it; nobody may use it.
    pub fn unmount(&self) {
        run("umount", &[self.at.to_str().unwrap()]);
    }

    /// Lets each further read and write of its disk fail, until it is mounted again; what was not synced is lost.
    pub fn fail(&self) {
        run("xfs_io", &["-x", "-c", "shutdown", self.at.to_str().unwrap()]);
    }

    /// Takes the loop device that the next mount would get.
    pub fn take_a_device(&mut self) {
        let other = self.file.with_extension("other");
        File::create(&other).unwrap().set_len(1 << 20).unwrap();
        self.others.push(run("losetup", &["--find", "--show", other.to_str().unwrap()]));
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        _ = Command::new("umount").args(["-l".as_ref(), self.at.as_os_str()]).output();
        for device in &self.others {
            _ = Command::new("losetup").args(["--detach", device]).output();
        }
    }
}
