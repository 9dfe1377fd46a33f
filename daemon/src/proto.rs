//! What daemon and worker say to each other over a `SOCK_SEQPACKET` socket, one message a packet.
//!
//! The daemon says [`Setup`] once, then batches of [`Ticket`]s with one descriptor each. The worker answers [`Reply::Ready`]
//! once, then one result a ticket in the order of the tickets, so that the file in hand is always the oldest without a
//! result. Replies are decoded as if an enemy wrote them.

use metaextract::{Ahead, Limits, Wanted};

pub use crate::config::Isolation;
use crate::{
    codec::{DecodeError, Input, write_varint},
    model::{Cost, Digest, Task},
};

/// Longest packet either side sends; well below the kernel's default socket buffer.
pub const PACKET: usize = 64 << 10;
/// Most descriptors in one batch; the kernel takes 253.
pub const BATCH: usize = 128;
/// Bytes of a file up to which [`Task::Sample`] takes all of them.
pub const SAMPLED_WHOLE: u64 = 12 << 10;
/// Longest file name sent; its end is kept, where the extension stands.
const NAME: usize = 255;

/// A worker's first message: everything it has to know for life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    pub limits: Limits,
    /// Bytes of private memory the worker may have.
    pub memory: u64,
    pub isolation: Isolation,
    /// The daemon's process: a worker whose parent is another has been orphaned already.
    pub parent: u32,
    pub schedule: Schedule,
}

/// How a worker stands beside other processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Runs and reads only where nobody else wants to.
    Idle,
    /// A person waits for it.
    Normal,
}

/// One file of a batch; its descriptor has the same place in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Counts a worker's tickets from 0.
    pub number: u64,
    pub size: u64,
    /// How much of it is read at once.
    pub ahead: Ahead,
    /// The last component of the path, for its extension.
    pub name: Vec<u8>,
    pub task: Task,
}

/// Exit codes of a worker that ends on its own account.
pub mod exit {
    /// The daemon closed the socket.
    pub const DONE: i32 = 0;
    /// A reader panicked.
    pub const PANIC: i32 = 70;
    /// The daemon is gone or says what no daemon says.
    pub const ORPHAN: i32 = 71;
    /// The sandbox that is required does not hold.
    pub const NO_SANDBOX: i32 = 72;
}

/// What the sandbox is worth, measured from inside before the first file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Achieved {
    /// Landlock's ABI, 0 without Landlock.
    pub landlock: u8,
    /// Whether the filter that kills is in place.
    pub seccomp: bool,
    /// What failed when tried, a bit for each of [`PROBES`].
    pub refused: u8,
}

/// What must fail from inside, in the order of [`Achieved::refused`]'s bits.
pub const PROBES: [&str; 5] =
    ["open a file by its path", "connect", "execute a program", "trace a process", "signal another process"];

impl Achieved {
    /// Whether everything that must fail fails.
    pub fn is_complete(&self) -> bool {
        self.seccomp && self.missing().next().is_none()
    }

    /// What a worker can still do.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        let refused = self.refused;
        PROBES.iter().enumerate().filter(move |(bit, _)| refused >> bit & 1 == 0).map(|(_, what)| *what)
    }
}

/// What a worker says, whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Ready(Achieved),
    /// The result of ticket number `ticket` of the worker's life, from 0.
    Result {
        ticket: u64,
        cost: Cost,
        record: Vec<u8>,
    },
    /// The answer to a ticket that asks for a digest; `None` where the file is shorter than said, or could not be read.
    Digest {
        ticket: u64,
        digest: Option<Digest>,
    },
    /// Last words of a reader.
    Panicked(String),
}

/// By their number on the wire.
const TASKS: [Task; 3] = [Task::Record, Task::Sample, Task::Digest];
const ISOLATIONS: [Isolation; 3] = [Isolation::Require, Isolation::BestEffort, Isolation::None];

const SETUP: u8 = 1;
const TICKETS: u8 = 2;
const READY: u8 = 3;
const RESULT: u8 = 4;
const MORE: u8 = 5;
const PANICKED: u8 = 6;
const DIGEST: u8 = 7;

impl Setup {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![SETUP, self.isolation as u8, self.schedule as u8];
        let Limits { read, record, depth, block } = self.limits;
        for n in [read, record, depth.into(), block, self.memory, self.parent.into()] {
            write_varint(n, &mut out);
        }
        out
    }

    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Input::new(packet);
        expect_kind(&mut input, SETUP)?;
        let isolation = ISOLATIONS.get(usize::from(input.byte()?)).copied().ok_or(DecodeError::Bad("no isolation"))?;
        let schedule = if input.byte()? == Schedule::Idle as u8 { Schedule::Idle } else { Schedule::Normal };
        let limits = Limits {
            read: input.varint()?,
            record: input.varint()?,
            depth: number(&mut input)?,
            block: input.varint()?,
        };
        Ok(Self { limits, memory: input.varint()?, isolation, parent: number(&mut input)?, schedule })
    }
}

