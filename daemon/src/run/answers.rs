//! Answers that only need the index and the roots: made on threads that may block, never in the loop.

use std::sync::Arc;

use metaextract::{Reason, Record, json};

use super::{
    attention::Attention,
    lift,
    roots::Root,
    sight::{self, entry_at},
};
use crate::{
    control::{
        AbsPath, FailedFile, FormatInfo, HeldFile, ReaderReport, SeenFile, ShowOptions, Stream, Viewer, WhyReport,
        WhyState, shown,
    },
    crawl,
    model::{self, DirId, EntryRow, FileRecord, FileResult, FileRow, FileState, Node, Place},
    store::{Rows, StoreError},
    watch::{
        files::Kernel,
        reach::{Last, Reached},
        rules::Rule,
        scan,
    },
};

/// Files looked at in one step of a long answer.
const STEP: usize = 512;

/// What a path is, as far as index and rules say.
enum Held {
    File { place: Place, row: FileRow, file: Option<Arc<FileRecord>> },
    Dir,
    Nothing,
}

/// Reads of the index with the roots of the moment, for one user.
#[derive(Clone)]
pub(crate) struct Answers {
    pub rows: Arc<dyn Rows>,
    pub roots: Vec<crawl::Root>,
    pub by: Viewer,
}

impl Answers {
    pub fn new(rows: Arc<dyn Rows>, roots: &[Root], by: &Viewer) -> Self {
        Self { rows, roots: roots.iter().map(|root| root.spec.clone()).collect(), by: by.clone() }
    }

    /// One JSON object a path, in order.
    /// A file that is still to be read is told to `attention`: it comes first from then on.
    pub fn show(self, paths: Vec<AbsPath>, options: ShowOptions, attention: Arc<Attention>) -> Stream<String> {
        Stream(Box::new(paths.into_iter().map(move |path| self.show_one(&path, &options, &attention))))
    }

    fn show_one(&self, path: &AbsPath, options: &ShowOptions, attention: &Attention) -> String {
        let error = |text: &str, code| json::error_object(path.as_bytes(), text, code);
        let form = if options.raw { json::Form::Raw } else { json::Form::Printed };
        let held = self.held(path.as_bytes());
        if let Ok(Held::File { place, row, .. }) = &held
            && row.state == FileState::Pending
        {
            attention.wait_for(place.clone());
        }
        match held {
            Err(fault) => error(&format!("{fault}; look at the status"), "failed"),
            Ok(Held::Dir) => error("it is a directory; give files", "not-indexed"),
            Ok(Held::File { file: Some(file), .. }) => match &file.result {
                FileResult::Record(record) => {
                    let filtered = filter(record, options);
                    json::object(filtered.as_ref().unwrap_or(record), form, Some(path.as_bytes()))
                }
                FileResult::Failed { kind, text } => {
                    error(&format!("{text} ({}); metactl retry tries again", kind.as_str()), "failed")
                }
            },
            Ok(Held::File { file: None, .. }) => {
                error("it has not been read yet; metactl index reads it now", "not-indexed")
            }
            Ok(Held::Nothing) => self.show_missing(path),
        }
    }

    fn show_missing(&self, path: &AbsPath) -> String {
        let error = |text: &str, code| json::error_object(path.as_bytes(), text, code);
        let Some(there) = self.on_disk(path.as_bytes()) else {
            return error("there is no such file", "no-such-file");
        };
        let Some((root, relative)) = self.owner(path.as_bytes()) else {
            return error("it is below no watched directory; metactl watch adds one", "not-indexed");
        };
        match crawl::excluded_by(&Kernel, root, &relative) {
            Some(rule) => error(&format!("a rule leaves it out: {}", self.told(&rule)), "excluded"),
            None if !there.is_file => error("it is not a regular file", "excluded"),
            None => error("it has not been found yet; metactl index reads it now", "not-indexed"),
        }
    }

