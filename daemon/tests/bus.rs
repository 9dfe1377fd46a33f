//! The D-Bus service against its contract, on a real message bus: interface, options, keys, errors, streams, jobs,
//! pauses, the name.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod fake;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::Read,
    os::fd::OwnedFd,
};

use fake::{Fake, Jobs, PrivateBus};
use futures_util::StreamExt;
use metaextractd::{
    bus,
    config::{LogFormat, LogSettings},
    control::*,
};
use tokio::sync::{mpsc, watch};
use zbus::{Connection, MessageStream, OwnedObjectPath, OwnedVariant, Variant, connection::Builder};

const CONTRACT: &str = include_str!("../../packaging/dbus/org.metaextract.Daemon1.xml");
const MANAGER: &str = "org.metaextract.Manager1";
const JOB: &str = "org.metaextract.Job1";

type Dict = BTreeMap<String, OwnedVariant>;

struct Test {
    bus: PrivateBus,
    fake: Fake,
    client: Connection,
}

async fn start(jobs: Jobs) -> Test {
    let bus = PrivateBus::start();
    let fake = fake::serve(&bus, jobs).await;
    let client = connect(&bus).await;
    Test { bus, fake, client }
}

async fn connect(bus: &PrivateBus) -> Connection {
    Builder::address(bus.address.as_str()).build().await.unwrap()
}

impl Test {
    async fn call<B>(&self, method: &str, body: &B) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + zbus::wire::DynamicType,
    {
        self.client.call_method(Some(bus::NAME), bus::PATH, Some(MANAGER), method, body).await
    }

    /// The name and text of the error a call ends with.
    async fn error<B>(&self, method: &str, body: &B) -> (String, String)
    where
        B: serde::Serialize + zbus::wire::DynamicType,
    {
        match self.call(method, body).await {
            Err(zbus::Error::MethodError(name, Some(text), _)) => (name.to_string(), text),
            other => panic!("{method}: {other:?}"),
        }
    }

    async fn property<T>(&self, path: &str, interface: &str, name: &str) -> T
    where
        T: TryFrom<OwnedVariant>,
        T::Error: std::fmt::Debug,
    {
        let properties = "org.freedesktop.DBus.Properties";
        let body = (interface, name);
        let reply = self.client.call_method(Some(bus::NAME), path, Some(properties), "Get", &body).await;
        T::try_from(reply.unwrap().body().deserialize::<OwnedVariant>().unwrap()).unwrap()
    }

    async fn introspect(&self, path: &str) -> String {
        let introspectable = Some("org.freedesktop.DBus.Introspectable");
        let reply = self.client.call_method(Some(bus::NAME), path, introspectable, "Introspect", &()).await;
        reply.unwrap().body().deserialize().unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.fake.asked.lock().unwrap().clone()
    }
}

fn none() -> HashMap<String, Variant<'static>> {
    HashMap::new()
}

fn one(key: &str, value: impl Into<Variant<'static>>) -> HashMap<String, Variant<'static>> {
    HashMap::from([(key.to_owned(), value.into())])
}

/// All a pipe gives.
async fn read(reply: &zbus::Message) -> String {
    let fd: zbus::OwnedFd = reply.body().deserialize().unwrap();
    let mut pipe = std::fs::File::from(OwnedFd::from(fd));
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    text.await.unwrap().unwrap()
}

/// The text of one interface, without comments and white space.
fn interface(xml: &str, name: &str) -> String {
    let mut plain = String::new();
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once("<!--") {
        plain.push_str(before);
        rest = after.split_once("-->").unwrap().1;
    }
    plain.push_str(rest);
    let from = plain.find(&format!("<interface name=\"{name}\">")).unwrap();
    let to = from + plain[from..].find("</interface>").unwrap();
    plain[from..to].lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What the comment above each method of the XML lists after `word`: `(method, name) -> type`.
fn listed(word: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    let mut pending = Vec::new();
    for line in CONTRACT.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some(first) if first == word => {
                pending.push((words.next().unwrap().to_owned(), words.next().unwrap().to_owned()));
            }
            Some("<method") => {
                let method = line.split('"').nth(1).unwrap();
                found.extend(pending.drain(..).map(|(name, kind)| ((method.to_owned(), name), kind)));
            }
            Some("<!--") => pending.clear(),
            _ => {}
        }
    }
    assert!(!found.is_empty());
    found
}

