//! Figures of single processes (`proc_pid_smaps_rollup(5)`, `proc_pid_status(5)`).

use std::fs;

use super::kib;

/// Bytes a process has to itself, and its share of what it has in common with others; `None` where the kernel does not say.
pub fn pss(pid: u32) -> Option<u64> {
    kib(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?, "Pss")
}

/// The most bytes that were ever resident; `None` where the kernel does not say.
pub fn peak(pid: u32) -> Option<u64> {
    kib(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmHWM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_figures_and_one_that_is_gone_has_none() {
        let own = std::process::id();
        assert!(pss(own).is_some_and(|pss| pss > 0));
        assert!(peak(own) >= pss(own));
        assert_eq!((pss(u32::MAX / 2), peak(u32::MAX / 2)), (None, None));
    }
}
