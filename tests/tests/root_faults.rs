//! File systems that are unmounted and mounted again, and those of other kinds: images behind loop devices.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{fs, os::unix::fs::MetadataExt};

use metaextractd::{
    engine::{Config, Engine},
    model::Outcome,
};
use tests::{
    agree::equals_a_fresh_crawl,
    disk::{Image, Mounted},
    engine::{Bench, job},
    instance::Instance,
    samples::jpeg,
};

#[test]
fn a_remount_with_another_device_number_reads_nothing_again() {
    let mut instance = Instance::start();
    let root = instance.root();
    let mut image = Image::make(instance.home(), "mkfs.ext4", &root);
    let files: Vec<_> = (0..50).map(|n| instance.put(format!("{}/{n}.jpg", n % 5), jpeg("once"))).collect();
    instance.watch(&root);
    instance.until_files("Indexed", files.len());
    let (device, before) = (fs::metadata(&root).unwrap().dev(), instance.files_read());
    image.unmount();
    instance.ctl(["rescan"]);
    instance.until("it is offline", || instance.degraded("root-offline"));
    image.take_a_device();
    image.mount();
    assert_ne!(fs::metadata(&root).unwrap().dev(), device);
    instance.ctl(["rescan"]);
    instance.until("it is back", || instance.degraded("root-offline").is_none().then_some(()));
    instance.ctl(["wait"]);
    assert_eq!(instance.files_read(), before, "nothing is read again");
    // Away and back while nobody looks.
    instance.stop_daemon();
    image.unmount();
    image.take_a_device();
    image.mount();
    instance.start_daemon(&[]);
    instance.ctl(["rescan"]);
    instance.ctl(["wait"]);
    assert_eq!(instance.files_read(), 0, "nothing is read again");
    let late = instance.put("late.jpg", jpeg("late"));
    instance.until_comment(&late, "late");
    equals_a_fresh_crawl(&instance);
}

/// Changes of all kinds, found as they happen and over a restart; nothing is read twice.
fn everything_is_followed(mut instance: Instance, kind: &str) {
    let a = instance.put("d/a.jpg", jpeg("a"));
    let kept = instance.put("d/kept.jpg", jpeg("kept"));
    instance.watch(&instance.root());
    fs::write(&a, jpeg("changed")).unwrap();
    instance.until_comment(&a, "changed");
    let read_so_far = instance.files_read();
    fs::rename(instance.path("d"), instance.path("e")).unwrap();
    instance.until_comment(&instance.path("e/kept.jpg"), "kept");
    assert_eq!(instance.files_read(), read_so_far, "{kind}: what moved is not read again");
    instance.until_gone(&kept);
    fs::hard_link(instance.path("e/kept.jpg"), instance.path("link.jpg")).unwrap();
    instance.until_comment(&instance.path("link.jpg"), "kept");
    fs::remove_file(instance.path("e/a.jpg")).unwrap();
    instance.until_gone(&instance.path("e/a.jpg"));
    // The link has changed the times of the other name too, of which no event tells.
    instance.ctl(["rescan"]);
    instance.ctl(["wait"]);
    equals_a_fresh_crawl(&instance);
    instance.stop_daemon();
    let new = instance.put("f/new.jpg", jpeg("new"));
    instance.start_daemon(&[]);
    instance.until_comment(&new, "new");
    instance.ctl(["rescan"]);
    instance.ctl(["wait"]);
    assert_eq!(instance.files_read(), 1, "{kind}: only the new file is read");
    equals_a_fresh_crawl(&instance);
}

#[test]
fn roots_on_other_file_systems_are_followed() {
    for make in ["mkfs.ext4", "mkfs.xfs", "mkfs.btrfs"] {
        let instance = Instance::start();
        let _image = Image::make(instance.home(), make, &instance.root());
        everything_is_followed(instance, make);
    }
}

#[test]
fn roots_on_tmpfs_and_overlayfs_are_followed() {
    let instance = Instance::start();
    let _root = Mounted::tmpfs("16m", &instance.root());
    everything_is_followed(instance, "tmpfs");

    let instance = Instance::start();
    // An overlay cannot lie upon another.
    let layers = Mounted::tmpfs("16m", &instance.home().join("layers"));
    for layer in ["lower", "upper", "work"] {
        fs::create_dir(layers.at().join(layer)).unwrap();
    }
    let at = |layer: &str| layers.at().join(layer).display().to_string();
    let options = format!("lowerdir={},upperdir={},workdir={}", at("lower"), at("upper"), at("work"));
    let _root = Mounted::new(&["-t", "overlay", "-o", &options, "none"], &instance.root());
    everything_is_followed(instance, "overlayfs");
}

/// Where the clock of stamps has not ticked since a change, a further one would show in no stamp. Newer kernels look to that
/// themselves, but not in all file systems.
#[test]
fn what_is_written_after_reading_has_another_stamp() {
    let config = Config { program: env!("CARGO_BIN_EXE_hostile").into(), ..Config::default() };
    let mut bench = Bench::new(1, config);
    let _dir = Mounted::new(&["-t", "ramfs", "none"], bench.dir());
    for _ in 0..200 {
        let seen = bench.job("plain");
        let (number, before) = (seen.id.0, seen.stamp);
        let name = format!("{number}.txt");
        bench.engine.submit(seen);
        assert!(matches!(bench.outcomes(1)[&number], Outcome::Read { .. }));
        fs::write(bench.dir().join(&name), "other").unwrap();
        assert_ne!(job(number, bench.dir(), &name).stamp, before);
    }
}
