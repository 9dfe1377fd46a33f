//! Disks that fail: a directory shown through `faultfs`, told what to do wrong.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::process::program;

/// A mounted directory with faults; unmounted when dropped.
#[derive(Debug)]
pub struct FaultyDisk {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Where its files really lie.
    pub source: PathBuf,
    /// Where they are shown.
    pub point: PathBuf,
}

impl FaultyDisk {
    /// Shows an empty directory beside `home` at another one.
    pub fn mount(home: &Path, name: &str) -> Self {
        Self::mount_as(home, name, None)
    }

    /// The same as a file system that calls itself so, as `sshfs`.
    pub fn mount_as(home: &Path, name: &str, kind: Option<&str>) -> Self {
        let (source, point) = (home.join(format!("{name}-source")), home.join(name));
        fs::create_dir(&source).unwrap();
        fs::create_dir(&point).unwrap();
        let mut command = Command::new(program("faultfs"));
        command.arg(&source).arg(&point).args(kind);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut disk = Self { child, orders, answers, source, point };
        disk.answer();
        disk
    }

    fn answer(&mut self) {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert_eq!(line, "ok\n");
    }

    /// Gives an order: see `faultfs`.
    pub fn order(&mut self, order: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        self.answer();
    }

    /// Writes a file and gives the path at which it is shown.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self.point.join(name)
    }
}

impl Drop for FaultyDisk {
    fn drop(&mut self) {
        drop(self.orders.take());
        _ = Command::new("fusermount3").args(["-u", "-z", "-q"]).arg(&self.point).stderr(Stdio::null()).status();
        _ = self.child.wait();
    }
}
