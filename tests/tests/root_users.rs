//! Several users and one daemon of the machine: each sees only what that user may read, on the bus and in the view, and
//! who changes anything is asked for leave. Real users, a bus under a system bus's rules, the real mount.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use metaextractd::metrics::table;
use rustix::fs::{XattrFlags, setxattr};
use serde_json::Value;
use tests::{
    exposition,
    instance::Instance,
    machine::{Machine, Who, team},
    process::PATIENCE,
    samples::jpeg,
};
use zbus::OwnedVariant;

const USERS: [Who; 3] = [Who::Root, Who::Alice, Who::Bob];

/// A JPEG that ends too early.
fn cut(comment: &str) -> Vec<u8> {
    let whole = jpeg(comment);
    whole[..whole.len() - 20].to_vec()
}

/// Files of alice and bob, each open to some: what it is called, and whether alice and bob may read it.
const FILES: [(&str, bool, bool); 9] = [
    ("shared/open.jpg", true, true),
    ("shared/private.jpg", true, false),
    ("shared/team.jpg", true, true),
    ("shared/group.jpg", true, false),
    ("shared/listed.jpg", true, false),
    ("closed/inside.jpg", true, false),
    ("closed/deep/inside.jpg", true, false),
    ("passed/inside.jpg", true, true),
    ("bob/own.jpg", false, true),
];

fn fill(machine: &Machine) {
    let (alice, bob) = (Who::Alice, Who::Bob);
    for (dir, owner, mode) in [
        ("shared", alice, 0o755),
        ("closed", alice, 0o700),
        ("closed/deep", alice, 0o755),
        ("passed", alice, 0o711),
        ("bob", bob, 0o755),
    ] {
        machine.make_dir(dir, owner, mode);
    }
    for (name, owner, group, mode) in [
        ("shared/open.jpg", alice, alice.gid(), 0o644),
        ("shared/private.jpg", alice, alice.gid(), 0o600),
        ("shared/team.jpg", alice, team(), 0o640),
        ("shared/group.jpg", alice, alice.gid(), 0o640),
        ("shared/listed.jpg", alice, alice.gid(), 0o644),
        ("closed/inside.jpg", alice, alice.gid(), 0o644),
        ("closed/deep/inside.jpg", alice, alice.gid(), 0o644),
        ("passed/inside.jpg", alice, alice.gid(), 0o644),
        ("bob/own.jpg", bob, bob.gid(), 0o600),
    ] {
        machine.put(name, &jpeg(name), owner, group, mode);
    }
    machine.put("shared/cut.jpg", &cut("seen"), alice, alice.gid(), 0o644);
    machine.put("shared/cut-private.jpg", &cut("hidden"), alice, alice.gid(), 0o600);
    deny(&machine.path("shared/listed.jpg"), bob.uid());
}

