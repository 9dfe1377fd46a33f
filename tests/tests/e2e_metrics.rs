//! Figures of a daemon at work: each row of the table moves, counters only grow, and all who show them show the same.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::Instant,
};

use metaextractd::metrics::{Kind, table};
use rustix::process::Signal;
use tests::{
    exposition::{self, Sample},
    instance::Instance,
    process::PATIENCE,
    samples::jpeg,
};

/// What was seen so far.
#[derive(Default)]
struct Seen {
    /// Rows with a value other than 0 at some time.
    moved: BTreeSet<String>,
    counters: BTreeMap<(String, BTreeMap<String, String>), f64>,
}

impl Seen {
    /// Reads all figures: each is of a row and as its row says, and no counter has gone back.
    fn look(&mut self, instance: &Instance) -> Vec<Sample> {
        self.take(exposition::parse(&instance.ctl(["stats", "--prometheus"])), false)
    }

    /// The same of what the view shows, which may be a moment old.
    fn look_at_view(&mut self, instance: &Instance) -> Vec<Sample> {
        let text = fs::read_to_string(instance.mount().join("status/metrics")).unwrap();
        self.take(exposition::parse(&text), true)
    }

    fn take(&mut self, samples: Vec<Sample>, in_view: bool) -> Vec<Sample> {
        for sample in &samples {
            let Sample { name, labels, value, .. } = sample;
            let row = table().iter().find(|row| row.name == *name).unwrap_or_else(|| panic!("{name} is no row"));
            assert_eq!((sample.kind.as_str(), &sample.help), (row.kind.as_str(), &row.help));
            assert_eq!(labels.keys().collect::<BTreeSet<_>>(), row.labels.iter().collect(), "{name}");
            if row.kind == Kind::Counter {
                let most = self.counters.entry((name.clone(), labels.clone())).or_insert(0.0);
                // The view may be older than what was seen last.
                assert!(in_view || *most <= *value, "{name} {labels:?} went back from {most} to {value}");
                *most = most.max(*value);
            }
            if *value != 0.0 {
                self.moved.insert(name.clone());
            }
        }
        samples
    }

    /// Looks whenever the daemon signals something, until a figure of this name and label is at least so much.
    fn until(&mut self, instance: &Instance, name: &str, label: &str, least: f64) {
        instance.until(&format!("{name} {label} is {least}"), || {
            (value(&self.look(instance), name, label) >= Some(least)).then_some(())
        });
    }
}

/// The value of a row, where one of its labels is this, or it has none.
fn value(samples: &[Sample], name: &str, label: &str) -> Option<f64> {
    let name = format!("metaextract_{name}");
    let wanted = |sample: &&Sample| {
        sample.name == name
            && (label.is_empty() && sample.labels.is_empty() || sample.labels.values().any(|value| value == label))
    };
    Some(samples.iter().find(wanted)?.value)
}

/// Figures when all is read: name, label, value.
const READ: &[(&str, &str, f64)] = &[
    ("files", "indexed", 8.0),
    ("files", "partial", 1.0),
    ("files", "failed", 4.0),
    ("files", "pending", 0.0),
    ("results_total", "record", 8.0),
    ("results_total", "partial", 1.0),
    ("results_total", "failed", 4.0),
    ("partial_total", "truncated", 1.0),
    ("failures_total", "permission-denied", 1.0),
    ("failures_total", "crashed", 2.0),
    ("failures_total", "timed-out", 1.0),
    ("worker_deaths_total", "crashed", 6.0),
    ("read_files_total", "JPEG", 8.0),
    ("read_files_total", "other", 1.0),
    ("roots", "watching", 1.0),
    ("watches", "", 4.0),
];

