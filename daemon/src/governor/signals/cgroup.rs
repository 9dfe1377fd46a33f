//! The control group this process is in: what it may use, what it uses (Linux, `Documentation/admin-guide/cgroup-v1/memory.rst`
//! and `cgroup-v2.rst`).

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::pressure::Stall;
use crate::mountinfo;

/// What version 1 says where nothing is limited: the largest number of whole pages.
const UNLIMITED: u64 = 1 << 62;

/// Where the figures of our group lie.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    memory: Option<Controller>,
    /// The directory of our group in the unified hierarchy.
    unified: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Controller {
    /// The group's directory; its ancestors count in its own figures.
    V1(PathBuf),
    /// The group's directory, and how many there are above it up to the topmost that is seen from here.
    V2(PathBuf, usize),
}

/// What a group says. What it does not say is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Bytes beyond which the kernel kills; of the group or of one above it, whichever is least.
    pub limit: Option<u64>,
    /// Bytes beyond which the kernel slows the group down.
    pub high: Option<u64>,
    /// Bytes in use that the kernel could not simply drop.
    pub used: Option<u64>,
    /// How often the limit was reached.
    pub limited: Option<u64>,
    /// Processes that the kernel has ended for want of memory.
    pub killed: Option<u64>,
    pub memory: Option<Stall>,
    pub cpu: Option<Stall>,
    pub io: Option<Stall>,
}

impl Figures {
    /// The share in use of what the group may use, 0 to 1 and more.
    pub fn used_share(&self) -> Option<f64> {
        let limit = [self.limit, self.high].into_iter().flatten().min()?;
        Some(self.used? as f64 / limit.max(1) as f64)
    }
}

