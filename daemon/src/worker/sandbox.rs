//! The walls around a worker, put up before it reads a byte of any file. Each wall has its reason beside it.
//!
//! Core dumps are refused by their limit and not by `PR_SET_DUMPABLE`, which would also hide the worker's memory figures
//! and descriptors from the daemon that has to watch them.
#![expect(unsafe_code, reason = "signal dispositions, raw system calls for the probes and leaving at once")]

use std::{collections::BTreeMap, io, ptr};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr, RulesetStatus,
    Scope,
};
use rustix::{
    process::{self, Resource, Rlimit, Signal},
    thread::{self, CapabilitySet, CapabilitySets},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::proto::{Achieved, BATCH, Isolation, Schedule, Setup};

/// Puts up all walls. What [`Setup::isolation`] makes of the result is the caller's to decide; an error means that a
/// wall failed that every kernel has, and says which.
pub(super) fn enter(setup: &Setup) -> io::Result<Achieved> {
    die_with_parent(setup.parent)?;
    default_signals();
    close_all_but_standard();
    limit(setup)?;
    // The first look at this clock reads files to find the kernel's page for it.
    _ = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    give_up_rights()?;
    thread::set_no_new_privs(true)
        .map_err(|error| io::Error::other(format!("giving up new privileges failed: {error}")))?;
    if setup.schedule == Schedule::Idle {
        stand_back();
    }
    if setup.isolation == Isolation::None {
        return Ok(Achieved { refused: probe(setup.parent), ..Achieved::default() });
    }
    let landlock = landlock();
    // The same filter twice: one that answers, so that its effect can be measured, and then the one that kills.
    let answering = filter(SeccompAction::Errno(libc::EPERM as u32), &[libc::SYS_prctl, libc::SYS_seccomp]);
    let answers = answering.as_deref().is_ok_and(|program| seccompiler::apply_filter(program).is_ok());
    let refused = probe(setup.parent);
    let killing = filter(SeccompAction::KillProcess, &[]);
    let seccomp = answers && killing.as_deref().is_ok_and(|program| seccompiler::apply_filter(program).is_ok());
    Ok(Achieved { landlock, seccomp, refused })
}

/// Ends the process at once: no destructors, no system call but one.
pub(super) fn leave(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code) }
}

fn die_with_parent(parent: u32) -> io::Result<()> {
    process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above.
    match process::getppid() {
        Some(pid) if pid.as_raw_nonzero().get() as u32 == parent => Ok(()),
        _ => Err(io::ErrorKind::NotConnected.into()),
    }
}

/// What the service manager lets the daemon do, such as reading files of all users, is not for workers.
fn give_up_rights() -> io::Result<()> {
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    thread::set_capabilities(None, sets)
        .map_err(|error| io::Error::other(format!("giving up capabilities failed: {error}")))
}

/// Rust's own handlers turn a stack overflow into SIGABRT, which is to mean "out of memory" alone.
fn default_signals() {
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: no other thread runs, and the default disposition involves no code of ours.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Whatever a parent of the daemon left open, it is not for files to read.
fn close_all_but_standard() {
    // SAFETY: nothing in this process owns a descriptor above 2 yet.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
}

/// CPU, disk and memory go to everybody else first. Failing is no harm.
fn stand_back() {
    const IOPRIO_WHO_PROCESS: libc::c_int = 1;
    const IOPRIO_CLASS_IDLE: libc::c_int = 3 << 13;
    let idle = libc::sched_param { sched_priority: 0 };
    // SAFETY: `idle` outlives the call; the other call takes plain numbers.
    unsafe {
        libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const idle);
        libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_IDLE);
    }
    _ = process::nice(19);
}

fn limit(setup: &Setup) -> io::Result<()> {
    // The kernel should end a worker before anything of the user's.
    _ = std::fs::write("/proc/self/oom_score_adj", "900");
    // A huge page for each little heap is memory for nothing.
    _ = thread::disable_transparent_huge_pages(true);
    let limits = [
        // Private memory: heap and anonymous mappings.
        (Resource::Data, setup.memory),
        // The program itself and its stack come on top.
        (Resource::As, setup.memory.saturating_add(256 << 20)),
        // Standard streams and one batch.
        (Resource::Nofile, 3 + BATCH as u64),
        // Nothing is written.
        (Resource::Fsize, 0),
        // No process or thread is made.
        (Resource::Nproc, 0),
        // No dump of somebody's file: 1 is less than any dump and, unlike 0, also keeps a dump handler from being run.
        (Resource::Core, 1),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
    ];
    for (resource, wanted) in limits {
        // The user may have a stricter limit already, which cannot be raised and serves as well.
        let most = Some(process::getrlimit(resource).maximum.map_or(wanted, |hard| hard.min(wanted)));
        process::setrlimit(resource, Rlimit { current: most, maximum: most })
            .map_err(|error| io::Error::other(format!("setting its limit {resource:?} failed: {error}")))?;
    }
    Ok(())
}

