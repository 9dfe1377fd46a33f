//! A real mount over a view in memory: what programs see, before and after changes.

#![cfg(test)]

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use memory::{Memory, record, status};
use metafs::{Audience, By, Change, Event, MountError, Mounted, mount};

mod memory;

/// Long enough for a busy machine; nothing waits for it to pass.
const LIMIT: Duration = Duration::from_secs(20);

struct Mount {
    memory: Arc<Memory>,
    mounted: Mounted,
    events: Mutex<Receiver<Event>>,
    commits: u64,
    // Below the mount, so removed after it.
    _dir: tempfile::TempDir,
}

impl Mount {
    fn new(memory: &Arc<Memory>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (told, events) = mpsc::channel();
        let point = dir.path().join("view");
        fs::create_dir(&point).unwrap();
        let mounted =
            mount(memory.clone(), status(), &point, Audience::Owner, By::Ourselves, move |event| _ = told.send(event))
                .unwrap();
        Self { memory: memory.clone(), mounted, events: Mutex::new(events), commits: 0, _dir: dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.mounted.point().join(name)
    }

    fn text(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(self.path(name))
    }

    fn names(&self, name: &str) -> Vec<String> {
        let names = fs::read_dir(self.path(name)).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Tells of changes and waits until the kernel has forgotten them.
    fn commit(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.commits += 1;
        self.mounted.notifier().commit(self.commits, changes);
        loop {
            match self.events.lock().unwrap().recv_timeout(LIMIT).expect("the notifier to drain") {
                Event::Drained(commit) if commit == self.commits => break,
                Event::Drained(_) => {}
                Event::Ended(result) => panic!("{result}"),
            }
        }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        let output = command.args(arguments).current_dir(self.mounted.point()).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn photo() -> Arc<Memory> {
    let tags = [("IFD0", "Make", "Acme"), ("ExifIFD", "ExposureTime", "1/250"), ("IFD0", "Make", "Other")];
    Memory::new([("/home/ann/a.jpg", record(&tags)), ("/home/ann/b c.jpg", record(&[("PNG", "Title", "Sea")]))])
}

#[test]
fn programs_read_the_view() {
    let mount = Mount::new(&photo());
    assert_eq!(mount.names(""), ["README", "files", "status"]);
    assert_eq!(mount.names("files/home/ann"), ["a.jpg", "b c.jpg"]);
    assert_eq!(
        mount.run("find", &["files", "-printf", "%p %y %m %n %U:%G %l\n"]),
        "files d 555 1 0:0 \n\
         files/home d 550 1 1234:567 \n\
         files/home/ann d 550 1 1234:567 \n\
         files/home/ann/a.jpg d 550 1 1234:567 \n\
         files/home/ann/a.jpg/record.json f 440 1 1234:567 \n\
         files/home/ann/a.jpg/tags.txt f 440 1 1234:567 \n\
         files/home/ann/a.jpg/source l 777 1 1234:567 /home/ann/a.jpg\n\
         files/home/ann/a.jpg/IFD0 d 550 1 1234:567 \n\
         files/home/ann/a.jpg/IFD0/Make~2 f 440 1 1234:567 \n\
         files/home/ann/a.jpg/IFD0/Make f 440 1 1234:567 \n\
         files/home/ann/a.jpg/ExifIFD d 550 1 1234:567 \n\
         files/home/ann/a.jpg/ExifIFD/ExposureTime f 440 1 1234:567 \n\
         files/home/ann/b c.jpg d 550 1 1234:567 \n\
         files/home/ann/b c.jpg/record.json f 440 1 1234:567 \n\
         files/home/ann/b c.jpg/tags.txt f 440 1 1234:567 \n\
         files/home/ann/b c.jpg/source l 777 1 1234:567 /home/ann/b c.jpg\n\
         files/home/ann/b c.jpg/PNG d 550 1 1234:567 \n\
         files/home/ann/b c.jpg/PNG/Title f 440 1 1234:567 \n"
            .replace("files d 555 1 0:0", &format!("files d 555 1 {}:{}", own().0, own().1))
    );
    let tags = "IFD0:Make\tAcme\nExifIFD:ExposureTime\t1/250\nIFD0:Make\tOther\n";
    assert_eq!(mount.run("cat", &["files/home/ann/a.jpg/tags.txt"]), tags);
    assert_eq!(mount.run("grep", &["-rl", "Sea", "files"]).lines().count(), 3);
    let attribute = ["--only-values", "-n", "user.IFD0.Make~2", "files/home/ann/a.jpg"];
    assert_eq!(mount.run("getfattr", &attribute), "Acme");
    assert_eq!(mount.run("tail", &["-c", "6", "files/home/ann/a.jpg/IFD0/Make"]), "Other\n");
    assert!(mount.text("README").unwrap().contains("files/"));
    assert!(fs::metadata(mount.path("files/home/ann/none")).is_err());
}

/// What our own directories belong to: whoever runs this.
fn own() -> (u32, u32) {
    let at = fs::metadata("/proc/self").unwrap();
    (at.uid(), at.gid())
}

#[test]
fn sizes_are_exact_and_numbers_stay() {
    let memory = photo();
    let numbers = |mount: &Mount| {
        let files = mount.run("find", &["README", "files", "-type", "f", "-printf", "%i %s %p\n"]);
        for line in files.lines() {
            let [_, size, path] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert_eq!(fs::read(mount.path(path)).unwrap().len().to_string(), size, "{path}");
        }
        files
    };
    let first = numbers(&Mount::new(&memory));
    assert_eq!(numbers(&Mount::new(&memory)), first);
}

#[test]
fn a_change_is_seen_by_name_and_by_who_holds_it_open() {
    let mut mount = Mount::new(&photo());
    let make = "files/home/ann/a.jpg/IFD0/Make";
    let mut open = File::open(mount.path(make)).unwrap();
    let number = open.metadata().unwrap().ino();
    let tags = mount.text("files/home/ann/a.jpg/tags.txt").unwrap();
    assert_eq!(mount.names("files/home/ann/a.jpg").len(), 5);
    assert!(fs::metadata(mount.path("files/home/ann/a.jpg/XMP")).is_err());

    let change = mount.memory.put(b"/home/ann/a.jpg", record(&[("XMP", "Title", "New"), ("IFD0", "Make", "Changed")]));
    mount.commit([change]);
    let mut text = String::new();
    open.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), open.metadata().unwrap().len()), ("Changed\n", 8));
    assert_eq!(mount.text(make).unwrap(), "Changed\n");
    assert_eq!(fs::metadata(mount.path(make)).unwrap().ino(), number);
    assert_ne!(mount.text("files/home/ann/a.jpg/tags.txt").unwrap(), tags);
    assert_eq!(mount.text("files/home/ann/a.jpg/XMP/Title").unwrap(), "New\n");
    assert_eq!(mount.names("files/home/ann/a.jpg"), ["IFD0", "XMP", "record.json", "source", "tags.txt"]);
    assert!(fs::metadata(mount.path("files/home/ann/a.jpg/ExifIFD")).is_err());

    // Once more: what is held open stays known.
    let change = mount.memory.put(b"/home/ann/a.jpg", record(&[("IFD0", "Make", "Again!")]));
    mount.commit([change]);
    text.clear();
    open.rewind().unwrap();
    open.read_to_string(&mut text).unwrap();
    assert_eq!(text, "Again!\n");
}

#[test]
fn names_come_and_go_and_move() {
    let mut mount = Mount::new(&photo());
    assert!(mount.text("files/home/ann/new.jpg/tags.txt").is_err());
    assert_eq!(mount.names("files/home/ann").len(), 2);
    let change = mount.memory.put(b"/home/ann/new.jpg", record(&[("A", "b", "c")]));
    mount.commit([change]);
    assert_eq!(mount.text("files/home/ann/new.jpg/tags.txt").unwrap(), "A:b\tc\n");
    assert_eq!(mount.names("files/home/ann"), ["a.jpg", "b c.jpg", "new.jpg"]);

    let change = mount.memory.remove(b"/home/ann/new.jpg");
    mount.commit([change]);
    assert!(mount.text("files/home/ann/new.jpg/tags.txt").is_err());
    assert_eq!(mount.names("files/home/ann").len(), 2);

    let link = |mount: &Mount, name: &str| fs::read_link(mount.path(name)).unwrap();
    assert_eq!(link(&mount, "files/home/ann/a.jpg/source"), Path::new("/home/ann/a.jpg"));
    let changes = mount.memory.rename(b"/home/ann", b"/home/annabel");
    mount.commit(changes);
    assert_eq!(mount.names("files/home"), ["annabel"]);
    let source = "files/home/annabel/a.jpg/source";
    assert_eq!(link(&mount, source), Path::new("/home/annabel/a.jpg"));
    assert_eq!(fs::symlink_metadata(mount.path(source)).unwrap().len(), "/home/annabel/a.jpg".len() as u64);
    assert!(fs::metadata(mount.path("files/home/ann")).is_err());
}

#[test]
fn a_large_directory_is_listed_whole_while_it_shrinks() {
    let names: Vec<String> = (0..3_000).map(|n| format!("/d/{n:04}")).collect();
    let mut mount = Mount::new(&Memory::new(names.iter().map(|name| (&**name, record(&[("A", "b", "c")])))));
    assert_eq!(mount.names("files/d").len(), 3_000);
    let mut listing = fs::read_dir(mount.path("files/d")).unwrap();
    let mut seen: Vec<String> = Vec::new();
    let changes: Vec<_> = (0..3_000)
        .step_by(2)
        .map(|n| {
            seen.extend(listing.next().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()));
            mount.memory.remove(format!("/d/{n:04}").as_bytes())
        })
        .collect();
    seen.extend(listing.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()));
    let odd: Vec<_> = seen.iter().filter(|name| name.parse::<u32>().unwrap() % 2 == 1).collect();
    assert_eq!(odd.len(), 1_500);
    mount.commit(changes);
    assert_eq!(mount.names("files/d").len(), 1_500);
}

