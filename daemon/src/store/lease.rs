//! The open tables, lent to readers and the writer; the only place that holds them.
//!
//! Whoever works with rows takes the tables for that moment only, so that they can be closed (to sleep, after a storage
//! error, to put others in their place) and opened again without anybody's help: the next one who wants them opens them.

use std::{
    fs::File,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};

use crate::{
    malloc,
    store::{
        StoreError,
        bound::{ENDLESS, in_time, patience},
        disk::DiskTables,
        schema::meta,
        tables::{Bytes, Table, Tables},
    },
};

/// How long an earlier handle may take to let go of its lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lends the tables, and opens them where they sleep.
pub(super) struct Lease {
    // Held for the moment of cloning, and while the handle is changed.
    handle: RwLock<Handle>,
    /// Where they are opened again; `None` in memory, where they never sleep.
    place: Option<Place>,
    /// See [`StoreConfig::open_within`](crate::store::StoreConfig).
    open_within: Duration,
    // Whoever opens or closes has it: others who want the tables wait for him. In it the row that changes with every
    // commit, as it was when the tables went to sleep: of a file that was damaged meanwhile sled makes an older or an
    // empty database, and says nothing. Read by those who look whether anybody has it.
    turn: RwLock<Option<Bytes>>,
    /// Somebody waits until no table is lent.
    closing: AtomicBool,
    given_back: (Mutex<()>, Condvar),
    began: Instant,
    /// Milliseconds since `began`.
    used: AtomicU64,
    /// How often they were lent.
    lent: AtomicU64,
    /// Told when they were opened again.
    woken: Box<dyn Fn() + Send + Sync>,
}

/// A database's directory, and the bytes its cache aims at.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub rows: PathBuf,
    pub cache_bytes: u64,
}

#[derive(Debug)]
enum Handle {
    Awake(Arc<Tables>),
    /// Opened by whoever wants them next.
    Asleep,
    /// For good.
    Closed,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("handle", &self.handle).field("place", &self.place).finish_non_exhaustive()
    }
}

/// The tables, for a moment.
#[derive(Debug)]
pub(super) struct Lent<'a> {
    /// Until it is given back.
    tables: Option<Arc<Tables>>,
    lease: &'a Lease,
}

impl Deref for Lent<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        #[expect(clippy::expect_used, reason = "taken by `drop` alone")]
        self.tables.as_ref().expect("lent until dropped")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        drop(self.tables.take());
        // What this thread deferred would keep the files open until it comes here again.
        crossbeam_epoch::pin().flush();
        if self.lease.closing.load(Ordering::SeqCst) {
            let _waiting = lock(&self.lease.given_back.0);
            self.lease.given_back.1.notify_all();
        }
    }
}

