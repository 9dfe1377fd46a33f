//! When files are read, and by how many workers: hours, disks, and what the status says of it.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::process::Command;

use tests::{faulty::FaultyDisk, instance::Instance, samples::jpeg};

/// The hour by the clock on the wall, as the daemon has it.
fn hour(instance: &Instance) -> u32 {
    let mut date = Command::new("date");
    instance.surround(&mut date);
    String::from_utf8(date.arg("+%H").output().unwrap().stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn outside_of_the_hours_files_are_found_and_read_within_them() {
    let mut instance = Instance::new();
    let later = hour(&instance) + 2;
    instance.configure(&format!("[schedule]\nhours = \"{:02}:00-{:02}:00\"\n", later % 24, (later + 1) % 24));
    instance.start_daemon(&[]);
    let picture = instance.put("a.jpg", jpeg("later"));
    instance.ctl(["watch".as_ref(), instance.root().as_os_str()]);
    instance.until("it waits for its hours", || {
        let status = instance.status();
        let why = status["Workers"]["Why"].as_str()?.contains("schedule.hours");
        (why && status["State"] == "paused" && status["Files"]["Pending"] == 1).then_some(())
    });
    assert_eq!(instance.files_read(), 0);
    instance.configure("[schedule]\nhours = \"always\"\n");
    instance.ctl(["reload"]);
    instance.until_comment(&picture, "later");
}

#[test]
fn a_rate_holds_reading_back_and_a_file_that_is_shown_is_read_before_the_others() {
    let mut instance = Instance::new();
    instance.configure("[schedule]\nread_rate = \"64KiB\"\n");
    instance.start_daemon(&[]);
    let picture = |n: u32| [jpeg(&format!("{n}")), vec![0; 4096]].concat();
    let files: Vec<_> = (0..1000).map(|n| instance.put(format!("{n}.jpg"), picture(n))).collect();
    instance.ctl(["watch".as_ref(), instance.root().as_os_str()]);
    instance.until("the rate holds it back", || {
        let why = instance.status()["Workers"]["Why"].as_str()?.contains("0.0625 MiB/s by schedule.read_rate");
        why.then_some(())
    });
    // Whichever comes last: nobody knows the order of a directory.
    let pending = |file: &std::path::PathBuf| {
        let why = instance.json(["why".as_ref(), file.as_os_str()]);
        why["State"] == "pending"
    };
    let n = files.iter().rposition(pending).expect("they are not all read");
    instance.until_comment(&files[n], &n.to_string());
    assert_ne!(instance.status()["Files"]["Pending"], 0, "others wait still");
    instance.configure("");
    instance.ctl(["reload"]);
    instance.ctl(["wait"]);
    assert_eq!(instance.status()["Files"]["Indexed"], 1000);
}

#[test]
fn what_lies_behind_a_network_is_polled() {
    let instance = Instance::start_with(&["watch.poll=1s"]);
    let disk = FaultyDisk::mount_as(instance.home(), "far", Some("sshfs"));
    disk.put("a.jpg", jpeg("first"));
    instance.watch(&disk.point);
    let roots = instance.json(["roots"]);
    assert_eq!(roots[0]["State"], "polling", "{roots:#}");
    assert!(roots[0]["Why"].as_str().unwrap().contains("network"), "{roots:#}");
    // Written on the other side, of which the kernel here hears nothing.
    let second = disk.put("b.jpg", jpeg("second"));
    instance.until_comment(&second, "second");
}

#[test]
fn an_estimate_counts_what_would_be_read_and_reads_nothing() {
    let instance = Instance::start();
    for n in 0..20 {
        instance.put(format!("deep/{n}.jpg"), jpeg(&format!("{n}")));
    }
    instance.put("deep/left out.jpg", jpeg("no"));
    instance.put(".metaignore", "left out*\n");
    let estimate = |path: &str| {
        let said = instance.json(["estimate".as_ref(), instance.path(path).as_os_str()]);
        ["Files", "Current", "Unknown", "LeftLow", "LeftHigh"].map(|key| said[key].as_u64().unwrap())
    };
    assert_eq!(estimate(""), [20, 0, 20, 1, 2], "as it would be if it were watched");
    assert_eq!(instance.files_read(), 0);
    assert_eq!(instance.json(["roots"]), serde_json::json!([]));

    instance.watch(&instance.root());
    assert_eq!(estimate("deep"), [20, 20, 0, 0, 0]);
    let outside = instance.home().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("21.jpg"), jpeg("21")).unwrap();
    let said = instance.json(["estimate".as_ref(), outside.as_os_str()]);
    assert_eq!((&said["Unknown"], said["Read"].as_u64().unwrap() > 0), (&0.into(), true), "as others before: {said}");

    for (path, says) in [("deep/1.jpg", "is not a directory"), ("nothing", "there is no directory")] {
        let output = instance.metactl(["estimate".as_ref(), instance.path(path).as_os_str()]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(says), "{path}: {text}");
    }
}