#[tokio::test]
async fn introspection_is_the_contract() {
    let test = start(Jobs::Open).await;
    assert_eq!(interface(&test.introspect(bus::PATH).await, MANAGER), interface(CONTRACT, MANAGER));
    let job: OwnedObjectPath = test.call("Wait", &(none(),)).await.unwrap().body().deserialize().unwrap();
    assert_eq!(interface(&test.introspect(&job).await, JOB), interface(CONTRACT, JOB));
}

/// `org.freedesktop.LogControl1(5)`, to the letter.
#[tokio::test]
async fn the_log_is_controlled_as_the_specification_says() {
    let test = start(Jobs::Open).await;
    let _log = metaextractd::logging::set_up(LogSettings { level: tracing::Level::INFO, format: LogFormat::Text });
    let (path, name) = ("/org/freedesktop/LogControl1", "org.freedesktop.LogControl1");
    let introspected = test.introspect(path).await;
    let lines = interface(&introspected, name);
    let never = r#"<annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>"#;
    let property =
        |name, access| format!("<property name=\"{name}\" type=\"s\" access=\"{access}\">\n{never}\n</property>");
    let wanted = [("LogLevel", "readwrite"), ("LogTarget", "readwrite"), ("SyslogIdentifier", "read")]
        .map(|(n, a)| property(n, a));
    assert_eq!(lines, format!("<interface name=\"{name}\">\n{}", wanted.join("\n")));
    assert_eq!(test.property::<String>(path, name, "SyslogIdentifier").await, "metaextractd");
    let set = async |property: &str, value: &str| {
        let body = (name, property, Variant::from(value.to_owned()));
        let properties = Some("org.freedesktop.DBus.Properties");
        test.client.call_method(Some(bus::NAME), path, properties, "Set", &body).await.map(drop)
    };
    // What is set, and what is then read.
    for (property, value, read) in [
        ("LogLevel", "debug", "debug"),
        ("LogLevel", "crit", "err"),
        ("LogLevel", "warning", "warning"),
        ("LogLevel", "notice", "info"),
        ("LogTarget", "json", "json"),
        ("LogTarget", "console", "console"),
    ] {
        set(property, value).await.unwrap();
        assert_eq!(test.property::<String>(path, name, property).await, read, "{property} {value}");
    }
    for (property, value) in [("LogLevel", "loud"), ("LogTarget", "kmsg")] {
        let error = set(property, value).await.unwrap_err().to_string();
        assert!(error.contains("InvalidArgs") && error.contains("is wanted"), "{error}");
    }
}

#[tokio::test]
async fn capabilities_are_the_methods() {
    let test = start(Jobs::Open).await;
    let capabilities: Vec<String> = test.property(bus::PATH, MANAGER, "Capabilities").await;
    let contract = interface(CONTRACT, MANAGER);
    let methods = contract.lines().filter(|line| line.starts_with("<method"));
    let methods: BTreeSet<&str> = methods.map(|line| line.split('"').nth(1).unwrap()).collect();
    assert_eq!(capabilities, methods.into_iter().collect::<Vec<_>>());
}

