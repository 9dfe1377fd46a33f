//! A store whose disk is full. Needs root, for small file systems of its own.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{agree::equals_a_fresh_crawl, instance::Instance, samples::jpeg};

fn degraded(instance: &Instance, id: &str) -> Option<String> {
    let status = instance.status();
    let found = status["Degraded"].as_array().unwrap().iter().find(|state| state["Id"] == id)?;
    Some(found["Text"].as_str().unwrap().to_owned())
}

/// A small file system.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, size: &str) -> Self {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", size, "none"]).arg(at).status().unwrap();
        assert!(mounted.success());
        Self(at.into())
    }

    /// Leaves no room, and gives what has to go for it to be there again.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// A text of this number that does not compress.
fn noise(n: u64) -> String {
    (0..200_u64).map(|part| format!("{:016x}", (n * 1_000 + part + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()
}

/// Writes up to the last byte of the disk.
const NONE: &str = "0KiB";

/// With what is said meanwhile.
fn pauses_reports_and_resumes(min_free: &str, why: &str) {
    let mut instance = Instance::new();
    let disk = Disk::mount(&instance.home().join("state/metaextract"), "size=64m");
    instance.set(&format!("store.min_free={min_free}"));
    instance.start_daemon(&[]);
    let first = instance.put("first.jpg", jpeg("first"));
    instance.watch(&instance.root());
    let ballast = disk.fill();
    for n in 0..500 {
        instance.put(format!("late/{n}.jpg"), jpeg(&noise(n)));
    }
    let said = instance.until("it is said", || degraded(&instance, "store"));
    assert!(said.contains("make room at") && said.contains(why), "{said}");
    instance.log().line(&["the store cannot be written, trying again"]);
    // What is there is still shown, and nothing more is read. After a failed write the database is opened anew, which may
    // need room.
    if min_free != NONE {
        assert_eq!(instance.tag(&first, "File:Comment").as_deref(), Some("first"));
    }
    assert!(instance.status()["Files"]["Indexed"].as_u64().unwrap() < 501);
    fs::remove_file(ballast).unwrap();
    instance.until("it goes on", || degraded(&instance, "store").is_none().then_some(()));
    instance.log().line(&["the store can be written again"]);
    instance.until_files("Indexed", 501);
    equals_a_fresh_crawl(&instance);
}

#[test]
fn disk_full_pauses_reports_and_resumes() {
    pauses_reports_and_resumes("8MiB", "bytes are free");
}

/// The database's own write fails, somewhere in it.
#[test]
fn a_disk_that_is_full_to_the_last_byte_is_survived() {
    pauses_reports_and_resumes(NONE, "No space left on device");
}
