//! That everything that shows a record shows the same: `metaextractd extract`, metactl, `record.json`, the tag files.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Map, Value};

use crate::{instance::Instance, process::program, samples::files_below};

/// Every regular file below the instance's root is indexed as a fresh extraction has it, and nothing else is.
pub fn equals_a_fresh_crawl(instance: &Instance) {
    let files = files_below(&instance.root());
    let shown = shown(instance, &files);
    let fresh = extracted(instance, &files);
    for (n, file) in files.iter().enumerate() {
        assert_eq!(shown.get(n), fresh.get(n), "{}", file.display());
    }
    assert_eq!((shown.len(), fresh.len()), (files.len(), files.len()));
    let known = instance.status()["Files"]["Known"].as_u64().unwrap();
    assert_eq!(known, files.len() as u64, "files in the index and below the root");
}

/// For each file: the line of `metaextractd extract`, the element of `metactl show`, `record.json` but for
/// `SourceFile`, and the tag files say the same.
pub fn everything_agrees(instance: &Instance, files: &[PathBuf]) {
    let (shown, fresh) = (shown(instance, files), extracted(instance, files));
    assert_eq!((shown.len(), fresh.len()), (files.len(), files.len()));
    for ((file, shown), fresh) in files.iter().zip(shown).zip(fresh) {
        assert_eq!(shown, fresh, "metactl show and metaextractd extract of {}", file.display());
        let view = instance.view(file);
        let record = fs::read_to_string(view.join("record.json")).unwrap();
        assert_eq!(record.trim_end(), without_source_file(&shown), "record.json of {}", file.display());
        assert_eq!(fs::read_link(view.join("source")).unwrap(), *file);
        tag_files_agree(&view, serde_json::from_str(&shown).unwrap());
    }
}

/// What metactl shows, an element each, as printed.
fn shown(instance: &Instance, files: &[PathBuf]) -> Vec<String> {
    let mut command = Command::new(program("metactl"));
    let text = with_paths(instance, command.args(["show", "--json", "-"]), files);
    let elements = text.trim_end().strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap();
    elements.split(",\n").filter(|line| !line.is_empty()).map(String::from).collect()
}

/// What a fresh extraction says, a line each.
fn extracted(instance: &Instance, files: &[PathBuf]) -> Vec<String> {
    let mut command = Command::new(program("metaextractd"));
    with_paths(instance, command.args(["extract", "--json", "-"]), files).lines().map(String::from).collect()
}

/// The output of a command that takes paths on standard input.
fn with_paths(instance: &Instance, command: &mut Command, files: &[PathBuf]) -> String {
    instance.surround(command);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let paths: Vec<u8> = files.iter().flat_map(|file| [file.as_os_str().as_bytes(), b"\0"].concat()).collect();
    let writer = std::thread::spawn(move || stdin.write_all(&paths));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The same object less its first member or two.
fn without_source_file(line: &str) -> String {
    let mut object: Map<String, Value> = serde_json::from_str(line).unwrap();
    let mut rest = line.to_owned();
    for key in ["SourceFile", "SourceFileBase64"] {
        if let Some(value) = object.shift_remove(key) {
            let member = format!("\"{key}\":{value}");
            assert!(rest[1..].starts_with(&member), "{line}");
            rest = format!("{{{}", rest[1 + member.len()..].trim_start_matches(','));
        }
    }
    rest
}

/// Each tag is a file with its value, and each file is a tag.
fn tag_files_agree(view: &Path, mut record: Map<String, Value>) {
    for key in ["SourceFile", "SourceFileBase64", "Warning", "Error", "ErrorCode"] {
        record.shift_remove(key);
    }
    let mut files = BTreeSet::new();
    for group in fs::read_dir(view).unwrap().map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_dir()) {
        for tag in fs::read_dir(group.path()).unwrap().map(Result::unwrap) {
            files.insert(format!("{}:{}", group.file_name().to_str().unwrap(), tag.file_name().to_str().unwrap()));
        }
    }
    for (tag, value) in &record {
        let (group, name) = tag.split_once(':').unwrap();
        let text = fs::read_to_string(view.join(group).join(name)).unwrap_or_else(|error| panic!("{tag}: {error}"));
        let text = text.strip_suffix('\n').unwrap();
        match value {
            Value::String(value) => assert_eq!(text, value, "{tag}"),
            Value::Bool(value) => assert_eq!(text.to_lowercase(), value.to_string(), "{tag}"),
            Value::Array(items) => assert_eq!(text, items.iter().map(item).collect::<Vec<_>>().join("\n"), "{tag}"),
            other => assert_eq!(text, other.to_string(), "{tag}"),
        }
        assert!(files.remove(tag), "{tag} has a file that is not listed");
    }
    // The others repeat a tag that JSON has once.
    assert!(files.iter().all(|name| name.contains('~')), "files without a tag: {files:?}");
}

/// An item of a list as its line in the tag file.
fn item(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
