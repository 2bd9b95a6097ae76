//! Time and memory by size: see the crate's documentation.

use std::io;
use std::process::ExitCode;

use fibula_bench::{process, speed};

fn main() -> ExitCode {
    if let Some(code) = process::child() {
        return ExitCode::from(code);
    }
    // Cargo adds `--bench`.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let wanted = speed::Wanted {
        smoke: args.iter().any(|arg| arg == "--smoke"),
        part: args.into_iter().find(|arg| arg != "--smoke").unwrap_or_default(),
    };
    match speed::run(&wanted, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{error}\n"));
            ExitCode::FAILURE
        }
    }
}
