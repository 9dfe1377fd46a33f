//! The daemon as a process: its environment, its settings, its loop. Called by `main` alone.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use rustix::process::{getpriority_process, nice};

use crate::{
    args::Instance,
    bus,
    config::{
        Places,
        read::{Sources, read},
    },
    governor::signals::Signals,
    logging, mount, run,
};

/// How long a thread without work is kept.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Runs the daemon until it is told to stop.
///
/// Errors: a wrong configuration, a store that cannot be opened, another daemon on the bus.
pub fn serve(instance: Instance) -> anyhow::Result<()> {
    // Before any thread, as each has a priority of its own.
    stand_back();
    let bus = if instance.system { bus::Place::System } else { bus::Place::Session };
    let sources = sources(instance);
    let settings = read(&sources)?;
    let log = logging::set_up(settings.log);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().thread_keep_alive(FOREVER).build().context("cannot start the event loop")?;
    // Where no further thread can be started, what may block waits for one that is there. So there always is one.
    runtime.spawn_blocking(|| ());
    let start = run::Start {
        settings,
        bus,
        reload: Box::new(move || Ok(read(&sources)?)),
        ready: Box::new(|| notify("READY=1")),
        alive: watched(),
    };
    let ended = runtime.block_on(run::run(start));
    if !matches!(ended, Ok(run::Ended::StoreLost)) {
        notify("STOPPING=1");
    }
    // Threads that hang in a dead file system must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(2));
    // Beginning anew keeps nothing of this process.
    drop(log);
    match ended? {
        run::Ended::Told => Ok(()),
        run::Ended::StoreLost => Err(again()),
    }
}

/// Whoever is at work here comes first. A priority that somebody has chosen stays.
fn stand_back() {
    if getpriority_process(None) == Ok(0) {
        // Not allowed to is no reason not to serve.
        _ = nice(19);
    }
}

/// Begins anew in this process; returns why that failed.
fn again() -> anyhow::Error {
    use std::os::unix::process::CommandExt;
    let mut program = std::process::Command::new("/proc/self/exe");
    let error = program.args(std::env::args_os().skip(1)).exec();
    anyhow::Error::new(error).context("cannot start again")
}

/// Mounts the view for a daemon in a unit that may not, as long as that daemon lives. Its socket is standard input.
///
/// Errors: a wrong configuration, a socket that cannot be used.
pub fn help_to_mount(instance: Instance) -> anyhow::Result<()> {
    let audience = if instance.system { mount::Audience::Everyone } else { mount::Audience::Owner };
    let settings = read(&sources(instance))?;
    let _log = logging::set_up(settings.log);
    mount::help(&settings.mount.path, audience).context("cannot be the mount helper")
}

/// Where this process finds its settings.
pub fn sources(instance: Instance) -> Sources {
    let get = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let memory = Signals::new(Path::new("/")).read().memory.map(|memory| memory.total);
    let places = match instance.system {
        true => Places::of_machine(&get, memory),
        false => Places::from_environment(&get, rustix::process::getuid().as_raw(), memory),
    };
    // A variable that is not text is none of ours.
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Sources { places, environment: std::env::vars_os().filter_map(text).collect(), options: instance.options }
}

/// The service manager, if it wants to hear of this process again and again (`sd_watchdog_enabled(3)`).
fn watched() -> Option<run::Alive> {
    let pid = std::env::var("WATCHDOG_PID").ok().and_then(|pid| pid.parse().ok());
    let time: u64 = std::env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    let ours = pid.is_none_or(|pid: u32| pid == std::process::id()) && time > 0;
    ours.then(|| run::Alive { within: Duration::from_micros(time), tell: Box::new(|| notify("WATCHDOG=1")) })
}

/// Tells the service manager, where there is one (`sd_notify(3)`).
fn notify(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&path, state) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}

fn send(path: &std::ffi::OsStr, state: &str) -> std::io::Result<()> {
    use std::os::{linux::net::SocketAddrExt, unix::ffi::OsStrExt, unix::net};
    let address = match path.as_bytes() {
        [b'@', name @ ..] => net::SocketAddr::from_abstract_name(name)?,
        path => net::SocketAddr::from_pathname(crate::model::path(path))?,
    };
    net::UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}