/// Asks every method for an option that does not exist: the answer names those that do.
#[tokio::test]
async fn options_are_those_of_the_contract() {
    let test = start(Jobs::Open).await;
    let option = || one("zzz", true);
    let (path, paths) = (b"/x".to_vec(), vec![b"/x".to_vec()]);
    let answers = [
        ("Status", test.error("Status", &(option(),)).await),
        ("AddRoot", test.error("AddRoot", &(&path, option())).await),
        ("RemoveRoot", test.error("RemoveRoot", &(&path, option())).await),
        ("ListRoots", test.error("ListRoots", &(option(),)).await),
        ("Show", test.error("Show", &(&paths, option())).await),
        ("Failed", test.error("Failed", &(option(),)).await),
        ("Formats", test.error("Formats", &(option(),)).await),
        ("Stats", test.error("Stats", &(option(),)).await),
        ("Workers", test.error("Workers", &(option(),)).await),
        ("Config", test.error("Config", &(option(),)).await),
        ("Why", test.error("Why", &(&path, option())).await),
        ("Estimate", test.error("Estimate", &(&path, option())).await),
        ("Rescan", test.error("Rescan", &(&paths, option())).await),
        ("Index", test.error("Index", &(&paths, option())).await),
        ("Retry", test.error("Retry", &(&paths, option())).await),
        ("Wait", test.error("Wait", &(option(),)).await),
        ("Pause", test.error("Pause", &("", option())).await),
        ("Resume", test.error("Resume", &(1_u64, option())).await),
        ("Reload", test.error("Reload", &(option(),)).await),
    ];
    let mut taken = BTreeSet::new();
    for (method, (name, text)) in answers {
        assert_eq!(name, "org.metaextract.Error.InvalidArgument", "{method}");
        assert!(text.starts_with("there is no option \"zzz\"\n"), "{method}: {text}");
        if let Some((_, options)) = text.split_once("It takes ") {
            taken.extend(options.split(", ").map(|option| (method.to_owned(), option.to_owned())));
        }
    }
    assert_eq!(taken, listed("option").into_keys().collect());
    assert_eq!(test.asked(), Vec::<String>::new());
}

