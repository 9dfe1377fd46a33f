//! Runs a program as if on a kernel that lacks something: `without landlock|seccomp|walls PROGRAM ARGUMENT...`.
//!
//! `walls` is both. The system calls fail as on a kernel that does not know them.

use std::{collections::BTreeMap, os::unix::process::CommandExt, process::Command};

use seccompiler::{SeccompAction, SeccompFilter, TargetArch};

fn main() {
    let mut words = std::env::args_os().skip(1);
    let what = words.next().expect("what is missing");
    let landlock = [libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self];
    let calls = [&landlock[..], &[libc::SYS_seccomp]];
    let calls = match what.to_str() {
        Some("landlock") => calls[0].to_vec(),
        Some("seccomp") => calls[1].to_vec(),
        Some("walls") => calls.concat(),
        _ => panic!("without {what:?}: landlock, seccomp or walls is wanted"),
    };
    let rules: BTreeMap<_, _> = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let arch = TargetArch::try_from(std::env::consts::ARCH).expect("an architecture seccomp knows");
    let unknown = SeccompAction::Errno(libc::ENOSYS as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, unknown, arch).expect("a filter");
    let program: seccompiler::BpfProgram = filter.try_into().expect("a filter that compiles");
    seccompiler::apply_filter(&program).expect("seccomp is there");
    let program = words.next().expect("a program");
    let error = Command::new(program).args(words).exec();
    panic!("{error}");
}
