//! `metactl stats`: all figures that the daemon gives of itself.

use serde_json::Value;
use zbus::Variant;

use crate::{
    Session,
    error::{Error, Exit},
    output::{Output, Style, now, number, size, span, visible, when},
    proxy::{Options, STATS},
};

/// Show all figures of the daemon
///
/// packaging/docs/metrics.md says what each of them means; --json has that too. What has never happened is left out.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print them as Prometheus reads them, as in status/metrics of the mounted view
    #[arg(long, conflicts_with = "json")]
    prometheus: bool,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    session.daemon.must_run().await?;
    let given = args.prometheus.then(|| ("prometheus", Variant::from(true)));
    let mut lines = session.daemon.lines(STATS, (Options::from_iter(given),)).await?;
    if session.out.json {
        session.out.array(std::iter::from_fn(|| lines.next().transpose()))?;
        return Ok(Exit::Done);
    }
    let mut figures = Vec::new();
    while let Some(line) = lines.next()? {
        match args.prometheus {
            true => session.out.line(&line)?,
            false => figures.push(serde_json::from_str(&line).unwrap_or_default()),
        }
    }
    text(&session.out, &figures, now()).iter().try_for_each(|line| session.out.line(line))?;
    Ok(Exit::Done)
}

/// Below each heading its figures, the values in a column.
fn text(out: &Output, figures: &[Value], now: u64) -> Vec<String> {
    let families: Vec<Family<'_>> = figures.chunk_by(|a, b| a["Name"] == b["Name"]).map(Family).collect();
    let rows: Vec<(String, String, String)> = (families.iter().enumerate())
        .flat_map(|(at, family)| {
            let row = |name: &str, value| (family.text("Group"), name.replace('_', " "), value);
            let own = family.said(now).map(|value| row(family.short(), value));
            let rate = at.checked_sub(1).and_then(|before| hit_rate(&families[before], family));
            [own, rate.map(|(name, value)| row(&name, value))]
        })
        .flatten()
        .collect();
    let width = rows.iter().map(|(_, name, _)| name.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for group in rows.chunk_by(|a, b| a.0 == b.0) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(out.paint(Style::Bold, &group[0].0));
        lines.extend(group.iter().map(|(_, name, value)| format!("  {name:<width$}  {value}")));
    }
    lines
}

/// Of two counters of the same thing, the first of hits and the second of misses, the share of hits, for each label.
fn hit_rate(hits: &Family<'_>, misses: &Family<'_>) -> Option<(String, String)> {
    let of = hits.short().strip_suffix("_hits")?;
    if misses.short().strip_suffix("_misses") != Some(of) {
        return None;
    }
    let value = |figure: &Value| figure["Value"].as_f64().unwrap_or_default();
    let rate = |hit: &Value| {
        let miss = misses.0.iter().find(|miss| miss["Labels"] == hit["Labels"])?;
        let all = value(hit) + value(miss);
        (all > 0.0).then(|| [label_values(hit), percent(value(hit) / all)].concat())
    };
    let rates: Vec<String> = hits.0.iter().filter_map(rate).collect();
    (!rates.is_empty()).then(|| (format!("{of}_hit_rate"), rates.join(", ")))
}

/// The values of a figure's labels, each with a space behind it.
fn label_values(figure: &Value) -> String {
    let labels = figure["Labels"].as_object().into_iter().flatten();
    labels.map(|(_, value)| format!("{} ", visible(value.as_str().unwrap_or_default()))).collect()
}

/// The figures of one name.
struct Family<'a>(&'a [Value]);

impl Family<'_> {
    fn text(&self, key: &str) -> String {
        visible(self.0[0][key].as_str().unwrap_or_default())
    }

    /// Its name less what all have and what its value says itself.
    fn short(&self) -> &str {
        let name = self.0[0]["Name"].as_str().unwrap_or_default();
        let name = name.strip_prefix("metaextract_").unwrap_or(name);
        let name = name.strip_suffix("_total").unwrap_or(name);
        let unit = ["_time_seconds", "_seconds", "_bytes", "_ratio", "_info"];
        unit.iter().find_map(|unit| name.strip_suffix(unit)).unwrap_or(name)
    }

    /// Its values for people; `None` where there is nothing to say.
    fn said(&self, now: u64) -> Option<String> {
        let name = self.text("Name");
        let parts = self.0.iter().filter_map(|figure| {
            let value = figure["Value"].as_f64().unwrap_or_default();
            let said = value_text(name.trim_end_matches("_total"), value, now);
            let labels: Vec<(&str, String)> = (figure["Labels"].as_object().into_iter().flatten())
                .map(|(label, value)| (label.as_str(), visible(value.as_str().unwrap_or_default())))
                .collect();
            let values = || labels.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
            match labels.first() {
                None => Some(said),
                _ if value == 0.0 => None,
                // One of several that it could be: its name is the value.
                Some((label, _)) if is_one_of(&name, label) => Some(values()),
                Some(_) => Some(format!("{} {said}", values())),
            }
        });
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Whether 1 says no more than that it is so.
fn is_one_of(name: &str, label: &str) -> bool {
    name.ends_with("_info") || label == "id" || name.strip_suffix(label).is_some_and(|rest| rest.ends_with('_'))
}

/// A value in the unit that the name ends in.
fn value_text(name: &str, value: f64, now: u64) -> String {
    let whole = |value: f64| value.max(0.0).round() as u64;
    match name {
        name if name.ends_with("_time_seconds") => when(whole(value * 1e6), now),
        name if name.ends_with("_seconds") => span(whole(value * 1e6)),
        name if name.ends_with("_bytes") => size(whole(value)),
        name if name.ends_with("_ratio") => percent(value),
        _ => number(whole(value)),
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        1.0..10.0 => format!("{percent:.1} %"),
        percent if percent > 0.0 && percent < 1.0 => format!("{percent:.2} %"),
        percent => format!("{percent:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn figures_in_columns() {
        let figures = golden::json("stats.json");
        golden::expect("stats.txt", &super::text(&golden::out(), figures.as_array().unwrap(), golden::NOW));
    }
}
