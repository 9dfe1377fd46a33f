//! The first frame header of MPEG audio, with the Xing, Info and LAME headers behind it.
//!
//! After ISO 11172-3 and 13818-3, section 2.4.2.3, and the Xing and LAME descriptions. Called by detection and the
//! reader of MP3, later by those of containers.

use crate::{
    Record,
    bytes::{Bytes, utf8},
    fields::{self, Print},
    print,
};

const GROUP: &str = "MPEG";

/// Which layers of MPEG audio count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Any,
    Three,
}

static VERSIONS: &[(u64, &str)] = &[(0, "2.5"), (2, "2"), (3, "1")];
static LAYERS: &[(u64, &str)] = &[(1, "3"), (2, "2"), (3, "1")];
static CHANNEL_MODES: &[(u64, &str)] =
    &[(0, "Stereo"), (1, "Joint Stereo"), (2, "Dual Channel"), (3, "Single Channel")];
static OFF_ON: &[(u64, &str)] = &[(0, "Off"), (1, "On")];
static MODE_EXTENSIONS: &[(u64, &str)] =
    &[(0, "Bands 4-31"), (1, "Bands 8-31"), (2, "Bands 12-31"), (3, "Bands 16-31")];
static EMPHASES: &[(u64, &str)] = &[(0, "None"), (1, "50/15 ms"), (2, "reserved"), (3, "CCIT J.17")];

