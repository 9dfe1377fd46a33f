//! What one file may cost inside the library. Time is bounded by whoever runs the library.

/// Bounds of one extraction. Every reader spends from them through [`crate::Source`] and [`crate::Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that a reader asks for in all, repeats included. As many again may be read ahead.
    pub read: u64,
    /// Bytes of tag names and values kept in the record.
    pub record: u64,
    /// Nesting of directories, structures and objects.
    pub depth: u32,
    /// Bytes of one block held in memory at once (a chunk, a segment, an inflated stream).
    pub block: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { read: 256 << 20, record: 1 << 20, depth: 64, block: 16 << 20 }
    }
}
