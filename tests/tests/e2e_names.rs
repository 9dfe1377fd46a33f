//! Odd names and things that are no regular files: a real daemon, a private bus, a real mount.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tests::{
    agree::{equals_a_fresh_crawl, everything_agrees},
    instance::Instance,
    samples::jpeg,
};

#[test]
fn names_are_bytes() {
    let instance = Instance::watching(|_| ());
    let long = [&[b'x'; 251][..], b".jpg"].concat();
    let names: [&[u8]; 7] =
        [b"new\nline.jpg", b"\xff\xfe.jpg", b"100% ~tab\t.jpg", b"-rf.jpg", b"\xf0\x9f\x93\xb7.jpg", b" .jpg", &long];
    let dir = instance.path(OsStr::from_bytes(b"d\xe9p\nr\xc3\xa9sent\xc3"));
    fs::create_dir(&dir).unwrap();
    let mut paths = Vec::new();
    for (n, name) in names.iter().enumerate() {
        for dir in [instance.root(), dir.clone()] {
            paths.push(instance.put(dir.join(OsStr::from_bytes(name)), jpeg(&format!("odd {n}"))));
        }
    }
    instance.until_files("Indexed", paths.len());
    everything_agrees(&instance, &paths);
    equals_a_fresh_crawl(&instance);
    for (n, path) in paths.iter().enumerate() {
        assert_eq!(instance.tag(path, "File:Comment"), Some(format!("odd {}", n / 2)));
        assert_eq!(instance.json([OsStr::new("why"), path.as_os_str()])["State"], "indexed");
    }
    fs::remove_dir_all(&dir).unwrap();
    instance.until_gone(&dir);
    equals_a_fresh_crawl(&instance);
}

#[test]
fn only_regular_files_are_indexed() {
    let instance = Instance::watching(|root| {
        fs::create_dir(root.join("d")).unwrap();
        fs::write(root.join("d/a.jpg"), jpeg("real")).unwrap();
        symlink("..", root.join("d/up")).unwrap();
        symlink("round", root.join("round")).unwrap();
        symlink("d/a.jpg", root.join("link.jpg")).unwrap();
        symlink("/etc", root.join("etc")).unwrap();
    });
    let fifo = instance.path("d/fifo.jpg");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let _socket = UnixListener::bind(instance.path("d/socket.jpg")).unwrap();
    let link = instance.path("late.jpg");
    symlink("d/a.jpg", &link).unwrap();
    let last = instance.put("z.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    instance.ctl(["rescan"]);
    equals_a_fresh_crawl(&instance);
    assert_eq!(instance.status()["Files"]["Indexed"].to_string(), "2");
    for (path, code) in [(&fifo, "no-such-file"), (&link, "excluded")] {
        let shown = instance.show(path);
        assert!(shown["ErrorCode"] == code || shown["ErrorCode"] == "excluded", "{shown}");
        assert!(fs::symlink_metadata(instance.view(path)).is_err());
    }
    // A file that becomes something else is forgotten, and the other way round.
    fs::remove_file(&last).unwrap();
    mknodat(CWD, &last, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    instance.until_gone(&last);
    fs::remove_file(&fifo).unwrap();
    instance.put("d/fifo.jpg", jpeg("a file now"));
    instance.until_comment(&fifo, "a file now");
    // A directory where a file was, and a file where a directory was.
    fs::remove_file(&last).unwrap();
    let inner = instance.put("z.jpg/inner.jpg", jpeg("inner"));
    instance.until_comment(&inner, "inner");
    fs::remove_dir_all(&last).unwrap();
    instance.put("z.jpg", jpeg("file again"));
    instance.until_comment(&last, "file again");
    equals_a_fresh_crawl(&instance);
}

#[test]
fn what_may_not_be_read_says_so_and_is_read_when_it_may() {
    let instance = Instance::watching(|root| {
        fs::create_dir(root.join("closed")).unwrap();
        fs::write(root.join("closed/inner.jpg"), jpeg("inner")).unwrap();
        fs::write(root.join("secret.jpg"), jpeg("secret")).unwrap();
        fs::write(root.join("open.jpg"), jpeg("open")).unwrap();
        fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(root.join("secret.jpg"), fs::Permissions::from_mode(0o000)).unwrap();
    });
    let (secret, closed) = (instance.path("secret.jpg"), instance.path("closed"));
    assert_eq!(instance.tag(&instance.path("open.jpg"), "File:Comment").as_deref(), Some("open"));
    let shown = instance.show(&secret);
    assert_eq!(shown["ErrorCode"], "failed", "{shown}");
    assert!(shown["Error"].as_str().unwrap().contains("ermission denied"), "{shown}");
    let why = instance.json([OsStr::new("why"), secret.as_os_str()]);
    assert_eq!((&why["State"], &why["Held"]["Reason"]), (&"failed".into(), &"permission-denied".into()), "{why}");
    let failed = instance.json(["failed"]);
    assert_eq!(failed[0]["Path"], secret.to_str().unwrap());
    let status = instance.status();
    let degraded = status["Degraded"].as_array().unwrap();
    let unreadable = degraded.iter().find(|state| state["Id"] == "unreadable-directory").expect("it is said");
    assert!(unreadable["Text"].as_str().unwrap().contains(closed.to_str().unwrap()), "{unreadable}");
    instance.log().line(&["cannot look at a directory", closed.to_str().unwrap()]);

    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    instance.until_comment(&secret, "secret");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    instance.until_comment(&closed.join("inner.jpg"), "inner");
    let late = instance.put("closed/late.jpg", jpeg("late"));
    instance.until_comment(&late, "late");
    instance
        .until("nothing is degraded", || instance.status()["Degraded"].as_array().unwrap().is_empty().then_some(()));
    // And closed again: what was known is not shown to those who could not look.
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    instance.until_gone(&late);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    instance.until_comment(&late, "late");
    equals_a_fresh_crawl(&instance);
}
