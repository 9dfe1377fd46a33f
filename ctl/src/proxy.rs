//! The daemon as seen over D-Bus: its methods with the types of their arguments and answers.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    marker::PhantomData,
    os::fd::OwnedFd,
    time::Duration,
};

use futures_util::StreamExt;
use serde::{Serialize, de::DeserializeOwned};
use zbus::{
    Connection, MatchRule, Message, MessageStream, OwnedObjectPath, Type, Variant,
    connection::Builder,
    message::{self, Flags, Type as Kind},
};

use crate::{
    error::{Error, Exit},
    json::Dict,
};

pub(crate) const NAME: &str = "org.metaextract.Daemon1";
pub(crate) const PATH: &str = "/org/metaextract/Daemon1";
pub(crate) const MANAGER: &str = "org.metaextract.Manager1";
pub(crate) const JOB: &str = "org.metaextract.Job1";

/// How long the daemon may take for an answer; what takes longer is a job.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same on the system bus, where a person may have to type a password first.
const PATIENCE_WITH_PEOPLE: Duration = Duration::from_secs(120);

/// Options on their way.
pub(crate) type Options = HashMap<&'static str, Variant<'static>>;
type Path = Vec<u8>;
type Paths = Vec<Path>;
type Job = OwnedObjectPath;
type Pipe = zbus::OwnedFd;

/// A method: what goes in, what comes out.
pub(crate) struct Method<I, O> {
    name: &'static str,
    types: PhantomData<fn(I) -> O>,
}

impl<I, O> Method<I, O> {
    const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }
}

macro_rules! methods {
    ($($constant:ident: $name:literal, ($($in:ty),*) -> $out:ty;)*) => {
        $(pub(crate) const $constant: Method<($($in,)*), $out> = Method::new($name);)*

        /// Name and signatures of each method, for the comparison with the contract.
        #[cfg(test)]
        fn signatures() -> Vec<(&'static str, String, String)> {
            vec![$(($name, <($($in,)*)>::SIGNATURE.to_string(), <$out>::SIGNATURE.to_string())),*]
        }
    };
}

methods! {
    STATUS: "Status", (Options) -> Dict;
    ADD_ROOT: "AddRoot", (Path, Options) -> Job;
    REMOVE_ROOT: "RemoveRoot", (Path, Options) -> ();
    LIST_ROOTS: "ListRoots", (Options) -> Vec<Dict>;
    SHOW: "Show", (Paths, Options) -> Pipe;
    FAILED: "Failed", (Options) -> Pipe;
    FORMATS: "Formats", (Options) -> Pipe;
    STATS: "Stats", (Options) -> Pipe;
    WORKERS: "Workers", (Options) -> Vec<Dict>;
    CONFIG: "Config", (Options) -> Pipe;
    WHY: "Why", (Path, Options) -> Dict;
    ESTIMATE: "Estimate", (Path, Options) -> Dict;
    RESCAN: "Rescan", (Paths, Options) -> Job;
    INDEX: "Index", (Paths, Options) -> Job;
    RETRY: "Retry", (Paths, Options) -> Job;
    WAIT: "Wait", (Options) -> Job;
    PAUSE: "Pause", (String, Options) -> u64;
    RESUME: "Resume", (u64, Options) -> ();
    RELOAD: "Reload", (Options) -> ();
}

/// A change of who has the daemon's name: the argument of the signal that is empty then.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Presence {
    Come = 1,
    Gone = 2,
}

/// The daemon, reachable.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) connection: Connection,
    system: bool,
}

impl Daemon {
    /// Connects to the bus; the daemon itself is looked for with the first call.
    pub(crate) async fn connect(system: bool) -> Result<Self, Error> {
        let builder = match system {
            true => Builder::system(),
            false => Builder::session(),
        };
        let connection = builder.method_timeout(PATIENCE).build().await;
        Ok(Self { connection: connection.map_err(|error| Error::no_bus(&error, system))?, system })
    }

    /// Refuses to go on where the daemon is not there already: a call would have the bus start it.
    pub(crate) async fn must_run(&self) -> Result<(), Error> {
        let bus = Some("org.freedesktop.DBus");
        let reply = self.connection.call_method(bus, "/org/freedesktop/DBus", bus, "NameHasOwner", &NAME).await?;
        match reply.body().deserialize()? {
            true => Ok(()),
            false => Err(Error::not_running("")),
        }
    }

    /// Tells whenever a daemon has come to the bus, or has left it.
    pub(crate) async fn presence(&self, change: Presence) -> Result<MessageStream, Error> {
        let rule = MatchRule::builder()
            .msg_type(message::Type::Signal)
            .sender("org.freedesktop.DBus")
            .interface("org.freedesktop.DBus")
            .member("NameOwnerChanged")
            .arg(0, NAME)
            .arg(change as u8, "")
            .build()?;
        Ok(MessageStream::for_match_rule(rule, &self.connection, None).await?)
    }

