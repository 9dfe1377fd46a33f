//! Answers as `a{sv}`. Every key stands in the XML, and only there is it explained.

use std::collections::BTreeMap;

use zbus::Variant;

use crate::control::{
    Alert, EstimateReport, FileCounts, HeldFile, Hold, JobProgress, PauseInfo, QueueReport, RootInfo, RootOptions,
    ScoreReport, SeenFile, StatusReport, TrendPoint, WhyReport, WorkerReport, WorkersReport,
};

/// A dictionary on its way out.
pub(super) type Dict = BTreeMap<&'static str, Variant<'static>>;

macro_rules! dict {
    ($($key:literal: $value:expr),* $(,)?) => { Dict::from([$(($key, Variant::from($value))),*]) };
}

pub(super) fn status(report: &StatusReport) -> Dict {
    let degraded: Vec<Dict> =
        report.degraded.iter().map(|part| dict! { "Id": part.id, "Text": part.text.clone() }).collect();
    dict! {
        "State": report.state.as_str(),
        "Version": super::manager::VERSION,
        "Started": report.started,
        "Degraded": degraded,
        "Alerts": report.alerts.iter().map(alert).collect::<Vec<_>>(),
        "Pauses": report.pauses.iter().map(pause).collect::<Vec<_>>(),
        "Roots": report.roots.iter().map(root).collect::<Vec<_>>(),
        "Files": files(report.files),
        "Queue": queue(&report.queue),
        "Workers": workers(&report.workers),
        "Memory": dict! {
            "Daemon": report.memory.daemon,
            "Workers": report.memory.workers,
            "Ceiling": report.memory.ceiling,
        },
        "Score": score(&report.score),
        "Trends": trends(&report.trends),
        "Store": dict! {
            "Path": report.store.path.clone(),
            "Size": report.store.size,
            "Commit": report.store.commit,
            "Rest": report.store.rest,
        },
        "Mount": dict! { "Path": report.mount.path.clone(), "State": report.mount.state.as_str() },
    }
}

fn alert(alert: &Alert) -> Dict {
    dict! { "Id": alert.id, "Text": alert.text.clone(), "Since": alert.since }
}

fn score(score: &ScoreReport) -> Dict {
    dict! {
        "Value": u32::from(score.value),
        "Slowness": u32::from(score.slowness),
        "Pressure": u32::from(score.pressure),
        "Failures": u32::from(score.failures),
        "Why": score.why.clone(),
        "At": score.at,
    }
}

/// A column for each figure: hundreds of dictionaries would be ten times as long.
fn trends(points: &[TrendPoint]) -> Dict {
    fn column<T>(points: &[TrendPoint], figure: impl Fn(&TrendPoint) -> T) -> Vec<T> {
        points.iter().map(figure).collect()
    }
    dict! {
        "At": column(points, |point| point.at),
        "Files": column(points, |point| point.files),
        "Failures": column(points, |point| point.failures),
        "Score": column(points, |point| u32::from(point.score)),
        "Memory": column(points, |point| point.memory),
        "Workers": column(points, |point| f64::from(point.workers)),
        "Pressure": column(points, |point| f64::from(point.pressure)),
    }
}

fn pause(info: &PauseInfo) -> Dict {
    let mut dict = dict! {
        "Cookie": info.cookie,
        "Reason": info.pause.reason.clone(),
        "Uid": info.pause.uid,
    };
    let hold = match info.pause.hold {
        Hold::Caller => "caller",
        Hold::Persistent => "persistent",
        Hold::Until(time) => {
            dict.insert("Until", time.into());
            "until"
        }
    };
    dict.insert("Hold", hold.into());
    dict
}

fn queue(queue: &QueueReport) -> Dict {
    dict! {
        "Waiting": queue.waiting,
        "InHand": queue.in_hand,
        "Delayed": queue.delayed,
        "Crawling": queue.crawling,
        "Rate": queue.rate,
        "LeftLow": queue.left.0,
        "LeftHigh": queue.left.1,
    }
}