/// The keys of a dictionary and of those in it, `A.B`, with their types.
fn keys(dict: &Dict, above: &str, found: &mut BTreeMap<String, String>) {
    for (key, value) in dict {
        let key = format!("{above}{key}");
        found.insert(key.clone(), value.value_signature().to_string());
        match &**value {
            Variant::Dict(_) => keys(&Dict::try_from(value.try_clone().unwrap()).unwrap(), &format!("{key}."), found),
            Variant::Array(_) => {
                for dict in Vec::<Dict>::try_from(value.try_clone().unwrap()).unwrap_or_default() {
                    keys(&dict, &format!("{key}."), found);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn keys_of_answers_are_those_of_the_contract() {
    let test = start(Jobs::Open).await;
    let status: Dict = test.call("Status", &(none(),)).await.unwrap().body().deserialize().unwrap();
    let roots: Vec<Dict> = test.call("ListRoots", &(none(),)).await.unwrap().body().deserialize().unwrap();
    let why: Dict = test.call("Why", &(b"/x".to_vec(), none())).await.unwrap().body().deserialize().unwrap();
    let estimate: Dict = test.call("Estimate", &(b"/x".to_vec(), none())).await.unwrap().body().deserialize().unwrap();
    let workers: Vec<Dict> = test.call("Workers", &(none(),)).await.unwrap().body().deserialize().unwrap();
    let mut given = BTreeMap::new();
    let answers = [
        ("Status", vec![status]),
        ("ListRoots", roots),
        ("Why", vec![why]),
        ("Estimate", vec![estimate]),
        ("Workers", workers),
    ];
    for (method, dicts) in answers {
        let mut found = BTreeMap::new();
        dicts.iter().for_each(|dict| keys(dict, "", &mut found));
        // A root in the status is what ListRoots gives; the contract says so once.
        found.retain(|key, _| !key.starts_with("Roots."));
        given.extend(found.into_iter().map(|(key, kind)| ((method.to_owned(), key), kind)));
    }
    let mut wanted = listed("key");
    wanted.retain(|(method, _), _| given.keys().any(|(given, _)| given == method));
    assert_eq!(given, wanted);
}

#[tokio::test]
async fn keys_of_streams_are_those_of_the_contract() {
    let test = start(Jobs::Open).await;
    for (method, count) in [("Failed", 2), ("Formats", 2), ("Stats", 16), ("Config", 6)] {
        let text = read(&test.call(method, &(none(),)).await.unwrap()).await;
        let mut given = BTreeSet::new();
        for line in text.lines().take(count) {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            given.extend(object.into_iter().map(|(key, _)| key));
        }
        let wanted: BTreeSet<String> =
            listed("key").into_keys().filter(|(of, _)| of == method).map(|(_, key)| key).collect();
        assert_eq!(given, wanted, "{method}");
        assert_eq!(text.lines().last(), Some(&*format!(r#"{{"End":true,"Count":{count}}}"#)));
    }
}

#[tokio::test]
async fn arguments_arrive_as_they_were_sent() {
    let test = start(Jobs::Open).await;
    let options = HashMap::from([("poll", Variant::from(true)), ("cross_filesystems", false.into())]);
    test.call("AddRoot", &(b"/a//b/\xff".to_vec(), options)).await.unwrap();
    let options = HashMap::from([("raw", Variant::from(true)), ("tags", vec!["Make", "GPS:*"].into())]);
    test.call("Show", &(vec![b"/a".to_vec(), b"/b".to_vec()], options)).await.unwrap();
    test.call("Retry", &(Vec::<Vec<u8>>::new(), none())).await.unwrap();
    test.call("Pause", &("backup", one("until", 5_u64))).await.unwrap();
    test.call("Resume", &(0_u64, none())).await.unwrap();
    let asked = test.asked().join("\n");
    assert!(asked.contains("poll: Some(true), hidden: None, cross_filesystems: Some(false)"), "{asked}");
    assert!(asked.contains(r#"raw: true, tags: TagFilter(["make", "gps:*"])"#), "{asked}");
    assert!(asked.contains("Retry { paths: []"), "{asked}");
    assert!(asked.contains(r#"Pause { pause: Pause { reason: "backup", hold: Until(5)"#), "{asked}");
    assert!(asked.contains("Resume { which: AllOf"), "{asked}");
}

#[tokio::test]
async fn wrong_arguments_are_refused_with_what_to_do() {
    let test = start(Jobs::Open).await;
    let invalid = "org.metaextract.Error.InvalidArgument";
    let nothing = Vec::<Vec<u8>>::new();
    let cases = [
        (test.error("AddRoot", &(b"a/b".to_vec(), none())).await, "is not absolute"),
        (test.error("AddRoot", &(b"/a".to_vec(), one("pol", true))).await, "did you mean poll?"),
        (test.error("AddRoot", &(b"/a".to_vec(), one("poll", "yes"))).await, "wrong type s"),
        (test.error("Show", &(&nothing, none())).await, "no path was given"),
        (test.error("Index", &(&nothing, none())).await, "no path was given"),
        (test.error("Resume", &(99_u64, none())).await, "no pause 99"),
    ];
    for ((name, text), part) in cases {
        assert_eq!(name, invalid);
        assert!(text.contains(part), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
    let both = HashMap::from([("persistent", Variant::from(true)), ("until", 5_u64.into())]);
    assert_eq!(test.error("Pause", &("", both)).await.0, invalid);
    let (name, _) = test.error("Why", &(b"/missing/file".to_vec(), none())).await;
    assert_eq!(name, "org.metaextract.Error.NoSuchFile");
}

#[tokio::test]
async fn a_stream_that_breaks_has_no_last_line() {
    let test = start(Jobs::Open).await;
    let paths = vec![b"/fine.jpg".to_vec(), b"/panic".to_vec()];
    let text = read(&test.call("Show", &(paths, none())).await.unwrap()).await;
    assert!(!text.contains("End"), "{text}");
}

/// More readers that do not read than there are places: the next is refused, and served once one has closed.
#[tokio::test]
async fn clients_that_do_not_read_hold_up_nobody_else() {
    let test = start(Jobs::Open).await;
    let paths: Vec<Vec<u8>> = (0..2_000).map(|n| format!("/{n}.jpg").into_bytes()).collect();
    let mut open = Vec::new();
    let refused = loop {
        match test.call("Show", &(&paths, none())).await {
            Ok(reply) => open.push(reply.body().deserialize::<zbus::OwnedFd>().unwrap()),
            Err(error) => break error.to_string(),
        }
    };
    assert!(refused.contains("org.metaextract.Error.Busy"), "{refused}");
    assert_eq!(open.len(), 16);
    test.call("Status", &(none(),)).await.unwrap();
    drop(open);
    while let Err(error) = test.call("Formats", &(none(),)).await {
        assert!(error.to_string().contains("Busy"), "{error}");
    }
}

/// An alert that comes is told once, and so is its going; one that is taken back within a second is not told.
#[tokio::test]
async fn an_alert_is_told_when_it_comes_and_when_it_goes() {
    let test = start(Jobs::Open).await;
    let mut signals = MessageStream::from(&test.client);
    let rule = "type='signal',interface='org.metaextract.Manager1',member='Alert'";
    let bus = Some("org.freedesktop.DBus");
    test.client.call_method(bus, "/org/freedesktop/DBus", bus, "AddMatch", &rule).await.unwrap();
    let alert = |id, text: &str| Alert { id, text: text.into(), since: 1 };
    let set = |alerts: Vec<Alert>| test.fake.facts.send_modify(|facts| facts.alerts = alerts);
    let mut next = async || loop {
        let message = signals.next().await.unwrap().unwrap();
        if message.header().member().is_some_and(|name| name.as_str() == "Alert") {
            return message.body().deserialize::<(String, bool, String)>().unwrap();
        }
    };
    set(vec![alert("failure-rate", "one")]);
    assert_eq!(next().await, ("failure-rate".into(), true, "one".into()));
    // These come within the second after that.
    set(vec![alert("failure-rate", "two"), alert("slow-format", "short")]);
    set(vec![alert("failure-rate", "three"), alert("watches-short", "many")]);
    assert_eq!(next().await, ("watches-short".into(), true, "many".into()));
    set(Vec::new());
    assert_eq!(next().await, ("failure-rate".into(), false, "three".into()));
    assert_eq!(next().await, ("watches-short".into(), false, "many".into()));
}

#[tokio::test]
async fn a_job_tells_its_progress_and_its_end() {
    let test = start(Jobs::Open).await;
    let mut signals = MessageStream::from(&test.client);
    let rule = "type='signal',path_namespace='/org/metaextract/Daemon1'";
    let bus = Some("org.freedesktop.DBus");
    test.client.call_method(bus, "/org/freedesktop/DBus", bus, "AddMatch", &rule).await.unwrap();
    let job: OwnedObjectPath =
        test.call("Rescan", &(vec![b"/a".to_vec()], none())).await.unwrap().body().deserialize().unwrap();
    assert_eq!(job.as_str(), "/org/metaextract/Daemon1/job/1");
    assert_eq!(test.property::<String>(&job, JOB, "Kind").await, "rescan");
    let sender = test.fake.job.lock().unwrap().take().unwrap();
    for done in 1..=100 {
        sender.send_modify(|job| job.done = done);
    }
    sender.send_modify(|job| job.state = JobState::Finished(JobResult::Partial));
    let mut seen = Vec::new();
    while seen.last().is_none_or(|name| name != "Finished") {
        let message = signals.next().await.unwrap().unwrap();
        let name = message.header().member().map(ToString::to_string);
        if message.header().path().is_some_and(|path| path.as_str() != "/org/freedesktop/DBus")
            && message.message_type() == zbus::message::Type::Signal
        {
            seen.extend(name);
        }
    }
    assert_eq!(seen.first().map(String::as_str), Some("InterfacesAdded"), "{seen:?}");
    assert!(seen.len() <= 4, "{seen:?}");
    assert_eq!(test.property::<String>(&job, JOB, "State").await, "partial");
    assert_eq!(test.property::<u64>(&job, JOB, "Done").await, 100);
}

#[tokio::test]
async fn a_job_can_be_cancelled_and_one_that_was_dropped_counts_as_cancelled() {
    let test = start(Jobs::Open).await;
    let job: OwnedObjectPath = test.call("Wait", &(none(),)).await.unwrap().body().deserialize().unwrap();
    test.client.call_method(Some(bus::NAME), &*job, Some(JOB), "Cancel", &(none(),)).await.unwrap();
    assert_eq!(test.property::<String>(&job, JOB, "State").await, "cancelled");
    let job: OwnedObjectPath = test.call("Wait", &(none(),)).await.unwrap().body().deserialize().unwrap();
    assert_eq!(test.property::<String>(&job, JOB, "State").await, "running");
    drop(test.fake.job.lock().unwrap().take());
    assert_eq!(test.property::<String>(&job, JOB, "State").await, "cancelled");
}

#[tokio::test]
async fn a_job_that_has_ended_can_be_looked_at() {
    let test = start(Jobs::Finished(JobResult::Done)).await;
    let job: OwnedObjectPath = test.call("Wait", &(none(),)).await.unwrap().body().deserialize().unwrap();
    assert_eq!(test.property::<String>(&job, JOB, "State").await, "done");
    assert_eq!(test.property::<u64>(&job, JOB, "Total").await, 12);
}

#[tokio::test]
async fn a_pause_ends_with_its_caller() {
    let test = start(Jobs::Open).await;
    let other = connect(&test.bus).await;
    let reply = other.call_method(Some(bus::NAME), bus::PATH, Some(MANAGER), "Pause", &("", none())).await.unwrap();
    assert_eq!(reply.body().deserialize::<u64>().unwrap(), 7);
    other.close().await.unwrap();
    while !test.asked().iter().any(|asked| asked.starts_with("Resume { which: Cookie { cookie: 7")) {
        // Each call is a round trip through the bus, which has told the daemon by then or soon after.
        test.call("Status", &(none(),)).await.unwrap();
    }
}

#[tokio::test]
async fn properties_follow_the_facts() {
    let test = start(Jobs::Open).await;
    assert_eq!(test.property::<String>(bus::PATH, MANAGER, "State").await, "idle");
    let rule = zbus::MatchRule::builder().member("PropertiesChanged").path(bus::PATH).build().unwrap();
    let mut signals = MessageStream::for_match_rule(rule, &test.client, None).await.unwrap();
    test.fake.facts.send_modify(|facts| facts.state = State::Indexing);
    let message = signals.next().await.unwrap().unwrap();
    let (name, changed, _): (String, Dict, Vec<String>) = message.body().deserialize().unwrap();
    assert_eq!((name.as_str(), changed.len()), (MANAGER, 1));
    assert_eq!(test.property::<String>(bus::PATH, MANAGER, "State").await, "indexing");
    assert_eq!(test.property::<Vec<String>>(bus::PATH, MANAGER, "Degraded").await, ["no-fuse"]);
}

#[tokio::test]
async fn commits_are_told_together() {
    let test = start(Jobs::Open).await;
    let rule = zbus::MatchRule::builder().member("Changed").interface(MANAGER).build().unwrap();
    let mut signals = MessageStream::for_match_rule(rule, &test.client, None).await.unwrap();
    for commit in 1..=3 {
        let directories = vec![format!("/{}", commit % 2).into_bytes()];
        test.fake.changed.send(Changed { directories, commit }).unwrap();
    }
    let mut last = (Vec::new(), 0);
    let mut count = 0;
    while last.1 < 3 {
        last = signals.next().await.unwrap().unwrap().body().deserialize::<(Vec<Vec<u8>>, u64)>().unwrap();
        count += 1;
    }
    assert!(count <= 2);
    assert!(last.0.contains(&b"/1".to_vec()));
}

#[tokio::test]
async fn a_second_daemon_hears_who_holds_the_name() {
    let test = start(Jobs::Open).await;
    let (control, _commands) = Control::channel();
    let (_facts, facts) = watch::channel(Facts::default());
    let (_changed, changed) = mpsc::unbounded_channel();
    let error = bus::serve(&test.bus.place(), control, Published { facts, changed }).await.unwrap_err();
    assert!(matches!(error, bus::Error::NameTaken { pid } if pid == std::process::id()), "{error}");
}

#[tokio::test]
async fn without_a_bus_that_is_said() {
    let (control, _commands) = Control::channel();
    let (_facts, facts) = watch::channel(Facts::default());
    let (_changed, changed) = mpsc::unbounded_channel();
    let place = bus::Place::Address("unix:path=/nonexistent/bus".into());
    let error = bus::serve(&place, control, Published { facts, changed }).await.unwrap_err();
    assert!(matches!(error, bus::Error::NoBus { .. }), "{error}");
}

#[tokio::test]
async fn the_end_of_the_bus_is_noticed_and_a_close_frees_the_name() {
    let mut test = start(Jobs::Open).await;
    let lost = std::mem::replace(&mut test.bus, PrivateBus::start());
    drop(lost);
    test.fake.bus.lost().await;
    let fake = fake::serve(&test.bus, Jobs::Open).await;
    fake.bus.close().await;
    fake::serve(&test.bus, Jobs::Open).await;
}
