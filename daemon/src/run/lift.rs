//! What would lift a failure: what a person can do about it, or what the daemon waits for. One sentence for each reason.

use metaextract::ReasonKind;

use crate::model::FailureKind;

/// What reads any file again.
pub(crate) const CHANGE: &str = "it is read again when it changes";

/// Of a file without a record.
pub(crate) fn of_failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::PermissionDenied => {
            "let the user that the daemon runs as read it (chmod, chown, setfacl); it is read as soon as that is seen, or by metactl retry"
        }
        FailureKind::ReadError => UNREADABLE,
        FailureKind::TimedOut => {
            "give it more time (limits.cpu, limits.wall) and call metactl retry; \
             it is tried again when it changes and after an update of a reader"
        }
        FailureKind::OverMemory => {
            "give it more memory (limits.memory) and call metactl retry; \
             it is tried again when it changes and after an update of a reader"
        }
        FailureKind::Crashed | FailureKind::Refused | FailureKind::Garbage | FailureKind::EndedDaemon => {
            "an update: this is a fault of metaextract, please report the file; \
             it is tried again after an update of a reader and when it changes, or by metactl retry"
        }
    }
}

/// Of a file whose record ends early.
pub(crate) fn of_reason(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Truncated => "a complete copy of the file, which ends too early; it is read again when it changes",
        ReasonKind::Malformed => {
            "an undamaged copy of the file, or a program that writes it anew; it is read again when it changes"
        }
        ReasonKind::Unsupported => {
            "an update that knows this kind of content; it is read again after an update of its reader"
        }
        ReasonKind::Limit => "a higher limit (limits.read, limits.record, limits.depth); with one it is read again",
        ReasonKind::Read => UNREADABLE,
    }
}

const UNREADABLE: &str = "look after the disk or the network share (dmesg says more), then call metactl retry";