fn workers(workers: &WorkersReport) -> Dict {
    dict! {
        "Running": workers.running,
        "Wanted": workers.wanted,
        "Why": workers.why.clone(),
        "Isolation": workers.isolation.clone(),
        "Lost": workers.lost,
    }
}

pub(super) fn worker(worker: &WorkerReport) -> Dict {
    let mut dict = dict! {
        "Pid": worker.pid,
        "State": if worker.file.is_some() { "reading" } else { "waiting" },
        "Since": worker.since,
        "Files": worker.files,
        "Memory": worker.memory,
        "CPU": worker.cpu,
    };
    if let Some(file) = &worker.file {
        dict.insert("File", file.clone().into());
    }
    dict
}

fn files(files: FileCounts) -> Dict {
    dict! {
        "Known": files.known,
        "Indexed": files.indexed,
        "Partial": files.partial,
        "Pending": files.pending,
        "Failed": files.failed,
    }
}

pub(super) fn root(root: &RootInfo) -> Dict {
    let mut dict = dict! {
        "Path": root.path.as_bytes().to_vec(),
        "State": root.state.as_str(),
        "Origin": root.origin.as_str(),
        "Options": root_options(root.options),
        "Files": files(root.files),
        "Directories": root.directories,
        "Crawled": root.crawled,
    };
    if !root.why.is_empty() {
        dict.insert("Why", root.why.clone().into());
    }
    dict
}

/// The options a root was told.
pub(super) fn told(options: RootOptions) -> impl Iterator<Item = (&'static str, bool)> {
    let given = [
        ("poll", options.poll),
        ("hidden", options.hidden),
        ("cross_filesystems", options.cross_filesystems),
        ("forget_when_unmounted", options.forget_when_unmounted),
    ];
    given.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

fn root_options(options: RootOptions) -> Dict {
    told(options).map(|(key, value)| (key, value.into())).collect()
}

pub(super) fn why(report: &WhyReport) -> Dict {
    let mut dict = dict! {
        "Path": report.path.as_bytes().to_vec(),
        "State": report.state.as_str(),
        "Rule": report.rule.clone(),
        "Next": report.next.clone(),
    };
    if let Some(root) = &report.root {
        dict.insert("Root", root.as_bytes().to_vec().into());
    }
    if let Some(at) = report.next_at {
        dict.insert("NextAt", at.into());
    }
    if let Some(SeenFile { size, modified, current }) = report.now {
        dict.insert("Now", dict! { "Size": size, "Modified": modified, "Current": current }.into());
    }
    if let Some(file) = &report.held {
        dict.insert("Held", held(file).into());
    }
    dict
}

fn held(file: &HeldFile) -> Dict {
    let mut dict = dict! {
        "Id": file.id,
        "Format": file.format.clone(),
        "MIMEType": file.mime.clone(),
        "Committed": file.committed,
        "CPU": file.cost.cpu_us,
        "Wall": file.cost.wall_us,
        "Read": file.cost.read,
        "Tags": file.tags,
        "Attempts": file.attempts,
    };
    if let Some((kind, text)) = &file.reason {
        dict.insert("Reason", (*kind).into());
        dict.insert("Text", text.clone().into());
    }
    dict
}

pub(super) fn estimate(report: &EstimateReport) -> Dict {
    dict! {
        "Files": report.files,
        "Bytes": report.bytes,
        "Current": report.current,
        "Unknown": report.unknown,
        "Read": report.read,
        "Unreadable": report.unreadable,
        "LeftLow": report.left.0,
        "LeftHigh": report.left.1,
    }
}

/// The properties of a job that change.
pub(super) fn progress(progress: &JobProgress) -> Dict {
    dict! {
        "State": progress.state.as_str(),
        "Done": progress.done,
        "Total": progress.total,
        "Failed": progress.failed,
        "Rate": progress.rate,
        "LeftLow": progress.left.0,
        "LeftHigh": progress.left.1,
    }
}
