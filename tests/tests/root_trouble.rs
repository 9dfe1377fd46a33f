//! What only root can set up: device nodes, a machine without /dev/fuse, file systems that come and go, reads seen by
//! the kernel.

use std::{fs, path::Path};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use tests::{agree::equals_a_fresh_crawl, disk::Mounted, instance::Instance, samples::jpeg};

#[test]
fn device_nodes_are_never_indexed() {
    let instance = Instance::watching(|root| {
        let mode = Mode::from_raw_mode(0o666);
        mknodat(CWD, root.join("zero.jpg"), FileType::CharacterDevice, mode, makedev(1, 5)).unwrap();
        mknodat(CWD, root.join("loop.jpg"), FileType::BlockDevice, mode, makedev(7, 200)).unwrap();
        fs::write(root.join("a.jpg"), jpeg("a")).unwrap();
    });
    let mode = Mode::from_raw_mode(0o666);
    mknodat(CWD, instance.path("late.jpg"), FileType::CharacterDevice, mode, makedev(1, 8)).unwrap();
    let last = instance.put("last.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    instance.ctl(["rescan"]);
    equals_a_fresh_crawl(&instance);
    assert_eq!(instance.status()["Files"]["Known"].to_string(), "2");
    // A file that becomes a device between the look and the opening is the same question to the opener.
    let device = instance.path("zero.jpg");
    let indexed = instance.metactl([Path::new("index"), &device]);
    assert_eq!(indexed.status.code(), Some(1));
    assert!(instance.show(&device).get("Error").is_some());
}

#[test]
fn without_dev_fuse_everything_else_works() {
    let mut instance = Instance::new();
    let path = instance.put("a.jpg", jpeg("no fuse"));
    let hide =
        "mount -t tmpfs none /mnt && mknod /mnt/fuse c 10 230 && mount --bind /mnt/fuse /dev/fuse && exec \"$@\"";
    instance.start_daemon(&["unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "sh"]);
    instance.watch(&instance.root());
    assert_eq!(instance.tag(&path, "File:Comment").as_deref(), Some("no fuse"));
    let said = instance.degraded("no-fuse").expect("it is said");
    assert!(said.contains("/dev/fuse") || said.contains("fuse"), "{said}");
    instance.log().line(&["cannot mount the view"]);
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_disk_that_is_unmounted_keeps_its_records() {
    let instance = Instance::start();
    let (root, path) = (instance.root(), instance.path("a.jpg"));
    let disk = Mounted::tmpfs("4m", &root);
    fs::write(&path, jpeg("on the disk")).unwrap();
    instance.watch(&root);
    instance.until_comment(&path, "on the disk");
    drop(disk);
    instance.ctl(["rescan"]);
    instance.until("the root is offline", || instance.degraded("root-offline"));
    assert_eq!(instance.tag(&path, "File:Comment").as_deref(), Some("on the disk"));
}

#[test]
fn another_file_system_below_a_root_is_left_out() {
    let instance = Instance::start();
    let below = instance.path("disk");
    fs::create_dir(&below).unwrap();
    let _disk = Mounted::tmpfs("4m", &below);
    fs::write(below.join("a.jpg"), jpeg("other")).unwrap();
    let own = instance.put("own.jpg", jpeg("own"));
    instance.watch(&instance.root());
    instance.until_comment(&own, "own");
    assert_eq!(instance.status()["Files"]["Known"].to_string(), "1");
    instance.ctl(["watch", "--wait", "--cross-filesystems", instance.root().to_str().unwrap()]);
    instance.until_comment(&below.join("a.jpg"), "other");
}