/// A batch as a packet; the tickets' descriptors go with it. At most [`BATCH`] tickets.
pub fn encode_tickets(tickets: &[Ticket]) -> Vec<u8> {
    let mut out = vec![TICKETS];
    write_varint(tickets.len() as u64, &mut out);
    for Ticket { number, size, ahead, name, task } in tickets {
        let name = &name[name.len().saturating_sub(NAME)..];
        out.push(*task as u8);
        for n in [*number, *size, ahead.first.into(), ahead.next.into(), name.len() as u64] {
            write_varint(n, &mut out);
        }
        out.extend_from_slice(name);
    }
    out
}

/// The tickets of a packet; the receiver compares their number with the descriptors that came.
pub fn decode_tickets(packet: &[u8]) -> Result<Vec<Ticket>, DecodeError> {
    let mut input = Input::new(packet);
    expect_kind(&mut input, TICKETS)?;
    let count = input.varint()?;
    if count > BATCH as u64 {
        return Err(DecodeError::Bad("a batch too large"));
    }
    let mut ticket = || {
        let task = TASKS.get(usize::from(input.byte()?)).copied().ok_or(DecodeError::Bad("no task"))?;
        Ok(Ticket {
            number: input.varint()?,
            size: input.varint()?,
            ahead: Ahead { first: number(&mut input)?, next: number(&mut input)? },
            name: input.bytes()?.to_vec(),
            task,
        })
    };
    (0..count).map(|_| ticket()).collect()
}

/// A reply as packets.
pub fn encode_reply(reply: &Reply) -> Vec<Vec<u8>> {
    match reply {
        Reply::Ready(Achieved { landlock, seccomp, refused }) => {
            vec![vec![READY, *landlock, u8::from(*seccomp), *refused]]
        }
        Reply::Digest { ticket, digest } => {
            let mut packet = vec![DIGEST];
            write_varint(*ticket, &mut packet);
            packet.extend(digest.iter().flatten());
            vec![packet]
        }
        Reply::Panicked(text) => vec![[&[PANICKED], &text.as_bytes()[..text.floor_char_boundary(1000)]].concat()],
        Reply::Result { ticket, cost, record } => {
            let mut head = vec![RESULT];
            let Cost { cpu_us, wall_us, read, calls, memory, wanted } = *cost;
            let Wanted { head: first, parts, bytes } = wanted;
            for n in [*ticket, cpu_us, wall_us, read, calls, memory, first, parts, bytes, record.len() as u64] {
                write_varint(n, &mut head);
            }
            let (first, rest) = record.split_at(record.len().min(PACKET - head.len()));
            head.extend_from_slice(first);
            let more = rest.chunks(PACKET - 1).map(|piece| [&[MORE], piece].concat());
            std::iter::once(head).chain(more).collect()
        }
    }
}

/// Puts a worker's packets together to replies.
#[derive(Debug)]
pub struct Replies {
    /// Longest record taken.
    longest: u64,
    /// A result that is not whole yet, with its final length.
    begun: Option<(u64, Cost, usize, Vec<u8>)>,
}

impl Replies {
    /// Records of more than `longest` bytes are refused.
    pub fn new(longest: u64) -> Self {
        Self { longest, begun: None }
    }

    /// Takes a packet and gives the reply that it completes.
    pub fn take(&mut self, packet: &[u8]) -> Result<Option<Reply>, DecodeError> {
        let mut input = Input::new(packet);
        match (input.byte()?, self.begun.take()) {
            (READY, None) => {
                let [landlock, seccomp, refused] = input.array()?;
                Ok(Some(Reply::Ready(Achieved { landlock, seccomp: seccomp == 1, refused })))
            }
            (PANICKED, _) => {
                Ok(Some(Reply::Panicked(String::from_utf8_lossy(input.rest()).chars().take(1000).collect())))
            }
            (DIGEST, None) => {
                let ticket = input.varint()?;
                let digest = match input.rest() {
                    [] => None,
                    bytes => Some(bytes.try_into().map_err(|_| DecodeError::Bad("no digest"))?),
                };
                Ok(Some(Reply::Digest { ticket, digest }))
            }
            (RESULT, None) => {
                let ticket = input.varint()?;
                let cost = Cost {
                    cpu_us: input.varint()?,
                    wall_us: input.varint()?,
                    read: input.varint()?,
                    calls: input.varint()?,
                    memory: input.varint()?,
                    wanted: Wanted { head: input.varint()?, parts: input.varint()?, bytes: input.varint()? },
                };
                let len = input.varint()?;
                if len > self.longest {
                    return Err(DecodeError::Bad("a record longer than any may be"));
                }
                self.add(ticket, cost, len as usize, Vec::new(), input.rest())
            }
            (MORE, Some((ticket, cost, len, record))) => self.add(ticket, cost, len, record, input.rest()),
            _ => Err(DecodeError::Bad("a message that is not expected")),
        }
    }

