//! The program: which of its modes is wanted.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use metaextractd::{
    args::{self, Command},
    engine, extract_command, malloc,
    proto::Schedule,
    worker,
};

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        // First of all: a worker must not have done anything before its sandbox stands.
        Ok(Command::Worker) => worker::run(&[]),
        Ok(Command::Extract { form, files }) => {
            malloc::set_up();
            let config = engine::Config { schedule: Schedule::Normal, ..engine::Config::default() };
            extract_command::run(config, form, files)
        }
        Ok(Command::Serve | Command::CheckConfig) => {
            say(&mut io::stderr(), "metaextractd: the daemon is not built yet\n");
            ExitCode::FAILURE
        }
        Ok(Command::Version) => {
            say(&mut io::stdout(), concat!("metaextractd ", env!("CARGO_PKG_VERSION"), "\n"));
            ExitCode::SUCCESS
        }
        Ok(Command::Help) => {
            say(&mut io::stdout(), args::HELP);
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&mut io::stderr(), &format!("metaextractd: {error}\nTry: metaextractd --help\n"));
            ExitCode::from(2)
        }
    }
}

fn say(to: &mut dyn Write, text: &str) {
    _ = to.write_all(text.as_bytes()); // There is nowhere else to say that it failed.
}
