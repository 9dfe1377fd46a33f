//! `metactl pause`: nothing new is read, until resumed, for a time, or while a command runs.

use std::{ffi::OsString, os::unix::process::ExitStatusExt};

use serde_json::json;

use crate::{
    Session,
    error::{Error, Exit},
    output::{now, span},
    proxy::{Options, PAUSE},
};

/// Pause: start reading no further file
///
/// Until resumed, over restarts too; or for a time with --for; or as long as a command runs, whose exit status it
/// gives back.
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
    if let [program, arguments @ ..] = args.command.as_slice() {
        let reason = args.reason.clone().unwrap_or_else(|| program.to_string_lossy().into_owned());
        session.daemon.call(PAUSE, (reason, Options::new())).await?;
        return command(program, arguments).await;
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
async fn command(program: &OsString, arguments: &[OsString]) -> Result<Exit, Error> {
    let act = format!("cannot run {}", program.to_string_lossy());
    let status = tokio::process::Command::new(program).args(arguments).status().await;
    let status = status.map_err(|error| Error::system(&act, &error))?;
    let code = status.code().or_else(|| status.signal().map(|signal| signal + 128)).unwrap_or(1);
    Ok(Exit::Of(u8::try_from(code).unwrap_or(1)))
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
