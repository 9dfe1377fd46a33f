//! Measures what learning saves: `cargo run --release --example reads -- DIR`.
//!
//! Every second file below DIR is read to learn from, by no other rule than its place in the sorted list. The others are read twice:
//! once with the sizes that files have of which nothing is known, once with those that were learned. Prints bytes asked of the kernel
//! and calls, whether all records are the same, and how long a prediction takes.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    hint::black_box,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Instant,
};

use metaextract::{Ahead, Limits, Record, Source};
use metaextractd::{
    model::{Cost, ReaderId},
    queue::cost::{Kind, Model},
    readers,
};

/// Bytes and calls, and for how many files.
#[derive(Default, Clone, Copy)]
struct Sum {
    files: u64,
    bytes: u64,
    calls: u64,
}

impl Sum {
    fn add(&mut self, cost: &Cost) {
        self.files += 1;
        self.bytes += cost.read;
        self.calls += cost.calls;
    }
}

fn main() -> anyhow::Result<()> {
    let Some(dir) = std::env::args_os().nth(1) else { anyhow::bail!("usage: reads DIR") };
    let mut files = Vec::new();
    list(Path::new(&dir), &mut files)?;
    files.sort();
    let mut model = Model::default();
    for file in files.iter().step_by(2) {
        let (record, cost, size) = read(file, Ahead::default())?;
        model.learn(file.as_os_str().as_bytes(), readers::id(&record.format), size, &cost);
    }
    let (mut formats, mut different) = (BTreeMap::<String, [Sum; 2]>::new(), 0);
    for file in files.iter().skip(1).step_by(2) {
        let (fixed, cost_fixed, size) = read(file, Ahead::default())?;
        let kind = Kind::new(model.likely(ReaderId(0), file.as_os_str().as_bytes()), size);
        let (learned, cost_learned, _) = read(file, model.ahead(kind))?;
        different += u64::from(fixed != learned);
        for name in ["all", &fixed.format] {
            let sums = formats.entry(name.to_owned()).or_default();
            sums[0].add(&cost_fixed);
            sums[1].add(&cost_learned);
        }
    }
    println!("{:8} {:>6} {:>21} {:>21} {:>15}", "", "files", "KiB/file", "calls/file", "times less");
    for (name, [fixed, learned]) in formats {
        let each = |n: u64| n as f64 / fixed.files as f64;
        println!(
            "{:8} {:6} {:10.1} {:10.1} {:10.2} {:10.2} {:7.2} {:7.2}",
            if name.is_empty() { "-" } else { &name },
            fixed.files,
            each(fixed.bytes) / 1024.0,
            each(learned.bytes) / 1024.0,
            each(fixed.calls),
            each(learned.calls),
            fixed.bytes as f64 / learned.bytes as f64,
            fixed.calls as f64 / learned.calls as f64,
        );
    }
    println!("{different} records differ");
    predict(&model);
    Ok(())
}

/// All plain files below `dir`.
fn list(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn read(path: &Path, ahead: Ahead) -> io::Result<(Record, Cost, u64)> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let name = path.file_name().unwrap_or_default().as_bytes();
    let mut source = Source::from_file(file, size, name, Limits::default()).with_ahead(ahead);
    let record = metaextract::extract(&mut source);
    let (read, calls, wanted) = (source.spent(), source.calls(), source.wanted());
    Ok((record, Cost { read, calls, wanted, ..Cost::default() }, size))
}

/// How long it takes to say what a file costs, and how it is best read: of known kinds, and of unknown ones.
fn predict(model: &Model) {
    const TIMES: u64 = 1_000_000;
    let known = readers::current();
    for (what, readers) in [("a known kind", &known[..]), ("an unknown kind", &[ReaderId(1)])] {
        let kind = |n: u64| Kind::new(readers[n as usize % readers.len()], 1 << (n % 40));
        let each = |measured: &dyn Fn(Kind)| {
            let begun = Instant::now();
            (0..TIMES).for_each(|n| measured(black_box(kind(n))));
            begun.elapsed().as_nanos() as u64 / TIMES
        };
        let cost = each(&|kind| _ = black_box(model.predict(kind)));
        let ahead = each(&|kind| _ = black_box(model.ahead(kind)));
        println!("{what}: {cost} ns for the cost, {ahead} ns for the sizes to read");
    }
}
