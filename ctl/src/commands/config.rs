//! `metactl config`: the configuration in force, and where each value comes from.

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    output::{Output, Style, table, visible},
    proxy::{CONFIG, Options},
};

/// Show the configuration in force, and where each value comes from
///
/// Values stand as they would be written in the configuration; metaextractd(8) says what each key does. What a changed
/// file says takes effect with reload, and some of it with the next start.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these keys, such as workers.max, or those of a section, such as limits
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let mut lines = session.daemon.lines(CONFIG, (Options::new(),)).await?;
    let mut settings: Vec<(String, Value)> = Vec::new();
    while let Some(line) = lines.next()? {
        let setting: Value = serde_json::from_str(&line).unwrap_or_default();
        settings.push((line, setting));
    }
    for wanted in &args.keys {
        if !settings.iter().any(|(_, setting)| is(setting, wanted)) {
            let hint = "metactl config lists them all";
            return Err(Error::new(Exit::Failed, format!("there is no key or section {wanted}"), hint));
        }
    }
    settings.retain(|(_, setting)| args.keys.is_empty() || args.keys.iter().any(|wanted| is(setting, wanted)));
    if session.out.json {
        session.out.array(settings.into_iter().map(|(line, _)| Ok(line)))?;
        return Ok(Exit::Done);
    }
    for line in text(&session.out, settings.iter().map(|(_, setting)| setting)) {
        session.out.line(&line)?;
    }
    Ok(Exit::Done)
}

/// Whether a setting has this key, or one in this section.
fn is(setting: &Value, wanted: &str) -> bool {
    let key = setting["Key"].as_str().unwrap_or_default();
    key.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Aligned; what is not a default stands out.
fn text<'a>(out: &Output, settings: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let (rows, ours): (Vec<_>, Vec<_>) = settings.map(|setting| (row(setting), setting["Origin"] != "default")).unzip();
    let paint = |(line, ours): (String, bool)| if ours { out.paint(Style::Bold, &line) } else { line };
    table(&rows).into_iter().zip(ours).map(paint).collect()
}

fn row(setting: &Value) -> Vec<String> {
    let value = match setting["Path"].as_str() {
        Some(path) => {
            let told = setting["Options"].as_object().into_iter().flatten();
            std::iter::once(path.to_owned())
                .chain(told.map(|(key, value)| format!("{key}={value}")))
                .collect::<Vec<_>>()
                .join(" ")
        }
        None => match &setting["Value"] {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        },
    };
    let origin = match setting["At"].as_str() {
        Some(at) => at.to_owned(),
        None => setting["Origin"].as_str().unwrap_or_default().to_owned(),
    };
    vec![visible(setting["Key"].as_str().unwrap_or_default()), visible(&value), visible(&origin)]
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn settings_in_columns() {
        let settings = golden::json("config.json");
        golden::expect("config.txt", &super::text(&golden::out(), settings.as_array().unwrap().iter()));
    }

    #[test]
    fn a_section_stands_for_its_keys() {
        let key = |key: &str| serde_json::json!({ "Key": key });
        assert!(super::is(&key("limits.cpu"), "limits") && super::is(&key("limits.cpu"), "limits.cpu"));
        assert!(!super::is(&key("limits.cpu"), "lim") && !super::is(&key("limits"), "limits.cpu"));
    }
}
