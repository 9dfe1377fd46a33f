//! One worker process: started, spoken to, looked at, ended. Called by [`super::slot`]; decides nothing.

use std::{
    fs, io,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketFlags,
        SocketType, recv, sendmsg, shutdown, socketpair,
    },
    process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid},
};

use super::{Config, clocks::Pulse, death::Death};
use crate::proto::{self, PACKET, Setup, Ticket};

/// A worker process of ours. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    socket: OwnedFd,
    pidfd: OwnedFd,
    /// Set once its death has been taken note of.
    reaped: bool,
}

/// What came of sending a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Yes,
    /// Too much is under way already: later.
    Later,
    /// Nobody is there to take it.
    Gone,
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// Something can be heard.
    Word,
    /// The process has ended, and nothing can be heard.
    Ended,
    Silence,
}

/// What came of listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// This many bytes are in the buffer.
    Packet(usize),
    Nothing,
    /// The other end is closed.
    End,
}

impl Process {
    /// Starts a worker and tells it what it has to know. Without `pre_exec`, so that the kernel need not copy the page
    /// tables of a large daemon.
    pub(super) fn start(config: &Config) -> io::Result<Self> {
        let (socket, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        // A worker's handle is dropped without `wait`: the pidfd serves for that.
        let child = Command::new(&config.program)
            .arg0("metaextractd")
            .arg("--worker")
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let pid = Pid::from_child(&child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let process = Self { pid: child.id(), socket, pidfd, reaped: false };
        let setup = Setup {
            limits: config.limits,
            memory: config.memory,
            isolation: config.isolation,
            parent: std::process::id(),
            schedule: config.schedule,
        };
        rustix::net::send(&process.socket, &setup.encode(), SendFlags::NOSIGNAL)?;
        Ok(process)
    }

    /// Sends a batch. Never waits: a worker that does not listen must not hold up its slot.
    pub(super) fn send(&self, tickets: &[Ticket], files: &[OwnedFd]) -> io::Result<Sent> {
        let descriptors: Vec<BorrowedFd<'_>> = files.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(proto::BATCH))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::Error::other("a batch of too many files"));
        }
        let packet = proto::encode_tickets(tickets);
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        match sendmsg(&self.socket, &[io::IoSlice::new(&packet)], &mut control, flags) {
            Ok(_) => Ok(Sent::Yes),
            Err(Errno::AGAIN | Errno::TOOMANYREFS | Errno::NOBUFS | Errno::INTR) => Ok(Sent::Later),
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => Ok(Sent::Gone),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells it that nothing more will come: it is to end.
    pub(super) fn dismiss(&self) {
        _ = shutdown(&self.socket, Shutdown::Write); // It may have ended.
    }

    /// Takes a packet, if one is there. Descriptors that a captured worker might send are dropped by the kernel, since
    /// no room is offered for them.
    pub(super) fn hear(&self, buffer: &mut [u8]) -> io::Result<Heard> {
        match recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
            Ok((_, 0)) if self.is_closed() => Ok(Heard::End),
            Ok((_, 0)) => Err(io::Error::other("an empty message")),
            Ok((_, len)) if len > PACKET => Err(io::Error::other("a packet larger than agreed")),
            Ok((len, _)) => Ok(Heard::Packet(len)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Heard::Nothing),
            // It died with part of a batch unread. The kernel says that once, before what it had said until then.
            Err(Errno::CONNRESET) => self.hear(buffer),
            Err(error) => Err(error.into()),
        }
    }

    /// A packet of no bytes reads like the end of the socket, but is not.
    fn is_closed(&self) -> bool {
        let mut interests = [PollFd::new(&self.socket, PollFlags::IN)];
        matches!(poll(&mut interests, Some(&Timespec::default())), Ok(1..))
            && interests[0].revents().contains(PollFlags::HUP)
    }

    /// Waits until something can be heard, or the process has ended, or the time is over.
    pub(super) fn await_word(&self, time: Duration) -> Waited {
        let mut interests = [PollFd::new(&self.socket, PollFlags::IN), PollFd::new(&self.pidfd, PollFlags::IN)];
        match poll(&mut interests, Some(&timespec(time))) {
            Ok(1..) if !interests[0].revents().is_empty() => Waited::Word,
            Ok(1..) => Waited::Ended,
            _ => Waited::Silence,
        }
    }

    /// What the kernel says of it now; `None` once it has ended.
    pub(super) fn pulse(&self) -> Option<Pulse> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // The second field, the name in brackets, may hold anything; what follows the last bracket is numbers.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok());
        let cpu = ticks(11)?.saturating_add(ticks(12)?);
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let waits = matches!(*fields.first()?, "S" | "D");
        Some(Pulse {
            cpu: Duration::from_millis(cpu.saturating_mul(1000) / per_second),
            read: self.read_so_far(),
            waits,
            disk: *fields.first()? == "D" || (waits && self.is_in_a_file()),
        })
    }

    /// Whether it is in one of the few calls by which a worker uses a file. Those never sleep but for the disk.
    fn is_in_a_file(&self) -> bool {
        let call = fs::read_to_string(format!("/proc/{}/syscall", self.pid)).unwrap_or_default();
        let number = call.split_ascii_whitespace().next().and_then(|number| number.parse().ok());
        matches!(number, Some(libc::SYS_pread64 | libc::SYS_close))
    }

    fn read_so_far(&self) -> u64 {
        let io = fs::read_to_string(format!("/proc/{}/io", self.pid)).unwrap_or_default();
        io.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok()).unwrap_or(0)
    }

