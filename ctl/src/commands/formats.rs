//! `metactl formats`: what can be read, and how the readers do.

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    output::{Style, number, span, table, visible},
    proxy::{FORMATS, Options},
};

const HEAD: [&str; 9] =
    ["FORMAT", "VERSION", "READ", "PARTIAL", "FAILED", "MEDIAN", "TREND", "LAST TROUBLE", "EXTENSIONS AND MEDIA TYPES"];

/// List the formats that are read, and how their readers do
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(session: &Session, _: &Arguments) -> Result<Exit, Error> {
    let mut lines = session.daemon.lines(FORMATS, (Options::new(),)).await?;
    if session.out.json {
        session.out.array(std::iter::from_fn(|| lines.next().transpose()))?;
        return Ok(Exit::Done);
    }
    let mut rows = vec![HEAD.map(Into::into).to_vec()];
    while let Some(line) = lines.next()? {
        rows.push(row(&serde_json::from_str(&line).unwrap_or_default()));
    }
    for (index, line) in table(&rows).iter().enumerate() {
        match index {
            0 => session.out.line(&session.out.paint(Style::Bold, line))?,
            _ => session.out.line(line)?,
        }
    }
    Ok(Exit::Done)
}

/// When something went wrong stands in the JSON alone.
fn row(format: &Value) -> Vec<String> {
    let text = |key: &str| visible(format[key].as_str().unwrap_or_default());
    let count = |key: &str| number(format[key].as_u64().unwrap_or_default());
    let list = |key: &str| {
        let items = format[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        visible(&items.collect::<Vec<_>>().join(" "))
    };
    let last = format["Last"].as_array().into_iter().flatten().filter_map(|last| last["Reason"].as_str());
    let last = visible(&last.collect::<Vec<_>>().join(", "));
    vec![
        text("Name"),
        format["Version"].to_string(),
        count("Read"),
        count("Partial"),
        count("Failed"),
        format["Median"].as_u64().map(span).unwrap_or_default(),
        text("Trend"),
        last,
        format!("{}; {}", list("Extensions"), list("MIMETypes")),
    ]
}
