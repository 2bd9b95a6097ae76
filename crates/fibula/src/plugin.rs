//! `kubectl fibula`: the same program under the name by which kubectl finds it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Command;

/// The name of the program that kubectl runs for `kubectl fibula`.
const NAME: &str = "kubectl-fibula";

/// What people type then.
const TYPED: &str = "kubectl fibula";

/// Whether the program was started by that name, a link to it included.
pub(crate) fn is_plugin(program: Option<&OsString>) -> bool {
    let name = program.map(Path::new).and_then(Path::file_stem);
    name.and_then(OsStr::to_str) == Some(NAME)
}

/// The command line whose help says what people type.
pub(crate) fn renamed(command: Command) -> Command {
    examples(command.bin_name(TYPED))
}

fn examples(command: Command) -> Command {
    let help = command.get_after_help().map(|help| {
        let help = help.to_string();
        ["\n  ", "| ", "&& ", ": "].iter().fold(help, |help, before| {
            help.replace(&format!("{before}fibula "), &format!("{before}{TYPED} "))
        })
    });
    let command = match help {
        Some(help) => command.after_help(help),
        None => command,
    };
    command.mut_subcommands(examples)
}