/// What was read while the change was being made must not stay.
#[test]
fn nothing_stale_remains_while_others_read() {
    let mut mount = Mount::new(&photo());
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (stop, ann) = (stop.clone(), mount.path("files/home/ann"));
            thread::spawn(move || {
                let mut rounds = 0;
                while !stop.load(Ordering::SeqCst) {
                    _ = fs::read_dir(ann.join("a.jpg")).map(Iterator::count);
                    _ = fs::read_dir(&ann).map(Iterator::count);
                    _ = fs::read(ann.join("a.jpg/IFD0/Make"));
                    _ = fs::read(ann.join("a.jpg/record.json"));
                    _ = fs::metadata(ann.join("now and then"));
                    rounds += 1;
                }
                rounds
            })
        })
        .collect();
    for n in 0..150 {
        let text = "x".repeat(n % 40);
        let mut changes = vec![mount.memory.put(b"/home/ann/a.jpg", record(&[("IFD0", "Make", &text)]))];
        let there = n % 3 == 0;
        match n % 3 {
            0 => changes.push(mount.memory.put(b"/home/ann/now and then", record(&[]))),
            1 => changes.push(mount.memory.remove(b"/home/ann/now and then")),
            _ => {}
        }
        mount.commit(changes);
        assert_eq!(mount.text("files/home/ann/a.jpg/IFD0/Make").unwrap(), format!("{text}\n"));
        assert!(mount.text("files/home/ann/a.jpg/record.json").unwrap().contains(&format!("\"{text}\"")));
        assert_eq!(mount.path("files/home/ann/now and then").exists(), there);
        assert_eq!(mount.names("files/home/ann").len(), if there { 3 } else { 2 });
    }
    stop.store(true, Ordering::SeqCst);
    assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
}

