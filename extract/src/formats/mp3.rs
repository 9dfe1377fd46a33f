//! MP3: ID3, then frames of MPEG audio, then APE, Lyrics3 and ID3v1.

use crate::{
    Error, Format, Record, Source, Tier,
    blocks::{
        ape,
        id3::Id3,
        mpeg_audio::{self, Layer},
    },
};

pub static FORMAT: Format = Format {
    name: "MP3",
    version: 1,
    extensions: &["mp3"],
    mime: &["audio/mpeg"],
    // Files without ID3 are detected by their first frame.
    magic: &[crate::Magic { at: 0, bytes: b"ID3" }],
    tier: Tier::Full,
    read,
};

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let id3 = Id3::find(source, record)?;
    // The first frame is looked for as far and as stubbornly as the name of the file promises one.
    let (layer, keep_looking, scan) = match &*source.extension() {
        "MP3" => (Layer::Three, true, 8192),
        "MUS" => (Layer::Any, false, 256),
        _ => (Layer::Three, false, 256),
    };
    let audio = source.block_up_to(id3.audio, scan)?;
    let found = match mpeg_audio::find(&audio, layer, keep_looking) {
        Some(header) => {
            mpeg_audio::put(&audio, header, record);
            ape::read_trailer(source, source.size() - id3.trailer, record)
        }
        None => Ok(()),
    };
    id3.put(record);
    found
}
