//! `metaextractd extract` as a person runs it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
    process::{Command, Output, Stdio},
};

fn extract(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaextractd"));
    command.current_dir(dir).arg("extract");
    command
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn lines_come_in_the_order_of_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..300).map(|number| format!("{number}.txt")).collect();
    for (number, name) in names.iter().enumerate() {
        fs::write(dir.path().join(name), "x".repeat(number * 37)).unwrap();
    }
    let output = extract(dir.path()).args(&names).output().unwrap();
    assert!(output.status.success());
    let lines = lines(&output);
    assert_eq!(lines.len(), names.len());
    for (line, name) in lines.iter().zip(&names) {
        assert!(line.starts_with(&format!("{{\"SourceFile\":\"{name}\"")), "{line}");
    }
}

#[test]
fn what_cannot_be_read_has_its_line_too() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file.txt"), "plain").unwrap();
    fs::create_dir(dir.path().join("dir")).unwrap();
    symlink("file.txt", dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    let output = extract(dir.path()).args(["missing", "dir", "/dev/null", "link", "dangling"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let directory = "it is a directory; for all files in it: find DIR -type f -print0 | metaextractd extract -";
    let error = |path: &str, text: &str, code: &str| {
        format!("{{\"SourceFile\":\"{path}\",\"Error\":\"{text}\",\"ErrorCode\":\"{code}\"}}")
    };
    let lines = lines(&output);
    assert_eq!(lines[0], error("missing", "there is no such file", "no-such-file"));
    assert_eq!(lines[1], error("dir", directory, "failed"));
    assert_eq!(lines[2], error("/dev/null", "it is not a regular file", "failed"));
    assert!(lines[3].starts_with("{\"SourceFile\":\"link\"") && !lines[3].contains("Error"), "{}", lines[3]);
    assert_eq!(lines[4], error("dangling", "there is no such file", "no-such-file"));
}

#[test]
fn paths_from_standard_input_may_be_any_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let names: [&[u8]; 3] = [b"two\nlines", b"not utf-8 \xff", b"-"];
    let mut child = (extract(dir.path()).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for name in names {
        fs::write(dir.path().join(OsStr::from_bytes(name)), "plain").unwrap();
        stdin.write_all(&[name, b"\0"].concat()).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = lines(&output);
    assert!(lines[0].starts_with(r#"{"SourceFile":"two\nlines""#), "{}", lines[0]);
    assert!(lines[1].starts_with("{\"SourceFile\":\"not utf-8 \u{fffd}\",\"SourceFileBase64\":\"bm90IHV0Zi04IP8=\""));
    assert!(lines[2].starts_with(r#"{"SourceFile":"-""#));
}

#[test]
fn lines_instead_of_nul_are_pointed_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = (extract(dir.path()).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()).unwrap();
    child.stdin.take().unwrap().write_all(b"a.txt\nb.txt\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(lines(&output)[0].contains("separated by NUL: find DIR -type f -print0"));
}

#[test]
fn records_stream_while_paths_still_come_and_a_closed_pipe_is_the_end() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file.txt"), "plain").unwrap();
    let mut child = (extract(dir.path()).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdin.write_all(b"file.txt\0").unwrap();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"SourceFile\":\"file.txt\""));
    drop(stdout);
    // It may end before it has taken all of it.
    _ = stdin.write_all(&b"file.txt\0".repeat(10_000));
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn mistakes_on_the_command_line_are_usage_errors() {
    let dir = tempfile::tempdir().unwrap();
    let output = extract(dir.path()).arg("--jsn").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--jsn"));
}
