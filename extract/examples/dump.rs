//! Prints the record of each file as one line of JSON: `dump [--raw] FILE...`, for comparison with `exiftool -j -G1`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::{fs::File, os::unix::ffi::OsStrExt, path::Path, process::ExitCode};

use metaextract::{
    Limits, Source, extract,
    json::{self, Form},
};

fn main() -> ExitCode {
    let mut form = Form::Printed;
    let mut code = ExitCode::SUCCESS;
    for argument in std::env::args_os().skip(1) {
        if argument == "--raw" {
            form = Form::Raw;
            continue;
        }
        match dump(Path::new(&argument), form) {
            Ok(line) => println!("{line}"),
            Err(error) => {
                eprintln!("{}: {error}", argument.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn dump(path: &Path, form: Form) -> std::io::Result<String> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let name = path.file_name().unwrap_or_default().as_bytes();
    let record = extract(&mut Source::from_file(file, size, name, Limits::default()));
    Ok(json::object(&record, form, Some(path.as_os_str().as_bytes())))
}