#[test]
fn nothing_can_be_written() {
    let mount = Mount::new(&photo());
    let make = mount.path("files/home/ann/a.jpg/IFD0/Make");
    let other = mount.path("files/home/other");
    let appended = || File::options().append(true).open(&make)?.write_all(b"x");
    let attempts: [(&str, io::Result<()>); 9] = [
        ("append", appended()),
        ("truncate", File::options().write(true).truncate(true).open(&make).map(drop)),
        ("create", File::create(&other).map(drop)),
        ("mkdir", fs::create_dir(&other)),
        ("symlink", symlink("x", &other)),
        ("link", fs::hard_link(&make, &other)),
        ("unlink", fs::remove_file(&make)),
        ("rename", fs::rename(&make, &other)),
        ("chmod", fs::set_permissions(&make, PermissionsExt::from_mode(0o777))),
    ];
    for (what, attempt) in attempts {
        assert_eq!(attempt.map_err(|error| error.kind()), Err(io::ErrorKind::ReadOnlyFilesystem), "{what}");
    }
    assert_eq!(mount.text("files/home/ann/a.jpg/IFD0/Make").unwrap(), "Other\n");
    assert!(!Command::new("test").arg("-w").arg(&make).status().unwrap().success());
}

#[test]
fn a_panic_is_an_error_and_the_mount_lives_on() {
    let mount = Mount::new(&photo());
    for _ in 0..4 {
        let error = fs::metadata(mount.path("files/home/panic")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::EIO));
    }
    assert_eq!(mount.text("status/state").unwrap(), "idle\n");
}

