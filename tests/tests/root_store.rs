//! A store whose disk is full or fails. Needs root, for small file systems of its own.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;

use tests::{
    agree::equals_a_fresh_crawl,
    disk::{Image, Mounted},
    instance::Instance,
    samples::jpeg,
};

/// A text of this number that does not compress.
fn noise(n: u64) -> String {
    (0..200_u64).map(|part| format!("{:016x}", (n * 1_000 + part + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()
}

/// Writes up to the last byte of the disk.
const NONE: &str = "0KiB";

/// With what is said meanwhile.
fn pauses_reports_and_resumes(min_free: &str, why: &str) {
    let mut instance = Instance::new();
    let disk = Mounted::tmpfs("64m", &instance.home().join("state/metaextract"));
    instance.set(&format!("store.min_free={min_free}"));
    instance.start_daemon(&[]);
    let first = instance.put("first.jpg", jpeg("first"));
    instance.watch(&instance.root());
    let ballast = disk.fill();
    for n in 0..500 {
        instance.put(format!("late/{n}.jpg"), jpeg(&noise(n)));
    }
    let said = instance.until("it is said", || instance.degraded("store"));
    assert!(said.contains("make room at") && said.contains(why), "{said}");
    instance.log().line(&["the store cannot be written, trying again"]);
    // What is there is still shown, and nothing more is read. After a failed write the database is opened anew, which may
    // need room.
    if min_free != NONE {
        assert_eq!(instance.tag(&first, "File:Comment").as_deref(), Some("first"));
    }
    assert!(instance.status()["Files"]["Indexed"].as_u64().unwrap() < 501);
    fs::remove_file(ballast).unwrap();
    instance.until("it goes on", || instance.degraded("store").is_none().then_some(()));
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

/// Each read and write of the store's disk fails from some moment on.
#[test]
fn a_disk_that_fails_under_the_store_is_said_and_takes_nothing_that_was_durable() {
    let mut instance = Instance::new();
    let disk = Image::make(instance.home(), "mkfs.ext4", &instance.home().join("state/metaextract"));
    instance.start_daemon(&[]);
    let first = instance.put("first.jpg", jpeg("first"));
    instance.watch(&instance.root());
    // What a daemon leaves when it ends is durable.
    instance.stop_daemon();
    instance.start_daemon(&[]);
    assert_eq!(instance.tag(&first, "File:Comment").as_deref(), Some("first"));
    disk.fail();
    let late = instance.put("late.jpg", jpeg("late"));
    let said = instance.until("it is said", || instance.degraded("store"));
    assert!(said.contains("Input/output error"), "{said}");
    instance.log().line(&["the store cannot be written, trying again"]);
    instance.stop_daemon();
    // What an administrator does once the disk is well again.
    disk.unmount();
    disk.mount();
    instance.start_daemon(&[]);
    instance.until_comment(&late, "late");
    instance.ctl(["wait"]);
    assert_eq!(instance.tag(&first, "File:Comment").as_deref(), Some("first"));
    assert_eq!(instance.files_read(), 1, "what was durable is not read again");
    equals_a_fresh_crawl(&instance);
}
