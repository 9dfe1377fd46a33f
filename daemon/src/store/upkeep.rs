//! What the writer does for the store when nobody wants anything of it: a dictionary for its records, the walk over all
//! rows, the rebuilding. Each a step at a time, so that whoever comes waits a moment at most.

use std::{
    fs,
    ops::Bound::{Included, Unbounded},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    model::{FileId, Mutation},
    store::{
        Shared, StoreError, StoreEvent,
        dictionary::{self, Packer, SAMPLES},
        group::Work,
        open::rows_dir,
        rebuild::{self, Rebuild},
        row::{Body, Row},
        schema::{meta, record_key},
        tables::{Table, Tables},
        walk::{Live, Walk, mending},
    },
};

/// Between two steps of a walk: 20,000 rows a second.
const PACE: Duration = Duration::from_millis(100);
/// Readers between two steps after which the next one waits: somebody walks through everything, and the disk and the
/// processor are his.
const MANY: u64 = 100;
/// After so long all rows are looked at again.
const ROT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Steps of a walk after which its place is written down.
const SAVED: u32 = 64;
/// Changes during a rebuilding after which it is given up: another time will be calmer.
const TOUCHED: usize = 200_000;
/// Dictionaries trained at most.
const DICTIONARIES: u32 = 8;

/// All that is done in idle time.
#[derive(Debug)]
pub(super) struct Upkeep {
    live: Live,
    walk: Option<Walk>,
    rebuild: Option<Rebuild>,
    /// Whether it is worth looking what is due.
    look: bool,
    /// Nothing is done before.
    next: Instant,
    /// How often the tables had been lent when that was asked last.
    lent: u64,
    /// Steps of the walk since its place was written down.
    unsaved: u32,
    /// It was told last that it takes much more than its rows need.
    was_large: bool,
    /// Records there were when training was tried last.
    trained: u64,
}

impl Upkeep {
    pub(super) fn open(shared: &Shared) -> Result<Self, StoreError> {
        let tables = shared.lease.tables()?;
        let live = tables.get(Table::Meta, meta::LIVE)?.map(|bytes| Live::decode(&bytes)).transpose()?;
        let walk = tables.get(Table::Meta, meta::WALK)?.map(|bytes| Walk::decode(&bytes)).transpose()?;
        Ok(Self {
            live: live.unwrap_or_default(),
            walk,
            rebuild: None,
            look: true,
            next: Instant::now() + shared.config.quiet,
            lent: shared.lease.lent(),
            unsaved: 0,
            was_large: false,
            trained: 0,
        })
    }

