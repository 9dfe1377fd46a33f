//! `metactl status`: the whole state at a glance.

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    job::left,
    json,
    output::{Output, Style, now, number, size, span, visible, when},
    proxy::{Options, STATUS},
};

/// Points of the trend that are drawn, or written.
const DRAWN: usize = 48;
const WRITTEN: usize = 8;

/// Show the state: files, queue, workers, memory, roots, and what does not work as it should
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// For monitoring: one line, and exit status 1 if anything does not work as it should
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    if args.check {
        // Monitoring is to find out that it does not run, not to start it.
        session.daemon.must_run().await?;
    }
    let status = json::object(&session.daemon.call(STATUS, (Options::new(),)).await?);
    let out = &session.out;
    match (out.json, args.check) {
        (true, _) => out.value(&status)?,
        (false, true) => out.line(&check(&status))?,
        (false, false) => {
            for line in lines(out, &status, now()) {
                out.line(&line)?;
            }
        }
    }
    Ok(match args.check && !healthy(&status) {
        true => Exit::Failed,
        false => Exit::Done,
    })
}

fn healthy(status: &Value) -> bool {
    list(&status["Degraded"]).is_empty()
}

/// One line for monitoring.
fn check(status: &Value) -> String {
    let files = &status["Files"];
    let figure = |key: &str| number(figure(&files[key]));
    let degraded: Vec<String> = list(&status["Degraded"]).iter().map(|part| text(&part["Id"])).collect();
    let verdict = match degraded.is_empty() {
        true => "OK".to_owned(),
        false => format!("DEGRADED ({})", degraded.join(", ")),
    };
    let (known, pending, failed) = (figure("Known"), figure("Pending"), figure("Failed"));
    format!("{verdict}: {}, {known} files, {pending} pending, {failed} failed", text(&status["State"]))
}

