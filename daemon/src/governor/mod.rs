//! How many workers, how much at once, and why: a pure function of what is measured and what was decided before.
//!
//! Starts and stops nothing itself; `run` hands its decision to the engine.

mod signals;

pub use self::signals::{Machine, Memory, ProcessFigures, pss};
use crate::engine::Size;

/// What a decision is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// Setting `workers.max`, at least 1.
    pub most: usize,
    pub cores: usize,
    /// Setting `batch.files`.
    pub batch_files: usize,
    pub memory: Memory,
    /// Whether somebody wants quiet.
    pub paused: bool,
}

/// What was decided before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    pub workers: usize,
}

/// What the engine is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub size: Size,
    /// One line for people.
    pub why: String,
}

/// Decides, and remembers it.
pub fn decide(inputs: &Inputs, state: &mut State) -> Decision {
    let fixed = inputs.most.min(inputs.cores).max(1);
    let (workers, why) = if inputs.paused {
        (0, "paused".to_owned())
    } else if inputs.memory.used_share() > 0.8 && fixed > state.workers.max(1) {
        // One worker goes on: with none the index would never be current on a small machine.
        (state.workers.max(1), "more than 80 % of memory is in use: no worker is added".to_owned())
    } else {
        (fixed, format!("{} cores, at most {} workers by the settings", inputs.cores, inputs.most))
    };
    state.workers = workers;
    Decision { size: Size { workers, batch_files: inputs.batch_files }, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_as_many_as_cores_and_settings_and_memory_allow() {
        // (most, cores, free % of memory, paused, before) -> workers
        let table = [
            (8, 4, 50, false, 0, 4),
            (2, 4, 50, false, 0, 2),
            (4, 4, 50, true, 4, 0),
            (4, 4, 10, false, 0, 1),
            (4, 4, 10, false, 2, 2),
            (4, 4, 10, false, 4, 4),
            (0, 0, 50, false, 0, 1),
        ];
        for (most, cores, free, paused, before, workers) in table {
            let memory = Memory { total: 100, available: free };
            let mut state = State { workers: before };
            let inputs = Inputs { most, cores, batch_files: 32, memory, paused };
            let decision = decide(&inputs, &mut state);
            assert_eq!(decision.size.workers, workers, "{inputs:?} after {before}: {}", decision.why);
            assert_eq!(state.workers, workers);
        }
    }
}
