//! The program, under whichever of its names: hands its arguments, streams and terminal to
//! [`run`](crate::run).

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::process::ExitCode;

use fibula_report::Screen;

use crate::{Streams, progress, run};

/// Runs the command line of this process.
pub fn program() -> ExitCode {
    let err_screen = screen(io::stderr().is_terminal());
    if err_screen.width.is_some()
        && let Ok(terminal) = io::stderr().as_fd().try_clone_to_owned()
    {
        progress::on(File::from(terminal), err_screen.unicode);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let mut streams = Streams {
        input: &mut || {
            let mut bytes = vec![];
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        },
        screen: screen(io::stdout().is_terminal()),
        out: &mut out,
        err_screen,
        err: &mut err,
    };
    let default = std::env::var_os("FIBULA_INPUT");
    ExitCode::from(run(std::env::args_os(), default, &mut streams))
}

/// What a stream is printed on. Colours only on a terminal, unless someone insists; `NO_COLOR` and
/// a dumb terminal have none.
fn screen(terminal: bool) -> Screen {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let forced = set("CLICOLOR_FORCE");
    let width = terminal.then(|| terminal_size::terminal_size().map_or(80, |(w, _)| w.0.into()));
    Screen {
        width,
        color: (terminal && !dumb || forced) && !set("NO_COLOR"),
        unicode: speaks_unicode(),
    }
}

/// Whether the locale is one of UTF-8; where none is set, yes.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