    /// When the next step is to be done, if nobody wants anything until then.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.look || self.walk.is_some() || self.rebuild.is_some()).then_some(self.next)
    }

    /// Whether the tables must stay open for it.
    pub(super) fn is_rebuilding(&self) -> bool {
        self.rebuild.is_some()
    }

    /// Somebody wants something: nothing is done until it has been quiet for a while.
    pub(super) fn stand_back(&mut self, shared: &Shared) {
        self.next = Instant::now() + shared.config.quiet;
    }

    /// Rows have changed, or the tables were opened: something may be due.
    pub(super) fn look(&mut self) {
        self.look = true;
    }

    /// All rows are looked at, because one was found damaged.
    fn walk_again(&mut self) {
        self.walk = Some(Walk::default());
    }

    /// One step of what is due. Whether rows were changed.
    pub(super) fn step(
        &mut self,
        shared: &Shared,
        work: &mut Work,
        tell: &dyn Fn(StoreEvent),
    ) -> Result<bool, StoreError> {
        self.next = Instant::now();
        let lent = shared.lease.lent();
        if lent - std::mem::replace(&mut self.lent, lent) > MANY {
            self.next += PACE;
            return Ok(false);
        }
        if self.rebuild.is_some() {
            return self.rebuild_on(shared, work, tell);
        }
        if self.walk.is_some() {
            self.next += PACE;
            return self.walk_on(shared, work, tell);
        }
        self.look = false;
        self.begin(shared, work, tell)
    }

    /// Looks what is due, and begins it.
    fn begin(&mut self, shared: &Shared, work: &mut Work, tell: &dyn Fn(StoreEvent)) -> Result<bool, StoreError> {
        if self.wants_dictionary(shared) {
            self.look = true;
            return self.train(shared, work);
        }
        let size = size(shared);
        let floor = shared.config.rebuild_above;
        let files = shared.counts().files;
        let Live { bytes, size: was, files: were, at, rebuilt } = self.live;
        let changed = size > floor && (size > was + was / 4 || files < were - were / 5);
        if changed || now().abs_diff(at) > ROT.as_micros() as u64 {
            self.walk_again();
        } else if size > floor && size > bytes * 5 / 2 && size > rebuilt + rebuilt / 4 && has_room(shared, bytes) {
            if shared.unpacker.latest().is_some_and(|(number, _)| number < DICTIONARIES) {
                // The first one knows only the files that came first.
                self.train(shared, work)?;
            }
            // A disk without room or with errors shows by itself as soon as there is work.
            let begun = Rebuild::begin(&shared.config.path, shared.config.cache_bytes, &shared.unpacker);
            if let Ok(rebuild) = begun {
                self.rebuild = Some(rebuild);
                work.tools.touched = Some(Default::default());
                shared.set_rebuilding(true);
                tell(StoreEvent::Rebuilding { size, live: bytes });
            } else {
                self.weigh(size, bytes, tell);
            }
        } else {
            // What is small is never too large.
            self.weigh(size, if size > floor { bytes } else { size }, tell);
        }
        Ok(false)
    }

    /// Tells what it weighs, where that is much, and once when it is no longer.
    pub(super) fn weigh(&mut self, size: u64, live: u64, tell: &dyn Fn(StoreEvent)) {
        let is_large = size > live * 2;
        if is_large || self.was_large {
            tell(StoreEvent::Weighed { size, live });
        }
        self.was_large = is_large;
    }

    fn rebuild_on(&mut self, shared: &Shared, work: &mut Work, tell: &dyn Fn(StoreEvent)) -> Result<bool, StoreError> {
        let (Some(rebuild), Some(touched)) = (&mut self.rebuild, &mut work.tools.touched) else {
            self.give_up(shared, work);
            return Ok(false);
        };
        if touched.len() > TOUCHED {
            self.give_up(shared, work);
            return Ok(false);
        }
        let stepped = shared.lease.tables().and_then(|tables| rebuild.step(&tables, touched, &shared.unpacker));
        match stepped {
            Ok(false) => Ok(false),
            Ok(true) => self.swap(shared, work, tell),
            Err(error) => {
                self.give_up(shared, work);
                match error {
                    StoreError::Damaged { .. } => Err(error),
                    _ => Ok(false),
                }
            }
        }
    }

    /// What was copied takes the place of the old rows.
    fn swap(&mut self, shared: &Shared, work: &mut Work, tell: &dyn Fn(StoreEvent)) -> Result<bool, StoreError> {
        let before = size(shared);
        let Some(complete) = self.rebuild.take().map(Rebuild::complete).transpose().unwrap_or_default() else {
            self.give_up(shared, work);
            return Ok(false);
        };
        let store = &shared.config.path;
        // Where the swap breaks off, the opening knows what to do.
        shared.lease.sleep(|| _ = complete.swap().and_then(|()| rebuild::tidy(store)));
        self.give_up(shared, work);
        let after = size(shared);
        self.live = Live { size: after, rebuilt: after, files: shared.counts().files, ..self.live };
        work.put_meta(shared, meta::LIVE, Some(self.live.encode()))?;
        tell(StoreEvent::Rebuilt { before, after });
        let is_small = after <= shared.config.rebuild_above;
        self.weigh(after, if is_small { after } else { self.live.bytes }, tell);
        Ok(true)
    }

    /// No rebuilding is on its way any more.
    pub(super) fn give_up(&mut self, shared: &Shared, work: &mut Work) {
        self.rebuild = None;
        work.tools.touched = None;
        shared.set_rebuilding(false);
    }

    fn walk_on(&mut self, shared: &Shared, work: &mut Work, tell: &dyn Fn(StoreEvent)) -> Result<bool, StoreError> {
        let Some(walk) = &mut self.walk else { return Ok(false) };
        let Some(step) = shared.lease.awake().map(|tables| walk.step(&tables)).transpose()? else { return Ok(false) };
        let mended = !step.mend.is_empty();
        if mended {
            mend(step.mend, shared, work, tell)?;
        }
        self.unsaved += 1;
        if step.done {
            let bytes = walk.bytes;
            self.live = Live { bytes, size: size(shared), files: shared.counts().files, at: now(), ..self.live };
            (self.walk, self.look, self.unsaved) = (None, true, 0);
            work.put_meta(shared, meta::LIVE, Some(self.live.encode()))?;
            work.put_meta(shared, meta::WALK, None)?;
        } else if self.unsaved == SAVED {
            self.unsaved = 0;
            work.put_meta(shared, meta::WALK, Some(walk.encode()))?;
        } else {
            return Ok(mended);
        }
        Ok(true)
    }

    /// A file's record could not be read: the file is read again. Whether rows were changed.
    pub(super) fn mend(
        &mut self,
        file: FileId,
        shared: &Shared,
        work: &mut Work,
        tell: &dyn Fn(StoreEvent),
    ) -> Result<bool, StoreError> {
        let tables = shared.lease.tables()?;
        let Some(bytes) = tables.get(Table::Records, record_key(file))? else { return Ok(false) };
        let Ok(row) = Row::decode(&bytes) else {
            // Nothing says where it is.
            self.walk_again();
            return Ok(false);
        };
        let entry = tables.entry(row.place.dir, &row.place.name)?;
        drop(tables);
        let Some(entry) = entry else { return Ok(false) };
        mend(vec![mending(row.place.dir, &entry)], shared, work, tell)?;
        Ok(true)
    }

    /// Whether there are enough records, and no dictionary made of as many.
    pub(super) fn wants_dictionary(&self, shared: &Shared) -> bool {
        let records = records(shared);
        records >= 2 * SAMPLES && records >= 4 * self.trained && shared.unpacker.latest().is_none()
    }

    /// Makes a dictionary of some of the records, for those to come.
    pub(super) fn train(&mut self, shared: &Shared, work: &mut Work) -> Result<bool, StoreError> {
        self.trained = records(shared);
        let samples = samples(shared, &*shared.lease.tables()?)?;
        let Some(bytes) = dictionary::train(&samples) else { return Ok(false) };
        let number = shared.unpacker.latest().map_or(0, |(number, _)| number) + 1;
        // First: no row may name a dictionary that is not there.
        work.put_meta(shared, &meta::key(meta::DICTIONARY, &number.to_be_bytes()), Some(bytes.clone()))?;
        shared.unpacker.add(number, &bytes);
        work.tools.packer =
            Packer::new(&shared.unpacker).map_err(|error| StoreError::Write { what: error.to_string() })?;
        Ok(true)
    }
}

