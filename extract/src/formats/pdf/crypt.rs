//! The standard security handler (ISO 32000-2, 7.6) with an empty user or owner password.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::object::{Dict, Object, Ref};

/// What stands for a password that is shorter than 32 bytes (7.6.4.3.2).
const PADDING: &[u8; 32] = b"\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\
    \x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A";

/// How data is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Rc4,
    Aes128,
    Aes256,
}

/// The key of a file and what it is for.
#[derive(Debug)]
pub(super) struct Crypt {
    key: Vec<u8>,
    method: Method,
    pub(super) strings: bool,
    pub(super) streams: bool,
    pub(super) metadata: bool,
}

/// Which key applies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extension {
    /// The file's key, extended by the object's number.
    Object(Ref),
    /// The file's key alone.
    None,
}

impl Crypt {
    /// The key, found without a password. The error says in ExifTool's words why there is none.
    pub(super) fn open(dict: &Dict, id: Option<&[u8]>) -> Result<Self, String> {
        let version = dict.number(b"V").unwrap_or(0);
        let revision = dict.number(b"R").ok_or("Standard security handler missing revision")?;
        let (Some(owner), Some(user), Some(permissions)) = (text(dict, b"O"), text(dict, b"U"), permissions(dict))
        else {
            return Err("Incomplete Encrypt specification".into());
        };
        let mut crypt = Self { key: Vec::new(), method: Method::Rc4, strings: true, streams: true, metadata: true };
        match version {
            1 | 2 => {}
            4 | 5 => crypt.choose_method(dict)?,
            _ => return Err(format!("Encryption version {version} currently not supported")),
        }
        let id = id.ok_or("Can't decrypt (no document ID)")?;
        let keeps_metadata = |word: &[u8]| word.to_ascii_lowercase().windows(5).any(|w| w == b"false");
        if version >= 4 && matches!(dict.get(b"EncryptMetadata"), Some(Object::Word(word)) if keeps_metadata(word)) {
            crypt.metadata = false;
        }
        crypt.key = if version < 5 {
            let len = match version {
                1 => 5,
                _ => (dict.number(b"Length").unwrap_or(40) / 8).clamp(5, 16) as usize,
            };
            old_key(&Old { revision, len, owner, user, permissions, id, metadata: crypt.metadata })
        } else {
            new_key(dict, revision, owner, user)
        }
        .ok_or("Document is password protected (use Password option)")?;
        Ok(crypt)
    }

    fn choose_method(&mut self, dict: &Dict) -> Result<(), String> {
        let is_used = |key: &[u8]| match dict.name(key) {
            None | Some(b"Identity") => Ok(false),
            Some(b"StdCF") => Ok(true),
            Some(other) => Err(format!("Unsupported {} encryption /{}", lossy(key), lossy(other))),
        };
        (self.strings, self.streams) = (is_used(b"StrF")?, is_used(b"StmF")?);
        if !self.strings && !self.streams {
            return Ok(());
        }
        let filter = dict.dict(b"CF").and_then(|filters| filters.dict(b"StdCF"));
        let name = filter.and_then(|filter| filter.name(b"CFM")).ok_or("Missing or invalid Encrypt StdCF entry")?;
        self.method = match name {
            b"V2" => Method::Rc4,
            b"AESV2" => Method::Aes128,
            b"AESV3" => Method::Aes256,
            other => return Err(format!("Unsupported encryption method /{}", lossy(other))),
        };
        Ok(())
    }

    /// Whether a stream of this length is one that ExifTool finds slow to decrypt.
    pub(super) fn is_aes(&self, len: u64) -> bool {
        match self.method {
            Method::Rc4 => false,
            Method::Aes128 => true,
            Method::Aes256 => len > 10_000,
        }
    }

    /// Decrypts one string or stream.
    pub(super) fn decrypt(&self, data: &[u8], extension: Extension) -> Vec<u8> {
        let mut key = self.key.clone();
        if self.method != Method::Aes256 {
            if let Extension::Object(object) = extension {
                key.extend_from_slice(&object.number.to_le_bytes()[..3]);
                key.extend_from_slice(&object.generation.to_le_bytes()[..2]);
            }
            if self.method == Method::Aes128 {
                key.extend_from_slice(b"sAlT");
            }
            let len = key.len().min(16);
            key = md5::compute(&key)[..len].to_vec();
        }
        match self.method {
            Method::Rc4 => rc4(&key, data),
            Method::Aes128 | Method::Aes256 => aes(&key, data),
        }
    }
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn text<'d>(dict: &'d Dict, key: &[u8]) -> Option<&'d [u8]> {
    match dict.get(key)? {
        Object::Text(text) => Some(text),
        _ => None,
    }
}

/// The permissions as a signed number, as the dictionary has them.
pub(super) fn permissions(dict: &Dict) -> Option<i64> {
    match dict.get(b"P")? {
        Object::Word(word) => std::str::from_utf8(word).ok()?.parse().ok(),
        _ => None,
    }
}

/// What the key of versions below 5 is made of.
struct Old<'d> {
    revision: u64,
    len: usize,
    owner: &'d [u8],
    user: &'d [u8],
    permissions: i64,
    id: &'d [u8],
    metadata: bool,
}