impl Group {
    /// Finds our group. `root` is `/`, or where files of another machine lie.
    pub fn own(root: &Path) -> Self {
        let read = |path: &str| fs::read(root.join(path)).unwrap_or_default();
        let (groups, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
        let groups = String::from_utf8_lossy(&groups).into_owned();
        // `number:controllers:path`; the unified hierarchy has no controllers here.
        let path_of = |wanted: &dyn Fn(&str) -> bool| {
            groups.lines().find_map(|line| {
                let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
                wanted(controllers).then(|| PathBuf::from(path))
            })
        };
        let dir_of = |path: Option<PathBuf>, kind: &str, controller: Option<&str>| {
            let path = path?;
            let is_it = |mount: &mountinfo::Mount| {
                let has = |name| mount.options.split(|&b| b == b',').any(|option| option == str::as_bytes(name));
                mount.kind == kind && controller.is_none_or(has)
            };
            let mount = mountinfo::parse(&mounts).find(is_it)?;
            // A group that is not below what is mounted cannot be seen from here.
            let below = path.strip_prefix(&mount.root).ok()?.to_owned();
            if below.components().any(|part| part == Component::ParentDir) {
                return None;
            }
            let point = mount.point.strip_prefix("/").ok()?;
            Some((root.join(point).join(&below), below.components().count()))
        };
        let unified = dir_of(path_of(&|controllers| controllers.is_empty()), "cgroup2", None);
        // The machine's own group, which alone has no type, is the machine.
        let unified = unified.filter(|(dir, _)| dir.join("cgroup.type").exists());
        let own_v1 = path_of(&|controllers| controllers.split(',').any(|controller| controller == "memory"));
        let memory = match dir_of(own_v1, "cgroup", Some("memory")) {
            Some((dir, _)) => Some(Controller::V1(dir)),
            None => unified.clone().map(|(dir, depth)| Controller::V2(dir, depth)),
        };
        Self { memory, unified: unified.map(|(dir, _)| dir) }
    }

    /// The file that says how long this group has waited for memory.
    pub fn memory_pressure(&self) -> Option<PathBuf> {
        self.unified.as_ref().map(|dir| dir.join("memory.pressure"))
    }

    /// What the group says now.
    pub fn figures(&self) -> Figures {
        let mut figures = match &self.memory {
            Some(Controller::V1(dir)) => of_v1(dir),
            Some(Controller::V2(dir, depth)) => of_v2(dir, *depth),
            None => Figures::default(),
        };
        let stall = |kind: &str| {
            let file = self.unified.as_ref()?.join(format!("{kind}.pressure"));
            Stall::parse(&fs::read_to_string(file).ok()?)
        };
        [figures.memory, figures.cpu, figures.io] = ["memory", "cpu", "io"].map(stall);
        figures
    }
}

fn of_v1(dir: &Path) -> Figures {
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
    let stat = text("memory.stat");
    let used = number(&text("memory.usage_in_bytes"));
    Figures {
        limit: keyed(&stat, "hierarchical_memory_limit").filter(|limit| *limit < UNLIMITED),
        used: used.map(|used| used.saturating_sub(sum(&stat, &["total_inactive_file", "total_active_file"]))),
        limited: number(&text("memory.failcnt")),
        killed: keyed(&text("memory.oom_control"), "oom_kill"),
        ..Figures::default()
    }
}

fn of_v2(dir: &Path, depth: usize) -> Figures {
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
    let least = |name: &str| {
        let above = dir.ancestors().take(depth + 1);
        above.filter_map(|dir| number(&fs::read_to_string(dir.join(name)).ok()?)).min()
    };
    let (events, stat) = (text("memory.events"), text("memory.stat"));
    let used = number(&text("memory.current"));
    Figures {
        limit: least("memory.max"),
        high: least("memory.high"),
        used: used.map(|used| used.saturating_sub(sum(&stat, &["inactive_file", "active_file", "slab_reclaimable"]))),
        limited: keyed(&events, "max"),
        killed: keyed(&events, "oom_kill"),
        ..Figures::default()
    }
}

/// The number a file holds; `max` is none.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The numbers behind these words together; what is not said is none of it.
fn sum(text: &str, keys: &[&str]) -> u64 {
    keys.iter().filter_map(|key| keyed(text, key)).sum()
}

/// The number behind a word at the beginning of a line.
fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| number(line.strip_prefix(key)?.strip_prefix(' ')?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_user_service_of_version_2_has_the_least_limit_of_those_above_it() {
        let root = machine(&[
            ("proc/self/cgroup", "0::/user.slice/user-1000.slice/metaextractd.service\n"),
            ("proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
            ("sys/fs/cgroup/user.slice/user-1000.slice/memory.max", "300000000\n"),
            ("sys/fs/cgroup/user.slice/user-1000.slice/memory.high", "200000000\n"),
            ("sys/fs/cgroup/user.slice/user-1000.slice/metaextractd.service/cgroup.type", "domain\n"),
            ("sys/fs/cgroup/user.slice/user-1000.slice/metaextractd.service/memory.max", "536870912\n"),
            ("sys/fs/cgroup/user.slice/user-1000.slice/metaextractd.service/memory.high", "max\n"),
            ("sys/fs/cgroup/user.slice/user-1000.slice/metaextractd.service/memory.current", "50000000\n"),
            (
                "sys/fs/cgroup/user.slice/user-1000.slice/metaextractd.service/memory.stat",
                "anon 1\ninactive_file 15000000\nactive_file 4000000\nslab_reclaimable 1000000\n",
            ),
            (
                "sys/fs/cgroup/user.slice/user-1000.slice/metaextractd.service/memory.events",
                "low 0\nhigh 7\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n",
            ),
            (
                "sys/fs/cgroup/user.slice/user-1000.slice/metaextractd.service/memory.pressure",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n",
            ),
        ]);
        let expected = Figures {
            limit: Some(300_000_000),
            high: Some(200_000_000),
            used: Some(30_000_000),
            limited: Some(3),
            killed: Some(2),
            memory: Some(Stall { some: Duration::from_micros(12), full: Some(Duration::from_micros(3)) }),
            cpu: None,
            io: None,
        };
        assert_eq!(Group::own(root.path()).figures(), expected);
    }

    #[test]
    fn version_1_counts_what_is_above_by_itself() {
        let root = machine(&[
            ("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/box/me\n0::/\n"),
            (
                "proc/self/mountinfo",
                "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                 35 31 0:32 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
                 36 31 0:33 /box /sys/fs/cgroup/memory rw - cgroup cgroup rw,cpu,memory\n\
                 37 31 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            ),
            ("sys/fs/cgroup/memory/me/memory.usage_in_bytes", "268435456\n"),
            ("sys/fs/cgroup/memory/me/memory.limit_in_bytes", "9223372036854771712\n"),
            (
                "sys/fs/cgroup/memory/me/memory.stat",
                "cache 5\nhierarchical_memory_limit 268435456\ninactive_file 5\ntotal_inactive_file 68435456\n",
            ),
            ("sys/fs/cgroup/memory/me/memory.failcnt", "9\n"),
            ("sys/fs/cgroup/memory/me/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"),
        ]);
        let expected = Figures {
            limit: Some(268_435_456),
            used: Some(200_000_000),
            limited: Some(9),
            killed: Some(4),
            ..Figures::default()
        };
        assert_eq!(Group::own(root.path()).figures(), expected);
        let stat = root.path().join("sys/fs/cgroup/memory/me/memory.stat");
        fs::write(stat, "hierarchical_memory_limit 9223372036854771712\n").unwrap();
        assert_eq!(Group::own(root.path()).figures().limit, None, "no limit is none");
    }

    #[test]
    fn without_control_groups_nothing_is_said() {
        let root = machine(&[]);
        assert_eq!(Group::own(root.path()), Group::default());
        assert_eq!(Group::default().figures(), Figures::default());
        // In a namespace of its own a process may be above what it sees.
        let root = machine(&[
            ("proc/self/cgroup", "0::/../other\n"),
            ("proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
        ]);
        assert_eq!(Group::own(root.path()), Group::default());
        // The group of the whole machine is the machine, whose pressure is known already.
        let root = machine(&[
            ("proc/self/cgroup", "0::/\n"),
            ("proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("sys/fs/cgroup/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"),
        ]);
        assert_eq!(Group::own(root.path()), Group::default());
    }
}
