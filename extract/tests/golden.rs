//! The golden samples: each record compared with its committed text, each sample cut and bit-flipped.
//!
//! `UPDATE=1 cargo test -p metaextract --test golden` writes the `.expected` files anew; read the difference with care.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use metaextract::{
    Ahead, Limits, Record, Source, extract, formats,
    json::{self, Form},
    record::Rank,
};

/// Damage is done to this many first bytes.
const DAMAGED: usize = 4096;
/// No extraction of a small sample comes near this; one that does loops by the file's will.
const PATIENCE: Duration = Duration::from_secs(5);

struct Sample {
    path: PathBuf,
    data: Vec<u8>,
}

impl Sample {
    fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).expect("samples have plain names")
    }

    /// Extracts `data` under the sample's name.
    fn extract(&self, data: &[u8]) -> Record {
        let started = Instant::now();
        let mut source = Source::from_bytes(data, self.name().as_bytes(), Limits::default());
        let record = catch_unwind(AssertUnwindSafe(|| extract(&mut source)));
        assert!(started.elapsed() < PATIENCE, "{} takes too long", self.name());
        record.expect("no input may cause a panic")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for format in fs::read_dir(folder()).expect("the samples are committed").flatten() {
        if !format.path().is_dir() {
            continue;
        }
        for file in fs::read_dir(format.path()).expect("a folder of samples").flatten() {
            let path = file.path();
            if path.extension().is_none_or(|extension| extension != "expected") {
                samples.push(Sample { data: fs::read(&path).expect("a sample"), path });
            }
        }
    }
    samples.sort_by(|a, b| a.path.cmp(&b.path));
    samples
}

