//! Verbs of metactl against a real daemon, where what they say depends on the whole of it.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{fs, path::Path};

use rustix::process::Signal;
use serde_json::Value;
use tests::{
    instance::Instance,
    process::{children, send},
    samples::{copy, golden, jpeg},
};

/// The line of a key.
fn setting<'a>(config: &'a Value, key: &str) -> &'a Value {
    config.as_array().unwrap().iter().find(|line| line["Key"] == key).unwrap()
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let mut instance = Instance::new();
    let file = instance.configure("# mine\n[watch]\nsettle = \"1s\"\n[limits]\ncpu = \"2s\"\nwall = \"9s\"\n");
    let drop_in = file.with_file_name("config.toml.d").join("50-mine.toml");
    fs::create_dir(drop_in.parent().unwrap()).unwrap();
    fs::write(&drop_in, "limits.cpu = \"3s\"\n").unwrap();
    instance.set("limits.wall=7s");
    instance.start_daemon(&[]);
    instance.watch(&instance.root());

    let config = instance.json(["config"]);
    let told = |config: &Value, key| {
        let line = setting(config, key);
        ["Value", "Origin", "At"].map(|part| line[part].as_str().unwrap_or_default().to_owned())
    };
    let at = |path: &Path, line: u32| format!("{}:{line}", path.display());
    assert_eq!(told(&config, "watch.settle"), ["1s", "file", &at(&file, 3)]);
    assert_eq!(told(&config, "limits.cpu"), ["3s", "file", &at(&drop_in, 1)]);
    assert_eq!(told(&config, "limits.wall"), ["7s", "command-line", "--set limits.wall=7s"]);
    assert_eq!(told(&config, "watch.settle_max"), ["5min", "default", ""]);
    let root = setting(&config, "roots");
    assert_eq!(root["Path"], instance.root().to_str().unwrap());
    assert_eq!(root["At"], instance.home().join("state/metaextract/roots.toml").to_str().unwrap());

    // What takes effect with a reload comes from its new place; what does not keeps value and origin.
    fs::write(&file, "[watch]\nsettle = \"4s\"\n").unwrap();
    fs::remove_file(&drop_in).unwrap();
    instance.ctl(["reload"]);
    let config = instance.json(["config"]);
    assert_eq!(told(&config, "watch.settle"), ["4s", "file", &at(&file, 2)]);
    assert_eq!(told(&config, "limits.cpu"), ["3s", "file", &at(&drop_in, 1)]);

    let text = instance.ctl(["config", "limits.cpu", "watch"]);
    assert_eq!(text.lines().count(), 5, "{text}");
    assert_eq!(instance.metactl(["config", "limit"]).status.code(), Some(1));
}

#[test]
fn the_worker_with_a_file_in_hand_is_named() {
    let instance = Instance::start_with(&["workers.max=1"]);
    assert_eq!(instance.json(["workers"]), Value::Array(vec![]));
    let samples = golden(&["jpeg", "tiff", "png", "pdf"]);
    (0..80).for_each(|n| copy(&samples, &instance.path(n.to_string())));
    instance.ctl([Path::new("watch"), &instance.root()]);
    let worker = instance.until("a worker is held with a file", || {
        let worker = *children(instance.pid()).first()?;
        send(worker, Signal::STOP);
        let workers = instance.json(["workers"]);
        let held = workers.as_array()?.iter().find(|told| told["Pid"] == worker && told["State"] == "reading").cloned();
        if held.is_none() {
            send(worker, Signal::CONT);
        }
        held
    });
    let file = Path::new(worker["File"].as_str().unwrap());
    assert!(file.starts_with(instance.root()) && file.is_file(), "{worker}");
    assert!(worker["Since"].as_u64() > instance.status()["Started"].as_u64(), "{worker}");
    assert!(worker["Memory"].as_u64() > Some(0), "{worker}");
    let text = instance.ctl(["workers"]);
    assert!(text.starts_with("1 of 1; ") && text.contains(file.to_str().unwrap()), "{text}");
    send(worker["Pid"].as_u64().unwrap() as u32, Signal::CONT);
    instance.ctl(["wait"]);
    let last = instance.json(["workers"]);
    assert!(last.as_array().unwrap().iter().all(|worker| worker["State"] == "waiting"), "{last}");
}

