//! The command line as a value. What `--help` says is here too, and holds only what works.

use std::{ffi::OsString, path::PathBuf};

use metaextract::json::Form;

/// What the program is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Keep the index: the daemon itself.
    Serve(Instance),
    /// Read files and print their records.
    Extract {
        form: Form,
        files: Files,
    },
    /// Be a worker; what it needs comes over standard input.
    Worker,
    /// Be the mount helper, whose listening socket is standard input.
    MountHelper(Instance),
    /// Check the configuration and say what is wrong with it.
    CheckConfig(Instance),
    Version,
    Help,
}

/// Which daemon.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instance {
    /// The one of the whole machine, not that of the user who starts it.
    pub system: bool,
    /// Settings as `KEY=VALUE`.
    pub options: Vec<String>,
}

/// Which files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    Given(Vec<PathBuf>),
    /// NUL-separated paths on standard input.
    Stdin,
}

pub const HELP: &str = "\
Usage: metaextractd [--system] [--set KEY=VALUE]... [--check-config]
       metaextractd extract [--json] [--raw] FILE...|-

Without arguments: keeps the metadata of all files under the watched directories current. metactl controls it.

Commands:
  extract         Prints the metadata of each FILE as one JSON object a line, in the order given, without daemon and
                  index. With - as FILE, NUL-separated paths are read from standard input.
                    --json   JSON objects (the default)
                    --raw    values as recorded, like exiftool -n

Options:
      --system         Serves all users of the machine, each as far as that user may read, on the system bus
      --set KEY=VALUE  Sets a key of the configuration, such as workers.max=2; wins over files and environment
      --check-config   Checks the configuration and ends
  -h, --help           Prints this text
  -V, --version        Prints the version
";

/// Parses a command line without its first word, the program.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value};
    let mut args = lexopt::Parser::from_args(args);
    let mut instance = Instance::default();
    let mut check = false;
    let mut helper = false;
    while let Some(arg) = args.next()? {
        match arg {
            Value(verb) if verb == "extract" && instance == Instance::default() && !check => return extract(args),
            Long("worker") => return alone(args, Command::Worker),
            Short('V') | Long("version") => return alone(args, Command::Version),
            Short('h') | Long("help") => return alone(args, Command::Help),
            Long("system") => instance.system = true,
            Long("check-config") => check = true,
            Long("mount-helper") => helper = true,
            Long("set") => instance.options.push(lexopt::ValueExt::string(args.value()?)?),
            other => return Err(other.unexpected()),
        }
    }
    match (check, helper) {
        (true, true) => Err("--check-config and --mount-helper exclude each other".into()),
        (true, false) => Ok(Command::CheckConfig(instance)),
        (false, true) => Ok(Command::MountHelper(instance)),
        (false, false) => Ok(Command::Serve(instance)),
    }
}

fn alone(mut args: lexopt::Parser, command: Command) -> Result<Command, lexopt::Error> {
    match args.next()? {
        None => Ok(command),
        Some(other) => Err(other.unexpected()),
    }
}

fn extract(mut args: lexopt::Parser) -> Result<Command, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value};
    let mut form = Form::Printed;
    let mut files = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Long("json") => {}
            Long("raw") => form = Form::Raw,
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(file) => files.push(PathBuf::from(file)),
            other => return Err(other.unexpected()),
        }
    }
    let files = match files.as_slice() {
        [] => return Err("extract needs a FILE, or - for paths on standard input".into()),
        [dash] if dash.as_os_str() == "-" => Files::Stdin,
        _ => Files::Given(files),
    };
    Ok(Command::Extract { form, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn command_lines_mean_what_help_says() {
        let extract = |form, files| Ok(Command::Extract { form, files });
        let given = |names: &[&str]| Files::Given(names.iter().map(PathBuf::from).collect());
        let instance =
            |system, options: &[&str]| Instance { system, options: options.iter().map(ToString::to_string).collect() };
        assert_eq!(parsed(""), Ok(Command::Serve(Instance::default())));
        assert_eq!(parsed("--system"), Ok(Command::Serve(instance(true, &[]))));
        assert_eq!(parsed("--worker"), Ok(Command::Worker));
        assert_eq!(parsed("--check-config"), Ok(Command::CheckConfig(Instance::default())));
        assert_eq!(parsed("--set a.b=1 --set c=x"), Ok(Command::Serve(instance(false, &["a.b=1", "c=x"]))));
        assert_eq!(parsed("--system --mount-helper"), Ok(Command::MountHelper(instance(true, &[]))));
        assert_eq!(parsed("-V"), Ok(Command::Version));
        assert_eq!(parsed("extract --help"), Ok(Command::Help));
        assert_eq!(parsed("extract --json a b"), extract(Form::Printed, given(&["a", "b"])));
        assert_eq!(parsed("extract a --raw -- --json"), extract(Form::Raw, given(&["a", "--json"])));
        assert_eq!(parsed("extract -"), extract(Form::Printed, Files::Stdin));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            ("extract", "needs a FILE"),
            ("extract --jsn a", "--jsn"),
            ("serve", "serve"),
            ("--worker x", "x"),
            ("--mount-helper --check-config", "exclude"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
