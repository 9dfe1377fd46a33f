//! Following a job of the daemon's to its end, with live progress.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};
use zbus::{Connection, MatchRule, MessageStream, OwnedObjectPath, message::Type};

use crate::{
    Session,
    error::{Error, Exit},
    json::{self, Dict},
    output::{Progress, count, number, span},
    proxy::{Daemon, JOB, Method, Options, Presence},
};

/// Between two lines of progress where they are not redrawn.
const CALM: Duration = Duration::from_secs(5);

/// How a job is; several in a row are summed up.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Report {
    job: String,
    kind: String,
    state: String,
    done: u64,
    total: u64,
    failed: u64,
    rate: f64,
    left: (u64, u64),
}

impl Report {
    fn new(path: &OwnedObjectPath, properties: &Dict) -> Self {
        let values = json::object(properties);
        let text = |key: &str| values[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| values[key].as_u64().unwrap_or_default();
        Self {
            job: path.to_string(),
            kind: text("Kind"),
            state: text("State"),
            done: number("Done"),
            total: number("Total"),
            failed: number("Failed"),
            rate: values["Rate"].as_f64().unwrap_or_default(),
            left: (number("LeftLow"), number("LeftHigh")),
        }
    }

    fn finished(&self) -> bool {
        matches!(self.state.as_str(), "done" | "partial" | "failed" | "cancelled")
    }

    /// This one after another that has ended.
    fn after(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before {
            self.done += before.done;
            self.total += before.total;
            self.failed += before.failed;
            if self.state == "done" {
                self.state.clone_from(&before.state);
            }
        }
        self
    }

    fn json(&self) -> Value {
        json!({
            "Job": self.job,
            "Kind": self.kind,
            "State": self.state,
            "Done": self.done,
            "Total": self.total,
            "Failed": self.failed,
            "Rate": self.rate,
            "LeftLow": self.left.0,
            "LeftHigh": self.left.1,
        })
    }

    fn exit(&self) -> Exit {
        match self.state.as_str() {
            "partial" | "failed" | "cancelled" => Exit::Failed,
            _ => Exit::Done,
        }
    }

    /// Progress on one line.
    fn line(&self) -> String {
        let mut parts = vec![match self.total {
            0 => count(self.done, "file"),
            total => {
                let share = self.done.min(total) * 100 / total;
                format!("{} of {} ({share} %)", number(self.done), count(total, "file"))
            }
        }];
        if self.state == "paused" {
            parts.push("paused".into());
        } else if self.rate > 0.0 {
            parts.push(format!("{:.0} files/s", self.rate));
        }
        if let Some(left) = left(self.left) {
            parts.push(left);
        }
        if self.failed > 0 {
            parts.push(format!("{} failed", number(self.failed)));
        }
        format!("{}: {}", self.kind, parts.join(", "))
    }

    /// The end in one sentence.
    fn sentence(&self) -> String {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {} failed (see: metactl failed)", number(failed)),
        };
        let done = count(self.done, "file");
        match self.state.as_str() {
            "failed" => format!("{} failed after {done}{failed}; see: metactl status", self.kind),
            "cancelled" => format!("{} cancelled after {done}{failed}", self.kind),
            _ if self.job.is_empty() => "no path was given: nothing to do".into(),
            _ => format!("{} done: {done}{failed}", self.kind),
        }
    }
}

/// Seconds left as people say it.
pub(crate) fn left((low, high): (u64, u64)) -> Option<String> {
    let said = |seconds: u64| span(seconds.saturating_mul(1_000_000));
    match (low, high) {
        (0, 0) => None,
        (low, high) if low == high => Some(format!("{} left", said(low))),
        (low, high) => Some(format!("{} to {} left", said(low), said(high))),
    }
}

/// Starts jobs, one for as many paths as fit a call, and follows each to its end.
pub(crate) async fn run(
    session: &Session,
    method: impl Fn() -> Method<(Vec<Vec<u8>>, Options), OwnedObjectPath>,
    paths: &[Vec<u8>],
    options: impl Fn() -> Options,
) -> Result<Exit, Error> {
    let mut before: Option<Report> = None;
    for call in crate::paths::calls(paths) {
        let job = session.daemon.call(method(), (call.to_vec(), options())).await?;
        before = Some(follow(session, &job, before.as_ref()).await?);
    }
    finish(session, before.unwrap_or_default())
}

/// Nothing to do is done.
pub(crate) fn nothing(session: &Session) -> Result<Exit, Error> {
    finish(session, Report { state: "done".into(), ..Report::default() })
}

/// Follows one job to its end and tells it.
pub(crate) async fn end(session: &Session, job: &OwnedObjectPath) -> Result<Exit, Error> {
    let report = follow(session, job, None).await?;
    finish(session, report)
}

/// How a job is now, without waiting.
pub(crate) async fn now(session: &Session, job: &OwnedObjectPath) -> Result<Value, Error> {
    Ok(Report::new(job, &session.daemon.properties(job, JOB).await?).json())
}

fn finish(session: &Session, report: Report) -> Result<Exit, Error> {
    match session.out.json {
        true => session.out.value(&report.json())?,
        false => session.out.line(&report.sentence())?,
    }
    Ok(report.exit())
}

async fn follow(session: &Session, job: &OwnedObjectPath, before: Option<&Report>) -> Result<Report, Error> {
    let mut progress = Progress::new(&session.out);
    let result = watch(&session.daemon, job, before, &mut progress).await;
    progress.clear();
    result
}

async fn watch(
    daemon: &Daemon,
    job: &OwnedObjectPath,
    before: Option<&Report>,
    progress: &mut Progress,
) -> Result<Report, Error> {
    let mut signals = signals(&daemon.connection, job).await?;
    let mut gone = daemon.presence(Presence::Gone).await?;
    // Asked for after the signals were: an end in between is not missed.
    let mut told = Instant::now();
    loop {
        let report = Report::new(job, &daemon.properties(job, JOB).await?);
        let finished = report.finished();
        let report = report.after(before);
        if finished {
            return Ok(report);
        }
        if progress.redraws() || told.elapsed() >= CALM {
            progress.show(report.line());
            told = Instant::now();
        }
        tokio::select! {
            signal = signals.next() => if signal.is_none() { return Err(Error::gone()) },
            _ = gone.next() => return Err(Error::gone()),
            _ = tokio::signal::ctrl_c() => return Err(interrupted(daemon, job, &report).await),
        }
    }
}

/// A person has had enough. A look that was only asked for here ends with it; anything else is the daemon's own business.
async fn interrupted(daemon: &Daemon, job: &OwnedObjectPath, report: &Report) -> Error {
    let kind = &report.kind;
    if kind != "rescan" {
        let what = format!("left alone: the {kind} goes on in the daemon");
        return Error::new(Exit::Of(130), what, "see: metactl status");
    }
    match daemon.cancel(job).await {
        Ok(()) => {
            let what = format!("the rescan was cancelled after {}", count(report.done, "file"));
            Error::new(Exit::Of(130), what, "to look at everything: metactl rescan")
        }
        Err(error) => error,
    }
}

/// Whatever the job's object tells.
async fn signals(connection: &Connection, job: &OwnedObjectPath) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder().msg_type(Type::Signal).path(job.as_str()).build()?;
    MessageStream::for_match_rule(rule, connection, None).await
}