/// No path at all, no network, no signal and no abstract socket to the outside; gives the ABI in force, 0 for none.
fn landlock() -> u8 {
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V7))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V7)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V7)))
        .and_then(|rules| rules.create()?.restrict_self());
    match restricted {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => match status.landlock {
            LandlockStatus::Available { effective_abi, .. } => effective_abi as u8,
            _ => 0,
        },
        _ => 0,
    }
}

/// What an allowed system call is confined to.
enum Only {
    Any,
    /// The first argument is this descriptor.
    Descriptor(u64),
    /// The first argument is not descriptor 0.
    NotTheSocket,
    /// Memory that is neither executable nor a file's.
    PlainMemory,
    /// SIGABRT to this very process.
    AbortMyself,
    /// `F_GETFD`.
    IsOpen,
}

/// Everything a worker may ask of the kernel. Whatever is not here ends it.
static ALLOWED: &[(libc::c_long, Only, &str)] = &[
    (libc::SYS_recvmsg, Only::Descriptor(0), "batches come over the socket"),
    (libc::SYS_sendto, Only::Descriptor(0), "results go over the socket"),
    (libc::SYS_pread64, Only::Any, "reads a file; each descriptor held is one to be read"),
    (libc::SYS_close, Only::NotTheSocket, "done with a file; a closed socket always means that the worker ends"),
    (libc::SYS_fcntl, Only::IsOpen, "debug builds of the standard library check a descriptor before closing it"),
    (libc::SYS_brk, Only::Any, "small allocations"),
    (libc::SYS_mmap, Only::PlainMemory, "large allocations"),
    (libc::SYS_mremap, Only::Any, "large allocations grow"),
    (libc::SYS_munmap, Only::Any, "large allocations end"),
    (libc::SYS_madvise, Only::Any, "the allocator gives memory back"),
    (libc::SYS_getrandom, Only::Any, "hash maps choose their seed"),
    (libc::SYS_clock_gettime, Only::Any, "CPU time of each file"),
    (libc::SYS_write, Only::Descriptor(2), "the runtime names the size of a failed allocation; it goes to /dev/null"),
    (libc::SYS_rt_sigprocmask, Only::Any, "the allocator aborts when memory ends"),
    (libc::SYS_getpid, Only::Any, "as above"),
    (libc::SYS_gettid, Only::Any, "as above"),
    (libc::SYS_tgkill, Only::AbortMyself, "as above"),
    (libc::SYS_exit_group, Only::Any, "the end"),
];

fn filter(otherwise: SeccompAction, further: &[libc::c_long]) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules = BTreeMap::new();
    for (call, only, _) in ALLOWED {
        let conditions = conditions(only)?;
        let rule = if conditions.is_empty() { vec![] } else { vec![SeccompRule::new(conditions)?] };
        rules.insert(*call, rule);
    }
    rules.extend(further.iter().map(|call| (*call, vec![])));
    SeccompFilter::new(rules, otherwise, SeccompAction::Allow, TargetArch::try_from(std::env::consts::ARCH)?)?
        .try_into()
}

fn conditions(only: &Only) -> Result<Vec<SeccompCondition>, seccompiler::BackendError> {
    let is = |argument, value| SeccompCondition::new(argument, Len::Dword, Op::Eq, value);
    Ok(match only {
        Only::Any => vec![],
        Only::Descriptor(descriptor) => vec![is(0, *descriptor)?],
        Only::NotTheSocket => vec![SeccompCondition::new(0, Len::Dword, Op::Ne, 0)?],
        Only::PlainMemory => {
            let executable = Op::MaskedEq(libc::PROT_EXEC as u64);
            vec![SeccompCondition::new(2, Len::Dword, executable, 0)?, is(4, u64::from(u32::MAX))?]
        }
        Only::AbortMyself => vec![is(0, u64::from(std::process::id()))?, is(2, libc::SIGABRT as u64)?],
        Only::IsOpen => vec![is(1, libc::F_GETFD as u64)?],
    })
}

/// Tries what must fail, in the order of [`crate::proto::PROBES`]; a bit for each refusal. Each attempt is harmless should it
/// succeed, and if it gets past the walls its error is another than theirs.
fn probe(parent: u32) -> u8 {
    let null = ptr::null::<u8>();
    let tried = [
        // SAFETY: the path is a C string; a descriptor that comes of it lives until the process ends.
        refused(unsafe {
            libc::syscall(libc::SYS_openat, libc::AT_FDCWD, c"/".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC)
        }),
        // SAFETY: no such descriptor, no address.
        refused(unsafe { libc::syscall(libc::SYS_connect, -1, null, 0) }),
        // SAFETY: a null path cannot be executed; the kernel says so without touching memory.
        refused(unsafe { libc::syscall(libc::SYS_execve, null, null, null) }),
        // SAFETY: there is no process 0 to attach to.
        refused(unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_ATTACH, 0, 0, 0) }),
        // SAFETY: signal 0 only asks whether one could be sent.
        refused(unsafe { libc::syscall(libc::SYS_kill, parent, 0) }),
    ];
    tried.iter().enumerate().fold(0, |bits, (bit, refused)| bits | u8::from(*refused) << bit)
}

fn refused(result: libc::c_long) -> bool {
    result == -1 && matches!(io::Error::last_os_error().raw_os_error(), Some(libc::EPERM | libc::EACCES))
}
