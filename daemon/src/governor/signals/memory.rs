//! The machine's memory (`proc_meminfo(5)`).

use serde::{Deserialize, Serialize};

use super::kib;

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Memory {
    pub total: u64,
    /// What can be had without swapping.
    pub available: u64,
    pub swap_total: u64,
    pub swap_free: u64,
}

impl Memory {
    /// From the text of `/proc/meminfo`; `None` where it lacks one of the values.
    pub fn parse(text: &str) -> Option<Self> {
        let (total, available) = (kib(text, "MemTotal").filter(|total| *total > 0)?, kib(text, "MemAvailable")?);
        let (swap_total, swap_free) = (kib(text, "SwapTotal")?, kib(text, "SwapFree")?);
        Some(Self { total, available, swap_total, swap_free })
    }

    /// The share in use, 0 to 1.
    pub fn used_share(&self) -> f64 {
        1.0 - self.available.min(self.total) as f64 / self.total.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bytes_and_none_is_made_up() {
        let text =
            "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    250 kB\nSwapTotal:     8 kB\nSwapFree:   0 kB\n";
        let memory = Memory::parse(text).unwrap();
        assert_eq!(memory, Memory { total: 1_024_000, available: 256_000, swap_total: 8192, swap_free: 0 });
        assert_eq!(memory.used_share(), 0.75);
        for missing in ["MemTotal", "MemAvailable", "SwapTotal", "SwapFree"] {
            assert_eq!(Memory::parse(&text.replace(missing, "Mem")), None, "{missing}");
        }
        assert_eq!(Memory::parse(&text.replace("1000 kB", "0 kB")), None);
        assert_eq!(Memory::parse(&text.replace("250 kB", "18446744073709551615 kB")), None);
    }
}