/// Files of every kind of outcome; gives those that have a whole record.
fn fill(instance: &Instance) -> [PathBuf; 2] {
    let whole = [
        instance.put("good.jpg", jpeg("good")),
        instance.put("other.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ];
    instance.put("cut.jpg", &jpeg("cut short")[..9]);
    (1..=6).for_each(|n| _ = instance.put(format!("run/{n}.jpg"), jpeg("one after the other")));
    instance.put("panics.hostile", "HOSTILE panic");
    instance.put("panics too.hostile", "HOSTILE panic");
    instance.put("spins.hostile", "HOSTILE spin");
    let closed = instance.put("below/closed.jpg", jpeg("closed"));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    whole
}

#[test]
fn every_figure_moves_and_all_who_show_them_agree() {
    let instance = Instance::start_hostile(&["limits.cpu=200ms"]);
    let shown = fill(&instance);
    let mut seen = Seen::default();
    assert_eq!(
        value(&seen.look_at_view(&instance), "directories", ""),
        Some(0.0),
        "at once, and nothing is watched yet"
    );
    seen.until(&instance, "state", "idle", 1.0);

    let mut waiting = instance.metactl_started(["watch".as_ref(), "--wait".as_ref(), instance.root().as_os_str()]);
    seen.until(&instance, "jobs", "", 1.0);
    seen.until(&instance, "queue_files", "in_hand", 1.0);
    seen.until(&instance, "worker_deaths_total", "timed-out", 3.0);
    waiting.wait().unwrap();
    shown.iter().chain(&shown).for_each(|path| _ = instance.show(path));
    let samples = seen.look(&instance);
    for (name, label, figure) in READ {
        assert_eq!(value(&samples, name, label), Some(*figure), "{name} {label}");
    }
    assert!(value(&samples, "crawl_files_total", "") >= Some(6.0));
    assert!(value(&samples, "worker_starts_total", "") >= Some(6.0), "each that dies has a successor");
    assert!(value(&samples, "cache_hits_total", "records") >= Some(1.0), "the second time it is in memory");

    // Nine workers that failed, of not many more readings.
    seen.until(&instance, "alert", "failure-rate", 1.0);
    let run: Vec<PathBuf> = (1..=4).map(|n| instance.path(format!("run/{n}.jpg"))).collect();
    instance.until("the next of a run are read ahead", || {
        instance.ctl(["show".as_ref()].into_iter().chain(run.iter().map(|path| path.as_os_str())));
        (value(&seen.look(&instance), "prefetch_total", "fetched") >= Some(1.0)).then_some(())
    });

    // Each closing is an event; the kernel keeps 16,384 of them.
    instance.signal(Signal::STOP);
    (0..20_000).for_each(|n| drop(File::create(instance.path(format!("{}.txt", n % 20))).unwrap()));
    instance.signal(Signal::CONT);
    seen.until(&instance, "events_lost_total", "", 1.0);
    fs::rename(instance.root(), instance.home().join("away")).unwrap();
    seen.until(&instance, "degraded", "root-offline", 1.0);
    seen.until(&instance, "roots", "offline", 1.0);

    let still: Vec<&str> = table()
        .iter()
        .filter(|row| row.e2e.is_none() && !seen.moved.contains(&row.name))
        .map(|row| row.name.as_str())
        .collect();
    assert!(still.is_empty(), "never anything but 0: {still:?}");
    let excused = table().iter().filter(|row| row.e2e.is_some()).count();
    assert!(excused <= 2, "{excused} rows need not move");

    shown_alike(&instance, &mut seen);
}

/// The same families for people, programs and scrapers.
fn shown_alike(instance: &Instance, seen: &mut Seen) {
    let names = |samples: &[Sample]| samples.iter().map(|sample| sample.name.clone()).collect::<BTreeSet<_>>();
    let on_bus = names(&seen.look(instance));
    // The view is a moment behind, and nothing tells when it is not.
    let begun = Instant::now();
    while names(&seen.look_at_view(instance)) != on_bus {
        assert!(begun.elapsed() < PATIENCE, "the view shows others");
        std::thread::yield_now();
    }
    let json = instance.json(["stats"]);
    let json = json.as_array().unwrap().iter();
    assert_eq!(json.map(|figure| figure["Name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(), on_bus);
    let text = instance.ctl(["stats"]);
    for part in ["root-offline", "cache hit rate", "failures", "crashed 2", "MiB"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}
