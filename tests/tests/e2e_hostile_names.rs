//! File names and tags made to attack what shows them: terminals, the log, JSON, D-Bus, the view, completion.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tests::{
    agree::everything_agrees,
    instance::Instance,
    process::program,
    samples::{files_below, jpeg},
};

/// Each attacks something.
const NAMES: [&[u8]; 12] = [
    b"\x1b]0;owned\x07\x1b[2J\x1b[31mred.jpg",
    b"\xc2\x9b31mc1.jpg",
    b"a\n ERROR forged path=\"x\".jpg",
    b"b\r{\"End\":true,\"Count\":0}.jpg",
    b"\n{\"level\":\"error\",\"message\":\"forged\"}.jpg",
    "gpj.\u{202e}exe.jpg".as_bytes(),
    "line\u{2028}paragraph\u{2029}.jpg".as_bytes(),
    b"k\xe4se\xff\xfe.jpg",
    b"$(touch pwned)`touch pwned`;touch pwned #.jpg",
    b"'\"\\\"'&|<>*?[!~%n.jpg",
    b"--help",
    b"%2e%2e%2f~2.jpg",
];

fn hostile(fill: impl FnOnce(&Path)) -> (Instance, Vec<PathBuf>) {
    let mut instance = Instance::new();
    for name in NAMES {
        instance.put(OsStr::from_bytes(name), jpeg("fine"));
        let dir = PathBuf::from(OsStr::from_bytes(name)).with_extension("d");
        instance.put(dir.join(OsStr::from_bytes(name)), b"\xff\xd8\xff\xfe\x00\xff cut short");
    }
    fill(&instance.root());
    instance.set("log.level=trace");
    instance.set("log.format=json");
    instance.start_daemon(&[]);
    instance.watch(&instance.root());
    let files = files_below(&instance.root());
    assert_eq!(files.len(), NAMES.len() * 2);
    (instance, files)
}

/// Nothing in it steers a terminal or hides.
fn is_plain(text: &str) -> bool {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.lines().all(|line| !line.chars().any(|c| c.is_control() || turns(c)))
}

/// What `metactl show` writes on a terminal; to a pipe it writes values as they are, a line each.
fn shown_on_a_terminal(instance: &Instance, path: &Path) -> String {
    let mut command = Command::new("script");
    command.args(["-qec", "\"$PROGRAM\" show -- \"$FILE\"", "/dev/null"]).stdin(Stdio::null());
    instance.surround(&mut command);
    command.env("PROGRAM", program("metactl")).env("FILE", path).env("NO_COLOR", "1").env("TERM", "xterm");
    String::from_utf8(command.output().unwrap().stdout).unwrap().replace("\r\n", "\n")
}

/// The path a JSON object names.
fn path_of(object: &Value, key: &str) -> PathBuf {
    let Some(base64) = object[format!("{key}Base64")].as_str() else { return object[key].as_str().unwrap().into() };
    let mut decoder = Command::new("base64").arg("-d").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    decoder.stdin.take().unwrap().write_all(base64.as_bytes()).unwrap();
    std::ffi::OsString::from_vec(decoder.wait_with_output().unwrap().stdout).into()
}

#[test]
fn names_cannot_steer_the_terminal_nor_forge_lines() {
    let (instance, files) = hostile(|_| ());
    let verbs: [&[&str]; 5] = [&["status"], &["roots"], &["failed"], &["workers"], &["config"]];
    for verb in verbs {
        let text = instance.ctl(verb);
        assert!(is_plain(&text), "{verb:?}: {text:?}");
    }
    // A file takes two lines: its name, and why.
    let failed = instance.ctl(["failed"]);
    assert_eq!(failed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).count(), NAMES.len());
    for file in &files {
        let output = instance.metactl([OsStr::new("why"), OsStr::new("--"), file.as_os_str()]);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!text.is_empty() && is_plain(&text), "{text:?}");
        let text = shown_on_a_terminal(&instance, file);
        assert!(text.contains("FileType") && is_plain(&text), "{text:?}");
    }
    // Nor in errors.
    let missing = instance.path(OsStr::from_bytes(b"no\x1b[31m\nsuch\xff"));
    let output = instance.metactl([OsStr::new("index"), missing.as_os_str()]);
    assert!(is_plain(&String::from_utf8(output.stderr).unwrap()));
}

#[test]
fn names_arrive_whole_in_json_and_from_standard_input() {
    let (instance, files) = hostile(|_| ());
    let mut command = Command::new(program("metactl"));
    command.args(["--json", "show", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    instance.surround(&mut command);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for file in &files {
        stdin.write_all(&[file.as_os_str().as_bytes(), b"\0"].concat()).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let paths: Vec<_> = shown.as_array().unwrap().iter().map(|record| path_of(record, "SourceFile")).collect();
    assert_eq!(paths, files);
    let failed = instance.json(["failed"]);
    let mut failed: Vec<_> = failed.as_array().unwrap().iter().map(|file| path_of(file, "Path")).collect();
    failed.sort();
    let broken: Vec<_> = files.iter().filter(|file| file.parent() != Some(&instance.root())).cloned().collect();
    assert_eq!(failed, broken);
    for file in &files {
        let why = instance.json([OsStr::new("why"), OsStr::new("--"), file.as_os_str()]);
        assert_eq!(path_of(&why, "Path"), *file);
    }
}

#[test]
fn names_cannot_forge_the_log() {
    let (mut instance, files) = hostile(|_| ());
    let missing = instance.path(OsStr::from_bytes(b"k\xe4se\n{}\x1b[31m"));
    fs::create_dir(&missing).unwrap();
    instance.ctl([OsStr::new("rescan"), missing.as_os_str()]);
    instance.ctl([OsStr::new("unwatch"), instance.root().as_os_str()]);
    instance.ctl([OsStr::new("watch"), OsStr::new("--wait"), missing.as_os_str()]);
    let log = instance.stop_daemon();
    let mut watched = Vec::new();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let keys: Vec<_> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["timestamp", "level", "target", "message", "fields"]);
        assert_ne!(line["message"], "forged");
        if line["message"] == "watching a directory" {
            watched.push(path_of(&line["fields"], "path"));
        }
    }
    assert_eq!(watched, [instance.root(), missing]);

    // The same as text.
    let mut instance = Instance::new();
    let files: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_owned()).collect();
    for name in &files {
        instance.put(PathBuf::from("d").join(name), jpeg("fine"));
        fs::create_dir_all(instance.path(name).join("sub")).unwrap();
    }
    instance.set("log.level=trace");
    instance.set("log.format=text");
    instance.start_daemon(&[]);
    for name in files.iter().filter(|name| instance.path(name).is_dir()) {
        instance.watch(&instance.path(name));
    }
    let log = instance.stop_daemon();
    assert!(is_plain(&log), "{log:?}");
    let levels = ["ERROR ", " WARN ", " INFO ", "DEBUG ", "TRACE "];
    assert!(log.lines().all(|line| levels.iter().any(|level| line.starts_with(level))), "{log}");
    assert!(!log.lines().any(|line| line.starts_with(" ERROR forged")), "{log}");
}

