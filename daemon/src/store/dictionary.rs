//! Records compressed with what records of this store have in common. Pure, but for zstd's contexts.
//!
//! A dictionary is trained from records that are there, once there are enough, and never changes; the packed record has
//! its number. All dictionaries ever used are rows.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use metaextract::Record;

use crate::{
    codec::{self, DecodeError, Encoded},
    store::{
        names::{Interner, Names},
        row::{INLINE, Packed},
    },
};

/// zstd's level.
const LEVEL: i32 = 3;
/// No record is larger once unpacked; a bound against rot, far above [`metaextract::Limits`].
const LARGEST: usize = 64 << 20;
/// Bytes of a dictionary.
const SIZE: usize = 32 << 10;
/// Records a dictionary is trained from.
pub(super) const SAMPLES: u64 = 2_000;
/// Bytes of them at most.
const SAMPLED: usize = 4 << 20;

/// A dictionary of these unpacked records; `None` if they have too little in common.
pub(super) fn train(samples: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bytes = 0;
    let fit = samples.iter().take_while(|sample| {
        bytes += sample.len();
        bytes <= SAMPLED
    });
    zstd::dict::from_samples(&fit.collect::<Vec<_>>(), SIZE).ok()
}

/// Packs records, with a context that is made once.
pub(super) struct Packer {
    zstd: zstd::bulk::Compressor<'static>,
    dictionary: u32,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").field("dictionary", &self.dictionary).finish_non_exhaustive()
    }
}

impl Packer {
    /// Packs with the latest of these dictionaries.
    pub(super) fn new(dictionaries: &Unpacker) -> io::Result<Self> {
        let latest = dictionaries.latest();
        let (dictionary, bytes) = latest.as_ref().map_or((0, &[][..]), |(number, bytes)| (*number, bytes));
        let mut zstd = zstd::bulk::Compressor::with_dictionary(LEVEL, bytes)?;
        zstd.include_contentsize(false)?;
        // The row says which it is, and has a checksum.
        zstd.include_dictid(false)?;
        Ok(Self { zstd, dictionary, buffer: Vec::new() })
    }

    /// The dictionary it packs with; 0 is none.
    pub(super) fn dictionary(&self) -> u32 {
        self.dictionary
    }

    pub(super) fn pack(&mut self, record: &Encoded, names: &mut Interner) -> io::Result<Packed> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let written = record.write(names, &mut buffer).map_err(io::Error::other);
        let packed = written.and_then(|()| self.pack_bytes(&buffer));
        buffer.shrink_to(INLINE);
        self.buffer = buffer;
        packed
    }

    pub(super) fn pack_bytes(&mut self, bytes: &[u8]) -> io::Result<Packed> {
        let data = self.zstd.compress(bytes)?;
        let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        Ok(Packed { dictionary: self.dictionary, len, data })
    }
}

/// Unpacks records for any thread.
#[derive(Default)]
pub(super) struct Unpacker {
    // Written when a dictionary is trained, which is seldom.
    dictionaries: RwLock<BTreeMap<u32, Arc<[u8]>>>,
    // Contexts cost 160 KB to make; as many are kept as threads ever unpacked at once, each for its dictionary.
    idle: Mutex<Vec<(u32, zstd::bulk::Decompressor<'static>)>>,
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacker").finish_non_exhaustive()
    }
}

impl Unpacker {
    /// Takes up a dictionary.
    pub(super) fn add(&self, number: u32, bytes: &[u8]) {
        self.dictionaries.write().unwrap_or_else(PoisonError::into_inner).insert(number, bytes.into());
    }

    /// The dictionary trained last, with its number.
    pub(super) fn latest(&self) -> Option<(u32, Arc<[u8]>)> {
        let all = self.dictionaries.read().unwrap_or_else(PoisonError::into_inner);
        all.last_key_value().map(|(&number, bytes)| (number, bytes.clone()))
    }

    /// All dictionaries by number.
    pub(super) fn all(&self) -> BTreeMap<u32, Arc<[u8]>> {
        self.dictionaries.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives contexts back that nobody uses.
    pub(super) fn rest(&self) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new();
    }

    pub(super) fn unpack(&self, packed: &Packed, names: &Names) -> Result<Record, DecodeError> {
        codec::decode(&self.unpack_bytes(packed)?, &mut names.reading())
    }

    pub(super) fn unpack_bytes(&self, packed: &Packed) -> Result<Vec<u8>, DecodeError> {
        let len = packed.len as usize;
        if len > LARGEST {
            return Err(DecodeError::Bad("a record packed in an unknown way"));
        }
        let mut zstd = self.context(packed.dictionary)?;
        let bytes = zstd.decompress(&packed.data, len).map_err(|_| DecodeError::Bad("packed bytes that are broken"));
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((packed.dictionary, zstd));
        bytes
    }

    fn context(&self, dictionary: u32) -> Result<zstd::bulk::Decompressor<'static>, DecodeError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = idle.iter().position(|(number, _)| *number == dictionary) {
            return Ok(idle.swap_remove(at).1);
        }
        drop(idle);
        let all = self.dictionaries.read().unwrap_or_else(PoisonError::into_inner);
        let bytes: &[u8] = match dictionary {
            0 => &[],
            number => all.get(&number).ok_or(DecodeError::Bad("a record packed in an unknown way"))?,
        };
        let memory = |_| DecodeError::Bad("more than there is memory");
        zstd::bulk::Decompressor::with_dictionary(bytes).map_err(memory)
    }
}
