//! The digest of a file's bytes, or of a sample of them: what says that one file is a copy of another.

use std::{fs::File, io, os::unix::fs::FileExt};

use crate::{model::Digest, proto::SAMPLED_WHOLE};

/// Bytes of each of the three pieces of a sample.
const PIECE: u64 = SAMPLED_WHOLE / 3;
/// Bytes read at once.
const BUFFER: usize = 64 << 10;

/// The digest of the first `size` bytes, or of three pieces of 4 KiB of them: the first, one in the middle, and the last.
/// Of a file of at most 12 KiB the sample is the whole.
///
/// Errors: the file cannot be read, or has fewer bytes.
pub(super) fn of(file: &File, size: u64, sample: bool) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER.min(usize::try_from(size).unwrap_or(BUFFER))];
    let pieces = match sample && size > SAMPLED_WHOLE {
        true => vec![(0, PIECE), ((size - PIECE) / 2, PIECE), (size - PIECE, PIECE)],
        false => vec![(0, size)],
    };
    for (mut at, mut left) in pieces {
        while left > 0 {
            let len = buffer.len().min(usize::try_from(left).unwrap_or(BUFFER));
            file.read_exact_at(&mut buffer[..len], at)?;
            hasher.update(&buffer[..len]);
            (at, left) = (at + len as u64, left - len as u64);
        }
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_sees_beginning_middle_and_end_and_the_whole_sees_all() {
        let size = 100_000_u64;
        let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let digests = |bytes: &[u8]| {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(bytes, 0).unwrap();
            (of(&file, size, true).unwrap(), of(&file, size, false).unwrap())
        };
        let (sample, whole) = digests(&bytes);
        assert_eq!((sample, whole), digests(&bytes));
        for (at, in_sample) in [(0, true), (10_000, false), (50_000, true), (80_000, false), (99_999, true)] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            let (other_sample, other_whole) = digests(&other);
            assert_eq!(other_sample != sample, in_sample, "{at}");
            assert_ne!(other_whole, whole);
        }
        let short = tempfile::tempfile().unwrap();
        short.write_all_at(&bytes[..50_000], 0).unwrap();
        assert!(of(&short, size, true).is_err() && of(&short, size, false).is_err());
    }
}