impl Lease {
    pub(super) fn new(
        tables: Tables,
        place: Option<Place>,
        open_within: Duration,
        woken: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            handle: RwLock::new(Handle::Awake(Arc::new(tables))),
            place,
            open_within,
            turn: RwLock::default(),
            closing: AtomicBool::new(false),
            given_back: Default::default(),
            began: Instant::now(),
            used: AtomicU64::new(0),
            lent: AtomicU64::new(0),
            woken,
        }
    }

    /// The tables; opened, if they sleep, in about the time that reading a snapshot takes.
    pub(super) fn tables(&self) -> Result<Lent<'_>, StoreError> {
        self.touch();
        self.lent.fetch_add(1, Ordering::Relaxed);
        if let Some(lent) = self.lend()? {
            return Ok(lent);
        }
        let turn = self.turn();
        if let Some(lent) = self.lend()? {
            return Ok(lent);
        }
        let tables = Arc::new(self.wake()?);
        if turn.is_some() && tables.get(Table::Meta, meta::STATE)? != *turn {
            return Err(StoreError::Damaged { what: "it is not as it was left".into() });
        }
        self.set(Handle::Awake(tables.clone()));
        (self.woken)();
        Ok(Lent { tables: Some(tables), lease: self })
    }

    /// Somebody has read what was in them.
    pub(super) fn touch(&self) {
        self.used.store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Opens the tables again. That it does not come to an end is damage.
    fn wake(&self) -> Result<Tables, StoreError> {
        let place = self.place.clone().ok_or(StoreError::Closed)?;
        in_time(patience(&place.rows, self.open_within), move || place.open()).map_err(|error| match error {
            StoreError::Endless => StoreError::Damaged { what: ENDLESS.into() },
            other => other,
        })
    }

    /// How often somebody has wanted them so far.
    pub(super) fn lent(&self) -> u64 {
        self.lent.load(Ordering::Relaxed)
    }

    fn lend(&self) -> Result<Option<Lent<'_>>, StoreError> {
        match &*self.handle.read().unwrap_or_else(PoisonError::into_inner) {
            Handle::Awake(tables) => Ok(Some(Lent { tables: Some(tables.clone()), lease: self })),
            Handle::Asleep => Ok(None),
            Handle::Closed => Err(StoreError::Closed),
        }
    }

    fn turn(&self) -> RwLockWriteGuard<'_, Option<Bytes>> {
        self.turn.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, handle: Handle) -> Handle {
        std::mem::replace(&mut *self.handle.write().unwrap_or_else(PoisonError::into_inner), handle)
    }

    /// The tables if they are open; does not count as use.
    pub(super) fn awake(&self) -> Option<Lent<'_>> {
        self.lend().ok().flatten()
    }

    /// Whether the tables are closed, and nobody is about to open them.
    pub(super) fn is_asleep(&self) -> bool {
        let open = matches!(&*self.handle.read().unwrap_or_else(PoisonError::into_inner), Handle::Awake(_));
        !open && self.turn.try_read().is_ok()
    }

    /// When they were wanted last, if they are open.
    pub(super) fn used(&self) -> Option<Instant> {
        self.awake()?;
        Some(self.began + Duration::from_millis(self.used.load(Ordering::Relaxed)))
    }

    /// Closes the tables until somebody wants them, once those who have them are done. `between` is called while they
    /// are closed and everybody waits.
    pub(super) fn sleep<T>(&self, between: impl FnOnce() -> T) -> T {
        let mut turn = self.turn();
        let state = self.awake().and_then(|tables| tables.get(Table::Meta, meta::STATE).ok());
        *turn = state.flatten();
        self.close_as(Handle::Asleep);
        let done = between();
        malloc::trim();
        done
    }

    /// The same where the disk has failed: what is found then may be older.
    pub(super) fn let_go(&self) {
        let mut turn = self.turn();
        *turn = None;
        self.close_as(Handle::Asleep);
    }

    /// Closes the tables for good.
    pub(super) fn close(&self) {
        let _turn = self.turn();
        self.close_as(Handle::Closed);
    }

    fn close_as(&self, handle: Handle) {
        let Handle::Awake(mut tables) = self.set(handle) else { return };
        self.closing.store(true, Ordering::SeqCst);
        let mut waiting = lock(&self.given_back.0);
        let tables = loop {
            match Arc::try_unwrap(tables) {
                Ok(tables) => break tables,
                Err(lent) => tables = lent,
            }
            waiting = self.given_back.1.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        };
        drop(waiting);
        self.closing.store(false, Ordering::SeqCst);
        drop(tables);
        if let Some(place) = &self.place {
            place.await_release();
        }
    }
}

impl Place {
    /// Opens the database, once an earlier handle has let go of it.
    pub(super) fn open(&self) -> Result<Tables, StoreError> {
        self.await_release();
        DiskTables::open(&self.rows, self.cache_bytes).map(Tables::Disk)
    }

    /// Our own lock is held already, so whoever has sled's is what is left of an earlier handle in this process: sled
    /// frees it a moment after the drop, when a thread of its pool is done and its last deferred work has run.
    pub(super) fn await_release(&self) {
        let began = Instant::now();
        settle();
        while is_locked(&self.rows) && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
            settle();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs work that sled has deferred to a later epoch.
fn settle() {
    for _ in 0..4 {
        crossbeam_epoch::pin().flush();
    }
}

/// Whether a handle of sled's has the database.
fn is_locked(rows: &Path) -> bool {
    // What is not there is not locked; what cannot be opened, sled will say.
    File::open(rows.join("db"))
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK))
}
