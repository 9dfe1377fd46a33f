//! The mount helper: mounts for a process that may not gain privileges and so cannot run the set-uid `fusermount3`.
//!
//! Both ends of one conversation over a Unix socket of whole packets. Who wants the mount sends the mount point and gets
//! the descriptor of the mount, or why there is none. The mount lives as long as the connection: the helper takes it away
//! when the other end closes, also by being killed. One conversation at a time; whoever comes next waits in the queue of
//! the socket, so a successor mounts after its predecessor's mount is gone.

use std::{
    fs,
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::MetadataExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use nix::sys::{
    signal::{SigSet, Signal},
    signalfd::{SfdFlags, SignalFd},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags,
        SocketType, accept_with, connect, getsockname, recv, recvmsg, send, socket_with,
        sockopt::{Timeout, set_socket_timeout, socket_peercred},
    },
    process::geteuid,
};

use crate::{
    mount::{self, Audience, MountError},
    point,
};

/// How long one end waits for a word of the other. Clearing a mount point may take two seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest packet: a path, or a sentence.
const PACKET: usize = 4096 + 64;
/// Where `fusermount3` finds the number of the socket it is to send the descriptor over (libfuse, `util/fusermount.c`).
const COMMFD: &str = "_FUSE_COMMFD";

/// Holds one conversation with whoever connects next: mounts at `configured` and nowhere else, and returns when that
/// mount is gone again, or told to end by SIGTERM. `listener` is a listening Unix socket (`SOCK_SEQPACKET`) with a path;
/// only the owner of that path and root are listened to.
///
/// Errors: the socket or the signals cannot be used. What goes wrong with the mount is told to the other end.
pub fn serve(listener: impl AsFd, configured: &Path, audience: Audience) -> io::Result<()> {
    // Blocked, so that it comes between two steps and never between mounting and unmounting.
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
    signals.thread_block()?;
    let told = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let owner = owner(&listener)?;
    let peer = accept_with(&listener, SocketFlags::CLOEXEC)?;
    let uid = socket_peercred(&peer)?.uid.as_raw();
    if uid != owner && uid != 0 {
        tracing::warn!(uid, "another user asks for a mount, refusing");
        return Ok(());
    }
    set_socket_timeout(&peer, Timeout::Recv, Some(PATIENCE))?;
    set_socket_timeout(&peer, Timeout::Send, Some(PATIENCE))?;
    let mut packet = [0; PACKET];
    let (len, _) = recv(&peer, &mut packet[..], RecvFlags::empty())?;
    if len == 0 {
        return Ok(());
    }
    let wanted = Path::new(std::ffi::OsStr::from_bytes(&packet[..len]));
    let safe = || if geteuid().is_root() && uid != 0 { point::is_roots(configured) } else { Ok(()) };
    match lend(&peer, wanted, configured, audience, safe) {
        Ok(lent) => {
            tracing::info!(path = %lent.point.display(), "mounted for a process");
            let mut either = [PollFd::new(&peer, PollFlags::IN), PollFd::new(&told, PollFlags::IN)];
            // Until the other end closes, or says anything at all, or a signal comes.
            while poll(&mut either, None) == Err(rustix::io::Errno::INTR) {}
            lent.take_away();
        }
        Err(error) => {
            tracing::warn!(error = %text(&error), "cannot mount for a process");
            send(&peer, &encode(&error), SendFlags::NOSIGNAL)?;
        }
    }
    Ok(())
}

/// Who owns the path of a socket.
fn owner(listener: impl AsFd) -> io::Result<u32> {
    let address = SocketAddrUnix::try_from(getsockname(listener)?)?;
    let path = address.path_bytes().ok_or_else(|| io::Error::other("the socket has no path"))?;
    Ok(fs::symlink_metadata(std::ffi::OsStr::from_bytes(path))?.uid())
}

/// A mount made for another process.
struct Lent {
    point: PathBuf,
    made: bool,
}

impl Lent {
    fn take_away(self) {
        point::detach(&self.point);
        if self.made {
            _ = fs::remove_dir(&self.point); // Someone may have put something there: then it stays.
        }
    }
}

fn lend(
    peer: &OwnedFd,
    wanted: &Path,
    configured: &Path,
    audience: Audience,
    safe: impl FnOnce() -> io::Result<()>,
) -> Result<Lent, MountError> {
    let bad = |source| MountError::Point { path: wanted.to_owned(), source };
    if wanted != configured {
        let text = format!("the configuration of the mount helper names {}", configured.display());
        return Err(bad(io::Error::new(io::ErrorKind::PermissionDenied, text)));
    }
    let made = point::make(wanted, audience)?;
    safe().map_err(bad)?;
    let lent = Lent { point: point::clear(wanted)?, made };
    mount::fuse_is_there().map_err(|source| MountError::NoFuse { source })?;
    match fusermount(peer, &lent.point, audience) {
        Ok(()) => Ok(lent),
        Err(source) => {
            let path = lent.point.clone();
            lent.take_away();
            Err(MountError::Refused { path, source })
        }
    }
}

