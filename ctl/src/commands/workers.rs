//! `metactl workers`: the processes that read files, and what each has in hand.

use serde_json::Value;

use crate::{
    Session,
    error::{Error, Exit},
    json,
    output::{Output, Style, now, number, size, span, table, visible},
    proxy::{Options, STATUS, WORKERS},
};

/// List the worker processes, the file each has in hand, and why there are that many
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(session: &Session, _: &Arguments) -> Result<Exit, Error> {
    session.daemon.must_run().await?;
    let workers = session.daemon.call(WORKERS, (Options::new(),)).await?;
    let workers: Vec<Value> = workers.iter().map(json::object).collect();
    if session.out.json {
        session.out.array(workers.iter().map(|worker| Ok(worker.to_string())))?;
        return Ok(Exit::Done);
    }
    let status = json::object(&session.daemon.call(STATUS, (Options::new(),)).await?);
    for line in lines(&session.out, &workers, &status["Workers"], now()) {
        session.out.line(&line)?;
    }
    Ok(Exit::Done)
}

/// One worker a line, and above them why there are as many.
fn lines(out: &Output, workers: &[Value], all: &Value, now: u64) -> Vec<String> {
    let mut lines = vec![super::status::workers_text(all)];
    if workers.is_empty() {
        return lines;
    }
    let mut rows = vec![["PID", "STATE", "FOR", "FILES", "CPU", "MEMORY", "FILE"].map(str::to_owned).to_vec()];
    rows.extend(workers.iter().map(|worker| row(worker, now)));
    for (index, line) in table(&rows).iter().enumerate() {
        lines.push(if index == 0 { out.paint(Style::Bold, line) } else { line.clone() });
    }
    lines
}

fn row(worker: &Value, now: u64) -> Vec<String> {
    let figure = |key: &str| worker[key].as_u64().unwrap_or_default();
    let text = |key: &str| visible(worker[key].as_str().unwrap_or_default());
    let memory = match figure("Memory") {
        0 => "unknown".into(),
        bytes => size(bytes),
    };
    vec![
        figure("Pid").to_string(),
        text("State"),
        span(now.saturating_sub(figure("Since"))),
        number(figure("Files")),
        span(figure("CPU")),
        memory,
        text("File"),
    ]
}

#[cfg(test)]
mod tests {
    use crate::golden;

    #[test]
    fn workers_in_columns() {
        let (workers, status) = (golden::json("workers.json"), golden::json("status.json"));
        let lines = super::lines(&golden::out(), workers.as_array().unwrap(), &status["Workers"], golden::NOW);
        golden::expect("workers.txt", &lines);
    }
}
