//! MP3: ID3, then frames of MPEG audio, then APE, Lyrics3 and ID3v1.

use crate::{
    Error, Format, Record, Source, Tier,
    blocks::{
        ape,
        id3::Id3,
        mpeg_audio::{self, Expect},
    },
    formats::flac,
};

pub static FORMAT: Format = Format {
    name: "MP3",
    version: 1,
    extensions: &["mp3"],
    mime: &["audio/mpeg"],
    // Also files without ID3; see `looks_like`.
    magic: &[crate::Magic { at: 0, bytes: b"ID3" }],
    tier: Tier::Full,
    read,
};

/// Bytes in which the first frame must begin, in a file that is named MP3 and in others.
const SCAN_NAMED: usize = 8192;
const SCAN: usize = 256;

/// Whether a file without ID3 is MP3, by its first bytes and its extension in upper case.
pub fn looks_like(head: &[u8], extension: &str) -> bool {
    let (expect, scan) = scan(extension);
    mpeg_audio::find(&head[..head.len().min(scan)], expect).is_some()
}

fn scan(extension: &str) -> (Expect, usize) {
    match extension {
        "MP3" => (Expect::NamedMp3, SCAN_NAMED),
        _ => (Expect::Mp3, SCAN),
    }
}

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let id3 = Id3::find(source, record)?;
    if source.read_up_to(id3.audio, 4)? == b"fLaC" {
        return flac::read_behind(&id3, source, record);
    }
    let (expect, scan) = scan(&source.extension());
    let audio = source.block_up_to(id3.audio, scan as u64)?;
    let found = match mpeg_audio::find(&audio, expect) {
        Some(header) => {
            mpeg_audio::put(&audio, header, record);
            ape::read_trailer(source, source.size() - id3.trailer, record)
        }
        None => Ok(()),
    };
    id3.put(record);
    found
}
