//! ID3: the tags of MP3, which other audio files carry too.
//!
//! After ID3v1 and v1.1, ID3v2.2.0, 2.3.0 and 2.4.0 (id3.org), and Lyrics3. Called by the readers of audio formats.

mod frames;
mod genres;
mod lyrics3;
mod text;
mod v1;
mod v2;
mod values;

use crate::{Error, Record, Source};
use frames::Version;
pub(crate) use values::PICTURE_TYPES;

/// Bytes of the header of ID3v2.
const HEADER: u64 = 10;
/// Bytes of ID3v1 and of its unofficial enhancement in front of it.
const V1: u64 = 128;
const ENHANCED: u64 = 227;
/// What is read at once of the file's end.
const TAIL: u64 = 512;

/// The ID3 blocks of a file: found first, put after what the audio format itself says.
#[derive(Debug, Default)]
pub struct Id3 {
    /// Where the audio begins.
    pub audio: u64,
    /// Bytes of tags at the end of the file.
    pub trailer: u64,
    v2: Option<(Version, Vec<u8>)>,
    v1: Option<Vec<u8>>,
    enhanced: Option<Vec<u8>>,
    lyrics3: Option<Vec<u8>>,
    found: bool,
    /// Whether ID3v2 goes on behind the end of the file.
    cut: bool,
    size: u64,
}

impl Id3 {
    /// Looks for ID3v2 at the file's beginning, and ID3v1 and Lyrics3 at its end.
    pub fn find(source: &mut Source<'_>, record: &mut Record) -> Result<Self, Error> {
        let mut id3 = Self::default();
        if source.head(3)? == b"ID3" {
            id3.found = true;
            id3.find_v2(source, record)?;
        }
        id3.find_v1(source)?;
        id3.find_lyrics3(source, record)?;
        Ok(id3)
    }

    /// Whether the file has ID3v1 or ID3v2.
    pub fn is_found(&self) -> bool {
        self.found
    }

    /// Puts the tags of all blocks.
    pub fn put(&self, record: &mut Record) {
        if let Some(block) = &self.lyrics3 {
            lyrics3::put(block, record);
        }
        if self.found && !self.cut {
            record.put("File", "ID3Size", self.size);
        }
        if let Some((version, frames)) = &self.v2 {
            v2::put(frames, *version, record);
        }
        if let Some(block) = &self.v1 {
            v1::put(block, record);
        }
        if let Some(block) = &self.enhanced {
            v1::put_enhanced(block, record);
        }
    }

    fn find_v2(&mut self, source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
        let Ok([_, _, _, major, _, flags, size @ ..]) = source.array::<10>(0) else {
            record.warn("Short ID3 header");
            return Ok(());
        };
        let Some(size) = sync_safe(u32::from_be_bytes(size)) else {
            record.warn("Invalid ID3 header");
            return Ok(());
        };
        let version = match major {
            0..=2 => Version::V22,
            3 => Version::V23,
            4 => Version::V24,
            _ => {
                record.warn("Unsupported ID3 version");
                return Ok(());
            }
        };
        let held = u64::from(size).min(source.limits().block);
        let mut frames = source.block_up_to(HEADER, held)?;
        self.cut = source.size() < HEADER + u64::from(size);
        if self.cut {
            record.warn("Truncated ID3 data");
        }
        // The flag means single frames in version 2.4.
        if flags & 0x80 != 0 && version != Version::V24 {
            frames = synchronized(&frames);
        }
        if flags & 0x40 != 0 {
            skip_extended_header(&mut frames, version, record);
        }
        let footer = if flags & 0x10 != 0 { HEADER } else { 0 };
        self.audio = HEADER + u64::from(size) + footer;
        self.size += HEADER + frames.len() as u64;
        self.v2 = Some((version, frames));
        Ok(())
    }

    fn find_v1(&mut self, source: &mut Source<'_>) -> Result<(), Error> {
        let size = source.size();
        source.read_up_to(size.saturating_sub(TAIL), TAIL as usize)?;
        let Some(at) = size.checked_sub(V1) else { return Ok(()) };
        let block = source.read(at, V1 as usize)?;
        if !block.starts_with(b"TAG") {
            return Ok(());
        }
        self.v1 = Some(block.to_vec());
        self.found = true;
        self.size += V1;
        self.trailer = V1;
        if let Some(at) = at.checked_sub(ENHANCED) {
            let block = source.read(at, ENHANCED as usize)?;
            if block.starts_with(b"TAG+") {
                self.enhanced = Some(block.to_vec());
                self.trailer += ENHANCED;
            }
        }
        Ok(())
    }

    fn find_lyrics3(&mut self, source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
        let end = source.size() - self.trailer;
        if let Some(block) = lyrics3::find(source, end, record)? {
            self.trailer += block.len() as u64;
            self.lyrics3 = Some(block);
        }
        Ok(())
    }
}

/// A number of which each byte holds seven bits; `None` when one holds more.
fn sync_safe(number: u32) -> Option<u32> {
    let [a, b, c, d] = number.to_be_bytes().map(u32::from);
    (number & 0x8080_8080 == 0).then_some(a << 21 | b << 14 | c << 7 | d)
}

/// Undoes the unsynchronization: the NUL that follows each 0xff goes.
fn synchronized(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut after_ff = false;
    for &b in data {
        if !(after_ff && b == 0) {
            out.push(b);
        }
        after_ff = b == 0xff;
    }
    out
}

/// The size counts itself in version 2.4 only.
fn skip_extended_header(frames: &mut Vec<u8>, version: Version, record: &mut Record) {
    let stated = frames.first_chunk().map(|size| u32::from_be_bytes(*size));
    let len = match version {
        Version::V24 => stated.and_then(sync_safe).map(u64::from),
        _ => stated.map(|size| u64::from(size) + 4),
    };
    match len {
        Some(len) if len <= frames.len() as u64 => drop(frames.drain(..len as usize)),
        _ => {
            record.warn("Bad ID3 extended header");
            frames.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bytes_are_resynchronized() {
        assert_eq!(sync_safe(0x0000_0201), Some(257));
        assert_eq!(sync_safe(0x80), None);
        assert_eq!(synchronized(b"\xff\0\xff\0\0a\xff"), b"\xff\xff\0a\xff");
    }
}
