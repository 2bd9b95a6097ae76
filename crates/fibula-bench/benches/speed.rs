//! Time and memory by size: see the crate's documentation.

use std::io;
use std::process::ExitCode;

use fibula_bench::{process, speed};

fn main() -> ExitCode {
    if let Some(code) = process::child() {
        return ExitCode::from(code);
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let says = |word: &str| args.iter().any(|arg| arg == word);
    let wanted = speed::Wanted {
        // `cargo bench` says so; `cargo test --benches` only asks whether it runs.
        smoke: says("--smoke") || !says("--bench"),
        part: args.iter().find(|arg| !arg.starts_with("--")).cloned().unwrap_or_default(),
    };
    match speed::run(&wanted, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{error}\n"));
            ExitCode::FAILURE
        }
    }
}