/// An access control list that takes from one user what the bits give everybody (acl(5), the kernel's form).
fn deny(path: &Path, uid: u32) {
    let none = u32::MAX;
    let entries: [(u16, u16, u32); 5] = [(1, 6, none), (2, 0, uid), (4, 4, none), (16, 4, none), (32, 4, none)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend([tag.to_le_bytes(), permissions.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    setxattr(path, "system.posix_acl_access", &list, XattrFlags::empty()).unwrap();
}

fn show(machine: &Machine, who: Who, path: &Path) -> Value {
    machine.json(who, [Path::new("show"), path])[0].take()
}

/// What is said of a file to somebody, less its name.
fn said(machine: &Machine, who: Who, path: &Path) -> (Value, Value) {
    let mut shown = show(machine, who, path);
    shown.as_object_mut().unwrap().remove("SourceFile");
    let mut why = machine.json(who, [Path::new("why"), path]);
    why.as_object_mut().unwrap().remove("Path");
    (shown, why)
}

/// Asserts that somebody sees a file everywhere, or nowhere.
fn sees(machine: &Machine, who: Who, name: &str, wanted: bool) {
    let path = machine.path(name);
    let file = machine.view(&path).join("File/Comment");
    let (shown, why) = said(machine, who, &path);
    assert_eq!(who.can_read(&file), wanted, "{who:?} in the view: {name}");
    assert_eq!(who.can_list(&machine.view(&path)), wanted, "{who:?} lists in the view: {name}");
    if wanted {
        assert_eq!(shown["File:Comment"], name, "{who:?}: {shown}");
        assert_eq!(why["State"], "indexed", "{who:?}: {why}");
    } else {
        let nothing = said(machine, who, &machine.path("shared/there-is-none.jpg"));
        assert_eq!((shown, why), nothing, "{who:?} is told more of {name} than of what is not there");
    }
}

fn paths(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry["Path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_user_sees_only_what_that_user_may_read() {
    let machine = Machine::watching(fill);
    let closed = tempfile_root(&machine);
    for (name, alice, bob) in FILES {
        for (who, wanted) in [(Who::Root, true), (Who::Alice, alice), (Who::Bob, bob)] {
            sees(&machine, who, name, wanted);
        }
    }
    // Of several files in one answer each counts for itself.
    let both = machine.json(
        Who::Bob,
        ["show", path(&machine, "shared/private.jpg"), path(&machine, "bob/own.jpg")].map(str::to_owned),
    );
    assert_eq!((&both[0]["ErrorCode"], &both[1]["File:Comment"]), (&"no-such-file".into(), &"bob/own.jpg".into()));
    // Failures.
    for (who, seen) in [(Who::Root, 2), (Who::Alice, 2), (Who::Bob, 1)] {
        let failed = paths(&machine.json(who, ["failed"]));
        assert_eq!(failed.len(), seen, "{who:?}: {failed:?}");
        assert!(failed.contains(&path(&machine, "shared/cut.jpg").to_owned()));
    }
    // Roots, and what is counted below them: 9 files and 2 failures, and one in the closed root.
    for (who, roots, files) in [(Who::Root, 2, 12), (Who::Alice, 2, 11), (Who::Bob, 1, 5)] {
        let listed = paths(&machine.json(who, ["roots"]));
        assert_eq!(listed.len(), roots, "{who:?}: {listed:?}");
        assert_eq!(listed.contains(&closed), roots == 2);
        let status = machine.json(who, ["status"]);
        assert_eq!(paths(&status["Roots"]), listed);
        assert_eq!(status["Files"]["Known"].to_string(), files.to_string(), "{who:?}");
    }
}

/// A second root, which only alice may enter.
fn tempfile_root(machine: &Machine) -> String {
    let root = machine.files().parent().unwrap().join("home");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("mine.jpg"), jpeg("mine")).unwrap();
    std::os::unix::fs::chown(root.join("mine.jpg"), Some(Who::Alice.uid()), Some(Who::Alice.gid())).unwrap();
    machine.own("../home", Who::Alice, Who::Alice.gid(), 0o700);
    machine.ctl(Who::Root, [Path::new("watch"), Path::new("--wait"), &root]);
    root.to_str().unwrap().to_owned()
}

fn path(machine: &Machine, name: &str) -> &'static str {
    // The test ends soon enough.
    Box::leak(machine.path(name).to_str().unwrap().to_owned().into_boxed_str())
}

#[test]
fn what_may_be_read_changes_while_running() {
    let machine = Machine::watching(fill);
    let (alice, bob) = (Who::Alice, Who::Bob);
    for (name, wanted) in [("shared/open.jpg", true), ("closed/inside.jpg", false)] {
        sees(&machine, bob, name, wanted);
    }
    // A file, a directory, a list.
    machine.own("shared/open.jpg", alice, alice.gid(), 0o600);
    machine.own("closed", alice, alice.gid(), 0o755);
    deny(&machine.path("passed/inside.jpg"), bob.uid());
    machine.settled();
    sees(&machine, bob, "shared/open.jpg", false);
    sees(&machine, bob, "closed/inside.jpg", true);
    sees(&machine, bob, "closed/deep/inside.jpg", true);
    sees(&machine, bob, "passed/inside.jpg", false);
    sees(&machine, alice, "shared/open.jpg", true);
    // Above all roots.
    let above = machine.files().parent().unwrap().to_owned();
    let mode = |mode| fs::set_permissions(&above, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    // Whoever is in a directory of the view stays there, and sees no more than by its path.
    let inside = machine.view(&machine.path("closed"));
    let mut shell = bob.command("sh");
    shell.args(["-c", "cat inside.jpg/File/Comment && echo entered && read x && ! cat inside.jpg/File/Comment"]);
    shell.current_dir(&inside).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(shell.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap() == "entered"));
    machine.own("closed", alice, alice.gid(), 0o700);
    machine.settled();
    std::io::Write::write_all(&mut shell.stdin.take().unwrap(), b"\n").unwrap();
    assert!(shell.wait().unwrap().success(), "the closed directory is still read from within");
    mode(0o700);
    machine.settled();
    // metactl itself lies there: the view alone can be asked.
    assert!(!bob.can_read(&machine.view(&machine.path("bob/own.jpg")).join("File/Comment")));
    mode(0o755);
    machine.settled();
    sees(&machine, bob, "bob/own.jpg", true);
    sees(&machine, bob, "shared/team.jpg", true);
}

/// Asks again and again, by a program of another user each time, until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
    }
}

