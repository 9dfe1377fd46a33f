//! `org.metaextract.Manager1`: each method decodes its arguments, asks, and encodes the answer.

use std::{collections::HashMap, os::fd::OwnedFd, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::sync::watch;
use zbus::{
    Connection, OwnedObjectPath, fdo::Properties, interface, message::Header, names::InterfaceName,
    object_server::SignalEmitter,
};

use super::{
    CALM, PATH, decode,
    encode::{self, Dict},
    error::Error,
    job::Jobs,
    lines,
    options::{Given, Options},
    pauses::Pauses,
    people::{Caller, People},
    stream::{Lines, Streams},
};
use crate::control::{self, AbsPath, Command, Control, Facts, Hold, Pause, Reply, Resume, StartedJob, Stream};

/// The daemon's version.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The methods there are.
const CAPABILITIES: [&str; 19] = [
    "AddRoot",
    "Config",
    "Estimate",
    "Failed",
    "Formats",
    "Index",
    "ListRoots",
    "Pause",
    "Reload",
    "RemoveRoot",
    "Rescan",
    "Resume",
    "Retry",
    "Show",
    "Stats",
    "Status",
    "Wait",
    "Why",
    "Workers",
];

/// Who may end every pause.
const ROOT: u32 = 0;

/// The fixed object.
pub(super) struct Manager {
    people: Arc<People>,
    control: Control,
    facts: watch::Receiver<Facts>,
    streams: Streams,
    jobs: Jobs,
    pauses: Pauses,
}

#[interface(name = "org.metaextract.Manager1", introspection_docs = false)]
impl Manager {
    #[zbus(out_args("status"))]
    async fn status(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<Dict, Error> {
        caught(async {
            let caller = self.people.caller(connection, &header).await?;
            Options::none(options)?;
            let report = self.control.ask(&caller.viewer, Command::Status).await?;
            Ok(encode::status(&report))
        })
        .await
    }

    #[zbus(out_args("job"))]
    async fn add_root(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        path: Vec<u8>,
        options: Given,
    ) -> Result<OwnedObjectPath, Error> {
        self.job(connection, self.people.manager(connection, &header), || {
            let options = decode::root_options(options)?;
            let path = AbsPath::parse(&path)?;
            Ok(move |reply| Command::AddRoot { path, options, reply })
        })
        .await
    }

    async fn remove_root(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        path: Vec<u8>,
        options: Given,
    ) -> Result<(), Error> {
        caught(async {
            let caller = self.people.manager(connection, &header).await?;
            Options::none(options)?;
            let path = AbsPath::parse(&path)?;
            self.control.ask(&caller.viewer, |reply| Command::RemoveRoot { path, reply }).await
        })
        .await
    }

    #[zbus(out_args("roots"))]
    async fn list_roots(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<Vec<Dict>, Error> {
        caught(async {
            let caller = self.people.caller(connection, &header).await?;
            Options::none(options)?;
            Ok(self.control.ask(&caller.viewer, Command::ListRoots).await?.iter().map(encode::root).collect())
        })
        .await
    }

    #[zbus(out_args("records"))]
    async fn show(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        paths: Vec<Vec<u8>>,
        options: Given,
    ) -> Result<zbus::OwnedFd, Error> {
        self.stream(
            self.people.caller(connection, &header),
            || {
                let options = decode::show_options(options)?;
                let paths = decode::some_paths(&paths)?;
                Ok(move |reply| Command::Show { paths, options, reply })
            },
            |Stream(records)| records,
        )
        .await
    }

    #[zbus(out_args("failures"))]
    async fn failed(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<zbus::OwnedFd, Error> {
        self.stream(
            self.people.caller(connection, &header),
            || Options::none(options).map(|()| Command::Failed),
            |Stream(files)| Box::new(files.map(|file| lines::failed(&file))),
        )
        .await
    }

    #[zbus(out_args("formats"))]
    async fn formats(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<zbus::OwnedFd, Error> {
        self.stream(
            self.people.caller(connection, &header),
            || Options::none(options).map(|()| Command::Formats),
            |Stream(formats)| Box::new(formats.map(|format| lines::format(&format))),
        )
        .await
    }

    #[zbus(out_args("figures"))]
    async fn stats(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<zbus::OwnedFd, Error> {
        caught(async {
            let caller = self.people.caller(connection, &header).await?;
            let prometheus = decode::stats_options(options)?;
            let place = self.streams.place()?;
            let samples = self.control.ask(&caller.viewer, Command::Stats).await?;
            let lines: Lines = match prometheus {
                true => Box::new(lines::prometheus(&samples)),
                false => Box::new(samples.into_iter().map(|sample| lines::figure(&sample))),
            };
            let fd: OwnedFd = place.start(lines)?;
            Ok(fd.into())
        })
        .await
    }

    #[zbus(out_args("workers"))]
    async fn workers(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<Vec<Dict>, Error> {
        caught(async {
            let caller = self.people.caller(connection, &header).await?;
            Options::none(options)?;
            Ok(self.control.ask(&caller.viewer, Command::Workers).await?.iter().map(encode::worker).collect())
        })
        .await
    }

    #[zbus(out_args("settings"))]
    async fn config(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<zbus::OwnedFd, Error> {
        self.stream(
            self.people.caller(connection, &header),
            || Options::none(options).map(|()| Command::Config),
            |Stream(settings)| Box::new(settings.map(|line| lines::setting(&line))),
        )
        .await
    }

    #[zbus(out_args("report"))]
    async fn why(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        path: Vec<u8>,
        options: Given,
    ) -> Result<Dict, Error> {
        caught(async {
            let caller = self.people.caller(connection, &header).await?;
            Options::none(options)?;
            let path = AbsPath::parse(&path)?;
            Ok(encode::why(&*self.control.ask(&caller.viewer, |reply| Command::Why { path, reply }).await?))
        })
        .await
    }

    #[zbus(out_args("estimate"))]
    async fn estimate(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        path: Vec<u8>,
        options: Given,
    ) -> Result<Dict, Error> {
        caught(async {
            let caller = self.people.caller(connection, &header).await?;
            Options::none(options)?;
            let path = AbsPath::parse(&path)?;
            Ok(encode::estimate(&self.control.ask(&caller.viewer, |reply| Command::Estimate { path, reply }).await?))
        })
        .await
    }

    #[zbus(out_args("job"))]
    async fn rescan(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        paths: Vec<Vec<u8>>,
        options: Given,
    ) -> Result<OwnedObjectPath, Error> {
        self.job(connection, self.people.manager(connection, &header), || {
            Options::none(options)?;
            let paths = decode::paths(&paths)?;
            Ok(move |reply| Command::Rescan { paths, reply })
        })
        .await
    }

    #[zbus(out_args("job"))]
    async fn index(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        paths: Vec<Vec<u8>>,
        options: Given,
    ) -> Result<OwnedObjectPath, Error> {
        self.job(connection, self.people.caller(connection, &header), || {
            let mut options = Options::new(options);
            let again = options.take("again")?.unwrap_or(false);
            options.end()?;
            let paths = decode::some_paths(&paths)?;
            Ok(move |reply| Command::Index { paths, again, reply })
        })
        .await
    }

    #[zbus(out_args("job"))]
    async fn retry(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        paths: Vec<Vec<u8>>,
        options: Given,
    ) -> Result<OwnedObjectPath, Error> {
        // To try one's own files again is nobody else's business; to try all is.
        let caller = async {
            match paths.is_empty() {
                true => self.people.manager(connection, &header).await,
                false => self.people.caller(connection, &header).await,
            }
        };
        self.job(connection, caller, || {
            Options::none(options)?;
            let paths = decode::paths(&paths)?;
            Ok(move |reply| Command::Retry { paths, reply })
        })
        .await
    }

    #[zbus(out_args("job"))]
    async fn wait(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<OwnedObjectPath, Error> {
        let caller = self.people.caller(connection, &header);
        self.job(connection, caller, || Options::none(options).map(|()| Command::Wait)).await
    }

    #[zbus(out_args("cookie"))]
    async fn pause(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        reason: String,
        options: Given,
    ) -> Result<u64, Error> {
        caught(async {
            let hold = decode::hold(options)?;
            let caller = self.people.manager(connection, &header).await?;
            let pause = Pause { reason, hold, uid: caller.uid };
            let cookie = self.control.ask(&caller.viewer, |reply| Command::Pause { pause, reply }).await?;
            if hold == Hold::Caller {
                self.pauses.hold(connection, &self.control, cookie, caller).await?;
            }
            Ok(cookie)
        })
        .await
    }

    async fn resume(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        cookie: u64,
        options: Given,
    ) -> Result<(), Error> {
        caught(async {
            Options::none(options)?;
            let caller = self.people.caller(connection, &header).await?;
            let ask = |which| self.control.ask(&caller.viewer, move |reply| Command::Resume { which, reply });
            let uid = caller.uid;
            match cookie {
                0 => ask(Resume::AllOf { uid }).await?,
                cookie => match ask(Resume::Cookie { cookie, uid }).await {
                    // Another user's: that is to change what is everybody's.
                    Err(control::Error::NotAllowed { .. }) => {
                        caller.authorize(connection).await?;
                        ask(Resume::Cookie { cookie, uid: ROOT }).await?;
                    }
                    answer => answer?,
                },
            }
            self.pauses.release(cookie);
            Ok(())
        })
        .await
    }

    async fn reload(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Header<'_>,
        options: Given,
    ) -> Result<(), Error> {
        caught(async {
            let caller = self.people.manager(connection, &header).await?;
            Options::none(options)?;
            self.control.ask(&caller.viewer, Command::Reload).await
        })
        .await
    }

    #[zbus(signal)]
    pub(super) async fn changed(emitter: &SignalEmitter<'_>, directories: &[Vec<u8>], commit: u64) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn alert(emitter: &SignalEmitter<'_>, id: &str, active: bool, text: &str) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    fn capabilities(&self) -> Vec<&str> {
        CAPABILITIES.to_vec()
    }

    #[zbus(property)]
    fn degraded(&self) -> Vec<&str> {
        self.facts.borrow().degraded.clone()
    }

    #[zbus(property)]
    fn state(&self) -> &str {
        self.facts.borrow().state.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &str {
        VERSION
    }
}

impl Manager {
    pub(super) fn new(people: People, control: Control, facts: watch::Receiver<Facts>) -> Self {
        let people = Arc::new(people);
        let (streams, jobs, pauses) = (Streams::new(), Jobs::new(Arc::clone(&people)), Pauses::default());
        Self { people, control, facts, streams, jobs, pauses }
    }

    /// A method whose answer is a job.
    async fn job<C: FnOnce(Reply<StartedJob>) -> Command>(
        &self,
        connection: &Connection,
        caller: impl Future<Output = Result<Caller, control::Error>>,
        decode: impl FnOnce() -> Result<C, control::Error>,
    ) -> Result<OwnedObjectPath, Error> {
        caught(async {
            let caller = caller.await?;
            let started = self.control.ask(&caller.viewer, decode()?).await?;
            self.jobs.publish(connection, &self.control, started, caller.uid).await
        })
        .await
    }

    /// A method whose answer goes through a pipe.
    async fn stream<T, C: FnOnce(Reply<Stream<T>>) -> Command>(
        &self,
        caller: impl Future<Output = Result<Caller, control::Error>>,
        decode: impl FnOnce() -> Result<C, control::Error>,
        lines: impl FnOnce(Stream<T>) -> Lines,
    ) -> Result<zbus::OwnedFd, Error> {
        caught(async {
            let caller = caller.await?;
            let command = decode()?;
            let place = self.streams.place()?;
            let fd: OwnedFd = place.start(lines(self.control.ask(&caller.viewer, command).await?))?;
            Ok(fd.into())
        })
        .await
    }
}

/// Answers with an error where a method panics: without it the caller would wait for ever.
pub(super) async fn caught<T>(method: impl Future<Output = Result<T, control::Error>>) -> Result<T, Error> {
    let panicked = |_| {
        Err(control::Error::Failed {
            what: "the daemon has a mistake that this call brought out".into(),
            hint: "please report it, with the daemon's log".into(),
        })
    };
    Ok(AssertUnwindSafe(method).catch_unwind().await.unwrap_or_else(panicked)?)
}

/// Keeps the properties' listeners up to date, at most once a second.
pub(super) async fn tell_facts(connection: Connection, mut facts: watch::Receiver<Facts>) {
    let Ok(emitter) = SignalEmitter::new(&connection, PATH) else { return };
    let name = InterfaceName::from_static_str_unchecked("org.metaextract.Manager1");
    let mut told = facts.borrow_and_update().clone();
    while facts.changed().await.is_ok() {
        let latest = facts.borrow_and_update().clone();
        let mut changed: HashMap<&str, zbus::Variant<'_>> = HashMap::new();
        if latest.state != told.state {
            changed.insert("State", latest.state.as_str().into());
        }
        if latest.degraded != told.degraded {
            changed.insert("Degraded", latest.degraded.clone().into());
        }
        if changed.is_empty() {
            continue;
        }
        // Fails only when the bus has gone, which `Bus::lost` tells.
        _ = Properties::properties_changed(&emitter, name.clone(), changed, (&[]).into()).await;
        told = latest;
        tokio::time::sleep(CALM).await;
    }
}
