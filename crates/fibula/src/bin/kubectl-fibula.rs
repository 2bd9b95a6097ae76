//! The same program as `kubectl fibula`: kubectl runs whatever is called `kubectl-` and a word.

use std::process::ExitCode;

fn main() -> ExitCode {
    fibula::program()
}