/// Algorithm 2, checked by algorithms 4 and 5.
fn old_key(of: &Old<'_>) -> Option<Vec<u8>> {
    let permissions = (of.permissions as u32).to_le_bytes();
    let is_newer = matches!(of.revision, 3 | 4);
    let clear_metadata: &[u8] = if is_newer && !of.metadata { &[0xff; 4] } else { &[] };
    let mut key = [PADDING, of.owner, &permissions, of.id, clear_metadata].concat();
    for _ in 0..if is_newer { 51 } else { 1 } {
        key = md5::compute(&key)[..of.len].to_vec();
    }
    let check = if of.revision < 3 {
        rc4(&key, PADDING)
    } else {
        let mut data = rc4(&key, &*md5::compute([PADDING, of.id].concat()));
        for round in 1..=19 {
            let turned: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
            data = rc4(&turned, &data);
        }
        data
    };
    let wanted = of.user.get(..check.len())?;
    (check == wanted).then_some(key)
}

/// Algorithm 2.A with an empty password, as owner first.
fn new_key(dict: &Dict, revision: u64, owner: &[u8], user: &[u8]) -> Option<Vec<u8>> {
    let (owner, user) = (owner.get(..48)?, user.get(..48)?);
    let unwrap = |key: &[u8], wrapped: &[u8]| {
        let wrapped = text(dict, wrapped)?.get(..32)?;
        cbc(key, &[0; 16], wrapped)
    };
    if hash(&owner[32..40], user, revision) == owner[..32] {
        return unwrap(&hash(&owner[40..48], user, revision), b"OE");
    }
    if hash(&user[32..40], &[], revision) == user[..32] {
        return unwrap(&hash(&user[40..48], &[], revision), b"UE");
    }
    None
}

/// Algorithm 2.B for an empty password; revision 5 is its first step alone.
fn hash(salt: &[u8], vector: &[u8], revision: u64) -> Vec<u8> {
    let mut block = Sha256::new().chain_update(salt).chain_update(vector).finalize().to_vec();
    if revision == 5 {
        return block;
    }
    // The number of rounds depends on the data; it is about 70 and cannot be driven up by a file.
    for round in 0..1024_u32 {
        let data = [&block[..], vector].concat().repeat(64);
        let mut iv: [u8; 16] = [0; 16];
        iv.copy_from_slice(&block[16..32]);
        let encrypted = encrypt_128(&block[..16], iv, &data);
        let sum: u32 = encrypted[..16].iter().map(|b| u32::from(*b)).sum();
        block = match sum % 3 {
            0 => Sha256::digest(&encrypted).to_vec(),
            1 => Sha384::digest(&encrypted).to_vec(),
            _ => Sha512::digest(&encrypted).to_vec(),
        };
        let last = encrypted.last().copied().unwrap_or(0);
        if round >= 63 && u32::from(last) <= round.saturating_sub(31) {
            break;
        }
    }
    block.truncate(32);
    block
}

/// AES-128 in CBC mode, whole blocks only.
fn encrypt_128(key: &[u8], mut previous: [u8; 16], data: &[u8]) -> Vec<u8> {
    let Ok(cipher) = aes::Aes128::new_from_slice(key) else { return vec![0; 16] };
    let mut out = Vec::with_capacity(data.len());
    for chunk in data.chunks_exact(16) {
        for (byte, next) in previous.iter_mut().zip(chunk) {
            *byte ^= next;
        }
        let mut block = previous.into();
        cipher.encrypt_block(&mut block);
        previous = block.into();
        out.extend_from_slice(&previous);
    }
    out
}

/// Decrypts whole blocks in CBC mode; `None` for a key of a wrong size.
fn cbc(key: &[u8], iv: &[u8; 16], data: &[u8]) -> Option<Vec<u8>> {
    match key.len() {
        16 => Some(cbc_blocks(&aes::Aes128::new_from_slice(key).ok()?, iv, data)),
        32 => Some(cbc_blocks(&aes::Aes256::new_from_slice(key).ok()?, iv, data)),
        _ => None,
    }
}

fn cbc_blocks(
    cipher: &impl BlockCipherDecrypt<BlockSize = aes::cipher::consts::U16>,
    iv: &[u8; 16],
    data: &[u8],
) -> Vec<u8> {
    let mut previous = *iv;
    let mut out = Vec::with_capacity(data.len());
    for chunk in data.as_chunks::<16>().0 {
        let mut block = (*chunk).into();
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(previous).map(|(byte, mask)| byte ^ mask));
        previous = *chunk;
    }
    out
}

/// A string or stream in AES: the first block is the initialization vector, the last byte counts the padding.
fn aes(key: &[u8], data: &[u8]) -> Vec<u8> {
    let Some((iv, data)) = data.split_first_chunk::<16>() else { return Vec::new() };
    let mut out = cbc(key, iv, data).unwrap_or_default();
    let padding = out.last().map_or(0, |b| usize::from(*b));
    if padding <= 16 {
        out.truncate(out.len() - padding.min(out.len()));
    }
    out
}

/// RC4, which is its own inverse.
fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: [u8; 256] = std::array::from_fn(|index| index as u8);
    let mut j = 0_u8;
    for i in 0..256 {
        j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len().max(1)]);
        state.swap(i, usize::from(j));
    }
    let (mut x, mut y) = (0_u8, 0_u8);
    data.iter()
        .map(|byte| {
            x = x.wrapping_add(1);
            y = y.wrapping_add(state[usize::from(x)]);
            state.swap(usize::from(x), usize::from(y));
            byte ^ state[usize::from(state[usize::from(x)].wrapping_add(state[usize::from(y)]))]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_test_vector() {
        assert_eq!(rc4(b"Key", b"Plaintext"), b"\xBB\xF3\x16\xE8\xD9\x40\xAF\x0A\xD3");
    }
}
