//! Jobs as objects: progress as properties, the end as a signal.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep_until},
};
use zbus::{
    Connection, OwnedObjectPath,
    fdo::Properties,
    interface,
    message::Header,
    names::InterfaceName,
    object_server::{InterfaceRef, SignalEmitter},
};

use super::{
    PATH, encode,
    error::Error,
    manager::caught,
    options::{Given, Options},
    people::People,
};
use crate::control::{self, Command, Control, JobNumber, JobProgress, JobResult, JobState, StartedJob, Viewer};

/// Between two signals of a job's progress.
const CALM: Duration = Duration::from_millis(500);
/// How long a finished job can be looked at.
const AFTERLIFE: Duration = Duration::from_secs(60);
/// Jobs at a time, finished ones included.
const PLACES: usize = 4096;

/// Makes objects of jobs.
pub(super) struct Jobs {
    places: Arc<Semaphore>,
    people: Arc<People>,
}

impl Jobs {
    pub(super) fn new(people: Arc<People>) -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), people }
    }

    /// Serves the job as an object until a minute after its end; `owner` is the user who asked for it.
    pub(super) async fn publish(
        &self,
        connection: &Connection,
        control: &Control,
        job: StartedJob,
        owner: u32,
    ) -> Result<OwnedObjectPath, control::Error> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| control::Error::Busy {
            what: format!("{PLACES} jobs have been started within a minute"),
            hint: "what you asked for goes on; give more paths with one call".into(),
        })?;
        let fault = |error: zbus::Error| control::Error::Failed {
            what: format!("cannot serve the job: {error}"),
            hint: "what you asked for goes on; look at the status".into(),
        };
        let path = format!("{PATH}/job/{}", job.number.0);
        let object = OwnedObjectPath::try_from(path.as_str()).map_err(fault)?;
        let progress = job.progress.clone();
        let server = connection.object_server();
        let people = Arc::clone(&self.people);
        let served = Job { number: job.number, progress: job.progress, control: control.clone(), people, owner };
        server.at(&object, served).await.map_err(fault)?;
        let interface = server.interface::<_, Job>(&object).await.map_err(fault)?;
        let (connection, path) = (connection.clone(), object.clone());
        tokio::spawn(async move {
            let _place = place;
            follow(&interface, progress).await;
            tokio::time::sleep(AFTERLIFE).await;
            // Fails only when the bus has gone, and the object with it.
            _ = connection.object_server().remove::<Job, _>(&path).await;
        });
        Ok(object)
    }
}

/// One job.
pub(super) struct Job {
    number: JobNumber,
    progress: watch::Receiver<JobProgress>,
    control: Control,
    people: Arc<People>,
    /// The user who may end it early, beside root.
    owner: u32,
}

#[interface(name = "org.metaextract.Job1", introspection_docs = false)]
impl Job {
    async fn cancel(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<(), Error> {
        caught(async {
            let caller = self.people.caller(connection, &header).await?;
            if caller.uid != self.owner && caller.viewer != Viewer::All {
                return Err(control::Error::NotAllowed {
                    what: "the job belongs to another user".into(),
                    hint: "let that user, or root, cancel it".into(),
                });
            }
            Options::none(options)?;
            self.control.ask(&caller.viewer, |reply| Command::CancelJob { job: self.number, reply }).await
        })
        .await
    }

    #[zbus(signal)]
    async fn finished(emitter: &SignalEmitter<'_>, result: &str) -> zbus::Result<()>;

    #[zbus(property)]
    fn done(&self) -> u64 {
        now(&self.progress).done
    }

    #[zbus(property)]
    fn failed(&self) -> u64 {
        now(&self.progress).failed
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> &str {
        now(&self.progress).kind.as_str()
    }

    #[zbus(property)]
    fn left_high(&self) -> u64 {
        now(&self.progress).left.1
    }

    #[zbus(property)]
    fn left_low(&self) -> u64 {
        now(&self.progress).left.0
    }

    #[zbus(property)]
    fn rate(&self) -> f64 {
        now(&self.progress).rate
    }

    #[zbus(property)]
    fn state(&self) -> &str {
        now(&self.progress).state.as_str()
    }

    #[zbus(property)]
    fn total(&self) -> u64 {
        now(&self.progress).total
    }
}

/// How the job is; one that was dropped before its end counts as cancelled.
fn now(progress: &watch::Receiver<JobProgress>) -> JobProgress {
    let mut now = *progress.borrow();
    if progress.has_changed().is_err() && !matches!(now.state, JobState::Finished(_)) {
        now.state = JobState::Finished(JobResult::Cancelled);
    }
    now
}

/// Tells of progress, at most twice a second, and of the end, at once.
async fn follow(job: &InterfaceRef<Job>, mut progress: watch::Receiver<JobProgress>) {
    let mut quiet_until = Instant::now();
    let mut told = now(&progress);
    let mut latest = told;
    let result = loop {
        if let JobState::Finished(result) = latest.state {
            break result;
        }
        tokio::select! {
            _ = progress.changed() => {
                progress.mark_unchanged();
                latest = now(&progress);
            }
            () = sleep_until(quiet_until), if latest != told => {
                tell(job, &told, &latest).await;
                told = latest;
                quiet_until = Instant::now() + CALM;
            }
        }
    };
    // Fails only when the bus has gone.
    _ = Job::finished(job.signal_emitter(), result.as_str()).await;
    sleep_until(quiet_until).await;
    tell(job, &told, &latest).await;
}

/// One signal with the properties that differ.
async fn tell(job: &InterfaceRef<Job>, told: &JobProgress, latest: &JobProgress) {
    let told = encode::progress(told);
    let changed: HashMap<_, _> =
        encode::progress(latest).into_iter().filter(|(key, value)| told.get(key) != Some(value)).collect();
    if changed.is_empty() {
        return;
    }
    let name = InterfaceName::from_static_str_unchecked("org.metaextract.Job1");
    // Fails only when the bus has gone.
    _ = Properties::properties_changed(job.signal_emitter(), name, changed, (&[]).into()).await;
}
