//! `metactl failed`: the files that could not be read, or not to their end, by reason.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    output::{Output, Style, count, now, visible, when},
    proxy::{FAILED, Options},
};

/// List what could not be read, or not to its end
///
/// The files stand below the reason, with what would lift it. All are read again when they change, and when a reader of
/// theirs is another one after an update.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Nothing but the paths, as they are, each ended by a NUL byte: for `xargs -0`, or for a verb with `-`
    #[arg(short = '0', long, conflicts_with = "json")]
    null: bool,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let mut lines = session.daemon.lines(FAILED, (Options::new(),)).await?;
    if session.out.json {
        session.out.array(std::iter::from_fn(|| lines.next().transpose()))?;
        return Ok(Exit::Done);
    }
    if args.null {
        while let Some(line) = lines.next()? {
            session.out.path(&serde_json::from_str(&line).unwrap_or_default())?;
        }
        return Ok(Exit::Done);
    }
    let mut files = Vec::new();
    while let Some(line) = lines.next()? {
        files.push(serde_json::from_str(&line).unwrap_or_default());
    }
    if files.is_empty() {
        session.out.line("nothing has failed")?;
    }
    for line in by_reason(&session.out, files, now()) {
        session.out.line(&line)?;
    }
    Ok(Exit::Done)
}

fn by_reason(out: &Output, files: Vec<Value>, now: u64) -> Vec<String> {
    let mut reasons: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for file in files {
        reasons.entry(file["Reason"].as_str().unwrap_or_default().to_owned()).or_default().push(file);
    }
    let mut lines = Vec::new();
    for (reason, files) in reasons {
        let title = format!("{} ({})", visible(&reason), count(files.len() as u64, "file"));
        let style = if files.iter().any(|file| file["AboutFile"] == false) { Style::Bad } else { Style::Warn };
        lines.push(out.paint(style, &title));
        if let Some(lift) = files[0]["Lift"].as_str() {
            lines.push(format!("what would lift it: {}", visible(lift)));
        }
        for file in files {
            lines.push(format!("  {}", visible(file["Path"].as_str().unwrap_or_default())));
            lines.push(out.paint(Style::Dim, &format!("    {}", sentence(&file, now))));
        }
    }
    lines
}

fn sentence(file: &Value, now: u64) -> String {
    let mut text = visible(file["Text"].as_str().unwrap_or_default());
    if file["State"] == "partial" {
        text.push_str("; what came before is kept");
    }
    if let Some(at) = file["At"].as_u64().filter(|at| *at > 0) {
        text.push_str(&format!("; {}", when(at, now)));
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn failures_below_their_reason() {
        let files = golden::json("failed.json").as_array().unwrap().clone();
        golden::expect("failed.txt", &super::by_reason(&golden::out(), files, golden::NOW));
    }
}
