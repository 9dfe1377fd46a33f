//! A service manager as far as the mount helper sees one: listens at its socket and starts the helper for whoever
//! connects, one at a time.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, recv,
        send, socket_with,
    },
};

use crate::{instance::Instance, process::program};

fn socket() -> OwnedFd {
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
}

/// A listening socket, and the helper behind it. Ends when it is dropped.
#[derive(Debug)]
pub struct MountHelper {
    path: PathBuf,
    ending: Arc<AtomicBool>,
}

impl MountHelper {
    /// For this instance, at `run/mount.socket` in its directories.
    pub fn start(instance: &Instance) -> Self {
        let path = instance.home().join("run/mount.socket");
        let listener = socket();
        bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&listener, 16).unwrap();
        let mut command = Command::new(program("metaextractd"));
        instance.surround(command.arg("--mount-helper"));
        let ending = Arc::new(AtomicBool::new(false));
        let asked = ending.clone();
        thread::spawn(move || manage(&listener, &mut command, &asked));
        Self { path, ending }
    }

    /// The setting that lets a daemon mount through it.
    pub fn setting(&self) -> String {
        format!("mount.helper={}", self.path.display())
    }

    /// What it answers to somebody who wants a mount there.
    pub fn answer(&self, point: &Path) -> String {
        let asking = socket();
        connect(&asking, &SocketAddrUnix::new(&self.path).unwrap()).unwrap();
        send(&asking, point.as_os_str().as_encoded_bytes(), SendFlags::NOSIGNAL).unwrap();
        let mut packet = [0; 4096];
        let (len, _) = recv(&asking, &mut packet[..], RecvFlags::empty()).unwrap();
        String::from_utf8_lossy(&packet[..len]).into_owned()
    }
}

impl Drop for MountHelper {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for somebody to connect, or for the daemon whose mount it holds.
        _ = connect(socket(), &SocketAddrUnix::new(&self.path).unwrap());
    }
}

fn manage(listener: &OwnedFd, command: &mut Command, ending: &AtomicBool) {
    loop {
        let mut interest = [PollFd::new(listener, PollFlags::IN)];
        _ = poll(&mut interest, None::<&Timespec>);
        if ending.load(Ordering::SeqCst) {
            return;
        }
        command.stdin(Stdio::from(listener.try_clone().unwrap())).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "the mount helper fails");
    }
}
