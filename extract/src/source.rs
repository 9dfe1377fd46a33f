//! Budgeted positional reads over a descriptor or over bytes in memory.
//!
//! Readers call it; it never maps a file, never reads one whole and never allocates by a length a file claims.

use std::{borrow::Cow, fs::File, os::unix::fs::FileExt};

use crate::{
    Error, Limits,
    wanted::{NEAR, Track, Wanted},
};

/// Largest piece [`Source::read`] hands out.
const PIECE_MAX: usize = 1 << 20;

/// How much is asked of the kernel at once. Whatever it is, a reader sees the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// Bytes of the first read, at the file's beginning.
    pub first: u32,
    /// Bytes of each further one where a reader asks for less; more when it goes on from what was read before.
    pub next: u32,
}

impl Ahead {
    /// Less costs as much as a page does.
    pub const LEAST: u32 = 4 << 10;
    /// Most of the first read.
    pub const MOST_FIRST: u32 = 10 << 20;
    /// Most of a further read.
    pub const MOST_NEXT: u32 = 1 << 20;

    /// Within the bounds.
    pub fn bounded(self) -> Self {
        Self {
            first: self.first.clamp(Self::LEAST, Self::MOST_FIRST),
            next: self.next.clamp(Self::LEAST, Self::MOST_NEXT),
        }
    }
}

