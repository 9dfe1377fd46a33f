//! `metactl pause`: nothing new is read, until resumed, for a time, or while a command runs.

use std::{ffi::OsString, io, os::unix::process::ExitStatusExt};

use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Session,
    error::{Error, Exit},
    output::{now, span},
    proxy::{Options, PAUSE, Presence},
};

/// Pause: start reading no further file
///
/// Until resumed, over restarts too; or for a time with --for; or as long as a command runs, whose exit status it
/// gives back (126 or 127 where it cannot be run).
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Shown in the status
    #[arg(value_name = "REASON")]
    reason: Option<String>,
    /// For as long as that: 30s, 10min, 2h, 1d
    #[arg(long = "for", value_name = "TIME", value_parser = duration, conflicts_with = "command")]
    time: Option<u64>,
    /// Pause while this command runs
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn run(session: &Session, args: &Arguments) -> Result<Exit, Error> {
    let reason = args.reason.clone().unwrap_or_default();
    if let [program, ..] = args.command.as_slice() {
        let reason = args.reason.clone().unwrap_or_else(|| program.to_string_lossy().into_owned());
        hold(session, &reason).await?;
        return command(session, &reason, &args.command).await;
    }
    let option = match args.time {
        None => ("persistent", true.into()),
        Some(time) => ("until", now().saturating_add(time).into()),
    };
    let cookie = session.daemon.call(PAUSE, (reason, Options::from([option]))).await?;
    match (session.out.json, args.time) {
        (true, _) => session.out.value(&json!({ "Cookie": cookie }))?,
        (false, None) => session.out.line("paused; go on with: metactl resume")?,
        (false, Some(time)) => session.out.line(&format!("paused for {}; go on with: metactl resume", span(time)))?,
    }
    Ok(Exit::Done)
}

/// Runs the command with our own input and output. Its end is ours, and with us goes the pause.
///
/// What the terminal or somebody sends us is for the command: it decides whether that is its end.
async fn command(session: &Session, reason: &str, words: &[OsString]) -> Result<Exit, Error> {
    let [program, arguments @ ..] = words else { return Ok(Exit::Usage) };
    let cannot = |error: io::Error| Error::system(&format!("cannot run {}", program.to_string_lossy()), &error);
    let listen = |kind| signal(kind).map_err(cannot);
    // The terminal sends these two to the command as well.
    let _ignored = (listen(SignalKind::interrupt())?, listen(SignalKind::quit())?);
    let (mut terminate, mut hangup) = (listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    let mut starts = session.daemon.presence(Presence::Come).await?;
    let mut child = match tokio::process::Command::new(program).args(arguments).spawn() {
        Ok(child) => child,
        // As env(1) and the shells do.
        Err(error) => {
            let exit = if error.kind() == io::ErrorKind::NotFound { Exit::Of(127) } else { Exit::Of(126) };
            return Err(Error { exit, ..cannot(error) });
        }
    };
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(cannot)?,
            _ = terminate.recv() => pass_on(&child, Signal::TERM),
            _ = hangup.recv() => pass_on(&child, Signal::HUP),
            // A daemon that was started again knows nothing of the pause.
            Some(_) = starts.next() => hold(session, reason).await?,
        }
    };
    let code = status.code().or_else(|| status.signal().map(|signal| signal + 128)).unwrap_or(1);
    Ok(Exit::Of(u8::try_from(code).unwrap_or(1)))
}

/// Pauses for as long as we are on the bus.
async fn hold(session: &Session, reason: &str) -> Result<(), Error> {
    session.daemon.call(PAUSE, (reason.to_owned(), Options::new())).await.map(drop)
}

fn pass_on(child: &tokio::process::Child, signal: Signal) {
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    if let Some(pid) = pid {
        _ = kill_process(pid, signal); // It may have ended.
    }
}

/// A time span in microseconds.
fn duration(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("give a number and s, min, h or d, as in 10min".into()),
    };
    let number: u64 = number.parse().map_err(|_| "give a whole number first, as in 10min".to_owned())?;
    number.checked_mul(unit * 1_000_000).filter(|us| *us > 0).ok_or_else(|| "that is no useful time".into())
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("90s"), Ok(90_000_000));
        assert_eq!(duration("2 h"), Ok(7_200_000_000));
        assert_eq!(duration("1d"), Ok(86_400_000_000));
        for wrong in ["", "5", "min", "-1s", "0s", "1.5h", "99999999999999999999d", "999999999999999d", "1w"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
