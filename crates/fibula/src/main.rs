//! The program `fibula`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fibula::program()
}
