//! What a worker's end means for the file in hand. Pure.

use crate::{model::FailureKind, proto::exit};

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    Exited(i32),
    Signaled(i32),
}

/// Why the engine ended it, where it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A clock ran out; the sentence says which.
    Clock(&'static str),
    /// It said what no worker of ours says.
    Broken(String),
    /// The disk of the file in hand answers nobody.
    Disk,
    /// It is not needed any more, or cannot be told what to do.
    Surplus,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The file in hand is charged.
    Strike { kind: FailureKind, text: String, distrust: Distrust },
    /// Nobody's fault.
    Nobody,
}

/// Whether what the worker said before can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    No,
    WholeLife,
}

/// Judges a death. `last_words` is what a panicking reader said.
pub(crate) fn judge(death: Death, cause: Option<Cause>, last_words: Option<String>) -> Verdict {
    let strike = |kind, text: &str| Verdict::Strike { kind, text: text.to_owned(), distrust: Distrust::No };
    match (cause, death) {
        (_, Death::Signaled(libc::SIGSYS)) => Verdict::Strike {
            kind: FailureKind::Refused,
            text: "the reader asked for a system call that is forbidden to it".into(),
            distrust: Distrust::WholeLife,
        },
        (Some(Cause::Surplus | Cause::Disk), _) => Verdict::Nobody,
        (Some(Cause::Clock(text)), _) => strike(FailureKind::TimedOut, text),
        (Some(Cause::Broken(text)), _) => {
            Verdict::Strike { kind: FailureKind::Garbage, text, distrust: Distrust::WholeLife }
        }
        (None, Death::Exited(exit::PANIC)) => {
            strike(FailureKind::Crashed, last_words.as_deref().unwrap_or("the reader panicked"))
        }
        (None, Death::Signaled(libc::SIGABRT)) => {
            strike(FailureKind::OverMemory, "the reader needed more memory than one file may have")
        }
        (None, Death::Signaled(libc::SIGKILL | libc::SIGTERM | libc::SIGINT | libc::SIGHUP | libc::SIGQUIT)) => {
            Verdict::Nobody
        }
        (None, Death::Signaled(signal)) => strike(FailureKind::Crashed, &format!("the reader died by signal {signal}")),
        (None, Death::Exited(code)) => Verdict::Strike {
            kind: FailureKind::Garbage,
            text: format!("the worker ended with code {code} in the middle of a file"),
            distrust: Distrust::WholeLife,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(death: Death, cause: Option<Cause>) -> Option<(FailureKind, Distrust)> {
        match judge(death, cause, None) {
            Verdict::Strike { kind, distrust, .. } => Some((kind, distrust)),
            Verdict::Nobody => None,
        }
    }

    #[test]
    fn each_death_has_its_class() {
        use Death::{Exited, Signaled};
        let table = [
            (Exited(exit::PANIC), None, Some((FailureKind::Crashed, Distrust::No))),
            (Signaled(libc::SIGSEGV), None, Some((FailureKind::Crashed, Distrust::No))),
            (Signaled(libc::SIGABRT), None, Some((FailureKind::OverMemory, Distrust::No))),
            (Signaled(libc::SIGSYS), None, Some((FailureKind::Refused, Distrust::WholeLife))),
            (Exited(exit::DONE), None, Some((FailureKind::Garbage, Distrust::WholeLife))),
            (Signaled(libc::SIGKILL), None, None),
            (Signaled(libc::SIGTERM), None, None),
            (Signaled(libc::SIGKILL), Some(Cause::Surplus), None),
            (Signaled(libc::SIGKILL), Some(Cause::Disk), None),
            (Signaled(libc::SIGKILL), Some(Cause::Clock("")), Some((FailureKind::TimedOut, Distrust::No))),
            (
                Signaled(libc::SIGKILL),
                Some(Cause::Broken(String::new())),
                Some((FailureKind::Garbage, Distrust::WholeLife)),
            ),
            // Its last packet made no sense, but what it died of says more.
            (
                Signaled(libc::SIGSYS),
                Some(Cause::Broken(String::new())),
                Some((FailureKind::Refused, Distrust::WholeLife)),
            ),
        ];
        for (death, cause, expected) in table {
            assert_eq!(kind(death, cause.clone()), expected, "{death:?} {cause:?}");
        }
    }
}