#[test]
fn a_right_that_is_taken_back_counts_at_once() {
    let machine = Machine::watching(fill);
    let (alice, bob) = (Who::Alice, Who::Bob);
    // Nothing is read any more: what the index knows stays as it is.
    machine.ctl(Who::Root, ["pause", "test"]);
    let above = machine.files();
    for name in ["shared/open.jpg", "shared/team.jpg", "passed/inside.jpg"] {
        sees(&machine, bob, name, true);
    }
    machine.own("shared/open.jpg", alice, alice.gid(), 0o600);
    machine.own("passed", alice, alice.gid(), 0o700);
    // The very next answer.
    for name in ["shared/open.jpg", "passed/inside.jpg"] {
        let nothing = said(&machine, bob, &machine.path("shared/there-is-none.jpg"));
        assert_eq!(said(&machine, bob, &machine.path(name)), nothing, "{name}");
    }
    let private = path(&machine, "shared/cut.jpg");
    assert_eq!(paths(&machine.json(bob, ["failed"])), [private]);
    machine.own("shared/cut.jpg", alice, alice.gid(), 0o600);
    assert!(paths(&machine.json(bob, ["failed"])).is_empty());
    // The view hears of it, pause or not.
    for name in ["shared/open.jpg", "passed/inside.jpg"] {
        let file = machine.view(&machine.path(name)).join("File/Comment");
        until(name, || !bob.can_read(&file));
    }
    // A directory that goes where others may not follow, a readable one in its place, and what is above all.
    fs::rename(machine.path("shared"), machine.path("closed/shared")).unwrap();
    machine.make_dir("shared", bob, 0o755);
    assert!(show(&machine, bob, &machine.path("closed/shared/team.jpg")).get("File:Comment").is_none());
    let moved = machine.view(&machine.path("closed/shared/team.jpg")).join("File/Comment");
    until("the moved file", || Who::Root.can_read(&moved));
    assert!(!bob.can_read(&moved) && alice.can_read(&moved));
    sees(&machine, bob, "closed/shared/team.jpg", false);
    sees(&machine, bob, "bob/own.jpg", true);
    fs::set_permissions(&above, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(show(&machine, bob, &machine.path("bob/own.jpg"))["ErrorCode"], "no-such-file");
    let own = machine.view(&machine.path("bob/own.jpg")).join("File/Comment");
    until("the directory above all", || !bob.can_read(&own));
}

/// Nothing tells the daemon of the change: what it answers it asks the disk, and the view is the index until the next look.
#[test]
fn a_polled_directory_closes_at_once_on_the_bus_and_with_the_next_look_in_the_view() {
    let mut machine = Machine::new();
    fill(&machine);
    machine.start_daemon(&["--system"]);
    machine.ctl(Who::Root, ["watch", "--wait", "--poll", machine.files().to_str().unwrap()]);
    let (alice, bob) = (Who::Alice, Who::Bob);
    let closed = ["shared/open.jpg", "passed/inside.jpg", "shared/cut.jpg"];
    sees(&machine, bob, closed[0], true);
    sees(&machine, bob, closed[1], true);
    machine.own("shared/open.jpg", alice, alice.gid(), 0o600);
    machine.own("passed", alice, alice.gid(), 0o700);
    machine.own("shared/cut.jpg", alice, alice.gid(), 0o600);
    let nothing = said(&machine, bob, &machine.path("shared/there-is-none.jpg"));
    for name in closed {
        assert_eq!(said(&machine, bob, &machine.path(name)), nothing, "{name}");
        for verb in ["index", "retry"] {
            assert_eq!(machine.metactl(bob, [verb, path(&machine, name)]).status.code(), Some(1), "{verb} {name}");
        }
    }
    assert!(paths(&machine.json(bob, ["failed"])).is_empty());
    machine.ctl(Who::Root, ["rescan"]);
    for name in closed {
        let file = machine.view(&machine.path(name)).join("File/Comment");
        assert!(alice.can_read(&file) && !bob.can_read(&file), "{name}");
    }
    sees(&machine, bob, "shared/team.jpg", true);
}

/// Stands for polkit: what it is asked, and what it says.
#[derive(Clone, Default)]
struct Authority {
    says: Arc<Mutex<bool>>,
    asked: Arc<Mutex<Vec<(String, u32)>>>,
}

type Details = HashMap<String, String>;

#[zbus::interface(name = "org.freedesktop.PolicyKit1.Authority")]
impl Authority {
    fn check_authorization(
        &self,
        subject: (String, HashMap<String, OwnedVariant>),
        action: String,
        _details: Details,
        flags: u32,
        _cancellation: String,
    ) -> ((bool, bool, Details),) {
        assert_eq!(subject.0, "system-bus-name");
        self.asked.lock().unwrap().push((action, flags));
        ((*self.says.lock().unwrap(), false, Details::new()),)
    }
}

impl Authority {
    /// Takes its place on the bus until the runtime is dropped.
    fn serve(&self, machine: &Machine) -> tokio::runtime::Runtime {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let builder = zbus::connection::Builder::address(machine.address());
        let builder = builder.serve_at("/org/freedesktop/PolicyKit1/Authority", self.clone());
        let connection = runtime.block_on(builder.name("org.freedesktop.PolicyKit1").build()).unwrap();
        runtime.spawn(async move {
            let _connection = connection;
            std::future::pending::<()>().await;
        });
        runtime
    }
}

#[test]
fn what_changes_things_asks_polkit() {
    let machine = Machine::watching(fill);
    let files = machine.files();
    let other = machine.files().parent().unwrap().join("more");
    fs::create_dir(&other).unwrap();
    let (files, other) = (files.to_str().unwrap(), other.to_str().unwrap());
    let own = path(&machine, "bob/own.jpg");
    let changes: [&[&str]; 7] = [
        &["watch", "--wait", other],
        &["unwatch", other],
        &["rescan", files],
        &["retry"],
        &["pause", "backup"],
        &["pause", "--for", "1h"],
        &["reload"],
    ];
    let free: [&[&str]; 6] = [&["status"], &["roots"], &["wait"], &["index", own], &["failed"], &["formats"]];
    let code = |who, arguments: &[&str]| machine.metactl(who, arguments).status.code();
    // Without polkit only root may.
    for arguments in changes {
        assert_eq!(code(Who::Bob, arguments), Some(4), "{arguments:?}");
    }
    for arguments in free {
        assert_eq!(code(Who::Bob, arguments), Some(0), "{arguments:?}");
    }
    assert!(paths(&machine.json(Who::Root, ["roots"])).len() == 1);
    // polkit is asked once a call, about this action, and may ask a person.
    let authority = Authority::default();
    let runtime = authority.serve(&machine);
    for arguments in changes {
        assert_eq!(code(Who::Bob, arguments), Some(4), "{arguments:?}");
    }
    for arguments in free {
        assert_eq!(code(Who::Bob, arguments), Some(0), "{arguments:?}");
    }
    let asked = std::mem::take(&mut *authority.asked.lock().unwrap());
    assert_eq!(asked, vec![("org.metaextract.manage".to_owned(), 1); changes.len()]);
    *authority.says.lock().unwrap() = true;
    for arguments in changes {
        // 1: what was cut short is so still.
        assert!(matches!(code(Who::Bob, arguments), Some(0 | 1)), "{arguments:?}");
    }
    assert_eq!(authority.asked.lock().unwrap().len(), changes.len());
    // Another's pause, and one's own.
    *authority.says.lock().unwrap() = false;
    let pauses = machine.json(Who::Root, ["status"])["Pauses"].take();
    assert_eq!(pauses[0]["Reason"], "backup");
    assert_eq!(machine.json(Who::Alice, ["status"])["Pauses"][0]["Reason"], "");
    assert_eq!(machine.json(Who::Bob, ["status"])["Pauses"][0]["Reason"], "backup");
    assert_eq!(code(Who::Bob, &["resume"]), Some(0));
    assert_eq!(machine.json(Who::Root, ["status"])["Pauses"].as_array().unwrap().len(), 0);
    // Root is never asked.
    let before = authority.asked.lock().unwrap().len();
    assert_eq!(code(Who::Root, &["rescan"]), Some(0));
    assert_eq!(authority.asked.lock().unwrap().len(), before);
    drop(runtime);
}

#[test]
fn another_users_session_daemon_refuses() {
    let mut machine = Machine::new();
    machine.put("open.jpg", &jpeg("open"), Who::Alice, Who::Alice.gid(), 0o644);
    machine.start_daemon(&[]);
    let watched = machine.metactl_on("--user", Who::Root, ["watch", "--wait", machine.files().to_str().unwrap()]);
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
    let file = path(&machine, "open.jpg");
    for arguments in [&["show", file][..], &["status"], &["roots"], &["why", file], &["failed"], &["index", file]] {
        let refused = machine.metactl_on("--user", Who::Alice, arguments);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(4), "{arguments:?}: {text}");
        assert!(text.contains("this daemon serves the user whose session it is"), "{text}");
        assert!(refused.stdout.is_empty());
    }
    let view = machine.files().parent().unwrap().join("run/metaextract");
    assert!(Who::Root.can_list(&view) && !Who::Alice.can_list(&view));
}