impl Default for Ahead {
    /// For a file of which nothing is known.
    fn default() -> Self {
        Self { first: 64 << 10, next: 64 << 10 }
    }
}

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
    ahead: Ahead,
    /// Bytes that the reader asked for, with repeats: the budget's measure, the same however much is read ahead.
    asked: u64,
    /// Bytes asked of the kernel, and how often.
    spent: u64,
    calls: u64,
    /// What the first read gave. It stays: many readers come back to it from the file's end.
    head: Vec<u8>,
    /// What the last further read gave.
    window: Vec<u8>,
    window_at: u64,
    track: Track,
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
        Source {
            input,
            name: name.to_vec(),
            size,
            limits,
            ahead: Ahead::default(),
            asked: 0,
            spent: 0,
            calls: 0,
            head: Vec::new(),
            window: Vec::new(),
            window_at: 0,
            track: Track::default(),
        }
    }

    /// Asks the kernel for so much at once, within the bounds of [`Ahead`] and [`Limits::block`].
    #[must_use]
    pub fn with_ahead(mut self, ahead: Ahead) -> Self {
        let Ahead { first, next } = ahead.bounded();
        self.ahead = Ahead { first: first.min(self.limits.block.try_into().unwrap_or(u32::MAX)), next };
        self
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

    /// How often the kernel was asked so far.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Which parts of the file the reader wanted so far.
    pub fn wanted(&self) -> Wanted {
        self.track.wanted()
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
        if self.track.is_near(at) {
            return self.array(at);
        }
        if self.available(at, N as u64) < N as u64 {
            return Err(Error::Truncated { at, wanted: N as u64 });
        }
        self.ask(N)?;
        if let Some(bytes) = self.cached(at).first_chunk() {
            return Ok(*bytes);
        }
        let mut bytes = [0; N];
        match self.fetch(at, &mut bytes, N)? {
            got if got == N => Ok(bytes),
            _ => Err(Error::Truncated { at, wanted: N as u64 }),
        }
    }

    /// At most `len` bytes at `at` (at most 1 MiB); fewer at the end of the file, none beyond it.
    pub fn read_up_to(&mut self, at: u64, len: usize) -> Result<&[u8], Error> {
        if len > PIECE_MAX {
            return Err(Error::Limit { what: "a piece of more than 1 MiB" });
        }
        let len = self.available(at, len as u64) as usize;
        self.ask(len)?;
        self.track.touch(at, len as u64);
        if self.cached(at).len() < len {
            self.fill(at, len)?;
        }
        Ok(self.cached(at).get(..len).unwrap_or_default())
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
        if len <= u64::from(self.ahead.next) {
            // What lies behind it is likely to be wanted next.
            return self.read(at, len as usize).map(<[u8]>::to_vec);
        }
        let wanted = len as usize;
        self.ask(wanted)?;
        self.track.touch(at, len);
        let mut block = vec![0; wanted];
        let held = self.cached(at).len().min(wanted);
        block[..held].copy_from_slice(&self.cached(at)[..held]);
        if held < wanted && self.fetch(at + held as u64, &mut block[held..], wanted - held)? < wanted - held {
            return Err(Error::Truncated { at, wanted: len });
        }
        Ok(block)
    }

    fn available(&self, at: u64, len: u64) -> u64 {
        len.min(self.size.saturating_sub(at))
    }

    /// Spends from the budget.
    fn ask(&mut self, len: usize) -> Result<(), Error> {
        self.asked = self.asked.saturating_add(len as u64);
        match self.asked > self.limits.read {
            true => Err(Error::Limit { what: "bytes read from one file" }),
            false => Ok(()),
        }
    }

    /// What is in memory from `at` on.
    fn cached(&self, at: u64) -> &[u8] {
        let from = |held: &'_ [u8], start: u64| -> Option<usize> {
            let skip = usize::try_from(at.checked_sub(start)?).ok()?;
            (skip < held.len()).then_some(skip)
        };
        let (held, skip) = match &self.input {
            Input::Bytes(bytes) => (bytes.as_ref(), from(bytes, 0)),
            Input::File(_) => {
                let (head, window) = (from(&self.head, 0), from(&self.window, self.window_at));
                let longest_is_head =
                    head.map_or(0, |skip| self.head.len() - skip) >= window.map_or(0, |skip| self.window.len() - skip);
                if longest_is_head { (self.head.as_slice(), head) } else { (self.window.as_slice(), window) }
            }
        };
        skip.map_or(&[], |skip| &held[skip..])
    }

    /// How much to read at `at` where that goes on from what was read last: as much as the first time, then twice as much each time.
    fn goes_on(&self, at: u64) -> Option<usize> {
        let follows = |start: u64, held: &[u8]| {
            !held.is_empty() && at >= start && at <= start.saturating_add(held.len() as u64).saturating_add(NEAR)
        };
        let on = follows(self.window_at, &self.window).then(|| self.window.len() * 2);
        on.or_else(|| follows(0, &self.head).then_some(self.head.len()))
    }

    /// Has `len` bytes at `at` in memory, and what is likely to be wanted behind them.
    fn fill(&mut self, at: u64, len: usize) -> Result<(), Error> {
        // Beyond what a reader may spend, nothing is read that it does not ask for.
        let is_thrifty = self.spent >= self.limits.read;
        let first = u64::from(self.ahead.first);
        if self.head.is_empty() && at + len as u64 <= first && !is_thrifty {
            let mut head = vec![0; self.available(0, first) as usize];
            let got = self.fetch(0, &mut head, at as usize + len)?;
            head.truncate(got);
            self.head = head;
            return Ok(());
        }
        let next = self.ahead.next as usize;
        let ahead = match self.goes_on(at) {
            _ if is_thrifty => len,
            Some(more) => more.clamp(next.max(NEAR as usize), PIECE_MAX),
            None => next,
        };
        let held = self.cached(at).to_vec();
        let want = self.available(at, ahead.max(len) as u64) as usize;
        let mut window = std::mem::take(&mut self.window);
        window.clear();
        window.extend_from_slice(&held);
        window.resize(want, 0);
        let got = self.fetch(at + held.len() as u64, &mut window[held.len()..], len - held.len());
        window.truncate(held.len() + *got.as_ref().unwrap_or(&0));
        (self.window, self.window_at) = (window, at);
        got.map(drop)
    }

    /// Fills `buffer` from `at`; fewer bytes when the file shrank, or when only `needed` can be read of it.
    fn fetch(&mut self, at: u64, buffer: &mut [u8], needed: usize) -> Result<usize, Error> {
        self.spent = self.spent.saturating_add(buffer.len() as u64);
        let Input::File(file) = &self.input else { return Ok(0) };
        let mut done = 0;
        while done < buffer.len() {
            self.calls += 1;
            match file.read_at(&mut buffer[done..], at + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) if done >= needed => break,
                Err(source) => return Err(Error::Read { at: at + done as u64, source }),
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A file of `size` bytes without a name, each byte told by its place.
    fn source(size: usize, ahead: Ahead) -> Source<'static> {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(&(0..size).map(byte).collect::<Vec<_>>()).expect("it can be written");
        Source::from_file(file, size as u64, b"x", Limits::default()).with_ahead(ahead)
    }

    /// Place and length of each.
    type Pieces = &'static [(u64, usize)];

    fn byte(at: usize) -> u8 {
        (at ^ (at >> 8) ^ (at >> 16)) as u8
    }

    #[test]
    fn what_is_read_at_once_is_not_asked_for_again() {
        const KIB: usize = 1 << 10;
        // What the reader wants, then calls and KiB asked of the kernel.
        let table: [(Pieces, (u64, u64)); 6] = [
            (&[(0, 4096), (100, 8000), (0, 1)], (1, 8)),
            // Going on takes as much as the first time, then twice as much; nothing is read twice.
            (&[(0, 4096), (8000, 8192), (23_000, 100)], (2, 8 + 16)),
            (&[(0, 4096), (8000, 8192), (16_384, 8192), (49_000, 1)], (3, 8 + 16 + 24)),
            // The head stays while something else is looked at.
            (&[(0, 4096), (900_000, 10), (0, 100), (900_100, 10)], (2, 8 + 4)),
            (&[(0, 4096), (1_000_000, 4000)], (2, 8 + 4)),
            (&[(0, 100_000)], (1, 98)),
        ];
        for (pieces, (calls, kib)) in table {
            let mut source = source(1_004_000, Ahead { first: 8 << 10, next: 4 << 10 });
            for &(at, len) in pieces {
                let expected: Vec<u8> = (at as usize..at as usize + len).map(byte).collect();
                assert_eq!(source.read_up_to(at, len).expect("it can be read"), expected, "{pieces:?}");
            }
            assert_eq!((source.calls(), source.spent().div_ceil(KIB as u64)), (calls, kib), "{pieces:?}");
        }
    }

    #[test]
    fn blocks_take_what_is_there_and_headers_far_apart_come_alone() {
        let mut source = source(1_000_000, Ahead { first: 8 << 10, next: 4 << 10 });
        source.head(4096).expect("it can be read");
        let block = source.block(8000, 20_000).expect("it is there");
        assert!(block.iter().enumerate().all(|(at, found)| *found == byte(8000 + at)));
        assert_eq!(source.spent(), 28_000, "not what was read already");
        assert_eq!(source.skim::<4>(500_000).expect("it is there"), [0, 1, 2, 3].map(|n| byte(500_000 + n)));
        assert_eq!((source.spent(), source.calls()), (28_004, 3));
        assert_eq!(source.wanted(), Wanted { head: 28_000, parts: 0, bytes: 0 });
        assert!(matches!(source.skim::<4>(999_998), Err(Error::Truncated { .. })));
    }
}
