//! A file's row in the table of records: what is kept beside its entry. Pure.

use metafs::Numbers;

use crate::{
    codec::{DecodeError, Input, write_text, write_varint},
    model::{Cost, FailureKind, Place},
    store::schema::{failure_number, failure_of, read_place, read_u32, write_bytes, write_place},
};

const VERSION: u8 = 1;
/// A larger packed record lies in a file of its own.
pub(super) const INLINE: usize = 64 << 10;

/// What is kept of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub place: Place,
    /// Microseconds since 1970.
    pub committed: u64,
    pub cost: Cost,
    pub attempts: u8,
    /// Node numbers of the view; `None` as long as they are a first record's.
    pub numbers: Option<Numbers>,
    pub body: Body,
}

/// The record, as packed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
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
    /// About its bytes when written.
    pub(super) fn weight(&self) -> usize {
        match &self.body {
            Body::Packed(packed) => 128 + packed.data.len(),
            _ => 128,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let Self { place, committed, cost, attempts, numbers, body } = self;
        let mut out = vec![VERSION, body.kind()];
        write_varint(*committed, &mut out);
        write_place(place, &mut out);
        for n in [cost.cpu_us, cost.wall_us, cost.read, u64::from(*attempts)] {
            write_varint(n, &mut out);
        }
        // No number that is next is 0.
        write_varint(numbers.as_ref().map_or(0, |numbers| u64::from(numbers.next)), &mut out);
        if let Some(Numbers { given, .. }) = numbers {
            write_varint(given.len() as u64, &mut out);
            given.iter().for_each(|&n| write_varint(u64::from(n), &mut out));
        }
        write_body(body, &mut out);
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
        let (kind, committed) = read_start(input)?;
        let place = read_place(input)?;
        let cost = Cost { cpu_us: input.varint()?, wall_us: input.varint()?, read: input.varint()?, ..Cost::default() };
        let attempts = input.varint()? as u8;
        let numbers = match read_u32(input)? {
            0 => None,
            next => {
                let given = (0..input.varint()?).map(|_| read_u32(input)).collect::<Result<_, _>>()?;
                Some(Numbers { next, given })
            }
        };
        Ok(Self { place, committed, cost, attempts, numbers, body: read_body(kind, input)? })
    }

    /// When its record was committed, from the first bytes alone; `None` if it has no record.
    pub(super) fn committed(bytes: &[u8]) -> Result<Option<u64>, DecodeError> {
        let (kind, committed) = read_start(&mut Input::new(bytes))?;
        Ok(Some(committed).filter(|_| kind != FAILED))
    }
}

const FAILED: u8 = 0;
const PACKED: u8 = 1;
const SIDE: u8 = 2;

impl Body {
    fn kind(&self) -> u8 {
        match self {
            Self::Failed { .. } => FAILED,
            Self::Packed(_) => PACKED,
            Self::Side { .. } => SIDE,
        }
    }
}

fn read_start(input: &mut Input<'_>) -> Result<(u8, u64), DecodeError> {
    match input.byte()? {
        VERSION => Ok((input.byte()?, input.varint()?)),
        other => Err(DecodeError::Version(other)),
    }
}

fn write_body(body: &Body, out: &mut Vec<u8>) {
    match body {
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

fn read_body(kind: u8, input: &mut Input<'_>) -> Result<Body, DecodeError> {
    Ok(match kind {
        FAILED => Body::Failed { kind: failure_of(input.byte()?)?, text: input.text()?.to_owned() },
        1 => {
            Body::Packed(Packed { dictionary: read_u32(input)?, len: read_u32(input)?, data: input.bytes()?.to_vec() })
        }
        SIDE => Body::Side { digest: input.array()?, dictionary: read_u32(input)?, len: read_u32(input)? },
        _ => return Err(DecodeError::Bad("a row of unknown kind")),
    })
}
