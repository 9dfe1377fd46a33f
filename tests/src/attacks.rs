//! What a captured reader tries: system calls by name. The hostile program makes them, `tests/hostile.rs` says how each ends.

use libc::c_long;

/// A system call with its arguments. None would do harm if it were let through, and each needs no memory of ours.
#[derive(Debug)]
pub struct Call {
    /// What the hostile file says after `call`.
    pub name: &'static str,
    pub number: c_long,
    pub arguments: [c_long; 6],
}

/// No path, no address.
const NULL: c_long = 0;
/// No such descriptor.
const NONE: c_long = -1;
const SIGTERM: c_long = libc::SIGTERM as c_long;

macro_rules! calls {
    ($($name:literal $number:ident($($argument:expr),*);)*) => {
        &[$(Call { name: $name, number: libc::$number, arguments: six(&[$($argument as c_long),*]) }),*]
    };
}

const fn six(given: &[c_long]) -> [c_long; 6] {
    let mut all = [0; 6];
    let mut index = 0;
    while index < given.len() {
        all[index] = given[index];
        index += 1;
    }
    all
}

/// Every one must end the worker before the kernel looks at its arguments.
pub static CALLS: &[Call] = calls! {
    // Files by name, by handle, by another's eyes.
    "openat" SYS_openat(libc::AT_FDCWD, NULL);
    "openat2" SYS_openat2(libc::AT_FDCWD, NULL, NULL, 24);
    "open-by-handle" SYS_open_by_handle_at(libc::AT_FDCWD, NULL, 0);
    "name-to-handle" SYS_name_to_handle_at(libc::AT_FDCWD, NULL, NULL, NULL, 0);
    "stat" SYS_statx(libc::AT_FDCWD, NULL, 0, 0, NULL);
    "stat-descriptor" SYS_fstat(3, NULL);
    "read-link" SYS_readlinkat(libc::AT_FDCWD, NULL, NULL, 0);
    "access" SYS_faccessat(libc::AT_FDCWD, NULL, 0);
    "change-directory" SYS_chdir(NULL);
    "change-root" SYS_chroot(NULL);
    "list-directory" SYS_getdents64(3, NULL, 0);
    "make-directory" SYS_mkdirat(libc::AT_FDCWD, NULL, 0);
    "unlink" SYS_unlinkat(libc::AT_FDCWD, NULL, 0);
    "rename" SYS_renameat2(NONE, NULL, NONE, NULL, 0);
    "link" SYS_linkat(NONE, NULL, NONE, NULL, 0);
    "symlink" SYS_symlinkat(NULL, NONE, NULL);
    "mode" SYS_fchmodat(NONE, NULL, 0);
    "mode-of-descriptor" SYS_fchmod(3, 0);
    "owner-of-descriptor" SYS_fchown(3, NONE, NONE);
    "times-of-descriptor" SYS_utimensat(3, NULL, NULL, 0);
    "truncate" SYS_ftruncate(3, 0);
    "allocate" SYS_fallocate(3, 0, 0, 1);
    "attribute" SYS_fsetxattr(3, NULL, NULL, 0, 0);
    "lock" SYS_flock(3, libc::LOCK_EX);
    "write-to-file" SYS_pwrite64(3, NULL, 0, 0);
    "write-elsewhere" SYS_write(1, NULL, 0);
    "write-many" SYS_writev(2, NULL, 0);
    "send-file" SYS_sendfile(0, 3, NULL, 1);
    "splice" SYS_splice(3, NULL, 0, NULL, 1, 0);
    "copy-range" SYS_copy_file_range(3, NULL, 4, NULL, 1, 0);
    // Mounts and namespaces.
    "mount" SYS_mount(NULL, NULL, NULL, 0, NULL);
    "unmount" SYS_umount2(NULL, 0);
    "open-tree" SYS_open_tree(NONE, NULL, 0);
    "move-mount" SYS_move_mount(NONE, NULL, NONE, NULL, 0);
    "open-file-system" SYS_fsopen(NULL, 0);
    "pivot" SYS_pivot_root(NULL, NULL);
    "unshare" SYS_unshare(libc::CLONE_NEWUSER);
    "enter-namespace" SYS_setns(3, 0);
    // Processes, threads, programs.
    "clone" SYS_clone(libc::SIGCHLD);
    "clone3" SYS_clone3(NULL, 0);
    "execute" SYS_execve(NULL, NULL, NULL);
    "execute-descriptor" SYS_execveat(3, NULL, NULL, NULL, libc::AT_EMPTY_PATH);
    "memory-file" SYS_memfd_create(NULL, 0);
    "secret-memory" SYS_memfd_secret(0);
    "trace" SYS_ptrace(libc::PTRACE_ATTACH, 1, 0, 0);
    "read-memory" SYS_process_vm_readv(1, NULL, 0, NULL, 0, 0);
    "write-memory" SYS_process_vm_writev(1, NULL, 0, NULL, 0, 0);
    "open-process" SYS_pidfd_open(1, 0);
    "steal-descriptor" SYS_pidfd_getfd(3, 0, 0);
    "signal-process" SYS_pidfd_send_signal(3, SIGTERM, NULL, 0);
    "signal" SYS_kill(1, SIGTERM);
    "signal-thread" SYS_tkill(1, SIGTERM);
    "signal-group" SYS_tgkill(1, 1, libc::SIGABRT);
    "queue-signal" SYS_rt_sigqueueinfo(1, SIGTERM, NULL);
    "handle-signal" SYS_rt_sigaction(libc::SIGSYS, NULL, NULL, 8);
    "compare-processes" SYS_kcmp(1, 1, 0, 0, 0);
    "wait" SYS_waitid(libc::P_ALL, 0, NULL, libc::WEXITED, NULL);
    "advise-process" SYS_process_madvise(3, NULL, 0, 0, 0);
    // Descriptors beyond those given.
    "duplicate" SYS_dup(0);
    "duplicate-to" SYS_dup3(3, 0, 0);
    "duplicate-by-fcntl" SYS_fcntl(0, libc::F_DUPFD, 3);
    "own-by-fcntl" SYS_fcntl(0, libc::F_SETOWN, 1);
    "close-socket" SYS_close(0);
    "close-range" SYS_close_range(0, 2, 0);
    "control-device" SYS_ioctl(0, libc::TIOCSTI, NULL);
    "pipe" SYS_pipe2(NULL, 0);
    "event-descriptor" SYS_eventfd2(0, 0);
    "epoll" SYS_epoll_create1(0);
    "watch-files" SYS_inotify_init1(0);
    "watch-all-files" SYS_fanotify_init(0, 0);
    "receive-elsewhere" SYS_recvmsg(3, NULL, 0);
    // The network, and sockets of every family.
    "socket-unix" SYS_socket(libc::AF_UNIX, libc::SOCK_STREAM, 0);
    "socket-inet" SYS_socket(libc::AF_INET, libc::SOCK_STREAM, 0);
    "socket-inet6" SYS_socket(libc::AF_INET6, libc::SOCK_DGRAM, 0);
    "socket-netlink" SYS_socket(libc::AF_NETLINK, libc::SOCK_RAW, 0);
    "socket-packet" SYS_socket(libc::AF_PACKET, libc::SOCK_RAW, 0);
    "socket-vsock" SYS_socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0);
    "socket-crypto" SYS_socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0);
    "socket-bluetooth" SYS_socket(libc::AF_BLUETOOTH, libc::SOCK_RAW, 0);
    "socket-pair" SYS_socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, NULL);
    "connect" SYS_connect(0, NULL, 0);
    "bind" SYS_bind(0, NULL, 0);
    "listen" SYS_listen(0, 1);
    "accept" SYS_accept4(0, NULL, NULL, 0);
    "send-elsewhere" SYS_sendto(3, NULL, 0, 0, NULL, 0);
    // Only so could descriptors be sent, in whatever order.
    "send-descriptors" SYS_sendmsg(0, NULL, 0);
    "send-many" SYS_sendmmsg(0, NULL, 0, 0);
    "socket-option" SYS_setsockopt(0, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, NULL, 0);
    // Rights, limits, identity.
    "process-control" SYS_prctl(libc::PR_SET_DUMPABLE, 1);
    "no-death-signal" SYS_prctl(libc::PR_SET_PDEATHSIG, 0);
    "another-filter" SYS_seccomp(libc::SECCOMP_SET_MODE_FILTER, 0, NULL);
    "user" SYS_setresuid(0, 0, 0);
    "group" SYS_setresgid(0, 0, 0);
    "capabilities" SYS_capset(NULL, NULL);
    "personality" SYS_personality(0xffff_ffff_u32);
    "limits" SYS_prlimit64(0, libc::RLIMIT_NPROC, NULL, NULL);
    "priority" SYS_setpriority(0, 0, 0);
    "schedule" SYS_sched_setscheduler(0, 0, NULL);
    "session" SYS_setsid();
    "process-group" SYS_setpgid(0, 0);
    // Memory with another's content, or that runs.
    "run-memory" SYS_mmap(0, 4096, libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
    "map-file" SYS_mmap(0, 4096, libc::PROT_READ, libc::MAP_PRIVATE, 3, 0);
    "protect-memory" SYS_mprotect(0, 4096, libc::PROT_EXEC);
    "protect-by-key" SYS_pkey_mprotect(0, 4096, libc::PROT_EXEC, -1);
    "shared-memory" SYS_shmget(0, 4096, 0);
    "message-queue" SYS_msgget(0, 0);
    "semaphore" SYS_semget(0, 1, 0);
    "posix-queue" SYS_mq_open(NULL, 0, 0, NULL);
    "lock-memory" SYS_mlockall(libc::MCL_CURRENT);
    // What holes in kernels were found by.
    "io-ring" SYS_io_uring_setup(1, NULL);
    "io-ring-enter" SYS_io_uring_enter(3, 0, 0, 0, NULL, 0);
    "io-ring-register" SYS_io_uring_register(3, 0, NULL, 0);
    "asynchronous-io" SYS_io_setup(1, NULL);
    "page-faults" SYS_userfaultfd(0);
    "bpf" SYS_bpf(0, NULL, 0);
    "performance-events" SYS_perf_event_open(NULL, 0, -1, -1, 0);
    "key" SYS_keyctl(0, 0);
    "add-key" SYS_add_key(NULL, NULL, NULL, 0, 0);
    "futex" SYS_futex(NULL, 0, 0);
    "sleep" SYS_nanosleep(NULL, NULL);
    "module" SYS_init_module(NULL, 0, NULL);
    "kexec" SYS_kexec_load(0, 0, NULL, 0);
    "reboot" SYS_reboot(0, 0, 0, NULL);
    "kernel-log" SYS_syslog(3, NULL, 0);
    "clock" SYS_clock_settime(0, NULL);
    "host-name" SYS_sethostname(NULL, 0);
    "swap" SYS_swapon(NULL, 0);
    "accounting" SYS_acct(NULL);
    "quota" SYS_quotactl(0, NULL, 0, NULL);
};

/// The older names of the same on x86, and its other numberings of calls.
#[cfg(target_arch = "x86_64")]
pub static OLD_CALLS: &[Call] = calls! {
    "open" SYS_open(NULL, 0);
    "create" SYS_creat(NULL, 0);
    "old-stat" SYS_stat(NULL, NULL);
    "fork" SYS_fork();
    "vfork" SYS_vfork();
    "arch-control" SYS_arch_prctl(0x1003, NULL);
    "ports" SYS_ioperm(0, 1, 1);
    "descriptor-table" SYS_modify_ldt(0, NULL, 0);
};
#[cfg(not(target_arch = "x86_64"))]
pub static OLD_CALLS: &[Call] = &[];

/// The call of this name.
pub fn call(name: &str) -> Option<&'static Call> {
    CALLS.iter().chain(OLD_CALLS).find(|call| call.name == name)
}