#[test]
fn names_and_tags_are_files_of_the_view_and_nothing_else() {
    let comment = "a/../b\x1b[2J\nForged:Tag\tvalue\\ \u{202e}";
    let (instance, files) = hostile(|_| ());
    everything_agrees(
        &instance,
        &files.iter().filter(|file| file.parent() == Some(&instance.root())).cloned().collect::<Vec<_>>(),
    );
    // The view has the very names, and no other.
    let mut shown: Vec<_> =
        fs::read_dir(instance.view(&instance.root())).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let mut real: Vec<_> = fs::read_dir(instance.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    shown.sort();
    real.sort();
    assert_eq!(shown, real);
    // A text chunk of a PNG names its tag itself.
    let file =
        instance.put("tags.png", png(&[("../../etc/passwd", "x"), ("\x1b[31m.", comment), ("record.json", "y")]));
    let jpeg = instance.put("comment.jpg", jpeg(comment));
    instance.until_comment(&jpeg, comment);
    instance.ctl([OsStr::new("index"), file.as_os_str()]);
    for path in [&file, &jpeg] {
        let view = instance.view(path);
        let text = shown_on_a_terminal(&instance, path);
        assert!(text.contains("Forged") && is_plain(&text), "{text:?}");
        for group in fs::read_dir(&view).unwrap().map(|entry| entry.unwrap()) {
            let name = group.file_name().into_string().unwrap();
            assert!(!name.contains(|c: char| c.is_control()), "{name:?}");
            if !group.file_type().unwrap().is_dir() {
                continue;
            }
            for tag in fs::read_dir(group.path()).unwrap() {
                let name = tag.unwrap().file_name().into_string().unwrap();
                assert!(!name.contains(|c: char| c.is_control()) && !name.starts_with('.'), "{name:?}");
            }
        }
        // One line a tag, whatever is in it.
        let tags = fs::read_to_string(view.join("tags.txt")).unwrap();
        assert!(tags.lines().all(|line| line.split_once('\t').is_some_and(|(tag, _)| tag.contains(':'))), "{tags}");
        assert!(!tags.lines().any(|line| line.starts_with("Forged:Tag")), "{tags}");
        assert_eq!(fs::read_link(view.join("source")).unwrap(), *path);
    }
}

/// A PNG of one pixel with these texts.
fn png(texts: &[(&str, &str)]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        let body = [kind, data].concat();
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(&body);
        out.extend(crc(&body).to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    texts.iter().for_each(|(key, text)| chunk(b"tEXt", &[key.as_bytes(), text.as_bytes()].join(&0)));
    chunk(b"IEND", b"");
    out
}

/// The checksum of PNG's annex D.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xedb8_8320 ^ c >> 1 } else { c >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// The completion of bash runs nothing that a name says.
#[test]
fn completion_executes_no_name() {
    let dir = tempfile::tempdir().unwrap();
    for name in NAMES {
        fs::write(dir.path().join(OsStr::from_bytes(name)), "").unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/completions/metactl.bash");
    // As bash itself calls the function: command, word, word before.
    let complete = r#"
        source "$1"
        for verb in show why index watch "" ; do
            for word in "" '$(touch pwned)' '`touch pwned`' "-" ; do
                COMP_WORDS=(metactl $verb "$word"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _metactl metactl "$word" "${COMP_WORDS[COMP_CWORD-1]}"
                [ "$verb$word" != - ] || printf '%s\n' "${COMPREPLY[@]}"
            done
        done"#;
    let output =
        Command::new("bash").args(["-c", complete, "bash"]).arg(script).current_dir(dir.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.lines().any(|line| line == "--json"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!dir.path().join("pwned").exists());
}

/// Nobody else can look into the index or the view.
#[test]
fn index_and_view_are_for_their_owner_alone() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("mine")).unwrap());
    for dir in ["state/metaextract", "state/metaextract/store"] {
        let about = fs::metadata(instance.home().join(dir)).unwrap();
        assert_eq!((about.mode() & 0o077, about.uid()), (0, rustix::process::getuid().as_raw()), "{dir}");
    }
    // The kernel keeps everybody else out of a mount that is not told otherwise.
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mount = mounts.lines().find(|line| line.contains(instance.mount().to_str().unwrap())).unwrap();
    assert!(mount.contains("fuse") && !mount.contains("allow_other"), "{mount}");
}
