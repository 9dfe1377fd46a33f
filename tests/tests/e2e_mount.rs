//! The mount of a daemon that is killed, of one that may gain no privileges, and of one whose mount lies in a root.

#![cfg(test)]

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

use tests::{instance::Instance, mounting::MountHelper, samples::jpeg};

/// Whether something is mounted there.
fn is_mounted(point: &Path) -> bool {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    table.lines().any(|line| line.split(' ').nth(4) == point.to_str())
}

/// A program that stands in a directory of the mount and has a file of it open, until it is dropped.
struct User(std::process::Child, File);

impl User {
    fn of(dir: &Path) -> Self {
        let child = Command::new("cat").current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        Self(child, File::open(dir.join("tags.txt")).unwrap())
    }
}

impl Drop for User {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Kills the daemon with its mount in use, and looks at what the next one shows.
fn killed_and_served_again(instance: &mut Instance, under: &[&str], between: impl FnOnce(&Instance)) {
    let path = instance.put("a.jpg", jpeg("before"));
    instance.watch(&instance.root());
    instance.until_comment(&path, "before");
    let mut user = User::of(&instance.view(&path));
    instance.kill_daemon();
    between(instance);
    instance.start_daemon(under);
    instance.until_comment(&path, "before");
    fs::write(&path, jpeg("after")).unwrap();
    instance.until_comment(&path, "after");
    // Who still holds something of the old mount is told, and nobody else.
    assert!(user.1.read_to_string(&mut String::new()).is_err());
    let listed = fs::read_dir(instance.mount().join("files")).unwrap().map(|entry| entry.unwrap().metadata().unwrap());
    assert!(listed.count() > 0);
    drop(user);
    instance.stop_daemon();
    assert!(!is_mounted(&instance.mount()));
    // Who made the mount point takes it away.
    assert!(fs::read_dir(instance.mount()).map_or(true, |mut left| left.next().is_none()));
}

#[test]
fn a_killed_daemons_mount_is_served_again_by_the_next_start() {
    let mut instance = Instance::start();
    killed_and_served_again(&mut instance, &[], |instance| {
        assert_eq!(fs::read_dir(instance.mount()).unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

const CONFINED: &[&str] = &["setpriv", "--no-new-privs"];

#[test]
fn a_daemon_that_may_gain_nothing_mounts_through_the_helper() {
    let mut instance = Instance::new();
    let helper = MountHelper::start(&instance);
    instance.set(&helper.setting());
    instance.start_daemon(CONFINED);
    killed_and_served_again(&mut instance, CONFINED, |_| {});
    // Without the helper the rest works, and what to do is said.
    drop(helper);
    instance.start_daemon(CONFINED);
    let said = instance.status()["Degraded"].to_string();
    assert!(said.contains("no-fuse") && said.contains("systemctl start metaextract-mount.socket"), "{said}");
    instance.log().line(&["cannot mount the view"]);
}

#[test]
fn the_mount_helper_mounts_only_where_the_configuration_says_and_clears_what_is_left() {
    let mut instance = Instance::new();
    let helper = MountHelper::start(&instance);
    for other in [instance.root(), "/usr".into(), instance.mount().join("../metaextract")] {
        let answer = helper.answer(&other);
        assert!(answer.contains("the configuration of the mount helper names"), "{answer}");
        assert!(!is_mounted(&other));
    }
    fs::create_dir(instance.mount()).unwrap();
    fs::write(instance.mount().join("mine"), "not the daemon's").unwrap();
    // Kind 3 is "not empty", with nothing further to say.
    assert_eq!(helper.answer(&instance.mount()).as_bytes(), [3, 0, 0, 0, 0]);
    fs::remove_file(instance.mount().join("mine")).unwrap();
    // A killed daemon without helper leaves a dead mount; the next one has a helper.
    instance.start_daemon(&[]);
    instance.kill_daemon();
    assert!(is_mounted(&instance.mount()));
    instance.set(&helper.setting());
    instance.start_daemon(CONFINED);
    assert_ne!(fs::read_to_string(instance.mount().join("status/state")).unwrap(), "");
    instance.stop_daemon();
    assert!(!is_mounted(&instance.mount()));
}

#[test]
fn our_own_mount_inside_a_root_is_never_crawled() {
    let mut instance = Instance::new();
    let point = instance.path("deep/view");
    let path = instance.put("deep/a.jpg", jpeg("a"));
    instance.set(&format!("mount.path={}", point.display()));
    // The rule is for the place; that it is another file system would serve as well.
    let root = instance.root().display().to_string();
    instance.configure(&format!("[[roots]]\npath = \"{root}\"\ncross_filesystems = true\nhidden = true\n"));
    instance.start_daemon(&[]);
    instance.ctl(["wait"]);
    let shown = point.join("files").join(path.strip_prefix("/").unwrap()).join("File/Comment");
    instance.until("it is shown", || fs::read_to_string(&shown).is_ok_and(|text| text == "a\n").then_some(()));
    assert_ne!(fs::metadata(&point).unwrap().dev(), fs::metadata(instance.root()).unwrap().dev());
    for _ in 0..2 {
        instance.ctl(["rescan"]);
        instance.ctl(["wait"]);
        assert_eq!(instance.status()["Files"]["Known"].as_u64(), Some(1));
    }
    let why = instance.ctl(["why", &point.join("README").display().to_string()]);
    assert!(why.contains("excluded"), "{why}");
    assert!(instance.show(&point.join("README")).get("Error").is_some());
}
