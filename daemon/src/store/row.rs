//! A file's row in the tree `records`: what is kept beside its entry. Pure, but for zstd's contexts.

use std::sync::{Mutex, PoisonError};

use metaextract::Record;

use crate::{
    codec::{self, DecodeError, Input, write_text, write_varint},
    model::{Cost, FailureKind, FileId, Place},
    store::{
        names::{Interner, Names},
        schema::{failure_number, failure_of, read_place, read_u32, write_bytes, write_place},
    },
};

const VERSION: u8 = 1;
/// zstd's level.
const LEVEL: i32 = 3;
/// No record is larger once unpacked; a bound against rot, far above [`metaextract::Limits`].
const LARGEST: usize = 64 << 20;
/// A larger packed record lies in a file of its own.
pub(super) const INLINE: usize = 64 << 10;

/// What stands under a file's number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Row {
    /// Another name of a file with several: the view needs a number for each place.
    Alias {
        of: FileId,
        place: Place,
    },
    File(Kept),
}

/// What is kept of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub place: Place,
    /// Microseconds since 1970.
    pub committed: u64,
    pub cost: Cost,
    pub attempts: u8,
    pub numbers: Numbers,
    pub body: Body,
}

/// Node numbers of the view: the next one, and those given where they are not just counted up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Numbers {
    /// 0 where none was carried over yet.
    pub next: u32,
    pub given: Box<[u32]>,
}

/// The record, as packed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// Nothing yet; only files of several links have such a row.
    Waiting,
    Failed {
        kind: FailureKind,
        text: String,
    },
    Packed(Packed),
    /// In the side file of this digest.
    Side {
        digest: [u8; 32],
        dictionary: u32,
        len: u32,
    },
}

/// A record compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    /// The dictionary it was compressed with; 0 is none.
    pub dictionary: u32,
    /// Bytes when unpacked.
    pub len: u32,
    pub data: Vec<u8>,
}

impl Row {
    pub(super) fn place(&self) -> &Place {
        match self {
            Self::Alias { place, .. } => place,
            Self::File(kept) => &kept.place,
        }
    }

    /// About its bytes when written.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::File(Kept { body: Body::Packed(packed), .. }) => 128 + packed.data.len(),
            _ => 128,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Alias { of, place } => {
                out.push(0);
                write_varint(of.0, &mut out);
                write_place(place, &mut out);
            }
            Self::File(kept) => write_kept(kept, &mut out),
        }
        let sum = crc32fast::hash(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (bytes, sum) = bytes.split_last_chunk().ok_or(DecodeError::Short)?;
        if crc32fast::hash(bytes) != u32::from_le_bytes(*sum) {
            return Err(DecodeError::Bad("a checksum that is wrong"));
        }
        let input = &mut Input::new(bytes);
        match input.byte()? {
            VERSION => {}
            other => return Err(DecodeError::Version(other)),
        }
        match input.byte()? {
            0 => Ok(Self::Alias { of: FileId(input.varint()?), place: read_place(input)? }),
            kind => read_kept(kind, input).map(Self::File),
        }
    }
}

fn write_kept(kept: &Kept, out: &mut Vec<u8>) {
    let Kept { place, committed, cost, attempts, numbers, body } = kept;
    out.push(match body {
        Body::Waiting => 1,
        Body::Failed { .. } => 2,
        Body::Packed(_) => 3,
        Body::Side { .. } => 4,
    });
    write_place(place, out);
    for n in [*committed, cost.cpu_us, cost.wall_us, cost.read, u64::from(*attempts), u64::from(numbers.next)] {
        write_varint(n, out);
    }
    write_varint(numbers.given.len() as u64, out);
    numbers.given.iter().for_each(|&n| write_varint(u64::from(n), out));
    match body {
        Body::Waiting => {}
        Body::Failed { kind, text } => {
            out.push(failure_number(*kind));
            write_text(text, out);
        }
        Body::Packed(Packed { dictionary, len, data }) => {
            write_varint(u64::from(*dictionary), out);
            write_varint(u64::from(*len), out);
            write_bytes(data, out);
        }
        Body::Side { digest, dictionary, len } => {
            out.extend_from_slice(digest);
            write_varint(u64::from(*dictionary), out);
            write_varint(u64::from(*len), out);
        }
    }
}

fn read_kept(kind: u8, input: &mut Input<'_>) -> Result<Kept, DecodeError> {
    let (place, committed) = (read_place(input)?, input.varint()?);
    let cost = Cost { cpu_us: input.varint()?, wall_us: input.varint()?, read: input.varint()? };
    let attempts = input.varint()? as u8;
    let next = read_u32(input)?;
    let given = (0..input.varint()?).map(|_| read_u32(input)).collect::<Result<_, _>>()?;
    let body = match kind {
        1 => Body::Waiting,
        2 => Body::Failed { kind: failure_of(input.byte()?)?, text: input.text()?.to_owned() },
        3 => {
            Body::Packed(Packed { dictionary: read_u32(input)?, len: read_u32(input)?, data: input.bytes()?.to_vec() })
        }
        4 => Body::Side { digest: input.array()?, dictionary: read_u32(input)?, len: read_u32(input)? },
        _ => return Err(DecodeError::Bad("a row of unknown kind")),
    };
    Ok(Kept { place, committed, cost, attempts, numbers: Numbers { next, given }, body })
}

/// Packs records, with a context that is made once.
pub(super) struct Packer {
    zstd: zstd::bulk::Compressor<'static>,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl Packer {
    pub(super) fn new() -> std::io::Result<Self> {
        let mut zstd = zstd::bulk::Compressor::new(LEVEL)?;
        zstd.include_contentsize(false)?;
        Ok(Self { zstd, buffer: Vec::new() })
    }

    pub(super) fn pack(&mut self, record: &Record, names: &mut Interner<'_>) -> std::io::Result<Packed> {
        self.buffer.clear();
        codec::encode(record, names, &mut self.buffer);
        let data = self.zstd.compress(&self.buffer)?;
        let len = u32::try_from(self.buffer.len()).map_err(std::io::Error::other)?;
        self.buffer.shrink_to(INLINE);
        Ok(Packed { dictionary: 0, len, data })
    }
}

/// Unpacks records for any thread.
#[derive(Default)]
pub(super) struct Unpacker {
    // Contexts cost 160 KB to make; as many are kept as threads ever unpacked at once.
    idle: Mutex<Vec<zstd::bulk::Decompressor<'static>>>,
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacker").finish_non_exhaustive()
    }
}

impl Unpacker {
    pub(super) fn unpack(&self, packed: &Packed, names: &Names) -> Result<Record, DecodeError> {
        let len = packed.len as usize;
        if packed.dictionary != 0 || len > LARGEST {
            return Err(DecodeError::Bad("a record packed in an unknown way"));
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut zstd = match idle {
            Some(zstd) => zstd,
            None => zstd::bulk::Decompressor::new().map_err(|_| DecodeError::Bad("more than there is memory"))?,
        };
        let bytes = zstd.decompress(&packed.data, len).map_err(|_| DecodeError::Bad("packed bytes that are broken"));
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(zstd);
        codec::decode(&bytes?, &mut names.reading())
    }
}