fn lines(out: &Output, status: &Value, now: u64) -> Vec<String> {
    let mut lines = Vec::new();
    let up = span(now.saturating_sub(figure(&status["Started"])) / 1_000_000 * 1_000_000);
    let state = text(&status["State"]);
    let style = match state.as_str() {
        "idle" | "indexing" => Style::Good,
        _ => Style::Warn,
    };
    lines.push(format!("{}  metaextractd {}, up {up}", out.paint(style, &state), text(&status["Version"])));
    let mut row = |name: &str, text: String| lines.push(format!("{}  {text}", out.paint(Style::Bold, name)));
    for part in list(&status["Degraded"]) {
        let id = out.paint(Style::Bad, &text(&part["Id"]));
        row("degraded", format!("{id}: {}", text(&part["Text"])));
    }
    for alert in list(&status["Alerts"]) {
        let id = out.paint(Style::Warn, &text(&alert["Id"]));
        row("alert   ", format!("{id}: {} ({})", text(&alert["Text"]), when(figure(&alert["Since"]), now)));
    }
    for pause in list(&status["Pauses"]) {
        row("paused  ", pause_text(pause, now));
    }
    row("files   ", files_text(&status["Files"]));
    row("queue   ", queue_text(&status["Queue"]));
    row("workers ", workers_text(&status["Workers"]));
    row("memory  ", memory_text(&status["Memory"]));
    row("score   ", score_text(&status["Score"], now));
    if let Some(trend) = trend_text(&status["Trends"], out.draws()) {
        row("trend   ", trend);
    }
    let store = &status["Store"];
    let rest = store["Rest"].as_str().filter(|rest| *rest != "awake");
    let rest = rest.map_or_else(String::new, |rest| format!(", {rest}"));
    row("store   ", format!("{}, {}{rest}", text(&store["Path"]), size(figure(&store["Size"]))));
    row("mount   ", mount_text(&status["Mount"]));
    let roots = list(&status["Roots"]);
    match roots.is_empty() {
        true => row("roots   ", "none; add one with: metactl watch DIR".into()),
        false => {
            row("roots   ", String::new());
            lines.extend(super::roots::lines(out, roots, now).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn pause_text(pause: &Value, now: u64) -> String {
    let end = match pause["Hold"].as_str() {
        Some("until") => format!("ends {}", when(figure(&pause["Until"]), now)),
        Some("caller") => "as long as a program runs".into(),
        _ => "until resumed".into(),
    };
    let reason = match text(&pause["Reason"]) {
        reason if reason.is_empty() => reason,
        reason => format!("{reason}; "),
    };
    format!("{reason}{end} (metactl resume {})", figure(&pause["Cookie"]))
}

fn files_text(files: &Value) -> String {
    let parts = ["Indexed", "Partial", "Pending", "Failed"].map(|key| (key, figure(&files[key])));
    let parts = parts.iter().filter(|(key, count)| *count > 0 || *key == "Indexed");
    let parts: Vec<String> = parts.map(|(key, count)| format!("{} {}", number(*count), key.to_lowercase())).collect();
    format!("{} known: {}", number(figure(&files["Known"])), parts.join(", "))
}

fn queue_text(queue: &Value) -> String {
    let (waiting, in_hand) = (figure(&queue["Waiting"]), figure(&queue["InHand"]));
    let mut parts = Vec::new();
    if waiting + in_hand > 0 {
        parts.push(format!("{} waiting, {in_hand} in hand", number(waiting)));
    }
    if let delayed @ 1.. = figure(&queue["Delayed"]) {
        parts.push(format!("{} not yet due", number(delayed)));
    }
    if queue["Crawling"] == true {
        parts.push("still finding files".into());
    }
    if let Some(rate) = queue["Rate"].as_f64().filter(|rate| *rate > 0.0) {
        parts.push(format!("{rate:.0} files/s"));
    }
    parts.extend(left((figure(&queue["LeftLow"]), figure(&queue["LeftHigh"]))));
    match parts.is_empty() {
        true => "empty".into(),
        false => parts.join(", "),
    }
}

/// How many workers run, and why.
pub(super) fn workers_text(workers: &Value) -> String {
    let (running, wanted) = (figure(&workers["Running"]), figure(&workers["Wanted"]));
    let mut parts = vec![format!("{running} of {wanted}")];
    parts.extend(["Why", "Isolation"].map(|key| text(&workers[key])).into_iter().filter(|text| !text.is_empty()));
    if let lost @ 1.. = figure(&workers["Lost"]) {
        parts.push(format!("{} lost to files", number(lost)));
    }
    parts.join("; ")
}

fn memory_text(memory: &Value) -> String {
    let (daemon, workers) = (figure(&memory["Daemon"]), figure(&memory["Workers"]));
    let (all, ceiling) = (size(daemon + workers), size(figure(&memory["Ceiling"])));
    format!("{all} of {ceiling} (daemon {}, workers {})", size(daemon), size(workers))
}

/// How well reading goes, and why not better.
fn score_text(score: &Value, now: u64) -> String {
    let when = match figure(&score["At"]) {
        0 => String::new(),
        at => format!(" ({})", when(at, now)),
    };
    format!("{}: {}{when}", figure(&score["Value"]), text(&score["Why"]))
}

/// Files and scores of the last stretches with work, each five minutes; `None` where there is nothing to compare.
fn trend_text(trends: &Value, draws: bool) -> Option<String> {
    let row = |key: &str, most: Option<u64>| {
        let all: Vec<u64> = list(&trends[key]).iter().map(figure).collect();
        let newest = &all[all.len().saturating_sub(if draws { DRAWN } else { WRITTEN })..];
        let most = most.unwrap_or_else(|| newest.iter().copied().max().unwrap_or_default());
        let parts =
            newest.iter().map(|value| if draws { bar(*value, most).into() } else { format!(" {}", number(*value)) });
        (newest.len(), parts.collect::<String>())
    };
    let ((points, files), (_, scores)) = (row("Files", None), row("Score", Some(100)));
    let space = if draws { " " } else { "" };
    (points > 1).then(|| format!("files{space}{files}; score{space}{scores} (for each 5 min with work)"))
}

/// A bar as high as the share of the largest value.
fn bar(value: u64, most: u64) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let height = (value.min(most) as usize * (BARS.len() - 1)).div_ceil(most.max(1) as usize);
    BARS[height.min(BARS.len() - 1)]
}

fn mount_text(mount: &Value) -> String {
    match mount["State"].as_str() {
        Some("mounted") => text(&mount["Path"]),
        Some("off") => "off".into(),
        _ => format!("failed, at {}", text(&mount["Path"])),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn figure(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn text(value: &Value) -> String {
    visible(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn a_trend_is_drawn_or_written() {
        let trends = serde_json::json!({ "Files": [0, 50, 100, 1], "Score": [100, 50, 0, 100] });
        assert_eq!(
            super::trend_text(&trends, true).as_deref(),
            Some("files ▁▅█▂; score █▅▁█ (for each 5 min with work)")
        );
        assert_eq!(
            super::trend_text(&trends, false).as_deref(),
            Some("files 0 50 100 1; score 100 50 0 100 (for each 5 min with work)")
        );
        assert_eq!(super::trend_text(&serde_json::json!({ "Files": [7], "Score": [100] }), true), None);
        assert_eq!([(0, 0), (9, 0), (u64::MAX, 100)].map(|(value, most)| super::bar(value, most)), ['▁', '▁', '█']);
    }

    #[test]
    fn the_state_at_a_glance() {
        let status = golden::json("status.json");
        golden::expect("status.txt", &super::lines(&golden::out(), &status, golden::NOW));
        golden::expect("status-check.txt", &[super::check(&status)]);
    }
}
