//! A worker with one more row in its table of formats: a reader that obeys its file, which begins with `HOSTILE ` and a verb.
//!
//! Stands for a reader that a file has captured. Started by the engine in `tests/hostile.rs` with `--worker`.

use std::{
    fs::File,
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    net::TcpStream,
    os::{fd::AsFd, unix::net::UnixStream},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use metaextract::{Error, Format, Magic, Record, Source, Tier, Value};
use metaextractd::{
    model::Cost,
    proto::{Reply, encode_reply},
    worker,
};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendFlags, recvmsg, send};

static HOSTILE: Format = Format {
    name: "HOSTILE",
    version: 1,
    extensions: &["hostile"],
    mime: &["application/x-hostile"],
    magic: &[Magic { at: 0, bytes: b"HOSTILE " }],
    tier: Tier::Full,
    read,
};

/// Hostile files this process has read.
static SEEN: AtomicU64 = AtomicU64::new(0);

fn main() {
    static EXTRA: [&Format; 1] = [&HOSTILE];
    worker::run(&EXTRA)
}

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    record.put("HOSTILE", "Seen", SEEN.fetch_add(1, Ordering::Relaxed) + 1);
    let text = String::from_utf8_lossy(source.head(100)?).into_owned();
    match text.split_whitespace().nth(1).unwrap_or_default() {
        "count" => {}
        "panic" => panic!("as the file wants"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "overflow" => _ = overflow(0),
        "memory" => fill(record),
        "open" => _ = File::open("/etc/passwd"),
        "create" => _ = File::create("/tmp/hostile"),
        "fork" => _ = Command::new("/bin/true").spawn(),
        "thread" => _ = std::thread::Builder::new().spawn(|| ()),
        "connect" => _ = TcpStream::connect("127.0.0.1:1"),
        "bus" => _ = UnixStream::connect("/run/dbus/system_bus_socket"),
        "exec" => _ = std::os::unix::process::CommandExt::exec(&mut Command::new("/bin/true")),
        "kill" => _ = rustix::process::kill_process(rustix::process::Pid::INIT, rustix::process::Signal::TERM),
        "write" => _ = rustix::io::write(io::stdin(), b"not by this call"),
        "garbage" => say(b"\xff\xff\xff\xff"),
        "empty" => say(b""),
        "long" => say(&[b"\x04\x00\x00\x00\x00".as_slice(), &[0xff; 9], &[1]].concat()),
        "other" => encode_reply(&Reply::Result { ticket: 999, cost: Cost::default(), record: vec![] })
            .iter()
            .for_each(|packet| say(packet)),
        "nonsense" => encode_reply(&Reply::Result { ticket: 0, cost: Cost::default(), record: vec![9; 100] })
            .iter()
            .for_each(|packet| say(packet)),
        "drip" => drip(),
        "wait" => wait(),
        "much" => (0..100_000).for_each(|_| record.put("HOSTILE", "Much", "more and more")),
        _ => {}
    }
    record.put("HOSTILE", "Survived", Value::from(true));
    Ok(())
}

fn overflow(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    if depth == u64::MAX { 0 } else { overflow(depth + 1).wrapping_add(page[511]) }
}

fn fill(record: &mut Record) {
    let mut all: Vec<Vec<u8>> = Vec::new();
    while record.stopped.is_none() {
        all.push(vec![1; 1 << 20]);
    }
}

fn say(packet: &[u8]) {
    _ = send(io::stdin().as_fd(), packet, SendFlags::NOSIGNAL);
}

/// A result that goes on for ever, so that the worker is never silent.
fn drip() {
    let long = Reply::Result { ticket: 0, cost: Cost::default(), record: vec![0; 4 << 20] };
    encode_reply(&long).iter().take(1).for_each(|packet| say(packet));
    loop {
        say(&[5, 0]);
    }
}

/// For ever: the daemon sends no more than is asked for.
fn wait() {
    let mut buffer = [0; 100];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    loop {
        _ = recvmsg(io::stdin().as_fd(), &mut [IoSliceMut::new(&mut buffer)], &mut control, RecvFlags::empty());
    }
}
