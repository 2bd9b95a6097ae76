//! The program as a library: command lines on screens of all kinds.

pub(crate) mod answers;
pub(crate) mod schema;

use std::ffi::OsString;

use fibula::Streams;
use fibula_report::Screen;

/// What a command printed, and the code that it would exit with.
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `fibula ARGS` on a screen, with some standard input.
pub(crate) fn run_on(screen: Screen, args: &[&str], input: &[u8]) -> Ran {
    let args = ["fibula"].iter().chain(args).map(OsString::from);
    let (mut out, mut err) = (vec![], vec![]);
    let code = fibula::run(
        args,
        None,
        &mut Streams {
            input: &mut || Ok(input.to_vec()),
            out: &mut out,
            screen,
            err: &mut err,
            err_screen: screen,
        },
    );
    let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
    let ran = Ran { code, out: text(out), err: text(err) };
    answers::check(&ran.out);
    ran
}

/// Runs `fibula ARGS` in a pipe.
#[allow(dead_code, reason = "not every test file runs one in a pipe")]
pub(crate) fn run(args: &[&str]) -> Ran {
    run_on(Screen::PIPE, args, b"")
}