    /// All there is to say of one path.
    pub fn why(&self, path: &AbsPath, reader_is_current: impl Fn(&FileRow) -> bool) -> Result<WhyReport, StoreError> {
        let seen = self.on_disk(path.as_bytes());
        let held = self.held(path.as_bytes())?;
        // Of what is not there for this user nothing is said, also not which root it would be below.
        let hidden = seen.is_none() && matches!(held, Held::Nothing) && self.by != Viewer::All;
        let owner = if hidden { None } else { self.owner(path.as_bytes()) };
        let mut report = WhyReport {
            path: path.clone(),
            state: WhyState::NotWatched,
            rule: String::new(),
            root: owner.as_ref().and_then(|(root, _)| AbsPath::parse(&root.path).ok()),
            next: "nothing; metactl watch adds a directory above it".into(),
            next_at: None,
            now: None,
            held: None,
        };
        if let Some(seen) = seen.as_ref().filter(|seen| seen.is_file) {
            let modified = (seen.mtime / 1_000).max(0) as u64;
            report.now = Some(SeenFile { size: seen.size, modified, current: false });
        }
        let is_file = seen.as_ref().is_some_and(|seen| seen.is_file);
        match held {
            Held::File { row, file, .. } => why_file(&mut report, &row, file.as_deref(), reader_is_current(&row)),
            _ if seen.is_none() => {
                report.state = WhyState::NoSuchFile;
                report.next = "nothing; there is no such file".into();
            }
            Held::Dir => {
                report.state = WhyState::Directory;
                report.rule = "it is below a watched directory".into();
                report.next = "changes in it are looked at as they happen".into();
            }
            Held::Nothing => self.why_not(&mut report, owner, is_file),
        }
        Ok(report)
    }

    fn why_not(&self, report: &mut WhyReport, owner: Option<(&crawl::Root, Vec<u8>)>, is_file: bool) {
        let Some((root, relative)) = owner else { return };
        let rule = crawl::excluded_by(&Kernel, root, &relative);
        if rule.is_none() && is_file {
            report.state = WhyState::Pending;
            report.rule = "no rule leaves it out".into();
            report.next = "it is indexed when the walk of its directory reaches it".into();
            return;
        }
        report.state = WhyState::Excluded;
        report.rule =
            rule.map_or_else(|| "it is neither a regular file nor a directory".into(), |rule| self.told(&rule));
        report.next = "nothing, while the rule stands".into();
    }

    fn on_disk(&self, path: &[u8]) -> Option<Reached> {
        sight::on_disk(path, Last::Keep, &self.by)
    }

    /// A rule in words; one out of a file that this user may not read without its text.
    fn told(&self, rule: &Rule) -> String {
        let file = rule.source.starts_with('/').then_some(rule.source.as_bytes());
        match file.is_some_and(|file| self.by != Viewer::All && self.on_disk(file).is_none()) {
            true => "one that you may not read".into(),
            false => rule.to_string(),
        }
    }

    /// Every file that has no record or only part of one.
    pub fn failed(self) -> Stream<FailedFile> {
        let wanted = |state| matches!(state, FileState::Failed(_) | FileState::Partial);
        let scan = Scan::new(Arc::clone(&self.rows), wanted);
        let seen = sight::scan(scan, Arc::clone(&self.rows), self.by.clone());
        Stream(Box::new(seen.filter_map(move |(dir, entry)| {
            let Node::File(row) = entry.node else { return None };
            let path = model::join(&self.rows.path(dir).ok()??, &entry.name);
            let file = self.rows.file(row.id).ok()??;
            (!sight::is_closed(&path, &self.by)).then(|| failed_file(path, &file))
        })))
    }

    fn owner(&self, path: &[u8]) -> Option<(&crawl::Root, Vec<u8>)> {
        self.roots.iter().find_map(|root| {
            let rest = path.strip_prefix(&*root.path)?;
            match rest.first() {
                None => Some((root, Vec::new())),
                Some(b'/') => Some((root, rest[1..].to_vec())),
                Some(_) => (*root.path == *b"/").then(|| (root, rest.to_vec())),
            }
        })
    }

    fn held(&self, path: &[u8]) -> Result<Held, StoreError> {
        let Some((dir, entry)) = entry_at(&*self.rows, path, &self.by)? else { return Ok(Held::Nothing) };
        if sight::is_closed(path, &self.by) {
            return Ok(Held::Nothing);
        }
        Ok(match entry.node {
            Node::Dir(_) => Held::Dir,
            Node::File(row) => {
                Held::File { place: Place { dir, name: entry.name }, file: self.rows.file(row.id)?, row }
            }
        })
    }
}

/// All readers.
/// All readers; `done` says how one of this name has done.
pub(crate) fn formats(done: impl Fn(&str) -> ReaderReport) -> Stream<FormatInfo> {
    let info = |format: &&metaextract::Format| FormatInfo {
        name: format.name,
        version: format.version,
        extensions: format.extensions,
        mime: format.mime,
        done: done(format.name),
    };
    let formats: Vec<_> = metaextract::formats::ALL.iter().map(info).collect();
    Stream(Box::new(formats.into_iter()))
}

fn filter(record: &Record, options: &ShowOptions) -> Option<Record> {
    if options.tags == crate::control::TagFilter::default() {
        return None;
    }
    let tags = record.tags.iter().filter(|tag| options.tags.keeps(&tag.group, &tag.name)).cloned().collect();
    let (format, mime) = (record.format.clone(), record.mime.clone());
    Some(Record::from_parts(format, mime, tags, record.warnings.clone(), record.stopped.clone()))
}

