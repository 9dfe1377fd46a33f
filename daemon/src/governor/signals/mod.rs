//! Figures of the machine and of processes, as the kernel gives them.

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The machine's memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    pub total: u64,
    /// What can be had without swapping.
    pub available: u64,
}

impl Memory {
    /// The share in use, 0 to 1; 0 where the kernel says nothing.
    pub fn used_share(self) -> f64 {
        match self.total {
            0 => 0.0,
            total => 1.0 - self.available.min(total) as f64 / total as f64,
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

/// Bytes a process has to itself, and its share of what it has in common with others; 0 where the kernel does not say.
pub fn pss(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.trim().strip_suffix(" kB").and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The source of all figures.
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

    pub fn memory(&mut self) -> Memory {
        let Some(system) = &mut self.system else { return Memory::default() };
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        Memory { total: system.total_memory(), available: system.available_memory() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_this_machine_and_process() {
        let mut machine = Machine::new();
        let memory = machine.memory();
        assert!(memory.available > 0 && memory.available <= memory.total);
        assert!(machine.process(std::process::id()).resident > 0);
        assert_eq!(machine.process(u32::MAX / 2), ProcessFigures::default());
    }
}
