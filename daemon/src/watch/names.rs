//! The names of one directory, in one piece of memory.

use rustix::fs::FileType;

/// Names with the kind that the directory gives them.
#[derive(Debug, Default)]
pub struct Names {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    len: u16,
    kind: FileType,
}

impl Names {
    /// With room for those of most directories.
    pub fn with_room() -> Self {
        Self { bytes: Vec::with_capacity(2 << 10), entries: Vec::with_capacity(64) }
    }

    /// Adds a name; no file system has one of more than 65,535 bytes, and what is beyond them is left away.
    pub fn push(&mut self, name: &[u8], kind: FileType) {
        let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.entries.push(Entry { start: self.bytes.len(), len, kind });
        self.bytes.extend_from_slice(&name[..len.into()]);
    }

    /// By their bytes.
    pub fn sort(&mut self) {
        let bytes = &self.bytes;
        self.entries.sort_unstable_by(|a, b| a.name(bytes).cmp(b.name(bytes)));
    }

    /// All names, in the order they were added or sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], FileType)> {
        self.entries.iter().map(|entry| (entry.name(&self.bytes), entry.kind))
    }

    /// Whether a name is there.
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(there, _)| there == name.as_bytes())
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    fn name(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..self.start + usize::from(self.len)]
    }
}

impl<'a> FromIterator<&'a [u8]> for Names {
    /// Names of which nothing is known yet.
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(names: I) -> Self {
        let mut all = Self::default();
        names.into_iter().for_each(|name| all.push(name, FileType::Unknown));
        all
    }
}
