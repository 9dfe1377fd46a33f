//! `metactl formats`: what can be read, and how the readers do.

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    output::{Style, now, number, span, table, visible, when},
    proxy::{FORMATS, Options},
};

const HEAD: [&str; 9] =
    ["FORMAT", "VERSION", "READ", "PARTIAL", "FAILED", "MEDIAN", "TREND", "LAST TROUBLE", "EXTENSIONS AND MEDIA TYPES"];

/// List the formats that are read, with what was read of each, how long it takes and what went wrong last
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(session: &Session, _: &Arguments) -> Result<Exit, Error> {
    let mut lines = session.daemon.lines(FORMATS, (Options::new(),)).await?;
    if session.out.json {
        session.out.array(std::iter::from_fn(|| lines.next().transpose()))?;
        return Ok(Exit::Done);
    }
    let (mut rows, now) = (vec![HEAD.map(Into::into).to_vec()], now());
    while let Some(line) = lines.next()? {
        rows.push(row(&serde_json::from_str(&line).unwrap_or_default(), now));
    }
    for (index, line) in table(&rows).iter().enumerate() {
        match index {
            0 => session.out.line(&session.out.paint(Style::Bold, line))?,
            _ => session.out.line(line)?,
        }
    }
    Ok(Exit::Done)
}

fn row(format: &Value, now: u64) -> Vec<String> {
    let text = |key: &str| visible(format[key].as_str().unwrap_or_default());
    let count = |key: &str| number(format[key].as_u64().unwrap_or_default());
    let list = |key: &str| {
        let items = format[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        visible(&items.collect::<Vec<_>>().join(" "))
    };
    let last = &format["Last"][0];
    let last = last["Reason"].as_str().map(|why| format!("{}, {}", visible(why), when(last["At"].as_u64().unwrap_or(0), now)));
    vec![
        text("Name"),
        format["Version"].to_string(),
        count("Read"),
        count("Partial"),
        count("Failed"),
        format["Median"].as_u64().map(span).unwrap_or_default(),
        text("Trend"),
        last.unwrap_or_default(),
        format!("{}; {}", list("Extensions"), list("MIMETypes")),
    ]
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn formats_and_how_their_readers_do() {
        let formats = golden::json("formats.json");
        let rows = formats.as_array().unwrap().iter().map(|format| super::row(format, golden::NOW));
        let rows: Vec<_> = std::iter::once(super::HEAD.map(Into::into).to_vec()).chain(rows).collect();
        golden::expect("formats-done.txt", &crate::output::table(&rows));
    }
}
