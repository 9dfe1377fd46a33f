//! The texts of `status/`: rendered when one is looked up, then the same for whoever is reading it.
//!
//! The kernel is told to trust nothing here, so each opening by name looks up. A reader that stays asks for the
//! attributes before each read, and gets the text it began with as long as that is young.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use crate::view::Status;

/// How long a reader that keeps a file open may see the same text.
const YOUNG: Duration = Duration::from_secs(1);

/// A text with the time that is its file's mtime. Each rendering has a later one, else cached pages would be kept.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) text: Arc<str>,
    pub(crate) changed: SystemTime,
    made: Instant,
}

#[derive(Debug)]
pub(crate) struct Board {
    status: Status,
    /// The last text of each name. The lock, shared by the request threads, is not held while one is rendered.
    texts: Mutex<Vec<Option<Text>>>,
}

impl Board {
    pub(crate) fn new(status: Status) -> Self {
        let texts = Mutex::new(vec![None; status.names.len()]);
        Self { status, texts }
    }

    pub(crate) fn names(&self) -> &'static [&'static str] {
        self.status.names
    }

    /// The text as of now; `None` for a position without a name.
    pub(crate) fn render(&self, position: usize) -> Option<Text> {
        let text: Arc<str> = (self.status.render)(self.status.names.get(position)?).into();
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = texts.get_mut(position)?;
        let now = SystemTime::now();
        let changed = slot.as_ref().map_or(now, |last| now.max(last.changed + Duration::from_nanos(1)));
        let text = Text { text, changed, made: Instant::now() };
        *slot = Some(text.clone());
        Some(text)
    }

    /// The last text, or a new one when that is no longer young.
    pub(crate) fn current(&self, position: usize) -> Option<Text> {
        let last = self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(position).cloned().flatten();
        last.filter(|last| last.made.elapsed() < YOUNG).or_else(|| self.render(position))
    }
}
