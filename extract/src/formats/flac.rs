//! FLAC: metadata blocks in front of the audio, sometimes with ID3 around.
//!
//! After RFC 9639. The audio is not read.

use crate::{
    Error, Format, Magic, Record, Source, Tier, Value,
    blocks::{id3::Id3, vorbis_comment},
};

pub static FORMAT: Format = Format {
    name: "FLAC",
    version: 1,
    extensions: &["flac"],
    mime: &["audio/flac"],
    magic: &[Magic { at: 0, bytes: b"fLaC" }],
    tier: Tier::Full,
    read,
};

const GROUP: &str = "FLAC";

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let id3 = Id3::find(source, record)?;
    let read = blocks(id3.audio + 4, source, record);
    // ExifTool gives them after what the format itself says.
    id3.put(record);
    read
}

fn blocks(mut at: u64, source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    loop {
        let [kind, l0, l1, l2] = source.skim(at)?;
        let len = u32::from_be_bytes([0, l0, l1, l2]);
        at += 4;
        // Padding, applications, seek tables and cue sheets have no tags.
        match kind & 0x7f {
            0 => stream_info(&source.block(at, len.into())?, record),
            4 => vorbis_comment::read(&source.block_up_to(at, len.into())?, record),
            6 => vorbis_comment::read_picture(&source.block_up_to(at, len.into())?, record),
            _ => {}
        }
        at += u64::from(len);
        if at > source.size() {
            return Err(Error::Truncated { at: at - u64::from(len), wanted: len.into() });
        }
        if kind & 0x80 != 0 {
            return Ok(());
        }
    }
}

/// A row of bit fields, the first bit being the highest.
fn stream_info(data: &[u8], record: &mut Record) {
    const FIELDS: [(&str, usize, usize, u64); 8] = [
        ("BlockSizeMin", 0, 16, 0),
        ("BlockSizeMax", 16, 16, 0),
        ("FrameSizeMin", 32, 24, 0),
        ("FrameSizeMax", 56, 24, 0),
        ("SampleRate", 80, 20, 0),
        ("Channels", 100, 3, 1),
        ("BitsPerSample", 103, 5, 1),
        ("TotalSamples", 108, 36, 0),
    ];
    for (name, first, len, plus) in FIELDS {
        if let Some(value) = bits(data, first, len) {
            record.put(GROUP, name, value + plus);
        }
    }
    if let Some(digest) = data.get(18..34) {
        let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        record.put(GROUP, "MD5Signature", Value::Text(digest));
    }
}

fn bits(data: &[u8], first: usize, len: usize) -> Option<u64> {
    let bytes = data.get(first / 8..(first + len).div_ceil(8))?;
    let number = bytes.iter().fold(0_u64, |number, &b| number << 8 | u64::from(b));
    let behind = bytes.len() * 8 - first % 8 - len;
    Some(number >> behind & ((1 << len) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_fields_cross_bytes() {
        let data = [0x0a, 0xc4, 0x42, 0xf0, 0, 0x02, 0x7a, 0xc0];
        assert_eq!(bits(&data, 0, 20), Some(44100));
        assert_eq!(bits(&data, 20, 3), Some(1));
        assert_eq!(bits(&data, 23, 5), Some(15));
        assert_eq!(bits(&data, 28, 36), Some(162496));
        assert_eq!(bits(&data, 60, 8), None);
    }
}
