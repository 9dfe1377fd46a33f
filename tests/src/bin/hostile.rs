//! A worker with one more row in its table of formats: a reader that obeys its file, which begins with `HOSTILE ` and a verb.
//!
//! Stands for a reader that a file has captured. Started by the engine in `tests/hostile.rs` with `--worker`; without it the
//! daemon whose workers are this, which `tests/services/run.sh` puts in the place of the real one.

use std::{
    fs::File,
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    net::TcpStream,
    os::{fd::AsFd, unix::net::UnixStream},
    process::{Command, ExitCode},
    sync::atomic::{AtomicU64, Ordering},
};

use metaextract::{Error, Format, Limits, Magic, Record, Source, Tier, Value};
use metaextractd::{
    args, codec,
    model::Cost,
    proto::{Reply, encode_reply},
    serve, worker,
};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendFlags, recvmsg, send};
use tests::attacks;

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

fn main() -> ExitCode {
    static EXTRA: [&Format; 1] = [&HOSTILE];
    match args::parse(std::env::args_os().skip(1)) {
        Ok(args::Command::Worker) => worker::run(&EXTRA),
        Ok(args::Command::Serve(instance)) => match serve::serve(instance) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        _ => ExitCode::FAILURE,
    }
}

fn read(source: &mut Source<'_>, record: &mut Record) -> Result<(), Error> {
    record.put("HOSTILE", "Seen", SEEN.fetch_add(1, Ordering::Relaxed) + 1);
    let text = String::from_utf8_lossy(source.head(4096)?).into_owned();
    let mut words = text.split_whitespace().skip(1);
    let (verb, further) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match verb {
        "count" => {}
        "panic" => panic!("as the file wants"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "overflow" => _ = overflow(0),
        "memory" => fill(record),
        "grow" => _ = Box::leak(vec![1_u8; 64 << 20].into_boxed_slice()),
        "swell" => {
            _ = Box::leak(vec![1_u8; 64 << 20].into_boxed_slice());
            wait();
        }
        "open" => _ = File::open("/etc/passwd"),
        "read" => read_by_path(further, record),
        "create" => _ = File::create("/tmp/hostile"),
        "fork" => _ = Command::new("/bin/true").spawn(),
        "thread" => _ = std::thread::Builder::new().spawn(|| ()),
        "connect" => _ = TcpStream::connect("127.0.0.1:1"),
        "bus" => _ = UnixStream::connect("/run/dbus/system_bus_socket"),
        "exec" => _ = std::os::unix::process::CommandExt::exec(&mut Command::new("/bin/true")),
        "kill" => _ = rustix::process::kill_process(rustix::process::Pid::INIT, rustix::process::Signal::TERM),
        "write" => _ = rustix::io::write(io::stdin(), b"not by this call"),
        "call" => {
            let call = attacks::call(further).unwrap_or_else(|| panic!("there is no call {further}"));
            ask(call.number, call.arguments);
        }
        // The numbers of another architecture's calls: x32's, where there is such a thing.
        "x32" => ask(0x4000_0000 | libc::SYS_openat, [libc::AT_FDCWD.into(), 0, 0, 0, 0, 0]),
        "exit" => ask(libc::SYS_exit_group, [further.parse().unwrap_or(0), 0, 0, 0, 0, 0]),
        "abort" => std::process::abort(),
        "fault" => fault(),
        "wait" => wait(),
        "much" => (0..100_000).for_each(|_| record.put("HOSTILE", "Much", "more and more")),
        _ => lie(verb, further),
    }
    record.put("HOSTILE", "Survived", Value::from(true));
    Ok(())
}

/// Says what no worker says.
fn lie(verb: &str, further: &str) {
    match verb {
        "garbage" => say(b"\xff\xff\xff\xff"),
        "empty" => say(b""),
        "long" => say(&[b"\x04\x00\x00\x00\x00".as_slice(), &[0xff; 9], &[1]].concat()),
        "other" => encode_reply(&Reply::Result { ticket: 999, cost: Cost::default(), record: vec![] })
            .iter()
            .for_each(|packet| say(packet)),
        "nonsense" => encode_reply(&Reply::Result { ticket: 0, cost: Cost::default(), record: vec![9; 100] })
            .iter()
            .for_each(|packet| say(packet)),
        "twice" => answer(further),
        "before" => {
            answer(further);
            answer(further);
        }
        "again" => answer("0"),
        "words" => loop {
            encode_reply(&Reply::Panicked("last words".into())).iter().for_each(|packet| say(packet));
        },
        "anew" => say(&[3, 0, 1, 0xff]),
        "short" => say(b"\x04\x00"),
        "unfinished" => {
            let long = Reply::Result { ticket: 0, cost: Cost::default(), record: vec![0; 4 << 20] };
            encode_reply(&long).iter().take(1).for_each(|packet| say(packet));
        }
        "flood" => (0..100_000).for_each(|_| say(&[7; 1000])),
        "drip" => drip(),
        _ => {}
    }
}

/// A true answer for this ticket, or what looks like one.
fn answer(ticket: &str) {
    let mut forged = Record::new(&Limits::default());
    forged.put("HOSTILE", "Forged", Value::from(true));
    let mut record = Vec::new();
    codec::encode(&forged, &mut codec::Inline, &mut record);
    let reply = Reply::Result { ticket: ticket.parse().unwrap_or(0), cost: Cost::default(), record };
    encode_reply(&reply).iter().for_each(|packet| say(packet));
}

/// Any system call, whatever comes of it.
#[expect(unsafe_code, reason = "a captured reader makes any system call; those here take no memory of ours")]
fn ask(number: libc::c_long, [a, b, c, d, e, f]: [libc::c_long; 6]) {
    // SAFETY: no argument points to memory, and what is mapped lies where nothing else is.
    unsafe { libc::syscall(number, a, b, c, d, e, f) };
}

#[expect(unsafe_code, reason = "a captured reader writes where nothing is")]
fn fault() {
    // SAFETY: it is not; the process is to die of it.
    unsafe { std::ptr::null_mut::<u8>().write_volatile(1) };
}

/// Another file, by its path: what it holds would stand in the record.
fn read_by_path(path: &str, record: &mut Record) {
    if let Ok(text) = std::fs::read_to_string(path) {
        record.put("HOSTILE", "Stolen", text.as_str());
    }
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
