//! Budgeted positional reads over a descriptor or over bytes in memory.
//!
//! Readers call it; it never maps a file, never reads one whole and never allocates by a length a file claims.

use std::{borrow::Cow, fs::File, os::unix::fs::FileExt};

use crate::{Error, Limits};

/// Bytes fetched at once when a reader asks for less.
const WINDOW: usize = 64 << 10;
/// Largest piece [`Source::read`] hands out from its window.
const WINDOW_MAX: usize = 1 << 20;

#[derive(Debug)]
enum Input<'a> {
    File(File),
    Bytes(Cow<'a, [u8]>),
}

/// A file's bytes, with its name and what may still be spent on it.
#[derive(Debug)]
pub struct Source<'a> {
    input: Input<'a>,
    name: Vec<u8>,
    size: u64,
    limits: Limits,
    spent: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Source<'a> {
    /// Reads from `file`, whose size in bytes the caller has from `fstat`. The offset of the descriptor is not used.
    /// `name` is the last component of its path: extensions serve detection.
    pub fn from_file(file: File, size: u64, name: &[u8], limits: Limits) -> Source<'static> {
        Source::new(Input::File(file), size, name, limits)
    }

    /// Reads from memory; serves tests and files inside files.
    pub fn from_bytes(bytes: impl Into<Cow<'a, [u8]>>, name: &[u8], limits: Limits) -> Source<'a> {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Source::new(Input::Bytes(bytes), size, name, limits)
    }

    fn new<'b>(input: Input<'b>, size: u64, name: &[u8], limits: Limits) -> Source<'b> {
        Source { input, name: name.to_vec(), size, limits, spent: 0, window: Vec::new(), window_at: 0 }
    }

    /// Bytes in the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The last component of the path.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// What follows the last dot of the name in upper case ASCII; empty when there is none.
    pub fn extension(&self) -> String {
        match self.name.iter().rposition(|&b| b == b'.') {
            Some(dot) if dot > 0 => String::from_utf8_lossy(&self.name[dot + 1..]).to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    /// The bounds of this extraction.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Bytes asked of the kernel so far.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Up to `len` first bytes (at most 1 MiB); fewer where the file is shorter.
    pub fn head(&mut self, len: usize) -> Result<&[u8], Error> {
        self.read_up_to(0, len)
    }

    /// Exactly `len` bytes at `at`, at most 1 MiB.
    ///
    /// Errors: [`Error::Truncated`] beyond the end, [`Error::Limit`] over the budget or the piece's bound.
    pub fn read(&mut self, at: u64, len: usize) -> Result<&[u8], Error> {
        let piece = self.read_up_to(at, len)?;
        if piece.len() < len {
            return Err(Error::Truncated { at, wanted: len as u64 });
        }
        Ok(piece)
    }

    /// An array of `N` bytes at `at`; for headers.
    pub fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.read(at, N)?);
        Ok(bytes)
    }

    /// As [`Source::array`], but asks for these bytes alone: for headers that lie far apart.
    pub fn skim<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Error> {
        let in_window =
            at >= self.window_at && at.saturating_add(N as u64) <= self.window_at + self.window.len() as u64;
        if in_window || at < self.window_at + 2 * self.window.len() as u64 {
            return self.array(at);
        }
        if self.available(at, N as u64) < N as u64 {
            return Err(Error::Truncated { at, wanted: N as u64 });
        }
        let mut bytes = [0; N];
        match self.fetch(at, &mut bytes)? {
            got if got == N => Ok(bytes),
            _ => Err(Error::Truncated { at, wanted: N as u64 }),
        }
    }

    /// At most `len` bytes at `at` (at most 1 MiB); fewer at the end of the file, none beyond it.
    pub fn read_up_to(&mut self, at: u64, len: usize) -> Result<&[u8], Error> {
        if len > WINDOW_MAX {
            return Err(Error::Limit { what: "a piece of more than 1 MiB" });
        }
        let len = self.available(at, len as u64) as usize;
        let inside = at >= self.window_at && at + len as u64 <= self.window_at + self.window.len() as u64;
        if matches!(self.input, Input::File(_)) && !inside && len > 0 {
            self.fill(at, len)?;
        }
        // Bytes in memory are handed out as they are.
        let (bytes, start) = match &self.input {
            Input::Bytes(bytes) => (bytes.as_ref(), at),
            Input::File(_) => (self.window.as_slice(), at.saturating_sub(self.window_at)),
        };
        let start = start as usize;
        Ok(bytes.get(start..start.saturating_add(len)).unwrap_or_default())
    }

    /// A block of `len` bytes at `at`, bounded by [`Limits::block`]; memory grows with what is really there.
    ///
    /// Errors: as [`Source::read`]. A block that the file cuts short is an error; see [`Source::block_up_to`].
    pub fn block(&mut self, at: u64, len: u64) -> Result<Vec<u8>, Error> {
        if self.available(at, len) < len {
            return Err(Error::Truncated { at, wanted: len });
        }
        self.block_up_to(at, len)
    }

    /// As [`Source::block`], but what the file lacks at its end is left out.
    pub fn block_up_to(&mut self, at: u64, len: u64) -> Result<Vec<u8>, Error> {
        let len = self.available(at, len);
        if len > self.limits.block {
            return Err(Error::Limit { what: "a block larger than is held in memory at once" });
        }
        let mut block = vec![0; len as usize];
        let in_window = at >= self.window_at && at + len <= self.window_at + self.window.len() as u64;
        if in_window {
            let start = (at - self.window_at) as usize;
            block.copy_from_slice(&self.window[start..start + len as usize]);
        } else {
            let got = self.fetch(at, &mut block)?;
            if got < block.len() {
                return Err(Error::Truncated { at, wanted: len });
            }
        }
        Ok(block)
    }

    fn available(&self, at: u64, len: u64) -> u64 {
        len.min(self.size.saturating_sub(at))
    }

    fn fill(&mut self, at: u64, len: usize) -> Result<(), Error> {
        let want = self.available(at, len.max(WINDOW) as u64) as usize;
        let mut window = std::mem::take(&mut self.window);
        window.resize(want, 0);
        let got = self.fetch(at, &mut window);
        window.truncate(*got.as_ref().unwrap_or(&0));
        self.window = window;
        self.window_at = at;
        got.map(drop)
    }

    /// Fills `buffer` from `at`; fewer bytes only when the file shrank.
    fn fetch(&mut self, at: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        self.spent = self.spent.saturating_add(buffer.len() as u64);
        if self.spent > self.limits.read {
            return Err(Error::Limit { what: "bytes read from one file" });
        }
        match &self.input {
            Input::Bytes(bytes) => {
                let from = &bytes[(at as usize).min(bytes.len())..];
                let len = from.len().min(buffer.len());
                buffer[..len].copy_from_slice(&from[..len]);
                Ok(len)
            }
            Input::File(file) => read_all_at(file, at, buffer),
        }
    }
}

fn read_all_at(file: &File, at: u64, buffer: &mut [u8]) -> Result<usize, Error> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], at + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::Read { at: at + done as u64, source }),
        }
    }
    Ok(done)
}
