//! The gate of instruction counts: see the crate's documentation.

use std::io::{self, Write};
use std::process::ExitCode;

use fibula_bench::instructions;

fn main() -> ExitCode {
    if instructions::child() {
        return ExitCode::SUCCESS;
    }
    let bless = std::env::args().any(|arg| arg == "--bless");
    match instructions::run(bless, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
