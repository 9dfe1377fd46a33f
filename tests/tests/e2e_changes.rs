//! Files change below a watched directory, and their metadata is readable everywhere: a real daemon, a private bus, a
//! real mount.

use std::{
    fs::{self, OpenOptions},
    io::Write,
};

use tests::{
    agree::{equals_a_fresh_crawl, everything_agrees},
    instance::Instance,
    samples::{copy, files_below, golden, jpeg},
};

#[test]
fn records_are_the_same_everywhere() {
    let formats = ["jpeg", "tiff", "png", "mp3", "flac", "pdf", "txt"];
    let instance = Instance::watching(|root| formats.iter().for_each(|f| copy(&golden(&[f]), &root.join(f))));
    everything_agrees(&instance, &files_below(&instance.root()));
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_file_is_created_written_again_and_deleted() {
    let instance = Instance::watching(|_| ());
    let path = instance.put("a.jpg", jpeg("first"));
    instance.until_comment(&path, "first");
    let held_open = fs::read_to_string(instance.view(&path).join("record.json")).unwrap();
    assert!(held_open.contains("first"));
    // In place: the same inode, the same length.
    OpenOptions::new().write(true).open(&path).unwrap().write_all(&jpeg("again")).unwrap();
    instance.until_comment(&path, "again");
    everything_agrees(&instance, std::slice::from_ref(&path));
    fs::remove_file(&path).unwrap();
    instance.until_gone(&path);
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_file_is_replaced_atomically() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("old")).unwrap());
    let path = instance.path("a.jpg");
    let id = instance.json(["why", path.to_str().unwrap()])["Held"]["Id"].clone();
    let new = instance.put("a.jpg.tmp", jpeg("new"));
    fs::rename(new, &path).unwrap();
    instance.until_comment(&path, "new");
    assert_eq!(instance.json(["why", path.to_str().unwrap()])["Held"]["Id"], id, "the place keeps its number");
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_renamed_file_keeps_its_record() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("kept")).unwrap());
    let (old, new) = (instance.path("a.jpg"), instance.path("b.jpg"));
    let before = instance.json(["why", old.to_str().unwrap()]);
    fs::rename(&old, &new).unwrap();
    instance.until_comment(&new, "kept");
    instance.until_gone(&old);
    let after = instance.json(["why", new.to_str().unwrap()]);
    assert_eq!(after["Held"], before["Held"], "nothing was read again");
    everything_agrees(&instance, &[new]);
}

#[test]
fn a_directory_is_moved_within_in_and_out() {
    let instance = Instance::watching(|root| {
        fs::create_dir_all(root.join("d/e")).unwrap();
        fs::write(root.join("d/e/a.jpg"), jpeg("deep")).unwrap();
    });
    let held = |path: &std::path::Path| instance.json(["why", path.to_str().unwrap()])["Held"].clone();
    let (old, new) = (instance.path("d/e/a.jpg"), instance.path("f/e/a.jpg"));
    let before = held(&old);
    fs::rename(instance.path("d"), instance.path("f")).unwrap();
    instance.until_comment(&new, "deep");
    instance.until_gone(&instance.path("d"));
    assert_eq!(held(&new), before, "nothing was read again");
    // What is moved is watched at its new place.
    let late = instance.put("f/e/late.jpg", jpeg("late"));
    instance.until_comment(&late, "late");

    let outside = instance.home().join("outside");
    fs::rename(instance.path("f"), &outside).unwrap();
    instance.until_gone(&instance.path("f"));
    instance.until_files("Known", 0);

    fs::rename(&outside, instance.path("g")).unwrap();
    instance.until_comment(&instance.path("g/e/a.jpg"), "deep");
    let later = instance.put("g/e/later.jpg", jpeg("later"));
    instance.until_comment(&later, "later");
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_change_through_one_hard_link_shows_through_the_other() {
    let instance = Instance::watching(|root| {
        fs::create_dir(root.join("d")).unwrap();
        fs::write(root.join("a.jpg"), jpeg("one")).unwrap();
        fs::hard_link(root.join("a.jpg"), root.join("d/b.jpg")).unwrap();
    });
    let (a, b) = (instance.path("a.jpg"), instance.path("d/b.jpg"));
    instance.until_comment(&b, "one");
    OpenOptions::new().write(true).open(&a).unwrap().write_all(&jpeg("two")).unwrap();
    instance.until_comment(&a, "two");
    instance.until_comment(&b, "two");
    let c = instance.path("c.jpg");
    fs::hard_link(&a, &c).unwrap();
    instance.until_comment(&c, "two");
    fs::remove_file(&a).unwrap();
    instance.until_gone(&a);
    everything_agrees(&instance, &[b, c]);
    equals_a_fresh_crawl(&instance);
}

#[test]
fn a_burst_of_two_thousand_files_is_read_whole() {
    let instance = Instance::watching(|_| ());
    for n in 0..2_000 {
        instance.put(format!("{}/{n}.jpg", n % 7), jpeg(&format!("burst {n}")));
    }
    instance.until_files("Indexed", 2_000);
    instance.until_comment(&instance.path("3/1998.jpg"), "burst 1998");
    equals_a_fresh_crawl(&instance);
}