/// Kilobits a second by index 1 to 14, for version 1 and layers I to III, then version 2 and layers I and II or III.
static BITRATES: [[u64; 14]; 5] = [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Sample rates by index, for versions 1, 2 and 2.5.
static SAMPLE_RATES: [[u32; 3]; 3] = [[44100, 48000, 32000], [22050, 24000, 16000], [11025, 12000, 8000]];

static LAME_METHODS: &[(u64, &str)] = &[
    (1, "CBR"),
    (2, "ABR"),
    (3, "VBR (old/rh)"),
    (4, "VBR (new/mtrh)"),
    (5, "VBR (old/rh)"),
    (6, "VBR"),
    (8, "CBR (2-pass)"),
    (9, "ABR (2-pass)"),
];
static LAME_STEREO_MODES: &[(u64, &str)] = &[
    (0, "Mono"),
    (1, "Stereo"),
    (2, "Dual Channels"),
    (3, "Joint Stereo"),
    (4, "Forced Joint Stereo"),
    (6, "Auto"),
    (7, "Intensity Stereo"),
];

/// A valid frame header and where the bytes behind it begin.
#[derive(Debug, Clone, Copy)]
pub struct FrameHeader {
    word: u32,
    end: usize,
}

impl FrameHeader {
    /// `len` bits from bit `first`, bit 0 being the highest.
    fn bits(self, first: u32, len: u32) -> u64 {
        u64::from(self.word >> (32 - first - len) & ((1 << len) - 1))
    }

    fn version(self) -> u64 {
        self.bits(11, 2)
    }

    fn layer(self) -> u64 {
        self.bits(13, 2)
    }

    fn channel_mode(self) -> u64 {
        self.bits(24, 2)
    }
}

/// The first frame header in `data`. A false sync before it ends the search unless `keep_looking`.
pub fn find(data: &[u8], layer: Layer, keep_looking: bool) -> Option<FrameHeader> {
    let mut at = 0;
    loop {
        at += data.get(at..)?.iter().position(|&b| b == 0xff)?;
        let word = Bytes::big(data).u32(at)?;
        if word & 0xffe0_0000 != 0xffe0_0000 {
            at += 2;
        } else if is_valid(word) && (layer == Layer::Any || word & 0x0006_0000 == 0x0002_0000) {
            return Some(FrameHeader { word, end: at + 4 });
        } else if keep_looking {
            // As ExifTool goes on, so that both find the same frame.
            at += 3;
        } else {
            return None;
        }
    }
}

/// No reserved version, layer, bit rate, sample rate or emphasis, and no free bit rate.
fn is_valid(word: u32) -> bool {
    word & 0x0018_0000 != 0x0008_0000
        && word & 0x0006_0000 != 0
        && word & 0xf000 != 0
        && word & 0xf000 != 0xf000
        && word & 0x0c00 != 0x0c00
        && word & 0x0003 != 0x0002
}

/// Puts the tags of the frame at `header`, which was found in `data`.
pub fn put(data: &[u8], header: FrameHeader, record: &mut Record) {
    let mut named = |name: &'static str, n: u64, names: &'static [(u64, &'static str)]| {
        fields::number(record, GROUP, name, n, Print::Names(names));
    };
    named("MPEGAudioVersion", header.version(), VERSIONS);
    named("AudioLayer", header.layer(), LAYERS);
    put_rates(header, record);
    let mut named = |name: &'static str, n: u64, names: &'static [(u64, &'static str)]| {
        fields::number(record, GROUP, name, n, Print::Names(names));
    };
    named("ChannelMode", header.channel_mode(), CHANNEL_MODES);
    if header.layer() == 1 {
        named("MSStereo", header.bits(26, 1), OFF_ON);
        named("IntensityStereo", header.bits(27, 1), OFF_ON);
    } else {
        named("ModeExtension", header.bits(26, 2), MODE_EXTENSIONS);
    }
    // Truth values, for which `exiftool -n` has 0 and 1 and JSON true and false.
    for (name, bit) in [("CopyrightFlag", 28), ("OriginalMedia", 29)] {
        let set = header.bits(bit, 1) == 1;
        record.put_printed(GROUP, name, set, if set { "True" } else { "False" });
    }
    fields::number(record, GROUP, "Emphasis", header.bits(30, 2), Print::Names(EMPHASES));
    // A stream of constant bit rate has no such header; nothing is missing then.
    _ = put_xing(data, header, record);
}

fn put_rates(header: FrameHeader, record: &mut Record) {
    let version_1 = header.version() == 3;
    let table = match (version_1, header.layer()) {
        (true, layer) => 3 - layer as usize,
        (false, 3) => 3,
        (false, _) => 4,
    };
    let rate = BITRATES.get(table).and_then(|rates| rates.get((header.bits(16, 4) as usize).wrapping_sub(1)));
    if let Some(rate) = rate.map(|rate| rate * 1000) {
        record.put_printed(GROUP, "AudioBitrate", rate, print::bitrate(rate as f64));
    }
    let table = match header.version() {
        3 => 0,
        2 => 1,
        _ => 2,
    };
    let index = header.bits(20, 2);
    if let Some(rate) = SAMPLE_RATES[table].get(index as usize) {
        record.put_printed(GROUP, "SampleRate", index, rate.to_string());
    }
}

/// The header of variable bit rates, behind the side information of the first frame. `None` where the data ends.
fn put_xing(data: &[u8], header: FrameHeader, record: &mut Record) -> Option<()> {
    let side_information = match (header.version() == 3, header.channel_mode() == 3) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let bytes = Bytes::big(data);
    let mut at = header.end + side_information;
    let variable = match bytes.slice(at, 4)? {
        b"Xing" => true,
        b"Info" => false,
        _ => return None,
    };
    let flags = bytes.u32(at + 4)?;
    at += 8;
    for (flag, name) in [(0x01, "VBRFrames"), (0x02, "VBRBytes")] {
        if flags & flag != 0 {
            let value = bytes.u32(at)?;
            if variable {
                record.put(GROUP, name, value);
            }
            at += 4;
        }
    }
    if flags & 0x04 != 0 {
        // The table of contents.
        bytes.slice(at, 100)?;
        at += 100;
    }
    let mut scale = 0;
    if flags & 0x08 != 0 {
        scale = bytes.u32(at)?;
        at += 4;
        if variable {
            record.put(GROUP, "VBRScale", scale);
        }
    }
    if flags & 0x10 != 0 {
        bytes.slice(at, 348)?;
    } else if !matches!(bytes.slice(at, 4), Some(b"LAME" | b"GOGO") | None) {
        record.put(GROUP, "Encoder", other_encoder(data)?);
        return None;
    }
    put_lame(bytes, at, scale, record)
}

/// Encoders that sign elsewhere in the stream.
fn other_encoder(data: &[u8]) -> Option<String> {
    const THOMSON: &[u8] = b"THOMSON mp3PRO Encoder";
    let find = |mark: &[u8]| data.windows(mark.len()).position(|window| window == mark);
    if find(b"RCA mp3PRO Encoder").is_some() {
        return Some("RCA mp3PRO".into());
    }
    if let Some(at) = find(THOMSON) {
        let version = data.get(at + THOMSON.len()..).and_then(|rest| rest.get(..6));
        return Some(version.map_or("Thomson mp3PRO".into(), |version| format!("Thomson mp3PRO {}", utf8(version))));
    }
    find(b"MPGE").map(|_| "Gogo (<3.0)".into())
}

fn put_lame(bytes: Bytes<'_>, at: usize, scale: u32, record: &mut Record) -> Option<()> {
    let encoder = bytes.slice(at, 9)?;
    if encoder < b"LAME3.90".as_slice() {
        let end = bytes.data.len().min(at + 20);
        record.put(GROUP, "Encoder", utf8(&bytes.data[at..end]));
        return None;
    }
    record.put(GROUP, "Encoder", utf8(encoder));
    if let Some(quality) = 100_u32.checked_sub(scale) {
        record.put(GROUP, "LameVBRQuality", quality / 10);
        record.put(GROUP, "LameQuality", quality % 10);
    }
    let method = u64::from(bytes.u8(at + 9)? & 0x0f);
    fields::number(record, GROUP, "LameMethod", method, Print::Names(LAME_METHODS));
    let low_pass = u64::from(bytes.u8(at + 10)?) * 100;
    record.put_printed(GROUP, "LameLowPassFilter", low_pass, format!("{} kHz", print::float(low_pass as f64 / 1000.0)));
    let rate = u64::from(bytes.u8(at + 20)?) * 1000;
    record.put_printed(GROUP, "LameBitrate", rate, print::bitrate(rate as f64));
    let mode = u64::from(bytes.u8(at + 24)? >> 2 & 7);
    fields::number(record, GROUP, "LameStereoMode", mode, Print::Names(LAME_STEREO_MODES));
    Some(())
}