/// Runs `check` on every sample, on all cores, and fails with all complaints.
fn for_each(check: impl Fn(&Sample) -> Result<(), String> + Sync) {
    let samples = samples();
    assert!(!samples.is_empty(), "no samples in {}", folder().display());
    let (queue, complaints) = (Mutex::new(samples.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no check panics with the lock held").next();
                    let Some(sample) = next else { break };
                    let result = catch_unwind(AssertUnwindSafe(|| check(sample)));
                    let complaint = match result {
                        Ok(Ok(())) => continue,
                        Ok(Err(complaint)) => complaint,
                        Err(_) => "panicked, see above".to_owned(),
                    };
                    let complaint = format!("{}: {complaint}", sample.path.display());
                    complaints.lock().expect("as above").push(complaint);
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("all threads are done");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A record as text: one tag a line, printed and, where it differs, raw; further values of a tag are marked `~`.
fn render(record: &Record) -> String {
    let mut out = format!("format {}\nmime {}\n", record.format, record.mime);
    for tag in &record.tags {
        let (mut printed, mut raw) = (String::new(), String::new());
        json::value(&mut printed, json::of(tag, Form::Printed));
        json::value(&mut raw, json::of(tag, Form::Raw));
        let mark = if tag.rank == Rank::First { "" } else { "~" };
        write!(out, "{}{mark} {printed}", tag.key()).expect("a string takes all");
        out.push_str(&if raw == printed { "\n".to_owned() } else { format!(" raw {raw}\n") });
    }
    for warning in &record.warnings {
        writeln!(out, "warning {warning}").expect("a string takes all");
    }
    if let Some(reason) = &record.stopped {
        writeln!(out, "stopped {} {reason}", reason.kind.as_str()).expect("a string takes all");
    }
    out
}

/// However much is read at once, and whatever the budget: the reader sees the same bytes, and what it wanted is the same.
#[test]
fn records_are_the_same_however_much_is_read_ahead() {
    const SIZES: [(u32, u32); 7] =
        [(4, 4), (16, 16), (64, 64), (1024, 1024), (4, 1024), (10 << 10, 4), (0, u32::MAX >> 10)];
    for_each(|sample| {
        let size = sample.data.len() as u64;
        let whole = Limits::default();
        for limits in [whole, Limits { read: size / 2, ..whole }, Limits { read: 5000, block: 3000, ..whole }] {
            let mut memory = Source::from_bytes(&sample.data[..], sample.name().as_bytes(), limits);
            let (expected, wanted) = (render(&extract(&mut memory)), memory.wanted());
            for (first, next) in SIZES {
                let file = fs::File::open(&sample.path).map_err(|error| error.to_string())?;
                let ahead = Ahead { first: first << 10, next: next << 10 };
                let mut source = Source::from_file(file, size, sample.name().as_bytes(), limits).with_ahead(ahead);
                let found = render(&extract(&mut source));
                if found != expected || source.wanted() != wanted {
                    return Err(format!("differs with {ahead:?} and {limits:?}: {:?}, {wanted:?}", source.wanted()));
                }
                if source.spent() > 3 * limits.read + u64::from(Ahead::MOST_FIRST) {
                    return Err(format!("reads {} bytes with {ahead:?} and {limits:?}", source.spent()));
                }
            }
        }
        Ok(())
    });
}

/// Groups that are about the whole file, or stand at its end where a cut takes them first.
const OF_THE_END: [&str; 6] = ["File", "Composite", "ID3v1", "ID3v1_Enh", "Lyrics3", "APE"];

fn keys(record: &Record) -> BTreeSet<String> {
    let from_the_front = record.tags.iter().filter(|tag| !OF_THE_END.contains(&&*tag.group));
    from_the_front.map(metaextract::Tag::key).collect()
}

#[test]
fn records_are_as_committed() {
    let update = std::env::var_os("UPDATE").is_some();
    for_each(|sample| {
        let mut path = sample.path.clone().into_os_string();
        path.push(".expected");
        let found = render(&sample.extract(&sample.data));
        if update {
            return fs::write(&path, found).map_err(|error| error.to_string());
        }
        let expected = fs::read_to_string(&path).map_err(|error| format!("no expectation: {error}"))?;
        if found == expected {
            return Ok(());
        }
        let (expected, found): (BTreeSet<_>, BTreeSet<_>) = (expected.lines().collect(), found.lines().collect());
        let mut difference = vec!["differs, perhaps in order only".to_owned()];
        difference.extend(expected.difference(&found).map(|line| format!("- {line}")));
        difference.extend(found.difference(&expected).map(|line| format!("+ {line}")));
        Err(difference.join("\n"))
    });
}

#[test]
fn every_format_has_samples_and_a_broken_one() {
    let samples = samples();
    for format in formats::ALL {
        let of_format = |sample: &&Sample| sample.extract(&sample.data).format == format.name;
        assert!(samples.iter().any(|sample| of_format(&sample)), "{} has no sample", format.name);
    }
    for folder in fs::read_dir(folder()).expect("the samples are committed").flatten() {
        let broken = |sample: &Sample| sample.path.starts_with(folder.path()) && sample.name().starts_with("broken");
        assert!(
            !folder.path().is_dir() || samples.iter().any(broken),
            "{} lacks a broken one",
            folder.path().display()
        );
    }
}

/// A longer file never shows fewer tags than a shorter one: what precedes the damage is kept.
#[test]
fn cuts_keep_what_precedes_them() {
    for_each(|sample| {
        let whole = keys(&sample.extract(&sample.data));
        // Readers that begin at the end of a file, or recover without one, see another file after each cut.
        let grows = !matches!(sample.path.extension().and_then(|e| e.to_str()), Some("pdf"));
        let mut before = BTreeSet::new();
        for len in 0..sample.data.len().min(DAMAGED) {
            let found = keys(&sample.extract(&sample.data[..len]));
            if let Some(lost) = before.difference(&found).find(|lost| grows && whole.contains(*lost)) {
                return Err(format!("cut at {len} loses {lost}"));
            }
            before = found;
        }
        Ok(())
    });
}

#[test]
fn flipped_bits_do_no_harm() {
    for_each(|sample| {
        let mut data = sample.data.clone();
        for at in 0..data.len().min(DAMAGED) {
            // Each place in turn gets another bit, so that signs, sizes and flags all change.
            let bit = 1 << (at % 8);
            data[at] ^= bit;
            sample.extract(&data);
            data[at] ^= bit;
        }
        Ok(())
    });
}
