//! `metactl show FILE…`: the records.

use std::ffi::OsString;

use serde_json::{Map, Value};

use crate::{
    Session,
    error::{Error, Exit},
    output::{Output, Style, note, visible},
    paths,
    proxy::{Options, SHOW},
};

/// Show the metadata of files
///
/// On a terminal grouped and aligned; elsewhere one tag a line, as Group:Tag, a tab and the value, with the file's
/// path and a tab before it where there are several.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
    /// Values as stored, not as printed: 0.004 instead of 1/250
    #[arg(long)]
    raw: bool,
    /// Only these tags: Make, IFD0:Make, XMP-*:*; may be given more than once
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let files = paths::all(&args.files)?.unwrap_or_default();
    if session.out.json && files.is_empty() {
        session.out.raw(b"[")?;
    }
    let mut failed = false;
    let mut elements = 0_u64;
    for call in paths::calls(&files).into_iter().filter(|call| !call.is_empty()) {
        let mut lines = session.daemon.lines(SHOW, (call.to_vec(), args.options())).await?;
        while let Some(line) = lines.next()? {
            let record: Map<String, Value> = serde_json::from_str(&line).unwrap_or_default();
            failed |= record.contains_key("ErrorCode");
            match session.out.json {
                true => element(&session.out, &line, elements)?,
                false => for_people(&session.out, &record, files.len() > 1, elements)?,
            }
            elements += 1;
        }
    }
    if session.out.json {
        session.out.raw(b"]\n")?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

impl Arguments {
    fn options(&self) -> Options {
        let mut options = Options::new();
        if self.raw {
            options.insert("raw", true.into());
        }
        if !self.tags.is_empty() {
            options.insert("tags", self.tags.clone().into());
        }
        options
    }
}

/// An element of the array as it came, one a line.
fn element(out: &Output, line: &str, before: u64) -> Result<(), Error> {
    out.raw(if before == 0 { b"[" } else { b",\n" })?;
    out.raw(line.as_bytes())
}

fn for_people(out: &Output, record: &Map<String, Value>, several: bool, before: u64) -> Result<(), Error> {
    let path = record.get("SourceFile").and_then(Value::as_str).unwrap_or_default();
    if let Some(error) = record.get("Error").filter(|_| record.contains_key("ErrorCode")) {
        out.flush()?;
        note(&format!("metactl: {}: {}", visible(path), visible(&text(error))));
        return Ok(());
    }
    let tags = record.iter().filter(|(key, _)| !matches!(key.as_str(), "SourceFile" | "SourceFileBase64"));
    let tags: Vec<(&str, &str, String)> = tags
        .map(|(key, value)| {
            let (group, name) = key.split_once(':').unwrap_or(("", key));
            (group, name, text(value))
        })
        .collect();
    if tags.is_empty() {
        out.flush()?;
        note(&format!("metactl: {}: it has no tags, or none of those asked for; see metactl why", visible(path)));
    }
    match out.terminal {
        true => grouped(out, path, &tags, before),
        false => plain(out, several.then_some(path), &tags),
    }
}

/// Tags below their group's name, aligned over the whole record.
fn grouped(out: &Output, path: &str, tags: &[(&str, &str, String)], before: u64) -> Result<(), Error> {
    if before > 0 {
        out.line("")?;
    }
    out.line(&out.paint(Style::Bold, &visible(path)))?;
    let width = tags.iter().map(|(_, name, _)| visible(name).chars().count()).max().unwrap_or(0).min(32);
    let mut groups: Vec<&str> = Vec::new();
    for (group, ..) in tags {
        if !groups.contains(group) {
            groups.push(group);
        }
    }
    for group in groups {
        out.line(&out.paint(Style::Dim, &format!("  {}", visible(group))))?;
        for (_, name, value) in tags.iter().filter(|(of, ..)| *of == group) {
            out.line(&format!("    {:width$}  {}", visible(name), wrapped(value, out.width(), width + 6)))?;
        }
    }
    Ok(())
}

/// A value, its further lines set below its first.
fn wrapped(value: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    let mut lines = Vec::new();
    for line in value.lines() {
        let characters: Vec<char> = visible(line).chars().collect();
        lines.extend(characters.chunks(room).map(|part| part.iter().collect::<String>()));
    }
    lines.join(&format!("\n{:indent$}", ""))
}

/// For other programs: one tag a line.
fn plain(out: &Output, path: Option<&str>, tags: &[(&str, &str, String)]) -> Result<(), Error> {
    let path = path.map(|path| format!("{}\t", escaped(path))).unwrap_or_default();
    for (group, name, value) in tags {
        let group = if group.is_empty() { String::new() } else { format!("{}:", escaped(group)) };
        out.line(&format!("{path}{group}{}\t{}", escaped(name), escaped(value)))?;
    }
    Ok(())
}

/// As in the view's `tags.txt`: a line stays a line, a column a column.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\r', "\\r").replace('\n', "\\n")
}

/// A value as text: lists joined, structures as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_go_on_below_their_first_line() {
        assert_eq!(wrapped("abc", 80, 10), "abc");
        assert_eq!(wrapped(&"x".repeat(25), 24, 4), format!("{}\n    {}", "x".repeat(20), "x".repeat(5)));
        assert_eq!(wrapped("a\nb", 80, 2), "a\n  b");
    }

    #[test]
    fn columns_and_lines_stay_what_they_are() {
        assert_eq!(escaped("a\tb\\\nc"), "a\\tb\\\\\\nc");
    }
}