/// Signals are for whoever is on the bus, and properties are answered before the daemon is asked: so it is the bus, with
/// the rules that it comes with, that has to keep others out.
#[test]
fn a_session_bus_lets_in_nobody_else() {
    let instance = Instance::watching(|root| fs::write(root.join("a.jpg"), jpeg("private")).unwrap());
    // Nothing else stands in the way.
    fs::set_permissions(instance.home(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = instance.home().join("metactl");
    fs::copy(tests::process::program("metactl"), &program).unwrap();
    for (who, code) in [(Who::Root, 0), (Who::Alice, 3), (Who::Bob, 3)] {
        let mut command = who.command(&program);
        instance.surround(&mut command);
        let output = command.args(["--user", "status"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{who:?}: {text}");
        assert_eq!(output.stdout.is_empty(), code != 0, "{who:?}: {text}");
    }
}

#[test]
fn a_symlink_swapped_in_shows_nothing_of_others() {
    let machine = Machine::watching(|machine| {
        fill(machine);
        machine.make_dir("mine", Who::Bob, 0o755);
        machine.make_dir("mine/dir", Who::Bob, 0o755);
        machine.put("mine/dir/inside.jpg", &jpeg("bob's"), Who::Bob, Who::Bob.gid(), 0o644);
    });
    sees(&machine, Who::Alice, "closed/inside.jpg", true);
    // bob's directory becomes a way into alice's, under names that he may ask for.
    fs::rename(machine.path("mine/dir"), machine.path("mine/away")).unwrap();
    symlink(machine.path("closed"), machine.path("mine/dir")).unwrap();
    symlink(machine.path("closed/inside.jpg"), machine.path("mine/link.jpg")).unwrap();
    for name in ["mine/dir/inside.jpg", "mine/link.jpg", "mine/dir/deep/inside.jpg"] {
        let file = path(&machine, name);
        let indexed = machine.metactl(Who::Bob, ["index", file]);
        assert_eq!(indexed.status.code(), Some(1), "{}", String::from_utf8_lossy(&indexed.stderr));
        let shown = show(&machine, Who::Bob, Path::new(file));
        assert!(shown.get("File:Comment").is_none(), "{shown}");
        assert!(!Who::Bob.can_read(&machine.view(Path::new(file)).join("File/Comment")));
    }
    // A root whose way is replaced by a link is gone, not somewhere else.
    let home = machine.files().parent().unwrap().to_owned();
    let root = home.join("roots/below");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("inside.jpg"), jpeg("in the root")).unwrap();
    machine.ctl(Who::Root, [Path::new("watch"), Path::new("--wait"), &root]);
    assert_eq!(show(&machine, Who::Bob, &root.join("inside.jpg"))["File:Comment"], "in the root");
    fs::create_dir(machine.path("closed/below")).unwrap();
    fs::write(machine.path("closed/below/inside.jpg"), jpeg("alice's")).unwrap();
    fs::rename(home.join("roots"), home.join("roots.away")).unwrap();
    symlink(machine.path("closed"), home.join("roots")).unwrap();
    machine.ctl(Who::Root, ["rescan"]);
    assert_eq!(show(&machine, Who::Bob, &root.join("inside.jpg"))["ErrorCode"], "no-such-file");
    let kept = machine.view(&root.join("inside.jpg")).join("File/Comment");
    assert_eq!(fs::read_to_string(kept).unwrap(), "in the root\n");
    let roots = machine.json(Who::Root, ["roots"]);
    let state = roots.as_array().unwrap().iter().find(|entry| entry["Path"] == root.to_str().unwrap()).unwrap();
    assert_eq!(state["State"], "offline", "{state}");
    // `source` is a name, followed with its reader's rights.
    let source = machine.view(&machine.path("shared/open.jpg")).join("source");
    assert_eq!(fs::read_link(source).unwrap(), machine.path("shared/open.jpg"));
}

#[test]
fn what_stands_for_no_file_names_none() {
    let machine = Machine::watching(fill);
    let closed = machine.path("closed");
    for who in USERS {
        assert!(who.can_list(&machine.mount()) && who.can_read(&machine.mount().join("README")));
    }
    // Something that says a name: a root that is gone.
    let away = machine.files().parent().unwrap().join("gone");
    fs::create_dir(&away).unwrap();
    machine.own("../gone", Who::Alice, Who::Alice.gid(), 0o700);
    machine.ctl(Who::Root, [Path::new("watch"), Path::new("--wait"), &away]);
    fs::remove_dir(&away).unwrap();
    machine.ctl(Who::Root, ["rescan"]);
    let told = |who| machine.json(who, ["status"])["Degraded"].to_string();
    assert!(told(Who::Root).contains("gone cannot be opened"), "{}", told(Who::Root));
    assert!(told(Who::Bob).contains("root-offline") && !told(Who::Bob).contains("gone"), "{}", told(Who::Bob));
    // What anybody may ask of the bus without a method of ours: properties, and jobs of others with theirs.
    machine.ctl(Who::Root, [Path::new("index"), &machine.path("closed/inside.jpg")]);
    let objects = bus_call(&machine, Who::Bob, "org.freedesktop.DBus.ObjectManager.GetManagedObjects", &[]);
    assert!(objects.contains("/job/") && objects.contains("Total"), "{objects}");
    let manager = ["string:org.metaextract.Manager1"];
    let properties = bus_call(&machine, Who::Bob, "org.freedesktop.DBus.Properties.GetAll", &manager);
    assert!(properties.contains("root-offline"), "{properties}");
    for text in [objects, properties] {
        assert!(!text.contains(closed.to_str().unwrap()) && !text.contains("/gone"), "{text}");
    }
    for name in ["state", "queue", "workers", "memory", "store", "score", "metrics"] {
        let text = fs::read_to_string(machine.mount().join("status").join(name)).unwrap();
        assert!(!text.contains(closed.to_str().unwrap()) && !text.contains("/gone"), "{text}");
        assert!(Who::Bob.can_read(&machine.mount().join("status").join(name)));
    }
}

#[test]
fn figures_tell_each_user_no_more_than_the_status() {
    let machine = Machine::watching(fill);
    let is_private = |name: &str| table().iter().any(|row| row.name == name && row.private);
    let figures = |who| machine.json(who, ["stats"]).as_array().unwrap().clone();
    for who in USERS {
        let (status, figures) = (machine.json(who, ["status"]), figures(who));
        let named = |name: &str| figures.iter().filter(|figure| figure["Name"] == name).cloned().collect::<Vec<_>>();
        for (state, key) in
            [("indexed", "Indexed"), ("partial", "Partial"), ("pending", "Pending"), ("failed", "Failed")]
        {
            let mut of_state =
                named("metaextract_files").into_iter().filter(|figure| figure["Labels"]["state"] == state);
            assert_eq!(of_state.next().unwrap()["Value"], status["Files"][key], "{who:?} {state}");
        }
        let roots = named("metaextract_roots").iter().map(|figure| figure["Value"].as_u64().unwrap()).sum::<u64>();
        assert_eq!(roots as usize, status["Roots"].as_array().unwrap().len(), "{who:?}");
        let private = figures.iter().filter(|figure| is_private(figure["Name"].as_str().unwrap())).count();
        assert_eq!(private > 0, who == Who::Root, "{who:?}");
    }
    // Everybody may read the view.
    let text = fs::read_to_string(machine.mount().join("status/metrics")).unwrap();
    assert!(exposition::parse(&text).iter().all(|sample| !is_private(&sample.name)), "{text}");
}

/// What the daemon's object answers to a plain client of the bus.
fn bus_call(machine: &Machine, who: Who, method: &str, arguments: &[&str]) -> String {
    let mut client = who.command("dbus-send");
    client.arg(format!("--bus={}", machine.address())).args(["--print-reply", "--dest=org.metaextract.Daemon1"]);
    let output = client.args(["/org/metaextract/Daemon1", method]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
