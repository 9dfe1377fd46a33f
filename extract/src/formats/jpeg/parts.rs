//! Blocks that are spread over several segments: numbered chunks and extended XMP.

use std::collections::BTreeMap;

/// Most bytes of one block put together.
const MOST_BYTES: usize = 16 << 20;

/// A block in numbered chunks: ICC profiles (ICC.1:2022, annex B.4) and FLIR's records.
#[derive(Default)]
pub(super) struct Chunks {
    total: Option<u16>,
    chunks: BTreeMap<u8, Vec<u8>>,
    count: u16,
    /// The whole block was there, or its chunks contradict each other.
    done: bool,
}

impl Chunks {
    /// Adds a chunk; gives the block once all are there.
    pub(super) fn add(&mut self, number: u8, total: u16, data: &[u8]) -> Option<Vec<u8>> {
        if self.done || *self.total.get_or_insert(total) != total {
            self.done = true;
            return None;
        }
        self.chunks.entry(number).or_default().extend_from_slice(data);
        self.count = self.count.saturating_add(1);
        (self.count >= total).then(|| {
            self.done = true;
            let chunks = std::mem::take(&mut self.chunks);
            chunks.values().map(Vec::as_slice).collect::<Vec<_>>().concat()
        })
    }

    pub(super) fn is_incomplete(&self) -> bool {
        self.total.is_some() && !self.done
    }
}

/// A packet in parts.
#[derive(Default)]
struct Packet {
    /// Bytes of the whole.
    size: u32,
    /// By place in the whole.
    parts: BTreeMap<u32, Vec<u8>>,
}

/// XMP beyond 64 KiB (XMP part 3, 1.1.3.1): parts with a digest that the main packet names.
#[derive(Default)]
pub(super) struct ExtendedXmp {
    /// The digest in the last main packet.
    named: Option<[u8; 32]>,
    /// By digest.
    packets: BTreeMap<[u8; 32], Packet>,
    bytes: usize,
}

impl ExtendedXmp {
    /// Takes note of the digest the main packet names.
    pub(super) fn main_packet(&mut self, packet: &[u8]) {
        let Some(at) = find(packet, b"HasExtendedXMP") else { return };
        let rest = &packet[at + b"HasExtendedXMP".len()..];
        // As attribute (`="…"`) or as element (`>…<`).
        let digest = rest.iter().take(8).position(|b| b"\"'>".contains(b)).and_then(|at| rest.get(at + 1..at + 33));
        self.named = digest.and_then(|digest| digest.try_into().ok()).or(self.named);
    }

    /// Adds a part; gives a warning where it makes no sense.
    pub(super) fn add(&mut self, part: &[u8]) -> Option<&'static str> {
        let Some((head, data)) = part.split_at_checked(40).filter(|(_, data)| !data.is_empty()) else {
            return Some("Invalid extended XMP segment");
        };
        let number = |at: usize| head[at..at + 4].iter().fold(0_u32, |n, &b| n << 8 | u32::from(b));
        let (size, at) = (number(32), number(36));
        let Some(digest) = head[..32].try_into().ok().filter(|d: &[u8; 32]| d.iter().all(u8::is_ascii_alphanumeric))
        else {
            return Some("Invalid extended XMP GUID");
        };
        self.bytes += data.len();
        if self.bytes > MOST_BYTES {
            return Some("Extended XMP is too large");
        }
        let packet = self.packets.entry(digest).or_default();
        packet.size = size;
        packet.parts.insert(at, data.to_vec());
        None
    }

    /// The whole packet that the main packet names, if all its parts are there.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let Packet { size, parts } = self.packets.remove(&self.named?)?;
        let mut whole = Vec::new();
        for (at, part) in parts {
            if at as usize != whole.len() {
                return None;
            }
            whole.extend_from_slice(&part);
        }
        (whole.len() == size as usize).then_some(whole)
    }
}

/// Where `wanted` first stands in `data`.
pub(super) fn find(data: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = data.get(from..)?.iter().position(|&b| b == first) {
        if data[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
