//! `metaextractd extract`: files in, one JSON object a line out, read by the same sandboxed workers as the daemon's.
//!
//! Needs no daemon, store or bus. Lines come in the order of the files; only so many files are under way at once that a slow
//! one at the front holds a bounded number of finished ones back.

use std::{
    collections::VecDeque,
    fs,
    io::{self, BufRead, BufWriter, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use metaextract::{
    Ahead,
    json::{self, Form},
};

use crate::{
    args::Files,
    engine::{Config, Engine, EngineEvent, LocalEngine, Size},
    model::{DirId, Expected, FileId, FsId, Job, JobId, Outcome, Place, Priority, ReaderId, Stamp, Task, path},
};

/// Tries of a file: once among others, once alone.
const TRIES: u8 = 2;
/// Looks at a file that is being written to.
const LOOKS: u8 = 3;

enum Event {
    File(PathBuf),
    NoMoreFiles,
    Engine(EngineEvent),
}

/// A file under way.
struct Entry {
    path: PathBuf,
    strikes: u8,
    looks: u8,
    /// Once it is read.
    line: Option<Line>,
}

struct Line {
    text: String,
    good: bool,
}

/// Reads the files with as many workers as there are cores. The exit code is 1 if any has no record.
pub fn run(config: Config, form: Form, files: Files) -> ExitCode {
    let (sender, events) = channel();
    let sink = sender.clone();
    // The receiver lives until the engine has stopped; what comes later interests nobody.
    let sink = Arc::new(move |event| _ = sink.send(Event::Engine(event)));
    let mut engine = LocalEngine::new(config, sink);
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    engine.resize(Size::calm(cores, 32));
    let (permits, permitted) = channel();
    for _ in 0..engine.credit() {
        _ = permits.send(()); // The receiver is right here.
    }
    thread::spawn(move || list(files, &permitted, &sender));
    let mut run =
        Run { engine, form, window: VecDeque::new(), first: 0, all_good: true, no_more: false, no_workers: None };
    let printed = run.print_all(&events, &permits);
    run.engine.stop();
    match printed {
        Ok(()) if run.all_good => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(io::stderr(), "metaextractd: cannot write the records: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Names the files one by one, each when there is room for it.
fn list(files: Files, permitted: &Receiver<()>, sender: &Sender<Event>) {
    let send = |path| permitted.recv().is_ok() && sender.send(Event::File(path)).is_ok();
    match files {
        Files::Given(paths) => _ = paths.into_iter().all(send),
        Files::Stdin => {
            let paths = io::stdin().lock().split(0).map_while(Result::ok).filter(|path| !path.is_empty());
            _ = paths.map(|path| PathBuf::from(std::ffi::OsString::from_vec(path))).all(send);
        }
    }
    _ = sender.send(Event::NoMoreFiles); // Without a receiver nobody waits for it.
}

struct Run {
    engine: LocalEngine,
    form: Form,
    /// Files named and not yet printed, in their order.
    window: VecDeque<Entry>,
    /// Number of the window's first file; a job is known by its file's number.
    first: u64,
    all_good: bool,
    no_more: bool,
    /// Why no worker can be started, as long as that is so.
    no_workers: Option<String>,
}

impl Run {
    fn print_all(&mut self, events: &Receiver<Event>, permits: &Sender<()>) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
        while !(self.no_more && self.window.is_empty()) {
            let event = match events.try_recv() {
                Ok(event) => event,
                Err(_) => {
                    out.flush()?;
                    let Ok(event) = events.recv() else { break };
                    event
                }
            };
            match event {
                Event::File(path) => {
                    self.window.push_back(Entry { path, strikes: 0, looks: 0, line: None });
                    self.submit(self.first + self.window.len() as u64 - 1);
                }
                Event::NoMoreFiles => self.no_more = true,
                Event::Engine(event) => self.hear(event),
            }
            while let Some(line) = self.window.front_mut().and_then(|entry| entry.line.take()) {
                self.window.pop_front();
                self.first += 1;
                self.all_good &= line.good;
                out.write_all(line.text.as_bytes())?;
                out.write_all(b"\n")?;
                _ = permits.send(()); // The list may have come to its end.
            }
        }
        out.flush()
    }

    /// Gives the file with this number to the engine, or its line where there is nothing to read.
    fn submit(&mut self, number: u64) {
        let no_workers = self.no_workers.clone();
        let Some(entry) = self.entry(number) else { return };
        if let Some(why) = no_workers {
            return entry.fail(&format!("no worker can be started: {why}"), "failed");
        }
        entry.looks += 1;
        match job(number, &entry.path, entry.strikes) {
            Ok(job) => self.engine.submit(job),
            Err((sentence, code)) => entry.fail(&sentence, code),
        }
    }

    fn hear(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Finished(JobId(number), outcome) => self.finish(number, outcome),
            EngineEvent::Distrusted(files) => self.read_again(&files),
            EngineEvent::NoWorkers { why } => {
                for entry in self.window.iter_mut().filter(|entry| entry.line.is_none()) {
                    entry.fail(&format!("no worker can be started: {why}"), "failed");
                }
                self.no_workers = Some(why);
            }
            EngineEvent::WorkersBack => self.no_workers = None,
            EngineEvent::Measured(_) | EngineEvent::Short { .. } => {}
        }
    }

    fn finish(&mut self, number: u64, outcome: Outcome) {
        let form = self.form;
        let Some(entry) = self.entry(number).filter(|entry| entry.line.is_none()) else { return };
        match outcome {
            Outcome::Read { record, .. } => match record.decode() {
                Ok(record) => {
                    let text = json::object(&record, form, Some(entry.path.as_os_str().as_bytes()));
                    entry.line = Some(Line { text, good: true });
                }
                Err(error) => entry.fail(&error.to_string(), "failed"),
            },
            Outcome::Digest(_) => entry.fail("a digest was not asked for", "failed"),
            Outcome::Gone => entry.fail("there is no such file any more", "no-such-file"),
            Outcome::Changed | Outcome::Returned if entry.looks < LOOKS => self.submit(number),
            Outcome::Changed => entry.fail("the file is being written to", "failed"),
            Outcome::Returned => entry.fail("workers are killed while they read the file", "failed"),
            Outcome::Unreadable { text, .. } => entry.fail(&text, "failed"),
            Outcome::Strike { text, .. } => {
                entry.strikes += 1;
                match entry.strikes < TRIES {
                    true => self.submit(number),
                    false => entry.fail(&text, "failed"),
                }
            }
        }
    }

    /// What is not printed yet can be read again.
    fn read_again(&mut self, files: &[FileId]) {
        let printed = files.iter().filter(|file| file.0 < self.first).count();
        if printed > 0 {
            self.all_good = false;
            let text = "lines printed may be false: their worker was captured by a hostile file later on";
            _ = writeln!(io::stderr(), "metaextractd: {printed} {text}");
        }
        for FileId(number) in files.iter().copied() {
            if let Some(entry) = self.entry(number) {
                entry.line = None;
                self.submit(number);
            }
        }
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.window.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

impl Entry {
    fn fail(&mut self, sentence: &str, code: &str) {
        let text = json::error_object(self.path.as_os_str().as_bytes(), sentence, code);
        self.line = Some(Line { text, good: false });
    }
}

/// The job for a file as it is now. A symlink that a person names is followed; the engine itself follows none.
fn job(number: u64, file: &Path, attempts: u8) -> Result<Job, (String, &'static str)> {
    let has_lines = file.as_os_str().as_bytes().contains(&b'\n');
    let failed = |error: io::Error| match error.kind() {
        // Lines where paths ended by NUL are wanted read like one path.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename if has_lines => {
            let hint =
                "paths on standard input are separated by NUL: find DIR -type f -print0 | metaextractd extract -";
            (format!("there is no such file; {hint}"), "no-such-file")
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ("there is no such file".into(), "no-such-file"),
        _ => (format!("cannot be opened: {error}"), "failed"),
    };
    let real = fs::canonicalize(file).map_err(failed)?;
    let metadata = fs::metadata(&real).map_err(failed)?;
    if metadata.is_dir() {
        let hint = "it is a directory; for all files in it: find DIR -type f -print0 | metaextractd extract -";
        return Err((hint.into(), "failed"));
    }
    if !metadata.is_file() {
        return Err(("it is not a regular file".into(), "failed"));
    }
    let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
    let real = real.as_os_str().as_bytes();
    Ok(Job {
        id: JobId(number),
        file: FileId(number),
        place: Place { dir: DirId::TOP, name: path(real).file_name().unwrap_or_default().as_bytes().into() },
        root: (*b"/").into(),
        path: real.strip_prefix(b"/").unwrap_or(real).into(),
        fs: FsId(metadata.dev()),
        inode: metadata.ino(),
        stamp: Stamp {
            size: metadata.len(),
            mtime: ns(metadata.mtime(), metadata.mtime_nsec()),
            ctime: ns(metadata.ctime(), metadata.ctime_nsec()),
        },
        reader: ReaderId(0),
        expected: Expected::default(),
        in_order: false,
        ahead: Ahead::default(),
        priority: Priority::Asked,
        attempts,
        task: Task::default(),
    })
}
