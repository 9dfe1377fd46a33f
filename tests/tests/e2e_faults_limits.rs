//! A daemon that may open no more, and one whose log nobody reads: it waits, says so, and goes on.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::Command,
    sync::mpsc::channel,
    time::Instant,
};

use tests::{agree::equals_a_fresh_crawl, instance::Instance, process::PATIENCE, samples::jpeg};

/// Lets the daemon open files up to this number; what it has open stays.
fn allow(instance: &Instance, descriptors: usize) {
    let (pid, limit) = (instance.pid().to_string(), format!("--nofile={descriptors}:"));
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
}

/// The lowest number that the daemon's next descriptor can have.
fn next_descriptor(instance: &Instance) -> usize {
    let open = |number: &usize| Path::new(&format!("/proc/{}/fd/{number}", instance.pid())).symlink_metadata().is_ok();
    (0..).find(|number| !open(number)).unwrap()
}

#[test]
fn without_descriptors_everything_waits_and_nothing_is_lost_or_blamed() {
    let instance = Instance::watching(|root| {
        for n in 0..60 {
            fs::create_dir_all(root.join(n.to_string())).unwrap();
            fs::write(root.join(format!("{n}/a.jpg")), jpeg("before")).unwrap();
        }
        fs::write(root.join(".metaignore"), "*.secret.jpg\n").unwrap();
    });
    for spare in [0, 2, 4] {
        allow(&instance, next_descriptor(&instance) + spare);
        for n in 0..60 {
            let dir = instance.path(n.to_string());
            match n % 4 {
                0 => fs::write(dir.join("a.jpg"), jpeg(&format!("with {spare}"))).unwrap(),
                1 => fs::write(dir.join(format!("{spare}.jpg")), jpeg("new")).unwrap(),
                2 => _ = instance.put(format!("{n}/{spare}/deep.jpg"), jpeg("deep")),
                _ => fs::write(dir.join(format!("{spare}.secret.jpg")), jpeg("secret")).unwrap(),
            }
        }
        let said = instance
            .until("it is said", || instance.degraded("out-of-resources").or_else(|| instance.degraded("no-workers")));
        assert!(said.contains("LimitNOFILE=") || said.contains("ulimit"), "{said}");
        assert_eq!(instance.degraded("root-offline"), None);
        assert_eq!(instance.degraded("unreadable-directory"), None);
        allow(&instance, 1024);
        for n in (0..60).step_by(4) {
            instance.until_comment(&instance.path(format!("{n}/a.jpg")), &format!("with {spare}"));
        }
        instance.until("it is over", || {
            let over = ["out-of-resources", "no-workers"].map(|id| instance.degraded(id).is_none());
            (over == [true, true]).then_some(())
        });
        instance.ctl(["wait"]);
    }
    instance.log().line(&["degraded", "out-of-resources", "LimitNOFILE="]);
    // What a rule file leaves out stayed out though it could not be read at times.
    for n in (3..60).step_by(4) {
        (0..6).for_each(|spare| _ = fs::remove_file(instance.path(format!("{n}/{spare}.secret.jpg"))));
    }
    fs::remove_file(instance.path(".metaignore")).unwrap();
    instance.ctl(["rescan"]);
    instance.ctl(["wait"]);
    equals_a_fresh_crawl(&instance);
    let status = instance.status();
    assert_eq!(status["Files"]["Failed"].to_string(), "0", "{status:#}");
    assert_eq!(status["Workers"]["Lost"].to_string(), "0", "{status:#}");
}

#[test]
fn a_log_that_nobody_reads_holds_up_nothing_and_hears_later_what_was_lost() {
    let mut instance = Instance::new();
    instance.set("log.level=debug");
    // Nobody reads from this pipe until it is asked for.
    let pipe = instance.home().join("log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut reader = File::options().read(true).write(true).open(&pipe).unwrap();
    let mut filler = File::options().write(true).custom_flags(libc::O_NONBLOCK).open(&pipe).unwrap();
    while filler.write(&[b'\n'; 4096]).is_ok() {}
    let into = format!("exec \"$@\" 2>{}", pipe.display());
    instance.start_daemon(&["sh", "-c", &into, "sh"]);
    let files: Vec<_> = (0..50).map(|n| instance.put(format!("{n}.jpg"), jpeg("read"))).collect();
    instance.watch(&instance.root());
    let said = instance.until("it is said", || instance.degraded("log-stuck"));
    assert!(said.contains("systemd-journald"), "{said}");
    let last = instance.put("last.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    instance.until_files("Indexed", files.len() + 1);
    // Somebody does.
    let (tell, heard) = channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let mut space = [0; 4096];
        while let Ok(len) = reader.read(&mut space)
            && !String::from_utf8_lossy(&text).contains("no longer degraded state=\"log-stuck\"\n")
        {
            text.extend_from_slice(&space[..len]);
        }
        _ = tell.send(String::from_utf8_lossy(&text).into_owned());
    });
    let until = Instant::now() + PATIENCE;
    while instance.degraded("log-stuck").is_some() {
        assert!(Instant::now() < until, "it is not over");
    }
    let text = heard.recv_timeout(PATIENCE).unwrap();
    assert!(text.contains("lines of the log were dropped lines="), "{text}");
    assert!(text.contains("no longer degraded state=\"log-stuck\""), "{text}");
}