    /// Calls a method of the manager.
    pub(crate) async fn call<I, O>(&self, method: Method<I, O>, arguments: I) -> Result<O, Error>
    where
        I: Serialize + Type,
        O: DeserializeOwned + Type,
    {
        let patience = if self.system { PATIENCE_WITH_PEOPLE } else { PATIENCE };
        let late = || zbus::Error::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        let answer = self.call_patiently(method, arguments);
        tokio::time::timeout(patience, answer).await.map_err(|_| Error::from(late()))?
    }

    /// The same for as long as it takes, or until the daemon has left the bus.
    pub(crate) async fn call_patiently<I, O>(&self, method: Method<I, O>, arguments: I) -> Result<O, Error>
    where
        I: Serialize + Type,
        O: DeserializeOwned + Type,
    {
        // On the system bus a person may be asked for leave: the daemon asks polkit, polkit that person.
        let flags = if self.system { Flags::ALLOW_INTERACTIVE_AUTH } else { Flags::empty() };
        let call = Message::method_call(PATH, method.name).destination(NAME).interface(MANAGER);
        let call = call.with_flags(flags).build(&arguments)?;
        let mut replies = MessageStream::from(&self.connection);
        self.connection.send(&call).await?;
        let serial = Some(call.primary_header().serial_num());
        while let Some(message) = replies.next().await {
            let message = message?;
            match (message.header().reply_serial() == serial, message.message_type()) {
                (true, Kind::MethodReturn) => return Ok(message.body().deserialize()?),
                (true, Kind::Error) => return Err(zbus::Error::from(message).into()),
                _ => {}
            }
        }
        Err(Error::gone())
    }

    /// Calls a method that answers by lines of JSON.
    pub(crate) async fn lines<I: Serialize + Type>(
        &self,
        method: Method<I, Pipe>,
        arguments: I,
    ) -> Result<Lines, Error> {
        let pipe = OwnedFd::from(self.call(method, arguments).await?);
        Ok(Lines { pipe: BufReader::new(File::from(pipe)), count: 0 })
    }

    /// Ends a job early.
    pub(crate) async fn cancel(&self, job: &OwnedObjectPath) -> Result<(), Error> {
        self.connection.call_method(Some(NAME), job, Some(JOB), "Cancel", &(Options::new(),)).await?;
        Ok(())
    }

    /// The properties of an object of the daemon's.
    pub(crate) async fn properties(&self, path: &OwnedObjectPath, interface: &str) -> Result<Dict, Error> {
        let properties = Some("org.freedesktop.DBus.Properties");
        let reply = self.connection.call_method(Some(NAME), path, properties, "GetAll", &interface).await?;
        Ok(reply.body().deserialize()?)
    }
}

/// A long answer, line by line, without its last.
#[derive(Debug)]
pub(crate) struct Lines {
    pipe: BufReader<File>,
    count: u64,
}

impl Lines {
    /// The next line; an answer that ends before its last line is an error.
    pub(crate) fn next(&mut self) -> Result<Option<String>, Error> {
        let mut line = String::new();
        let broken = |count: u64, why: String| {
            let what = format!("the daemon's answer breaks off after {count} lines{why}");
            Error::new(Exit::Failed, what, "see why with: journalctl --user -u metaextractd")
        };
        self.pipe.read_line(&mut line).map_err(|error| broken(self.count, format!(": {error}")))?;
        if !line.ends_with('\n') {
            return Err(broken(self.count, String::new()));
        }
        if line.starts_with(r#"{"End":true,"#) {
            return Ok(None);
        }
        line.pop();
        self.count += 1;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(method, in, out)` of each method of the contract.
    fn contract() -> Vec<(String, String, String)> {
        let xml = include_str!("../../packaging/dbus/org.metaextract.Daemon1.xml");
        let mut methods = Vec::new();
        let manager = xml.split("<interface name=").nth(1).unwrap();
        for method in manager.split("<method name=\"").skip(1) {
            let method = method.split("</method>").next().unwrap();
            let of = |direction: &str| {
                let args = method.lines().filter(|line| line.contains(&format!("direction=\"{direction}\"")));
                args.map(|line| line.split("type=\"").nth(1).unwrap().split('"').next().unwrap()).collect::<String>()
            };
            methods.push((method.split('"').next().unwrap().to_owned(), of("in"), of("out")));
        }
        methods
    }

    #[test]
    fn methods_are_those_of_the_contract() {
        let ours: Vec<_> = signatures()
            .into_iter()
            .map(|(name, from, to)| {
                let inner = from.strip_prefix('(').and_then(|from| from.strip_suffix(')')).unwrap().to_owned();
                (name.to_owned(), inner, to)
            })
            .collect();
        assert_eq!(ours, contract());
    }
}
