//! `metactl formats`: what can be read.

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    output::{Style, table, visible},
    proxy::{FORMATS, Options},
};

/// List the formats that are read
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(session: &Session, _: &Arguments) -> Result<Exit, Error> {
    let mut lines = session.daemon.lines(FORMATS, (Options::new(),)).await?;
    if session.out.json {
        session.out.array(std::iter::from_fn(|| lines.next().transpose()))?;
        return Ok(Exit::Done);
    }
    let mut rows = vec![vec!["FORMAT".into(), "VERSION".into(), "EXTENSIONS".into(), "MEDIA TYPES".into()]];
    while let Some(line) = lines.next()? {
        let format: Value = serde_json::from_str(&line).unwrap_or_default();
        let list = |key: &str| {
            let items = format[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            visible(&items.collect::<Vec<_>>().join(" "))
        };
        rows.push(vec![
            visible(format["Name"].as_str().unwrap_or_default()),
            format["Version"].to_string(),
            list("Extensions"),
            list("MIMETypes"),
        ]);
    }
    for (index, line) in table(&rows).iter().enumerate() {
        match index {
            0 => session.out.line(&session.out.paint(Style::Bold, line))?,
            _ => session.out.line(line)?,
        }
    }
    Ok(Exit::Done)
}