#[test]
fn status_is_always_fresh_and_whole() {
    let mount = Mount::new(&photo());
    let counts: Vec<String> = (0..6).map(|_| mount.text("status/count").unwrap()).collect();
    let numbers: Vec<u64> = counts.iter().map(|text| text.trim_end().parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b) && numbers[5] > 99, "{counts:?}");
    // One who reads it bit by bit reads one text.
    let file = File::open(mount.path("status/count")).unwrap();
    let mut bits = [0; 4];
    let read: usize = (0..4).map(|at| file.read_at(&mut bits[at..=at], at as u64).unwrap()).sum();
    assert_eq!((read, bits[3]), (4, b'\n'));
}

#[test]
fn an_open_file_does_not_hold_up_unmounting() {
    let mount = Mount::new(&photo());
    let point = mount.mounted.point().to_owned();
    let open = File::open(mount.path("README")).unwrap();
    assert!(!mount.mounted.unmount(Duration::from_millis(200)));
    assert_eq!(fs::read_dir(point).unwrap().count(), 0);
    drop(open);
}

#[test]
fn an_unmount_by_others_is_told() {
    let mount = Mount::new(&photo());
    let point = mount.mounted.point().to_owned();
    assert_ne!(mount.mounted.device(), fs::metadata(point.parent().unwrap()).unwrap().dev());
    assert!(Command::new("fusermount3").arg("-u").arg(&point).status().unwrap().success());
    assert!(matches!(mount.events.lock().unwrap().recv_timeout(LIMIT), Ok(Event::Ended(_))));
    assert!(mount.mounted.unmount(LIMIT));
}

#[test]
fn what_stands_in_the_way_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let attempt = |point: &Path| mount(photo(), status(), point, Audience::Owner, By::Ourselves, |_| {}).map(drop);
    fs::write(dir.path().join("file"), "x").unwrap();
    assert!(matches!(attempt(&dir.path().join("file/none")), Err(MountError::Point { .. })));
    assert!(matches!(attempt(dir.path()), Err(MountError::NotEmpty { .. })));
    assert!(matches!(attempt(&dir.path().join("file")), Err(MountError::Point { .. })));
    let mount = Mount::new(&photo());
    assert!(matches!(attempt(mount.mounted.point()), Err(MountError::Occupied { .. })));
    assert_eq!(mount.text("status/state").unwrap(), "idle\n");
}

/// A daemon that is killed leaves its mount behind, all of it in the kernel's caches.
#[test]
fn the_mount_of_a_killed_process_is_detached() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "helper", "--nocapture"]).env(POINT, dir.path());
        let mut helper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut out = helper.stdout.take().unwrap();
        while !said.contains("mounted") {
            let mut bytes = [0; 256];
            let read = out.read(&mut bytes).unwrap();
            assert_ne!(read, 0, "the helper ended: {said}");
            said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        assert_eq!(fs::read_dir(dir.path().join("files/home/ann")).unwrap().count(), 2);
        helper.kill().unwrap();
        helper.wait().unwrap();
    }
    let mounted = mount(photo(), status(), dir.path(), Audience::Owner, By::Ourselves, |_| {}).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("status/state")).unwrap(), "idle\n");
    assert!(mounted.unmount(LIMIT));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Names the mount point to the process that is killed.
const POINT: &str = "METAFS_TEST_POINT";

/// Not a test of its own: what the test above starts and kills.
#[test]
fn helper() {
    let Some(point) = std::env::var_os(POINT) else { return };
    let _mounted = mount(photo(), status(), Path::new(&point), Audience::Owner, By::Ourselves, |_| {}).unwrap();
    println!("mounted");
    _ = io::stdin().read(&mut [0]);
}
