//! File systems that are unmounted and mounted again, and those of other kinds: images behind loop devices.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use metaextractd::{
    engine::{Config, Engine},
    model::Outcome,
};
use tests::{
    agree::equals_a_fresh_crawl,
    engine::{Bench, job},
    instance::Instance,
    samples::jpeg,
};

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// An image, mounted for one test.
struct Image {
    file: PathBuf,
    at: PathBuf,
    /// Loop devices in use besides, so that the next mount gets another number.
    others: Vec<String>,
}

impl Image {
    fn make(home: &Path, make: &str, at: &Path) -> Self {
        let file = home.join("image");
        fs::File::create(&file).unwrap().set_len(320 << 20).unwrap();
        run(make, &[if make == "mkfs.ext4" { "-q" } else { "-f" }, file.to_str().unwrap()]);
        let image = Self { file, at: at.to_owned(), others: Vec::new() };
        image.mount();
        image
    }

    fn mount(&self) {
        run("mount", &["-o", "loop", self.file.to_str().unwrap(), self.at.to_str().unwrap()]);
    }

    fn unmount(&self) {
        run("umount", &[self.at.to_str().unwrap()]);
    }

    /// Takes the loop device that the next mount would get.
    fn take_a_device(&mut self) {
        let other = self.file.with_extension("other");
        fs::File::create(&other).unwrap().set_len(1 << 20).unwrap();
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

/// Files read since the daemon's start.
fn read(instance: &Instance) -> u64 {
    let metrics = fs::read_to_string(instance.mount().join("status/metrics")).unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("metaextract_results_total ")).unwrap();
    line.parse().unwrap()
}

#[test]
fn a_remount_with_another_device_number_reads_nothing_again() {
    let mut instance = Instance::start();
    let root = instance.root();
    let mut image = Image::make(instance.home(), "mkfs.ext4", &root);
    let files: Vec<_> = (0..50).map(|n| instance.put(format!("{}/{n}.jpg", n % 5), jpeg("once"))).collect();
    instance.watch(&root);
    instance.until_files("Indexed", files.len());
    let (device, before) = (fs::metadata(&root).unwrap().dev(), read(&instance));
    image.unmount();
    instance.ctl(["rescan"]);
    instance.until("it is offline", || instance.degraded("root-offline"));
    image.take_a_device();
    image.mount();
    assert_ne!(fs::metadata(&root).unwrap().dev(), device);
    instance.ctl(["rescan"]);
    instance.until("it is back", || instance.degraded("root-offline").is_none().then_some(()));
    instance.ctl(["wait"]);
    assert_eq!(read(&instance), before, "nothing is read again");
    // Away and back while nobody looks.
    instance.stop_daemon();
    image.unmount();
    image.take_a_device();
    image.mount();
    instance.start_daemon(&[]);
    instance.ctl(["rescan"]);
    instance.ctl(["wait"]);
    assert_eq!(read(&instance), 0, "nothing is read again");
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
    let read_so_far = read(&instance);
    fs::rename(instance.path("d"), instance.path("e")).unwrap();
    instance.until_comment(&instance.path("e/kept.jpg"), "kept");
    assert_eq!(read(&instance), read_so_far, "{kind}: what moved is not read again");
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
    assert_eq!(read(&instance), 1, "{kind}: only the new file is read");
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
    let root = instance.root().display().to_string();
    run("mount", &["-t", "tmpfs", "-o", "size=16m", "none", &root]);
    let unmount = Unmount(root);
    everything_is_followed(instance, "tmpfs");
    drop(unmount);

    let instance = Instance::start();
    let (root, layers) = (instance.root().display().to_string(), instance.home().join("layers"));
    fs::create_dir(&layers).unwrap();
    // An overlay cannot lie upon another.
    run("mount", &["-t", "tmpfs", "-o", "size=16m", "none", layers.to_str().unwrap()]);
    let _layers = Unmount(layers.display().to_string());
    for layer in ["lower", "upper", "work"] {
        fs::create_dir(layers.join(layer)).unwrap();
    }
    let at = |layer: &str| layers.join(layer).display().to_string();
    let options = format!("lowerdir={},upperdir={},workdir={}", at("lower"), at("upper"), at("work"));
    run("mount", &["-t", "overlay", "-o", &options, "none", &root]);
    let _root = Unmount(root);
    everything_is_followed(instance, "overlayfs");
}

/// Where the clock of stamps has not ticked since a change, a further one would show in no stamp. Newer kernels look to that
/// themselves, but not in all file systems.
#[test]
fn what_is_written_after_reading_has_another_stamp() {
    let config = Config { program: env!("CARGO_BIN_EXE_hostile").into(), ..Config::default() };
    let mut bench = Bench::new(1, config);
    let point = bench.dir().display().to_string();
    run("mount", &["-t", "ramfs", "none", &point]);
    let _unmount = Unmount(point);
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

struct Unmount(String);

impl Drop for Unmount {
    fn drop(&mut self) {
        _ = Command::new("umount").args(["-l", &self.0]).output();
    }
}