fn mend(changes: Vec<Mutation>, shared: &Shared, work: &mut Work, tell: &dyn Fn(StoreEvent)) -> Result<(), StoreError> {
    let files = changes.len();
    work.push(work.committed, changes);
    while !work.is_empty() {
        work.write(shared, tell)?;
    }
    tell(StoreEvent::Mended { files });
    Ok(())
}

/// Some unpacked records, from all over the store.
fn samples(shared: &Shared, tables: &Tables) -> Result<Vec<Vec<u8>>, StoreError> {
    let step = (shared.next_numbers().0 / SAMPLES).max(1);
    let mut samples = Vec::new();
    for number in 0..SAMPLES {
        let key = record_key(FileId(number * step));
        let Some((_, value)) = tables.range(Table::Records, Included(&key), Unbounded).next().transpose()? else {
            break;
        };
        if let Ok(Row { body: Body::Packed(packed), .. }) = Row::decode(&value) {
            samples.extend(shared.unpacker.unpack_bytes(&packed));
        }
    }
    Ok(samples)
}

fn records(shared: &Shared) -> u64 {
    let counts = shared.counts();
    counts.indexed + counts.partial
}

fn size(shared: &Shared) -> u64 {
    fs::metadata(rows_dir(&shared.config.path).join("db")).map_or(0, |file| file.len())
}

/// Whether the rows find room a second time.
fn has_room(shared: &Shared, bytes: u64) -> bool {
    shared.free() > shared.config.min_free_bytes.saturating_add(bytes * 2)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
