//! The texts of `status/`: rendered when one is looked up, then the same for whoever is reading it.
//!
//! The kernel is told to trust nothing here, so each opening by name looks up. A reader that stays asks for the
//! attributes before each read, and gets the text it began with as long as that is young.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use crate::view::{Error, View};

/// How long a reader that keeps a file open may see the same text.
const YOUNG: Duration = Duration::from_secs(1);

/// A text with the time that is its file's mtime. Each rendering has a later one, else cached pages would be kept.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) text: Arc<str>,
    pub(crate) changed: SystemTime,
    made: Instant,
}

/// The last text of each name. The lock is held while none is rendered.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Vec<Option<Text>>>);

impl Board {
    pub(crate) fn new(names: usize) -> Self {
        Self(Mutex::new(vec![None; names]))
    }

    /// The text as of now.
    pub(crate) fn render(&self, view: &dyn View, position: usize) -> Result<Option<Text>, Error> {
        let Some(name) = view.status_names().get(position) else { return Ok(None) };
        let text: Arc<str> = view.status(name)?.into();
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = texts.get_mut(position) else { return Ok(None) };
        let now = SystemTime::now();
        let changed = match slot {
            Some(last) => now.max(last.changed + Duration::from_nanos(1)),
            None => now,
        };
        let text = Text { text, changed, made: Instant::now() };
        *slot = Some(text.clone());
        Ok(Some(text))
    }

    /// The last text, or a new one when that is no longer young.
    pub(crate) fn current(&self, view: &dyn View, position: usize) -> Result<Option<Text>, Error> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(position).cloned().flatten();
        match last.filter(|last| last.made.elapsed() < YOUNG) {
            Some(last) => Ok(Some(last)),
            None => self.render(view, position),
        }
    }
}
