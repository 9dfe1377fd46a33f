//! The hidden mode `metaextractd --worker`: sandbox first, then file by file: descriptor in, record out.
//!
//! Sees no path, opens nothing, starts no thread. Its whole world is standard input, a socket to the daemon.

mod digest;
mod sandbox;

use std::{
    fs::File,
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    time::Instant,
};

use metaextract::{Format, Limits, Source};
use rustix::{
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send},
    time::{ClockId, clock_gettime},
};

use crate::{
    codec::{self, Inline},
    malloc,
    model::{Cost, Task},
    proto::{self, Isolation, Reply, Setup, Ticket, exit},
};

/// Serves the daemon until it closes the socket. `extra` formats are tried before the library's own: tests plant a
/// hostile one there.
pub fn run(extra: &'static [&'static Format]) -> ! {
    malloc::set_up();
    sandbox::leave(serve(extra).unwrap_or(exit::ORPHAN))
}

/// Gives the exit code. Any error is about the socket or what came over it: without a daemon there is nothing to do.
fn serve(extra: &[&'static Format]) -> io::Result<i32> {
    let mut packet = vec![0; proto::PACKET];
    let Some((len, _)) = receive(&mut packet)? else { return Ok(exit::DONE) };
    let setup = Setup::decode(&packet[..len]).map_err(io::Error::other)?;
    let achieved = match sandbox::enter(&setup) {
        Ok(achieved) => achieved,
        Err(error) => {
            _ = say(&Reply::Panicked(error.to_string())); // The exit code says it too.
            return Ok(exit::NO_SANDBOX);
        }
    };
    say(&Reply::Ready(achieved))?;
    if setup.isolation == Isolation::Require && !achieved.is_complete() {
        return Ok(exit::NO_SANDBOX);
    }
    std::panic::set_hook(Box::new(|panic| {
        _ = say(&Reply::Panicked(panic.to_string())); // The exit code says it too.
        sandbox::leave(exit::PANIC)
    }));
    while let Some((len, files)) = receive(&mut packet)? {
        let tickets = proto::decode_tickets(&packet[..len]).map_err(io::Error::other)?;
        if tickets.len() != files.len() {
            return Err(io::Error::other("descriptors are missing"));
        }
        for (ticket, file) in tickets.into_iter().zip(files) {
            say(&match ticket.task {
                Task::Record => read(ticket, file, setup.limits, extra),
                Task::Sample | Task::Digest => {
                    let digest = digest::of(&File::from(file), ticket.size, ticket.task == Task::Sample);
                    Reply::Digest { ticket: ticket.number, digest: digest.ok() }
                }
            })?;
        }
    }
    Ok(exit::DONE)
}

fn read(ticket: Ticket, file: OwnedFd, limits: Limits, extra: &[&'static Format]) -> Reply {
    let (cpu, wall) = (cpu_us(), Instant::now());
    malloc::weigh();
    let mut source = Source::from_file(File::from(file), ticket.size, &ticket.name, limits).with_ahead(ticket.ahead);
    let found = metaextract::extract_with(extra, &mut source);
    let mut record = Vec::with_capacity(4096);
    codec::encode(&found, &mut Inline, &mut record);
    let cost = Cost {
        cpu_us: cpu_us().saturating_sub(cpu),
        wall_us: wall.elapsed().as_micros() as u64,
        read: source.spent(),
        calls: source.calls(),
        memory: malloc::most(),
        wanted: source.wanted(),
    };
    Reply::Result { ticket: ticket.number, cost, record }
}

fn cpu_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec as u64).saturating_mul(1_000_000).saturating_add(time.tv_nsec as u64 / 1000)
}

/// A packet and the descriptors that came with it; `None` when the daemon has closed its end.
fn receive(packet: &mut [u8]) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(proto::BATCH))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message = loop {
        match recvmsg(io::stdin().as_fd(), &mut [IoSliceMut::new(packet)], &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            result => break result?,
        }
    };
    if message.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::Error::other("a packet larger than agreed"));
    }
    let mut files = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            files.extend(descriptors);
        }
    }
    Ok((message.bytes > 0).then_some((message.bytes, files)))
}

fn say(reply: &Reply) -> io::Result<()> {
    for packet in proto::encode_reply(reply) {
        while let Err(error) = send(io::stdin().as_fd(), &packet, SendFlags::NOSIGNAL) {
            if error != rustix::io::Errno::INTR {
                return Err(error.into());
            }
        }
    }
    Ok(())
}
