//! The texts of `status/`: rendered when one is looked up, then the same for whoever is reading it.
//!
//! The kernel is told to trust nothing here, so each opening by name looks up, and gets a node of its own where the text
//! has changed: others who look up later change nothing for whoever is reading. A reader that stays asks for the
//! attributes before each read, and gets the text it began with as long as that is young.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use crate::{inode::TURNS, view::Status};

/// How long a reader that keeps a file open may see the same text.
const YOUNG: Duration = Duration::from_secs(1);
/// Texts of one name that are kept for those who read them.
const KEPT: usize = 16;

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
    /// The last texts of each name. The lock, shared by the request threads, is not held while one is rendered.
    texts: Mutex<Vec<Texts>>,
    young: Duration,
}

/// The last texts of one name.
#[derive(Debug, Clone, Default)]
struct Texts {
    /// Each with its turn, the one rendered last at the end.
    kept: VecDeque<(u16, Text)>,
    /// The turn of who looked up last.
    turn: u16,
    /// The latest time that any has had.
    changed: Option<SystemTime>,
}

impl Texts {
    fn of(&self, turn: u16) -> Option<&Text> {
        self.kept.iter().find(|(kept, _)| *kept == turn).map(|(_, text)| text)
    }

    /// Keeps a text as that of a turn.
    fn put(&mut self, turn: u16, text: Arc<str>) -> Text {
        let now = SystemTime::now();
        let changed = self.changed.map_or(now, |last| now.max(last + Duration::from_nanos(1)));
        self.changed = Some(changed);
        let text = Text { text, changed, made: Instant::now() };
        self.kept.retain(|(kept, _)| *kept != turn);
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((turn, text.clone()));
        text
    }
}

impl Board {
    pub(crate) fn new(status: Status) -> Self {
        let texts = Mutex::new(vec![Texts::default(); status.names.len()]);
        Self { status, texts, young: YOUNG }
    }

    pub(crate) fn names(&self) -> &'static [&'static str] {
        self.status.names
    }

    /// The text as of now, with its turn; `None` for a position without a name.
    pub(crate) fn render(&self, position: u8) -> Option<(u16, Text)> {
        let text = self.make(position)?;
        self.with(position, |texts| {
            if texts.of(texts.turn).is_none_or(|last| last.text != text) {
                texts.turn = (texts.turn + 1) % TURNS;
            }
            (texts.turn, texts.put(texts.turn, text))
        })
    }

    /// The text of a turn, or a new one when that is no longer young.
    pub(crate) fn current(&self, position: u8, turn: u16) -> Option<Text> {
        let last = self.with(position, |texts| texts.of(turn).cloned())?;
        last.filter(|last| last.made.elapsed() < self.young).or_else(|| {
            let text = self.make(position)?;
            self.with(position, |texts| texts.put(turn, text))
        })
    }

    /// The turn that was looked up last.
    pub(crate) fn turn(&self, position: u8) -> u16 {
        self.with(position, |texts| texts.turn).unwrap_or_default()
    }

    fn make(&self, position: u8) -> Option<Arc<str>> {
        Some((self.status.render)(self.status.names.get(usize::from(position))?).into())
    }

    fn with<T>(&self, position: u8, act: impl FnOnce(&mut Texts) -> T) -> Option<T> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.get_mut(usize::from(position)).map(act)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn who_looks_up_changes_nothing_for_whoever_is_reading() {
        let count = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&count);
        let render = Box::new(move |_: &str| format!("degraded {}\n", told.load(Ordering::Relaxed)));
        let board = Board { young: Duration::MAX, ..Board::new(Status { names: &["state"], render }) };
        let (first, begun) = board.render(0).unwrap();
        assert_eq!(board.render(0).unwrap().0, first, "the same text is the same file");
        for n in 1..u64::from(TURNS) * 2 {
            count.store(n, Ordering::Relaxed);
            let (turn, newer) = board.render(0).unwrap();
            assert_eq!(&*newer.text, format!("degraded {n}\n"));
            assert_eq!(u64::from(turn), (u64::from(first) + n) % u64::from(TURNS));
            assert!(newer.changed > begun.changed);
            if n < KEPT as u64 {
                assert_eq!(board.current(0, first).unwrap().text, begun.text);
            }
        }
        assert!(board.render(1).is_none() && board.current(1, 0).is_none());
    }
}