/// Names of all bytes arrive whole where paths are listed for programs, and lead back to their files.
#[test]
fn paths_are_listed_as_they_are_for_programs() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let instance = Instance::start();
    let whole = jpeg("it ends too early");
    let mut wanted = Vec::new();
    for name in [&b"line\nbreak.jpg"[..], b"not\xff\xfeutf8.jpg", b"plain.jpg"] {
        let path = instance.root().join(OsStr::from_bytes(name));
        fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        wanted.push(path.as_os_str().as_bytes().to_vec());
    }
    instance.watch(&instance.root());
    let listed = |arguments: &[&str]| {
        let output = instance.metactl(arguments.iter().copied());
        assert!(output.status.success() && output.stdout.ends_with(&[0]), "{output:?}");
        let mut paths: Vec<Vec<u8>> = output.stdout.split(|&b| b == 0).map(<[u8]>::to_vec).collect();
        assert_eq!(paths.pop(), Some(Vec::new()));
        paths.sort_unstable();
        paths
    };
    assert_eq!(listed(&["failed", "-0"]), wanted);
    assert_eq!(listed(&["roots", "--null"]), [instance.root().as_os_str().as_bytes()]);
    assert_eq!(instance.metactl(["failed", "-0", "--json"]).status.code(), Some(2));
}

/// What is paused goes on when the command has ended, and stays paused when the daemon is started again meanwhile.
#[test]
fn a_pause_for_a_command_outlives_the_daemon() {
    let mut instance = Instance::start();
    let mut command = std::process::Command::new(tests::process::program("metactl"));
    command.args(["pause", "quiet", "--", "cat"]).stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::null());
    instance.surround(&mut command);
    let mut child = command.spawn().unwrap();
    let paused = |instance: &Instance| {
        let status = instance.status();
        (status["State"] == "paused" && status["Pauses"][0]["Reason"] == "quiet").then_some(())
    };
    instance.until("the command pauses", || paused(&instance));
    instance.stop_daemon();
    instance.start_daemon(&[]);
    instance.until("the command pauses again", || paused(&instance));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    instance.until("the pause has ended", || (instance.status()["State"] == "idle").then_some(()));
}

#[test]
fn a_status_counts_each_root_and_lets_a_sleeping_store_sleep() {
    let instance = Instance::start_with(&["store.sleep_after=1s"]);
    for (root, files) in [("one", 3), ("two", 5)] {
        (0..files).for_each(|n| _ = instance.put(format!("{root}/in/{n}.jpg"), jpeg("a picture")));
        instance.watch(&instance.path(root));
    }
    let told = |status: &Value| {
        let roots = status["Roots"].as_array().unwrap().iter();
        roots.map(|root| ["Files", "Directories"].map(|key| root[key].clone())).collect::<Vec<_>>()
    };
    let counted = |files: u64| {
        [serde_json::json!({"Known": files, "Indexed": files, "Partial": 0, "Pending": 0, "Failed": 0}), 2.into()]
    };
    let mut status = instance.status();
    assert_eq!(told(&status), [counted(3), counted(5)]);
    while status["Store"]["Rest"] != "asleep" {
        status = instance.status();
    }
    // The question before has not woken it.
    let status = instance.status();
    assert_eq!((&status["Store"]["Rest"], told(&status)), (&"asleep".into(), vec![counted(3), counted(5)]));
    assert_eq!(told(&serde_json::json!({"Roots": instance.json(["roots"])})), [counted(3), counted(5)]);

    fs::rename(instance.path("two/in/0.jpg"), instance.path("one/in/moved.jpg")).unwrap();
    instance.ctl(["wait"]);
    assert_eq!(told(&instance.status()), [counted(4), counted(4)]);
    instance.ctl([Path::new("unwatch"), &instance.path("two")]);
    instance.until("one is left", || (told(&instance.status()) == [counted(4)]).then_some(()));
}