/// Lets `fusermount3` mount and send the descriptor to the peer: the connection is its standard input.
fn fusermount(peer: &OwnedFd, point: &Path, audience: Audience) -> io::Result<()> {
    let mut command = Command::new("fusermount3");
    command.args(["-o", &mount::options(audience), "--"]).arg(point).env(COMMFD, "0");
    let output = command.stdin(Stdio::from(peer.try_clone()?)).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}

/// A mount that a helper holds for us.
#[derive(Debug)]
pub(crate) struct Held {
    /// `/dev/fuse`, connected.
    pub device: OwnedFd,
    /// The helper takes the mount away when this is closed.
    pub hold: OwnedFd,
}

/// Asks the helper that listens at `socket` to mount at `wanted`.
pub(crate) fn ask(socket: &Path, wanted: &Path) -> Result<Held, MountError> {
    let silent = |source| MountError::NoHelper { socket: socket.to_owned(), source };
    let (answer, hold) = converse(socket, wanted).map_err(silent)?;
    match answer {
        Answer::Device(device) => Ok(Held { device, hold }),
        Answer::Packet(packet) => Err(decode(&packet, wanted)),
    }
}

enum Answer {
    Device(OwnedFd),
    Packet(Vec<u8>),
}

fn converse(socket: &Path, wanted: &Path) -> io::Result<(Answer, OwnedFd)> {
    let hold = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&hold, Timeout::Recv, Some(PATIENCE))?;
    set_socket_timeout(&hold, Timeout::Send, Some(PATIENCE))?;
    connect(&hold, &SocketAddrUnix::new(socket)?)?;
    send(&hold, wanted.as_os_str().as_bytes(), SendFlags::NOSIGNAL)?;
    let mut packet = [0; PACKET];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(&hold, &mut [IoSliceMut::new(&mut packet)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(mut descriptors) = message
            && let Some(device) = descriptors.next()
        {
            return Ok((Answer::Device(device), hold));
        }
    }
    match got.bytes {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it has closed the connection")),
        len => Ok((Answer::Packet(packet[..len].to_vec()), hold)),
    }
}

/// An error as a packet: its kind, the kernel's number or 0, its text.
fn encode(error: &MountError) -> Vec<u8> {
    let (kind, source) = match error {
        MountError::NoFuse { source } => (1, Some(source)),
        MountError::Point { source, .. } => (2, Some(source)),
        MountError::NotEmpty { .. } => (3, None),
        MountError::Occupied { .. } => (4, None),
        MountError::Refused { source, .. } | MountError::NoHelper { source, .. } => (5, Some(source)),
    };
    let number = source.and_then(io::Error::raw_os_error).unwrap_or(0);
    let text = source.map(ToString::to_string).unwrap_or_default();
    let mut packet = vec![kind];
    packet.extend_from_slice(&number.to_le_bytes());
    packet.extend_from_slice(&text.as_bytes()[..text.len().min(PACKET - 5)]);
    packet
}

fn decode(packet: &[u8], wanted: &Path) -> MountError {
    let path = wanted.to_owned();
    let (kind, rest) = packet.split_first().unwrap_or((&0, &[]));
    let (number, text) = rest.split_first_chunk().map_or((0, rest), |(n, text)| (i32::from_le_bytes(*n), text));
    let source = match number {
        0 => io::Error::other(String::from_utf8_lossy(text).into_owned()),
        number => io::Error::from_raw_os_error(number),
    };
    match kind {
        1 => MountError::NoFuse { source },
        2 => MountError::Point { path, source },
        3 => MountError::NotEmpty { path },
        4 => MountError::Occupied { path },
        _ => MountError::Refused { path, source },
    }
}

fn text(error: &MountError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_crosses_the_socket() {
        let path = PathBuf::from("/run/view");
        let os = || io::Error::from_raw_os_error(13);
        let errors = [
            MountError::NoFuse { source: os() },
            MountError::Point { path: path.clone(), source: os() },
            MountError::NotEmpty { path: path.clone() },
            MountError::Occupied { path: path.clone() },
            MountError::Refused { path: path.clone(), source: io::Error::other("fusermount3: no") },
        ];
        for error in errors {
            assert_eq!(text(&decode(&encode(&error), &path)), text(&error));
        }
        let long = MountError::Refused { path: path.clone(), source: io::Error::other("é".repeat(PACKET)) };
        assert_eq!(encode(&long).len(), PACKET);
        assert!(matches!(decode(&encode(&long), &path), MountError::Refused { .. }));
        assert!(matches!(decode(&[], &path), MountError::Refused { .. }));
        assert!(matches!(decode(&[2, 1], &path), MountError::Point { .. }));
    }
}
