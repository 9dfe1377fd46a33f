//! `metactl roots`: which directories are watched, and how they are.

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    json,
    output::{Output, Style, count, now, number, table, visible, when},
    proxy::{LIST_ROOTS, Options},
};

/// List the watched directories
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Nothing but the paths, as they are, each ended by a NUL byte: for `xargs -0`, or for a verb with `-`
    #[arg(short = '0', long, conflicts_with = "json")]
    null: bool,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let roots = session.daemon.call(LIST_ROOTS, (Options::new(),)).await?;
    let roots: Vec<Value> = roots.iter().map(json::object).collect();
    if session.out.json {
        session.out.array(roots.iter().map(|root| Ok(root.to_string())))?;
        return Ok(Exit::Done);
    }
    if args.null {
        roots.iter().try_for_each(|root| session.out.path(root))?;
        return Ok(Exit::Done);
    }
    if roots.is_empty() {
        session.out.line("no directory is watched; add one with: metactl watch DIR")?;
    }
    for line in lines(&session.out, &roots, now()) {
        session.out.line(&line)?;
    }
    Ok(Exit::Done)
}

/// One root a line, and below it what is special about it.
pub(crate) fn lines(out: &Output, roots: &[Value], now: u64) -> Vec<String> {
    let rows: Vec<Vec<String>> = roots.iter().map(row).collect();
    let mut lines = Vec::new();
    for (line, root) in table(&rows).into_iter().zip(roots) {
        let state = root["State"].as_str().unwrap_or_default();
        let style = match state {
            "watching" => Style::Good,
            "offline" => Style::Bad,
            _ => Style::Warn,
        };
        lines.push(format!("{}{}", out.paint(style, state), &line[state.len()..]));
        lines.extend(details(root, now).map(|details| out.paint(Style::Dim, &format!("    {details}"))));
    }
    lines
}

fn row(root: &Value) -> Vec<String> {
    let files = &root["Files"];
    let known = count(files["Known"].as_u64().unwrap_or_default(), "file");
    let left = match (files["Pending"].as_u64().unwrap_or_default(), files["Failed"].as_u64().unwrap_or_default()) {
        (0, 0) => String::new(),
        (pending, 0) => format!("{} pending", number(pending)),
        (0, failed) => format!("{} failed", number(failed)),
        (pending, failed) => format!("{} pending, {} failed", number(pending), number(failed)),
    };
    let text = |key: &str| visible(root[key].as_str().unwrap_or_default());
    vec![text("State"), known, left, text("Path")]
}

fn details(root: &Value, now: u64) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(why) = root["Why"].as_str() {
        parts.push(visible(why));
    }
    let options = root["Options"].as_object().into_iter().flatten().filter(|(_, told)| **told == true);
    parts.extend(options.map(|(key, _)| key.replace('_', "-")));
    if root["Origin"] == "config" {
        parts.push("from the configuration".into());
    }
    match root["Crawled"].as_u64() {
        Some(0) | None => {}
        Some(time) => parts.push(format!("walked {}", when(time, now))),
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn roots_in_columns() {
        let roots = golden::json("roots.json");
        golden::expect("roots.txt", &super::lines(&golden::out(), roots.as_array().unwrap(), golden::NOW));
    }
}
