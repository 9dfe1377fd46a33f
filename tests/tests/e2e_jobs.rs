//! What a program on the bus asks for: jobs count what they are about and end what only they wanted; roots are those that a path
//! leads to.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::HashMap,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    thread,
};

use rustix::process::Signal;
use serde_json::Value;
use tests::{faulty::FaultyDisk, instance::Instance, process::send, samples::jpeg};
use tokio::runtime::Runtime;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, connection::Builder};

const NAME: &str = "org.metaextract.Daemon1";
const JOB: &str = "org.metaextract.Job1";

/// A program on the bus of an instance that starts jobs and looks at them when it likes.
struct Client {
    runtime: Runtime,
    connection: Connection,
}

impl Client {
    fn of(instance: &Instance) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let connection = runtime.block_on(Builder::address(instance.address()).build()).unwrap();
        Self { runtime, connection }
    }

    fn rescan(&self, dir: &Path) -> OwnedObjectPath {
        let body = (vec![dir.as_os_str().as_bytes().to_vec()], HashMap::<&str, Variant<'_>>::new());
        let manager = Some("org.metaextract.Manager1");
        let call = self.connection.call_method(Some(NAME), "/org/metaextract/Daemon1", manager, "Rescan", &body);
        self.runtime.block_on(call).unwrap().body().deserialize().unwrap()
    }

    fn unwatch(&self, dir: &Path) {
        let body = (dir.as_os_str().as_bytes(), HashMap::<&str, Variant<'_>>::new());
        let manager = Some("org.metaextract.Manager1");
        let call = self.connection.call_method(Some(NAME), "/org/metaextract/Daemon1", manager, "RemoveRoot", &body);
        self.runtime.block_on(call).unwrap();
    }

    fn cancel(&self, job: &OwnedObjectPath) {
        let body = (HashMap::<&str, Variant<'_>>::new(),);
        self.runtime.block_on(self.connection.call_method(Some(NAME), job, Some(JOB), "Cancel", &body)).unwrap();
    }

    /// State, files done and files in all.
    fn look(&self, job: &OwnedObjectPath) -> (String, u64, u64) {
        let properties = Some("org.freedesktop.DBus.Properties");
        let call = self.connection.call_method(Some(NAME), job, properties, "GetAll", &JOB);
        let mut told: HashMap<String, OwnedVariant> =
            self.runtime.block_on(call).unwrap().body().deserialize().unwrap();
        let mut take = |key: &str| told.remove(key).unwrap();
        let state = String::try_from(take("State")).unwrap();
        (state, take("Done").try_into().unwrap(), take("Total").try_into().unwrap())
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn a_job_counts_its_own_files() {
    let instance = Instance::start();
    for n in 0..30 {
        instance.put(format!("many/{}/{n}.jpg", n % 3), jpeg("one of many"));
    }
    instance.put("few/a.jpg", jpeg("one of few"));
    fs::create_dir_all(instance.path("none")).unwrap();
    let counted = |verb: &[&str], path: &str| {
        let mut words: Vec<_> = verb.iter().map(Path::new).collect();
        let path = instance.path(path);
        words.push(&path);
        let told = instance.json(words);
        assert_eq!(told["State"], "done", "{told}");
        ["Done", "Total", "Failed"].map(|key| number(&told[key]))
    };
    assert_eq!(counted(&["watch", "--wait"], "many"), [30, 30, 0]);
    assert_eq!(counted(&["watch", "--wait"], "few"), [1, 1, 0]);
    assert_eq!(counted(&["watch", "--wait"], "none"), [0, 0, 0]);
    assert_eq!(counted(&["rescan"], "none"), [0, 0, 0]);
    assert_eq!(counted(&["rescan"], "many"), [30, 30, 0]);
    assert_eq!(counted(&["rescan"], "many/1"), [10, 10, 0]);
    assert_eq!(counted(&["index"], "many/1/4.jpg"), [1, 1, 0]);
    let all = instance.json(["rescan"]);
    assert_eq!([number(&all["Done"]), number(&all["Total"])], [31, 31]);
    assert_eq!(number(&instance.json(["wait"])["Done"]), 31);
    assert_eq!(instance.ctl([Path::new("rescan"), &instance.path("none")]), "rescan done: 0 files\n");
}

/// Whether a process has said what is to happen on SIGINT.
fn catches_interrupts(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & 1 << (Signal::INT.as_raw() - 1) != 0
}

fn until_walking(instance: &Instance) {
    instance.until("it is walked", || (instance.status()["Roots"][0]["State"] == "crawling").then_some(()));
}

/// The disk gives a list of its directory only when it is told to, and all else lies below that.
#[test]
fn a_walk_ends_with_the_last_job_that_wants_it() {
    let instance = Instance::start();
    let mut disk = FaultyDisk::mount(instance.home(), "disk");
    (0..60).for_each(|n| _ = disk.put(&format!("deep/{n}/file.jpg"), jpeg("a file")));
    instance.watch(&disk.point);
    instance.log().line(&["looked at a root", "dirs=62"]);
    let client = Client::of(&instance);

    disk.order("hang list deep");
    let mut alone = instance.metactl_started([Path::new("rescan"), &disk.point]);
    until_walking(&instance);
    while !catches_interrupts(alone.id()) {
        thread::yield_now();
    }
    // These wait for the next walk, both for the same.
    let [left, kept] = [(); 2].map(|()| client.rescan(&disk.point));
    send(alone.id(), Signal::INT);
    assert_eq!(alone.wait().unwrap().code(), Some(130));
    client.cancel(&left);
    assert_eq!(client.look(&left).0, "cancelled");
    disk.order("clear");
    instance.until("the job that is left is done", || (client.look(&kept) == ("done".into(), 60, 60)).then_some(()));
    instance.log().line(&["nobody waits for a look any more", "dirs=2 "]);

    // What such a walk has seen to be new it ends.
    disk.order("hang list deep");
    let late = disk.put("deep/new/late.jpg", jpeg("late"));
    let job = client.rescan(&disk.point);
    until_walking(&instance);
    let crawled = instance.status()["Roots"][0]["Crawled"].clone();
    client.cancel(&job);
    disk.order("clear");
    instance.until_comment(&late, "late");
    instance.log().line(&["nobody waits for a look any more", "dirs=3 "]);
    assert_eq!(instance.status()["Roots"][0]["Crawled"], crawled);
    // A look that the daemon itself wants goes on.
    disk.order("hang list deep");
    instance.ctl([Path::new("unwatch"), &disk.point]);
    instance.ctl([Path::new("watch"), &disk.point]);
    until_walking(&instance);
    let job = client.rescan(&disk.point);
    client.cancel(&job);
    disk.order("clear");
    instance.until_files("Indexed", 61);
}

#[test]
fn a_root_goes_by_any_path_that_leads_to_it() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("a")).unwrap());
    let link = instance.home().join("link");
    std::os::unix::fs::symlink(instance.root(), &link).unwrap();
    Client::of(&instance).unwatch(&link);
    instance.until_files("Known", 0);
    assert_eq!(instance.json(["roots"]).as_array().unwrap().len(), 0);
}

#[test]
fn index_reads_what_is_not_up_to_date_and_again_everything() {
    let instance = Instance::start();
    let paths: Vec<_> = (0..5).map(|n| instance.put(format!("{n}.jpg"), jpeg("as it was"))).collect();
    instance.watch(&instance.root());
    instance.ctl(["wait"]);
    let index = |options: &[&str]| {
        let words = ["index"].iter().chain(options).map(Path::new).chain(paths.iter().map(PathBuf::as_path));
        let told = instance.json(words);
        assert_eq!(["Done", "Total", "Failed"].map(|key| number(&told[key])), [5, 5, 0], "{told}");
        instance.files_read()
    };
    let before = instance.files_read();
    assert_eq!(index(&[]), before, "all of them are known");
    instance.put("3.jpg", jpeg("as it is"));
    index(&[]);
    assert_eq!(instance.tag(&paths[3], "File:Comment").as_deref(), Some("as it is"), "shown when index has ended");
    let before = instance.files_read();
    assert_eq!(index(&["--again"]), before + 5);
}
