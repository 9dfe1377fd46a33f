//! What reading a directory would take: from looks at its files, and from what such files have cost before.

use std::{io, sync::Arc};

use super::{
    commands::{Looked, store_error},
    core::Core,
    pace,
    roots::{Root, RootId, owner},
};
use crate::{
    config,
    control::{AbsPath, Error, EstimateReport, Reply, RootOptions, RootOrigin, Viewer},
    crawl::{self, SurveyError, Surveyed},
    model::{FileRow, FileState},
    queue::cost::{Kind, Mix, Model},
    store::Store,
};

impl Core {
    /// The looks are made on a thread that may block.
    pub(super) fn estimate(&self, by: &Viewer, looked: &Looked, reply: Reply<EstimateReport>) {
        let begun = match self.begin_estimate(by, looked) {
            Ok(begun) => begun,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let turn = Arc::clone(&self.estimating);
        (self.threads)(Box::new(move || {
            let report = match turn.try_lock() {
                Ok(_turn) => begun.end(),
                Err(_) => Err(Error::Busy {
                    what: "another estimate is being made".into(),
                    hint: "ask again when it has ended".into(),
                }),
            };
            _ = reply.send(report);
        }));
    }

    fn begin_estimate(&self, by: &Viewer, looked: &Looked) -> Result<Estimate, Error> {
        if *by != Viewer::All {
            let what = "only root may have a whole directory looked at by a daemon that sees everything".to_owned();
            return Err(Error::NotAllowed { what, hint: "ask as root, with sudo".into() });
        }
        if let Some(error) = &looked.refusal {
            return Err(error.clone());
        }
        self.refuse_own(&looked.path)?;
        let path = looked.path.clone();
        let (root, relative) = match owner(&self.roots, path.as_bytes()) {
            Some((root, relative)) => (root.spec.clone(), relative),
            // As it would be if it were watched.
            None => {
                let options = RootOptions::default();
                (Root::new(RootId(0), path.clone(), options, RootOrigin::Bus, &self.settings)?.spec, Vec::new())
            }
        };
        let (readers, policy) = (self.readers.clone(), self.settings.policy());
        Ok(Estimate {
            files: self.walks.files(),
            rows: Arc::clone(&self.store),
            root,
            relative,
            path,
            costs: self.reading.costs.clone(),
            workers: self.governing.most(&self.settings.workers),
            is_current: Box::new(move |row| {
                let is_read = row.state != FileState::Pending;
                is_read && row.fingerprint.policy == policy && readers.contains(&row.fingerprint.reader)
            }),
        })
    }
}

/// Everything that an estimate needs.
struct Estimate {
    files: Arc<dyn crate::watch::files::Files>,
    rows: Arc<dyn Store>,
    root: crawl::Root,
    relative: Vec<u8>,
    path: AbsPath,
    costs: Model,
    workers: usize,
    is_current: Box<dyn Fn(&FileRow) -> bool + Send>,
}

impl Estimate {
    fn end(self) -> Result<EstimateReport, Error> {
        let (mut report, mut mix) = (EstimateReport::default(), Mix::default());
        let mut read = 0.0;
        let mut each = |Surveyed { name, size, row }: Surveyed<'_>| {
            report.files += 1;
            report.bytes = report.bytes.saturating_add(size);
            if row.as_ref().is_some_and(&self.is_current) {
                report.current += 1;
                return;
            }
            let last = row.map_or(Kind::NOBODY, |row| row.fingerprint.reader);
            let kind = Kind::new(self.costs.likely(last, name), size);
            match self.costs.knows(kind) {
                // No more than there is, whatever others of its kind had.
                true => read += f64::from(self.costs.predict(kind).read).min(size as f64),
                false => report.unknown += 1,
            }
            mix.add(kind);
        };
        let surveyed = crawl::survey(&*self.files, &*self.rows, &self.root, &self.relative, &mut each);
        report.unreadable = surveyed.map_err(|error| self.refusal(error))?;
        report.read = read as u64;
        report.left = pace::range(mix.us(&self.costs) / self.workers.max(1) as f64 / 1e6);
        Ok(report)
    }

    fn refusal(&self, error: SurveyError) -> Error {
        let path = self.path.as_path().display();
        match error {
            SurveyError::Store(error) => store_error(&error),
            SurveyError::Directory(error) if error.kind() == io::ErrorKind::NotFound => Error::NoSuchFile {
                what: format!("there is no directory {path}"),
                hint: "name one that is there".into(),
            },
            SurveyError::Directory(error) => Error::InvalidArgument {
                what: format!("{path}: {}", config::chain(&error)),
                hint: "name a directory that you may look at, and no link to one".into(),
            },
        }
    }
}
