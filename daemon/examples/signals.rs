//! Writes down what the governor would be told, every 250 ms, one JSON object a line: `signals SECONDS >FILE`.
//!
//! The traces in `daemon/src/governor/traces` were made with it, under real pressure (`tests/bench/pressure.sh --trace DIR`).

use std::{
    error::Error,
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use metaextractd::governor::signals::Signals;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).ok_or("usage: signals SECONDS")?.parse()?;
    let (signals, began) = (Signals::new(Path::new("/")), Instant::now());
    let mut out = std::io::stdout();
    while began.elapsed() < Duration::from_secs(seconds) {
        let line = serde_json::json!({ "ms": began.elapsed().as_millis() as u64, "snapshot": signals.read() });
        writeln!(out, "{line}")?;
        thread::sleep(Duration::from_millis(250));
    }
    Ok(())
}
