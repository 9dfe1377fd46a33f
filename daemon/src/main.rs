//! The program: which of its modes is wanted.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use metaextractd::{
    args::{self, Command, Instance},
    config::read::read,
    engine, extract_command, malloc,
    proto::Schedule,
    serve, worker,
};

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        // First of all: a worker must not have done anything before its sandbox stands.
        Ok(Command::Worker) => worker::run(&[]),
        Ok(Command::Extract { form, files }) => {
            malloc::set_up();
            match read(&serve::sources(Instance::default())) {
                Ok(settings) => {
                    let config = engine::Config { schedule: Schedule::Normal, ..engine::Config::from(&settings) };
                    extract_command::run(config, form, files)
                }
                Err(error) => fail(&error.into()),
            }
        }
        Ok(Command::Serve(instance)) => serve(instance),
        Ok(Command::MountHelper(instance)) => end(serve::help_to_mount(instance)),
        Ok(Command::CheckConfig(instance)) => match read(&serve::sources(instance)) {
            Ok(_) => {
                say(&mut io::stdout(), "The configuration is in order.\n");
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error.into()),
        },
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

fn serve(instance: Instance) -> ExitCode {
    malloc::set_up();
    end(serve::serve(instance))
}

fn end(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    say(&mut io::stderr(), &format!("metaextractd: {error:#}\n"));
    ExitCode::FAILURE
}

fn say(to: &mut dyn Write, text: &str) {
    _ = to.write_all(text.as_bytes()); // There is nowhere else to say that it failed.
}
