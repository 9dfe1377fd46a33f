//! A bound on what sled does with files that may be damaged: of some it does not come to an end.
//!
//! Called where the database is opened, at the start and when it is woken. Ends no thread; who meets [`StoreError::Endless`]
//! has the whole process begin anew.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use crate::store::{StoreError, open::attempt};

/// What is wrong with such files.
pub(super) const ENDLESS: &str = "opening it does not come to an end";
/// Bytes of a database that the slowest disk and the busiest machine get through in a second.
const SLOWEST: u64 = 4 << 20;

/// How long the database in `rows` may take to be opened: `least`, and more for a large one.
pub(super) fn patience(rows: &Path, least: Duration) -> Duration {
    let size = fs::metadata(rows.join("db")).map_or(0, |file| file.len());
    least + Duration::from_secs(size / SLOWEST)
}

/// Does it on a thread of its own, which is left behind if it has not come to an end by then and does not wait for the
/// disk either. A panic is damage.
pub(super) fn in_time<T: Send + 'static>(
    patience: Duration,
    act: impl Fn() -> Result<T, StoreError> + Send + Sync + 'static,
) -> Result<T, StoreError> {
    let act = Arc::new(act);
    let (sender, done) = channel();
    let (tell, told) = channel();
    let opening = thread::Builder::new().name("store-open".into()).spawn({
        let act = act.clone();
        move || {
            // Fails when nobody waits any more.
            _ = tell.send(rustix::thread::gettid().as_raw_nonzero());
            _ = sender.send(attempt(|| act()));
        }
    });
    let Ok(opening) = opening else {
        // No thread can be started: without a bound it is opened at least.
        return attempt(|| act());
    };
    let thread = told.recv().ok();
    loop {
        match done.recv_timeout(patience) {
            Ok(result) => {
                // So that what it deferred is everybody's.
                _ = opening.join();
                return result;
            }
            Err(RecvTimeoutError::Timeout) if thread.is_some_and(|thread| waits_for_disk(thread.get())) => {}
            Err(_) => return Err(StoreError::Endless),
        }
    }
}

/// Whether the kernel has a thread of this process wait for a disk.
fn waits_for_disk(thread: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('D'))
}
