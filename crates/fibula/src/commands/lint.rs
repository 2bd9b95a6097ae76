//! `lint`: what looks wrong.

use std::ffi::OsString;

use fibula_cluster::Severity;
use fibula_report::{error, json};

use crate::args::{DenyArg, LintArgs};
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams};

/// What looks wrong.
pub(crate) fn lint(args: &LintArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    if let Some(file) = &args.input.network {
        let hint = format!("fibula verify --network {file}");
        return Err(Stop::cannot("lint looks at objects: a network holds none", Some(&hint)));
    }
    let session = Session::open(&args.input, &args.inputs, default, streams)?;
    let lint = session.lint(&args.only, &args.off);
    for (said, near, at) in session.switches_nothing_off(&lint) {
        let near = near.map(|near| format!("did you mean {near}?"));
        let what = format!("{at} switches {said:?} off, and no finding has that id");
        error::warning(&what, near.as_deref()).print(&streams.err_screen, streams.err)?;
    }
    let place = |at| session.object_place(at);
    Output::new(&args.output, streams)?
        .print(&|| fibula_report::lint(&lint, &place, &session.preface), &|| {
            json::lint(&lint, &place, &session.preface)
        })?;
    let denied = args.deny.map(|deny| match deny {
        DenyArg::Error => Severity::Error,
        DenyArg::Warning => Severity::Warning,
        DenyArg::Note => Severity::Note,
    });
    let worst = lint.findings.iter().map(|finding| finding.severity).min();
    let no = worst.is_some_and(|worst| denied.is_some_and(|denied| worst <= denied));
    Ok(session.exit(if no { Exit::No } else { Exit::Yes }))
}