    /// Bytes of memory in use, quickly told; 0 once it has ended.
    pub(super) fn resident(&self) -> u64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.pid)).unwrap_or_default();
        let pages: u64 = statm.split_ascii_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        pages.saturating_mul(rustix::param::page_size() as u64)
    }

    /// Whether it ends by itself within this time.
    pub(super) fn has_ended(&self, patience: Duration) -> bool {
        matches!(poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&timespec(patience))), Ok(1..))
    }

    /// Ends it, if it has not ended, and says how it ended. If it hangs in the kernel, for a dying disk perhaps, it comes
    /// back and can be waited for with [`Process::wait`].
    pub(super) fn end(mut self) -> Result<Option<Death>, Self> {
        _ = pidfd_send_signal(&self.pidfd, Signal::KILL); // It may have ended by itself.
        if self.has_ended(Duration::from_secs(2)) { Ok(self.reap()) } else { Err(self) }
    }

    /// Waits for its end.
    pub(super) fn wait(mut self) {
        self.reap();
    }

    fn reap(&mut self) -> Option<Death> {
        self.reaped = true;
        let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED).ok()??;
        Some(match status.terminating_signal() {
            Some(signal) => Death::Signaled(signal),
            None => Death::Exited(status.exit_status().unwrap_or(-1)),
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        _ = pidfd_send_signal(&self.pidfd, Signal::KILL); // It may have ended by itself.
        match (self.has_ended(Duration::from_millis(200)), self.pidfd.try_clone()) {
            (false, Ok(pidfd)) => {
                // Without a thread it is left as it is until the daemon ends.
                let wait = move || waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
                _ = std::thread::Builder::new().name("mourner".into()).spawn(wait);
            }
            _ => _ = self.reap(),
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() }
}

/// Processes that the kernel has ended for want of memory since it was started.
pub(super) fn kills_for_memory() -> u64 {
    let figures = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    figures.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok()).unwrap_or(0)
}

/// How many of the user's files this process may hold open: half of what its limit leaves beside the few descriptors that
/// it has anyway.
pub(super) fn files_allowed() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit.saturating_sub(16) / 2).unwrap_or(usize::MAX).max(1)
}