    fn add(
        &mut self,
        ticket: u64,
        cost: Cost,
        len: usize,
        mut record: Vec<u8>,
        piece: &[u8],
    ) -> Result<Option<Reply>, DecodeError> {
        if piece.len() > len - record.len() || (piece.is_empty() && len > 0) {
            return Err(DecodeError::Bad("a piece that does not fit"));
        }
        record.extend_from_slice(piece);
        if record.len() == len {
            return Ok(Some(Reply::Result { ticket, cost, record }));
        }
        self.begun = Some((ticket, cost, len, record));
        Ok(None)
    }
}

fn expect_kind(input: &mut Input<'_>, kind: u8) -> Result<(), DecodeError> {
    match input.byte()? == kind {
        true => Ok(()),
        false => Err(DecodeError::Bad("a message that is not expected")),
    }
}

fn number(input: &mut Input<'_>) -> Result<u32, DecodeError> {
    u32::try_from(input.varint()?).map_err(|_| DecodeError::Bad("a number above 32 bits"))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn reply_of(packets: &[Vec<u8>], longest: u64) -> Result<Option<Reply>, DecodeError> {
        let mut replies = Replies::new(longest);
        let mut last = Ok(None);
        for packet in packets {
            last = Ok(replies.take(packet)?);
        }
        last
    }

    #[test]
    fn setup_and_tickets_arrive_as_sent() {
        let setup = Setup {
            limits: Limits::default(),
            memory: 256 << 20,
            isolation: Isolation::BestEffort,
            parent: 4711,
            schedule: Schedule::Normal,
        };
        assert_eq!(Setup::decode(&setup.encode()), Ok(setup));

        let ahead = Ahead { first: 10 << 20, next: 4 << 10 };
        let short = Ticket { number: 3, size: 5, ahead, name: b"a.jpg".to_vec(), task: Task::Sample };
        let long = Ticket { number: 4, size: u64::MAX, ahead, name: vec![b'x'; 300], task: Task::Record };
        let cut = Ticket { name: vec![b'x'; 255], ..long.clone() };
        let packet = encode_tickets(&[short.clone(), long]);
        assert_eq!(decode_tickets(&packet), Ok(vec![short, cut]));
    }

    #[test]
    fn results_of_any_length_arrive_whole() {
        for len in [0, 1, PACKET - 60, PACKET, 3 * PACKET + 7] {
            let wanted = Wanted { head: 5, parts: 6, bytes: 7 };
            let cost = Cost { cpu_us: 1, wall_us: 2, read: u64::MAX, calls: 3, memory: 4, wanted };
            let reply = Reply::Result { ticket: 9, cost, record: vec![7; len] };
            let packets = encode_reply(&reply);
            assert!(packets.iter().all(|packet| packet.len() <= PACKET));
            assert_eq!(reply_of(&packets, len as u64), Ok(Some(reply)));
        }
    }

    #[test]
    fn digests_arrive_as_sent() {
        for digest in [None, Some([7; 16])] {
            let reply = Reply::Digest { ticket: 9, digest };
            assert_eq!(reply_of(&encode_reply(&reply), 0), Ok(Some(reply)));
        }
    }

    #[test]
    fn what_no_worker_of_ours_says_is_refused() {
        let packets = encode_reply(&Reply::Result { ticket: 0, cost: Cost::default(), record: vec![0; PACKET * 2] });
        assert!(reply_of(&packets, PACKET as u64).is_err(), "too long");
        assert!(reply_of(&[packets[0].clone(), packets[0].clone()], 1 << 20).is_err(), "another result in between");
        assert!(reply_of(&packets[1..], 1 << 20).is_err(), "more of nothing");
        let empty_piece = [packets[0].clone(), vec![MORE]];
        assert!(reply_of(&empty_piece, 1 << 20).is_err(), "pieces without end");
        assert!(reply_of(&[vec![DIGEST, 0, 1, 2, 3]], 1 << 20).is_err(), "a digest cut short");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(packets in vec(vec(0..9_u8, 0..40), 0..6)) {
            _ = reply_of(&packets, 100);
            for packet in &packets {
                _ = decode_tickets(packet);
                _ = Setup::decode(packet);
            }
        }
    }
}
