//! What the governor looks at: figures of the machine, of our control group, of the power supply and of processes, as the
//! kernel gives them. What it does not give is `None`, never zero.

pub mod cgroup;
pub mod disk;
pub mod memory;
pub mod power;
pub mod pressure;
pub mod processes;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use self::{
    cgroup::{Figures, Group},
    memory::Memory,
    power::Power,
    pressure::Stall,
};

/// Everything that is looked at, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    pub memory: Option<Memory>,
    /// Of the whole machine: for want of memory, processors and disks.
    pub stalls: [Option<Stall>; 3],
    /// Of our control group.
    pub group: Figures,
    /// Tasks that run or would, a mean of the last minute.
    pub load: Option<f64>,
    pub power: Power,
}

/// Where readings come from.
#[derive(Debug)]
pub struct Signals {
    root: PathBuf,
    group: Group,
}

impl Signals {
    /// `root` is `/`, or where files of another machine lie.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), group: Group::own(root) }
    }

    /// Files that tell when memory is waited for: the machine's and that of our control group, as far as they are there.
    pub fn memory_pressure(&self) -> Vec<PathBuf> {
        let files = [Some(self.root.join("proc/pressure/memory")), self.group.memory_pressure()];
        files.into_iter().flatten().filter(|file| file.exists()).collect()
    }

    /// How everything stands. Reads a dozen small files of the kernel's.
    pub fn read(&self) -> Snapshot {
        let text = |path: &str| fs::read_to_string(self.root.join(path)).unwrap_or_default();
        let stall = |kind: &str| Stall::parse(&text(&format!("proc/pressure/{kind}")));
        Snapshot {
            memory: Memory::parse(&text("proc/meminfo")),
            stalls: ["memory", "cpu", "io"].map(stall),
            group: self.group.figures(),
            load: text("proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()),
            power: Power::read(&self.root.join("sys/class/power_supply")),
        }
    }
}

/// A process as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessFigures {
    /// Bytes resident, shared pages included.
    pub resident: u64,
    /// CPU time in milliseconds.
    pub cpu_ms: u64,
}

/// The source of figures of single processes, for people.
#[derive(Debug)]
pub struct Machine {
    /// `None` where the kernel's files cannot be read.
    system: Option<System>,
}

impl Machine {
    #[expect(clippy::new_without_default, reason = "it opens files")]
    pub fn new() -> Self {
        Self { system: System::new().ok() }
    }

    /// Of one process; zeros once it has ended.
    pub fn process(&mut self, pid: u32) -> ProcessFigures {
        let Some(system) = &mut self.system else { return ProcessFigures::default() };
        let (pid, kind) = (Pid::from_u32(pid), ProcessRefreshKind::nothing().with_memory().with_cpu());
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
        let figures = |process: &sysinfo::Process| ProcessFigures {
            resident: process.memory(),
            cpu_ms: process.accumulated_cpu_time(),
        };
        system.process(pid).map(figures).unwrap_or_default()
    }
}

/// The value in bytes of a line as `MemTotal:   12 kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_this_machine_and_process() {
        let snapshot = Signals::new(Path::new("/")).read();
        let memory = snapshot.memory.unwrap();
        assert!(memory.available > 0 && memory.available <= memory.total);
        assert!(snapshot.load.is_some());
        let mut machine = Machine::new();
        assert!(machine.process(std::process::id()).resident > 0);
        assert_eq!(machine.process(u32::MAX / 2), ProcessFigures::default());
    }

    #[test]
    fn what_the_kernel_does_not_say_is_missing() {
        assert_eq!(Signals::new(Path::new("/nonexistent")).read(), Snapshot::default());
    }
}
