//! The man page, made from the table of verbs.

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::{
    args::Cli,
    error::{Error, Exit},
    output::Output,
};

/// Prints the page.
pub(crate) fn print(out: &Output) -> Result<Exit, Error> {
    out.raw(page().as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn page() -> String {
    let mut command = Cli::command();
    command.build();
    let mut page = String::from(".\\\" Made by \"metactl man\" from the program's own table.\n");
    page.push_str(&format!(".TH METACTL 1 \"\" \"metaextract {}\"\n", env!("CARGO_PKG_VERSION")));
    section(&mut page, "NAME", "metactl \\- controls metaextractd over D\\-Bus\n");
    section(&mut page, "SYNOPSIS", ".B metactl\n[\\fIoptions\\fR] \\fIverb\\fR [\\fIarguments\\fR]\n");
    section(&mut page, "DESCRIPTION", &paragraphs(&about(&command)));
    page.push_str(".SH VERBS\n");
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        page.push_str(&of_verb(verb));
    }
    page.push_str(".SH OPTIONS\nFor every verb:\n");
    for option in command.get_arguments() {
        page.push_str(&of_argument(option));
    }
    page.push_str(AFTER);
    page
}

/// What the table does not hold.
const AFTER: &str = "\
.SH PATHS
Wherever \\fIFILE\\fR... stands it may be
.BR \\- :
paths on standard input, each ended by NUL, as from
.BR \"find \\-print0\" .
A symbolic link is not followed if it is the last component of a path.
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
not found, or some failed
.TP
.B 2
usage
.TP
.B 3
the daemon is not reachable
.TP
.B 4
refused
.SH ENVIRONMENT
.TP
.B NO_COLOR
if set and not empty, no colours
.TP
.B DBUS_SESSION_BUS_ADDRESS
the session bus
.SH SEE ALSO
.BR exiftool (1)
";

fn of_verb(verb: &Command) -> String {
    let mut text = format!(".SS \"{}", escape(verb.get_name()));
    for argument in verb.get_arguments().filter(|argument| argument.is_positional()) {
        let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
        let many = matches!(argument.get_action(), ArgAction::Append);
        let name =
            format!("{}{name}{}", if argument.is_last_set() { "-- " } else { "" }, if many { "..." } else { "" });
        text.push_str(&match argument.is_required_set() {
            true => format!(" {}", escape(&name)),
            false => format!(" [{}]", escape(&name)),
        });
    }
    text.push_str("\"\n");
    text.push_str(&paragraphs(&about(verb)));
    for argument in verb.get_arguments().filter(|argument| !argument.is_global_set()) {
        text.push_str(&of_argument(argument));
    }
    text
}

fn of_argument(argument: &Arg) -> String {
    let id = argument.get_id();
    let Some(help) = argument.get_help().filter(|_| id != "help" && id != "version") else { return String::new() };
    let value = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let term = match argument.get_long() {
        Some(long) if argument.get_action().takes_values() => format!("\\fB\\-\\-{}\\fR \\fI{value}\\fR", escape(long)),
        Some(long) => format!("\\fB\\-\\-{}\\fR", escape(long)),
        None => format!("\\fI{}\\fR", escape(value)),
    };
    let short = argument.get_short().map_or_else(String::new, |short| format!("\\fB\\-{short}\\fR, "));
    format!(".TP\n{short}{term}\n{}\n", escape(&help.to_string()))
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

fn section(page: &mut String, name: &str, text: &str) {
    page.push_str(&format!(".SH {name}\n{text}"));
}

fn paragraphs(text: &str) -> String {
    let paragraphs: Vec<String> = text.split("\n\n").map(escape).collect();
    format!("{}.\n", paragraphs.join(".\n.PP\n").trim_end_matches('.')).replace("..\n", ".\n")
}

/// Text that roff takes as it is.
fn escape(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-").replace('\n', " ");
    match escaped.starts_with(['.', '\'']) {
        true => format!("\\&{escaped}"),
        false => escaped,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use clap_complete::Shell;

    use crate::commands::completions;

    /// Compares a file under `packaging/` with what the program makes; `UPDATE=1` writes it.
    fn committed(path: &str, made: &[u8]) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../packaging").join(path);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, made).unwrap();
        }
        let committed = fs::read(&path).unwrap_or_default();
        assert!(committed == made, "{} is out of date: UPDATE=1 cargo test -p metactl", path.display());
    }

    #[test]
    fn the_man_page_is_committed() {
        committed("man/metactl.1", super::page().as_bytes());
    }

    #[test]
    fn completions_are_committed() {
        committed("completions/metactl.bash", &completions::text(Shell::Bash));
        committed("completions/_metactl", &completions::text(Shell::Zsh));
        committed("completions/metactl.fish", &completions::text(Shell::Fish));
    }
}
