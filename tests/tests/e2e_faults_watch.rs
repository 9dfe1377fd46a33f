//! Watches that run out and events that are lost: everything is found all the same.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tests::{agree::equals_a_fresh_crawl, instance::Instance, samples::jpeg};

/// The watches a process has, by what the kernel says of its descriptors.
fn watches(pid: u32) -> usize {
    let infos = fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap();
    let texts = infos.flatten().map(|info| fs::read_to_string(info.path()).unwrap_or_default());
    texts.map(|text| text.lines().filter(|line| line.starts_with("inotify ")).count()).sum()
}

/// An instance that has room for so many watches. A line written into the pipe sets the limit anew.
fn limited_to(watches: usize) -> (Instance, File) {
    let mut instance = Instance::new();
    // Who may change the limit of the namespace may not mount in it, and so does not become the daemon.
    instance.set("mount.enabled=false");
    instance.set("watch.poll=2s");
    let pipe = instance.home().join("limit");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // For both ends, so that neither waits for the other; it closes with the test.
    let orders = File::options().read(true).write(true).open(&pipe).unwrap();
    let setting = "/proc/sys/user/max_inotify_watches";
    let script = format!(
        "echo {watches} >{setting}; {{ read limit && echo $limit >{setting}; }} <{} & \
         exec setpriv --inh-caps=-all --ambient-caps=-all \"$@\"",
        pipe.display()
    );
    instance.start_daemon(&["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", &script, "sh"]);
    (instance, orders)
}

#[test]
fn a_watch_limit_of_64_finds_all_changes_by_polling() {
    let (instance, _orders) = limited_to(64);
    let files: Vec<PathBuf> = (0..150).map(|n| instance.put(format!("{n}/a.jpg"), jpeg("first"))).collect();
    instance.watch(&instance.root());
    let said = instance.until("it is said", || instance.degraded("watch-limit"));
    assert!(said.contains("max_user_watches") && said.contains("2s"), "{said}");
    instance.log().line(&["the watch limit is reached"]);
    let held = watches(instance.pid());
    assert!((1..=32).contains(&held), "{held} of 64 watches: half is for others");
    let changed = Instant::now();
    // Everywhere: a change, a new file, a new directory; here and there something goes.
    for (n, path) in files.iter().enumerate() {
        match n % 4 {
            0 => fs::write(path, jpeg("second")).unwrap(),
            1 => fs::write(path.with_file_name("b.jpg"), jpeg("new")).unwrap(),
            2 => fs::remove_file(path).unwrap(),
            _ => _ = instance.put(format!("{n}/below/c.jpg"), jpeg("below")),
        }
    }
    let all = tests::samples::files_below(&instance.root());
    for path in &all {
        let text = fs::read(path).unwrap();
        let wanted = ["first", "second", "new", "below"].into_iter().find(|text_of| jpeg(text_of) == text);
        instance.until("it is found", || (instance.tag(path, "File:Comment").as_deref() == wanted).then_some(()));
    }
    instance.until_files("Known", all.len());
    // Polled every two seconds; machines that run tests can be very busy.
    assert!(changed.elapsed() < Duration::from_secs(60), "{:?}", changed.elapsed());
    equals_a_fresh_crawl(&instance);
    assert!(watches(instance.pid()) <= 32);
}

#[test]
fn the_watch_limit_is_over_when_all_directories_can_be_watched() {
    let (instance, mut orders) = limited_to(64);
    (0..100).for_each(|n| _ = instance.put(format!("{n}/a.jpg"), jpeg("first")));
    instance.watch(&instance.root());
    let is_over = || instance.degraded("watch-limit").is_none().then_some(());
    let is_said = || instance.degraded("watch-limit");
    let root_state = || instance.json(["roots"])[0]["State"].as_str().map(str::to_owned);
    instance.until("it is said", is_said);
    // Directories go.
    (10..100).for_each(|n| fs::remove_dir_all(instance.path(n.to_string())).unwrap());
    instance.until("it is over", is_over);
    instance.log().line(&["no longer degraded", "watch-limit"]);
    assert_eq!(root_state().as_deref(), Some("watching"));
    // There are more of them again.
    (10..100).for_each(|n| _ = instance.put(format!("{n}/a.jpg"), jpeg("again")));
    instance.until("it is said again", is_said);
    assert_eq!(root_state().as_deref(), Some("polling"));
    // The limit is raised.
    orders.write_all(b"4096\n").unwrap();
    instance.until("it is over again", is_over);
    assert!(watches(instance.pid()) > 100);
    instance.until_files("Indexed", 100);
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_forced_queue_overflow_ends_equal_to_a_fresh_crawl() {
    let instance = Instance::watching(|root| {
        for n in 0..200 {
            let dir = root.join(format!("{}", n % 10));
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join(format!("{n}.jpg")), jpeg("before")).unwrap();
        }
    });
    for round in 0..3 {
        instance.signal(Signal::STOP);
        // Each closing is an event; the kernel keeps 16,384 of them.
        for event in 0..20_000 {
            let n = event % 200;
            let mut file = File::create(instance.path(format!("{}/{n}.jpg", n % 10))).unwrap();
            if event >= 19_800 {
                file.write_all(&jpeg(&format!("round {round}, file {n}"))).unwrap();
            }
        }
        for n in (0..200).step_by(7) {
            fs::rename(instance.path(format!("{}/{n}.jpg", n % 10)), instance.path(format!("{round}-{n}.jpg")))
                .unwrap();
        }
        fs::create_dir_all(instance.path(format!("new-{round}/deep"))).unwrap();
        instance.put(format!("new-{round}/deep/late.jpg"), jpeg("late"));
        instance.signal(Signal::CONT);
        instance.until("the overflow is noticed", || {
            let times = instance.log().text().matches("events were lost").count();
            (times > round).then_some(())
        });
        let last = instance.path(format!("{round}-0.jpg"));
        instance.until_comment(&last, &format!("round {round}, file 0"));
        instance.metactl(["wait"]);
        equals_a_fresh_crawl(&instance);
    }
    let said = |what: &str| instance.log().text().matches(what).count();
    let (lost, looks) = (said("events were lost"), said("looked at a root"));
    assert!(looks <= lost + 1, "{looks} looks at everything for {lost} overflows and the first");
}
