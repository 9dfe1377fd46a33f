//! `metactl estimate DIR`: what reading a directory would take.

use std::ffi::OsString;

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    json,
    output::{Output, Style, count, number, size, span, table, visible},
    paths,
    proxy::{ESTIMATE, Options},
};

/// Say how long reading a directory would take, watched or not; no file is read for it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(value_name = "DIR")]
    dir: OsString,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let path = paths::one(&args.dir)?;
    let shown = visible(&String::from_utf8_lossy(&path));
    let report = json::object(&session.daemon.call_patiently(ESTIMATE, (path, Options::new())).await?);
    if session.out.json {
        session.out.value(&report)?;
    } else {
        for line in lines(&session.out, &shown, &report) {
            session.out.line(&line)?;
        }
    }
    Ok(Exit::Done)
}

fn lines(out: &Output, dir: &str, report: &Value) -> Vec<String> {
    let figure = |key: &str| report[key].as_u64().unwrap_or_default();
    let (files, current, unknown) = (figure("Files"), figure("Current"), figure("Unknown"));
    let seconds = |key: &str| span(figure(key).saturating_mul(1_000_000));
    let time = match figure("LeftHigh") {
        0 => "nothing to read".to_owned(),
        _ => format!("{} to {}", seconds("LeftLow"), seconds("LeftHigh")),
    };
    let title = format!("{}: {}", out.paint(Style::Bold, dir), out.paint(Style::Good, &time));
    let mut rows = vec![vec!["files".to_owned(), format!("{}, {}", count(files, "file"), size(figure("Bytes")))]];
    let mut row = |name: &str, text: String| rows.push(vec![name.to_owned(), text]);
    if current > 0 {
        row("current", format!("{} are in the index as they are", number(current)));
    }
    if files > current + unknown {
        row("to read", format!("{} of {}", size(figure("Read")), count(files - current - unknown, "file")));
    }
    if unknown > 0 {
        row("guessed", format!("{}: nothing like them has been read before", count(unknown, "file")));
    }
    if figure("Unreadable") > 0 {
        row("not seen", format!("{} that cannot be looked at", directories(figure("Unreadable"))));
    }
    std::iter::once(title).chain(table(&rows).into_iter().map(|line| format!("  {line}"))).collect()
}

fn directories(n: u64) -> String {
    if n == 1 { "1 directory".into() } else { format!("{} directories", number(n)) }
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn what_it_would_take() {
        let lines = super::lines(&golden::out(), "/home/anna/Pictures", &golden::json("estimate.json"));
        golden::expect("estimate.txt", &lines);
    }
}
