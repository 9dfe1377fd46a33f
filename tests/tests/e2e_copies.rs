//! Copies of files: one takes the other's record without being parsed, where the setting says so.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::path::Path;

use tests::{instance::Instance, samples::jpeg};

/// A picture with so many bytes behind it.
fn picture(comment: &str, behind: usize) -> Vec<u8> {
    [jpeg(comment), vec![0; behind]].concat()
}

/// Whether its record is its own: what was read for it, in bytes.
fn read(instance: &Instance, path: &Path) -> u64 {
    let why = instance.json(["why".as_ref(), path.as_os_str()]);
    why["Held"]["Read"].as_u64().unwrap()
}

fn record(instance: &Instance, path: &Path) -> serde_json::Value {
    let mut record = instance.show(path);
    record.as_object_mut().unwrap().remove("SourceFile");
    record
}

#[test]
fn a_copy_takes_the_record_without_being_parsed() {
    let mut instance = Instance::start_with(&["dedupe=true"]);
    for behind in [0, 200_000] {
        let bytes = picture("one and the same", behind);
        let first = instance.put(format!("first-{behind}.jpg"), &bytes);
        if behind == 0 {
            instance.watch(&instance.root());
        }
        instance.until_comment(&first, "one and the same");
        assert!(read(&instance, &first) > 0);

        let copy = instance.put(format!("copy-{behind}.JPG"), &bytes);
        instance.until_comment(&copy, "one and the same");
        assert_eq!(read(&instance, &copy), 0, "{behind}");
        assert_eq!(record(&instance, &copy), record(&instance, &first));

        let mut other = picture("one and the sane", behind);
        if behind > 0 {
            other = bytes.clone();
            // In none of the places that a sample is taken from.
            other[50_000] = 1;
        }
        let other = instance.put(format!("other-{behind}.jpg"), &other);
        instance.until(&format!("the other file is read, {behind}"), || {
            let why = instance.json(["why".as_ref(), other.as_os_str()]);
            (why["State"] == "indexed" || why["State"] == "partial").then_some(())
        });
        assert!(read(&instance, &other) > 0, "{behind}: it differs");
    }
    instance.stop_daemon();
    instance.start_daemon(&[]);
    let again = instance.put("again.jpg", picture("one and the same", 200_000));
    instance.until_comment(&again, "one and the same");
    // What is indexed is told to the loop as it starts: the first file after that may come too soon.
    instance.ctl(["wait"]);
    let last = instance.put("last.jpg", picture("one and the same", 200_000));
    instance.until_comment(&last, "one and the same");
    assert_eq!(read(&instance, &last), 0);
}