fn why_file(report: &mut WhyReport, row: &FileRow, file: Option<&FileRecord>, current: bool) {
    if let Some(now) = &mut report.now {
        let stamp = row.fingerprint.stamp;
        now.current = now.size == stamp.size && now.modified as i64 == stamp.mtime / 1_000 && current;
    }
    report.rule = "it is below a watched directory, and no rule leaves it out".into();
    let stopped = file.and_then(|file| file.result.stopped()).map(|reason| reason.kind);
    (report.state, report.next) = match row.state {
        FileState::Pending => (WhyState::Pending, "it waits to be read".into()),
        FileState::Indexed => (WhyState::Indexed, "it is read again when it changes".into()),
        FileState::Partial => (WhyState::Partial, stopped.map_or(lift::CHANGE, lift::of_reason).into()),
        FileState::Failed(kind) => (WhyState::Failed, lift::of_failure(kind).into()),
    };
    report.held = Some(held(row, file));
}

fn held(row: &FileRow, file: Option<&FileRecord>) -> HeldFile {
    let mut held = HeldFile {
        id: row.id.0,
        format: String::new(),
        mime: String::new(),
        committed: 0,
        cost: model::Cost::default(),
        tags: 0,
        attempts: 0,
        reason: None,
    };
    let Some(file) = file else { return held };
    (held.committed, held.cost, held.attempts) = (file.committed, file.cost, file.attempts);
    match &file.result {
        FileResult::Record(record) => {
            (held.format, held.mime) = (record.format.to_string(), record.mime.to_string());
            held.tags = u32::try_from(record.tags.len()).unwrap_or(u32::MAX);
            held.reason = record.stopped.as_ref().map(|reason| (reason.kind.as_str(), reason.text.clone()));
        }
        FileResult::Failed { kind, text } => held.reason = Some((kind.as_str(), text.clone())),
    }
    held
}

fn failed_file(path: Vec<u8>, file: &FileRecord) -> FailedFile {
    let (state, reason, text, about_the_file, lift) = match &file.result {
        FileResult::Failed { kind, text } => {
            (WhyState::Failed, kind.as_str(), text.clone(), kind.is_about_the_file(), lift::of_failure(*kind))
        }
        FileResult::Record(record) => match &record.stopped {
            Some(Reason { kind, text }) => {
                (WhyState::Partial, kind.as_str(), text.clone(), true, lift::of_reason(*kind))
            }
            None => (WhyState::Partial, "unknown", String::new(), true, lift::CHANGE),
        },
    };
    FailedFile { path, state, reason, text, about_the_file, attempts: file.attempts, at: file.committed, lift }
}

/// All files in some state, fetched step by step.
pub(crate) struct Scan<F> {
    rows: Arc<dyn Rows>,
    wanted: F,
    next: Option<DirId>,
    step: std::vec::IntoIter<(DirId, EntryRow)>,
}

impl<F: Fn(FileState) -> bool> Scan<F> {
    pub fn new(rows: Arc<dyn Rows>, wanted: F) -> Self {
        Self { rows, wanted, next: Some(DirId::TOP), step: Vec::new().into_iter() }
    }
}

impl<F: Fn(FileState) -> bool> Iterator for Scan<F> {
    type Item = (DirId, EntryRow);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.step.next() {
                return Some(item);
            }
            // A store that fails ends the answer early; its missing last line tells the client.
            let (items, next) = self.rows.scan(self.next?, STEP, &self.wanted).ok()?;
            (self.step, self.next) = (items.into_iter(), next);
        }
    }
}

/// What is said of a directory that is not there, or not for whoever asks.
pub(crate) fn no_directory(path: &AbsPath) -> crate::control::Error {
    crate::control::Error::NoSuchFile {
        what: format!("there is no directory {}", shown(path.as_bytes())),
        hint: "check the path; if it is on a disk that is not mounted, mount it first".into(),
    }
}

/// Says in a sentence why a path cannot be watched or used; `None` when it can.
pub(crate) fn not_a_directory(path: &AbsPath) -> Option<crate::control::Error> {
    use crate::control::Error;
    match scan::stat_dir(&Kernel, path.as_bytes()) {
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(no_directory(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Some(Error::InvalidArgument {
            what: format!("{} is not a directory", shown(path.as_bytes())),
            hint: "give the directory that holds it".into(),
        }),
        Err(error) => Some(Error::NotAllowed {
            what: format!("{} cannot be opened: {error}", shown(path.as_bytes())),
            hint: "give the daemon's user the right to read it".into(),
        }),
    }
}
