//! `metactl why FILE`: all there is to say of one path.

use std::ffi::OsString;

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    json,
    output::{Output, Style, count, now, size, span, table, visible, when},
    paths,
    proxy::{Options, WHY},
};

/// Explain a file: indexed or not, by which rule, what it cost, what failed, what happens next
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_name = "FILE")]
    file: OsString,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let path = paths::one(&args.file)?;
    let report = json::object(&session.daemon.call(WHY, (path, Options::new())).await?);
    let state = report["State"].as_str().unwrap_or_default();
    if session.out.json {
        session.out.value(&report)?;
    } else {
        for line in lines(&session.out, &report, now()) {
            session.out.line(&line)?;
        }
    }
    Ok(match state {
        "no-such-file" => Exit::Failed,
        _ => Exit::Done,
    })
}

fn lines(out: &Output, report: &Value, now: u64) -> Vec<String> {
    let state = text(&report["State"]);
    let style = match state.as_str() {
        "indexed" | "directory" => Style::Good,
        "failed" | "no-such-file" => Style::Bad,
        _ => Style::Warn,
    };
    let title = format!("{}: {}", out.paint(Style::Bold, &text(&report["Path"])), out.paint(style, &state));
    let rows = table(&rows(report, now)).into_iter().map(|line| format!("  {line}"));
    std::iter::once(title).chain(rows).collect()
}

fn rows(report: &Value, now: u64) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = |name: &str, text: String| rows.push(vec![name.to_owned(), text]);
    row("rule", text(&report["Rule"]));
    if let Value::Object(_) = report["Held"] {
        let held = &report["Held"];
        if let Some(reason) = held["Reason"].as_str() {
            let sentence = text(&held["Text"]);
            let known = sentence.starts_with(reason);
            row("reason", if known { sentence } else { format!("{}: {sentence}", visible(reason)) });
        }
        row("format", format_name(held));
        if let Some(time) = held["Committed"].as_u64().filter(|time| *time > 0) {
            let cost = |key: &str| held[key].as_u64().unwrap_or_default();
            row("indexed", format!("{}, {}", when(time, now), count(cost("Tags"), "tag")));
            let (wall, cpu, read) = (span(cost("Wall")), span(cost("CPU")), size(cost("Read")));
            row("cost", format!("{wall} ({cpu} of CPU), {read} read"));
        }
        if let Some(attempts) = held["Attempts"].as_u64().filter(|attempts| *attempts > 0) {
            row("attempts", format!("a worker failed {} in a row", count(attempts, "time")));
        }
    }
    if let Value::Object(_) = report["Now"] {
        let file = &report["Now"];
        let modified = when(file["Modified"].as_u64().unwrap_or_default(), now);
        let current = match file["Current"] == true {
            true => "; the index is up to date",
            false => "; the index does not have this content",
        };
        row("file", format!("{}, modified {modified}{current}", size(file["Size"].as_u64().unwrap_or_default())));
    }
    let at = report["NextAt"].as_u64().map_or(String::new(), |time| format!(" ({})", when(time, now)));
    row("next", format!("{}{at}", text(&report["Next"])));
    rows
}

fn format_name(held: &Value) -> String {
    let (format, mime) = (text(&held["Format"]), text(&held["MIMEType"]));
    match format.is_empty() {
        true => format!("no reader; {mime}"),
        false => format!("{format}; {mime}"),
    }
}

fn text(value: &Value) -> String {
    visible(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn all_there_is_to_say() {
        golden::expect("why.txt", &super::lines(&golden::out(), &golden::json("why.json"), golden::NOW));
    }
}
