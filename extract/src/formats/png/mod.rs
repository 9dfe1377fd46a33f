//! PNG, APNG, MNG and JNG: a signature, then chunks of length, type, data and checksum.
//!
//! After PNG 1.2 and its extensions 1.4.0, PNG third edition (W3C, 2025), MNG 1.0 and JNG 1.0. Image data is skipped,
//! checksums are not compared.

mod chunks;
mod mng;
mod text;

use std::collections::HashSet;

use crate::{Error, Format, Magic, Name, Record, Source, Tier};

pub static FORMAT: Format = Format {
    name: "PNG",
    version: 1,
    extensions: &["png", "apng"],
    mime: &["image/png", "image/apng"],
    magic: &[Magic { at: 0, bytes: b"\x89PNG\r\n\x1a\n" }],
    tier: Tier::Full,
    read,
};

pub static MNG: Format = Format {
    name: "MNG",
    version: 1,
    extensions: &["mng"],
    mime: &["video/x-mng", "video/mng"],
    magic: &[Magic { at: 0, bytes: b"\x8aMNG\r\n\x1a\n" }],
    tier: Tier::Full,
    read,
};

pub static JNG: Format = Format {
    name: "JNG",
    version: 1,
    extensions: &["jng"],
    mime: &["image/x-jng", "image/jng"],
    magic: &[Magic { at: 0, bytes: b"\x8bJNG\r\n\x1a\n" }],
    tier: Tier::Full,
    read,
};

/// Longest chunk the specification allows.
const CHUNK_MAX: u32 = 0x7fff_ffff;
/// Blocks of [`crate::Limits::block`] that all compressed chunks of a file may inflate to.
const INFLATED_BLOCKS: u64 = 4;

/// What chunks must know of those before them.
struct Reader<'r> {
    record: &'r mut Record,
    /// The family 1 group of the main chunks: `PNG`, or `Trailer` behind the end chunk.
    group: Name,
    /// Whether the chunks of MNG and JNG count.
    mng: bool,
    color_type: Option<u8>,
    /// Keywords of no table seen so far, for the naming of their translations.
    keywords: HashSet<String>,
    /// Bytes that compressed chunks may still inflate to.
    inflate_room: u64,
}

impl Reader<'_> {
    /// The data of a complete zlib stream; `None` when it is damaged, cut or too large.
    fn inflate(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let inflated = crate::bytes::inflate(data, self.inflate_room)?;
        self.inflate_room -= inflated.len() as u64;
        Some(inflated)
    }
}

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let mng = source.head(1)? != b"\x89";
    let end: [u8; 4] = if source.head(1)? == b"\x8a" { *b"MEND" } else { *b"IEND" };
    let block = source.limits().block;
    let mut reader = Reader {
        record,
        group: "PNG".into(),
        mng,
        color_type: None,
        keywords: HashSet::new(),
        inflate_room: INFLATED_BLOCKS * block,
    };
    let mut at = 8;
    let mut ended = false;
    while let Some((len, kind)) = header(source, at, ended)? {
        let data_at = at + 8;
        at = data_at + u64::from(len) + 4;
        if kind == end {
            ended = true;
            reader.group = "Trailer".into();
        } else if !matches!(&kind, b"IDAT" | b"JDAT" | b"JDAA" | b"fdAT") {
            if ended && at > source.size() {
                break;
            }
            if u64::from(len) > block {
                reader.record.warn("Chunk too large to be read");
            } else {
                // With its checksum: a chunk cut short by the file's end does not count.
                let data = source.block(data_at, u64::from(len) + 4)?;
                reader.chunk(kind, &data[..len as usize]);
            }
        }
    }
    Ok(())
}

/// Length and type of the chunk at `at`. Behind the end chunk `None` instead of an error: what follows is no image.
fn header(source: &mut Source<'_>, at: u64, ended: bool) -> Result<Option<(u32, [u8; 4])>, Error> {
    let [l0, l1, l2, l3, kind @ ..] = match source.skim::<8>(at) {
        Ok(header) => header,
        Err(_) if ended => return Ok(None),
        Err(error) => return Err(error),
    };
    match u32::from_be_bytes([l0, l1, l2, l3]) {
        len if len <= CHUNK_MAX => Ok(Some((len, kind))),
        _ if ended => Ok(None),
        _ => Err(Error::Malformed { at, what: "PNG chunk size" }),
    }
}
