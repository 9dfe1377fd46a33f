//! JPEG (ITU-T T.81) with its application segments: JFIF, Exif, XMP, ICC, Photoshop, MPF, Adobe and comments.
//!
//! Only what stands before the first scan is read; image data are not.

mod frame;
mod infiray;
mod parts;
mod picture_info;
mod segments;

use crate::{
    Error, Format, Magic, Record, Source, Tier,
    blocks::{exif, flir, icc, photoshop, xmp},
    bytes::{latin1, utf8},
};
use parts::{Chunks, ExtendedXmp};

pub static FORMAT: Format = Format {
    name: "JPEG",
    version: 1,
    extensions: &["jpg", "jpeg", "jpe", "jfif", "jps", "mpo", "thm"],
    mime: &["image/jpeg"],
    magic: &[Magic { at: 0, bytes: &[0xff, 0xd8, 0xff] }],
    tier: Tier::Full,
    read,
};

/// Most bytes between two segments that are skipped in search of the next one.
const MOST_GARBAGE: u64 = 1 << 20;
/// Most segments read; no camera writes more than some hundred.
const MOST_SEGMENTS: usize = 10_000;

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const PHOTOSHOP_OLD: &[u8] = b"Adobe_Photoshop2.5:";

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    let mut reader = Reader::default();
    let mut at = 2;
    let ended = loop {
        match next_segment(source, at) {
            Ok(Some(segment)) => {
                if reader.segments >= MOST_SEGMENTS {
                    break Err(Error::Limit { what: "the segments of one JPEG file" });
                }
                reader.segments += 1;
                let data = match segment.read(source) {
                    Ok(data) => data,
                    Err(error) => break Err(error),
                };
                reader.segment(&segment, &data, record);
                at = segment.end;
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    reader.finish(record);
    ended
}

/// A marker segment with contents.
struct Segment {
    marker: u8,
    /// Where its contents begin.
    at: u64,
    end: u64,
}

impl Segment {
    fn read(&self, source: &mut Source<'_>) -> Result<Vec<u8>, Error> {
        // Other segments (tables) hold no metadata.
        let wanted = matches!(self.marker, 0xc0..=0xcf | 0xe0..=0xef | 0xfe);
        if wanted { Ok(source.read(self.at, (self.end - self.at) as usize)?.to_vec()) } else { Ok(Vec::new()) }
    }
}

/// The segment at or after `at`; none where the first scan or the end of the image begins.
fn next_segment(source: &mut Source<'_>, mut at: u64) -> Result<Option<Segment>, Error> {
    let give_up = at.saturating_add(MOST_GARBAGE);
    loop {
        let piece = source.read_up_to(at, 4096)?;
        if piece.is_empty() {
            return Err(Error::Truncated { at, wanted: 4 });
        }
        let Some(skip) = piece.iter().position(|&b| b == 0xff) else {
            at += piece.len() as u64;
            if at > give_up {
                return Err(Error::Malformed { at, what: "no JPEG marker" });
            }
            continue;
        };
        at += skip as u64;
        // Markers may be padded with any number of 0xff.
        while source.array::<2>(at)?[1] == 0xff {
            at += 1;
            if at > give_up {
                return Err(Error::Malformed { at, what: "no JPEG marker" });
            }
        }
        let [_, marker] = source.array(at)?;
        at += 2;
        match marker {
            0xd9 | 0xda => return Ok(None),
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            _ => {
                let len = u64::from(u16::from_be_bytes(source.array(at)?));
                if len < 2 {
                    return Err(Error::Malformed { at, what: "a JPEG segment shorter than its length" });
                }
                return Ok(Some(Segment { marker, at: at + 2, end: at + len }));
            }
        }
        if at > give_up {
            return Err(Error::Malformed { at, what: "no JPEG marker" });
        }
    }
}

/// What is kept from segment to segment.
#[derive(Default)]
struct Reader {
    segments: usize,
    has_size: bool,
    icc: Chunks,
    flir: Chunks,
    /// An earlier segment says that InfiRay wrote the file; and the bytes of its picture so far.
    infiray: Option<u64>,
    xmp: ExtendedXmp,
    /// Exif and Photoshop blocks too large for one segment, and where the first began.
    exif: Option<(u64, Vec<u8>)>,
    photoshop: Vec<u8>,
}

impl Reader {
    fn segment(&mut self, segment: &Segment, data: &[u8], record: &mut Record) {
        let exif_goes_on = segment.marker == 0xe1 && data.starts_with(EXIF) && !has_tiff_head(&data[EXIF.len()..]);
        if !exif_goes_on {
            self.finish_exif(record);
        }
        if !(segment.marker == 0xed && data.starts_with(PHOTOSHOP)) {
            self.finish_photoshop(record);
        }
        match segment.marker {
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf if !self.has_size => self.has_size = frame::read(segment.marker, data, record),
            0xe0 => segments::app0(data, record),
            0xe1 => self.app1(segment.at, data, record),
            0xe2 => self.app2(segment.at, data, record),
            0xe3 if let Some(length) = &mut self.infiray => *length += data.len() as u64,
            0xe4..=0xe9 if self.infiray.is_some() => infiray::read(segment.marker, data, record),
            0xea => segments::app10(data, record),
            0xec if data.starts_with(b"Ducky") => segments::ducky(&data[5..], record),
            0xec => picture_info::read(data, record),
            0xed => self.app13(data, record),
            0xee => segments::adobe(data, record),
            0xef => segments::graphic_converter(data, record),
            0xfe => comment(data, record),
            _ => {}
        }
    }

    fn app1(&mut self, at: u64, data: &[u8], record: &mut Record) {
        if let Some(garbage) = exif_head(data) {
            let start = (garbage + EXIF.len()).min(data.len());
            match &mut self.exif {
                Some((_, block)) => block.extend_from_slice(&data[start..]),
                None => self.exif = Some((at + start as u64, data[start..].to_vec())),
            }
        } else if let Some(rest) = data.strip_prefix(XMP_EXTENSION) {
            if let Some(warning) = self.xmp.add(rest) {
                record.warn(warning);
            }
        } else if let Some(packet) = data.strip_prefix(XMP) {
            self.xmp.main_packet(packet);
            xmp::read(packet, record);
        } else if let [b'F', b'L', b'I', b'R', 0, _, number, last, chunk @ ..] = data {
            if let Some(block) = self.flir.add(*number, u16::from(*last) + 1, chunk) {
                flir::read(&block, record);
            }
        } else if data.starts_with(b"http") || data.starts_with(b"XMP\0") || parts::find(data, b"<?xpacket").is_some() {
            let packet = &data[parts::find(data, b"<").unwrap_or(0)..];
            xmp::read(packet, record);
        }
    }

    fn app2(&mut self, at: u64, data: &[u8], record: &mut Record) {
        if let Some(chunk) = data.strip_prefix(ICC) {
            let [number, total, data @ ..] = chunk else { return };
            if let Some(profile) = self.icc.add(*number, u16::from(*total), data) {
                icc::read(&profile, record);
            }
        } else if let Some(mpf) = data.strip_prefix(b"MPF\0") {
            exif::read_mpf(mpf, at + 4, record);
        } else if data.starts_with(b"urn:") {
            record.put("APP2", "UniformResourceName", utf8(data));
        } else if infiray::is_version(data) {
            self.infiray = Some(0);
            infiray::read(0xe2, data, record);
        }
    }

    fn app13(&mut self, data: &[u8], record: &mut Record) {
        if let Some(block) = data.strip_prefix(PHOTOSHOP) {
            self.photoshop.extend_from_slice(block);
        } else if data.starts_with(PHOTOSHOP_OLD) {
            photoshop::read(data.get(27..).unwrap_or_default(), record);
        } else if let Some(rest) = data.strip_prefix(b"Adobe_CM") {
            segments::adobe_cm(rest, record);
        }
    }

    fn finish_exif(&mut self, record: &mut Record) {
        if let Some((at, block)) = self.exif.take() {
            exif::read_at(&block, at, exif::Holder::Jpeg, record);
        }
    }

    fn finish_photoshop(&mut self, record: &mut Record) {
        if !self.photoshop.is_empty() {
            photoshop::read(&std::mem::take(&mut self.photoshop), record);
        }
    }

    /// Puts what had to wait for further segments.
    fn finish(mut self, record: &mut Record) {
        self.finish_exif(record);
        self.finish_photoshop(record);
        if let Some(packet) = self.xmp.take() {
            xmp::read(&packet, record);
        }
        if let Some(length @ 1..) = self.infiray {
            infiray::imaging_data(length, record);
        }
        if self.icc.is_incomplete() {
            record.warn("Incomplete ICC_Profile record");
        }
    }
}

/// Where the Exif identifier is: some writers put a few bytes before it.
fn exif_head(data: &[u8]) -> Option<usize> {
    (0..=4).find(|&at| data.get(at..at + 5).is_some_and(|id| id.eq_ignore_ascii_case(b"Exif\0")) && data.len() > at + 5)
}

fn has_tiff_head(data: &[u8]) -> bool {
    data.starts_with(b"II*\0") || data.starts_with(b"MM\0*")
}

/// A comment, in UTF-8 where it is that; NULs at its end do not count.
fn comment(data: &[u8], record: &mut Record) {
    let end = data.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    segments::comment(utf8(&data[..end]), record);
}

/// Four characters of a tag or version.
fn ascii(data: &[u8]) -> String {
    latin1(data).replace('\0', "")
}
