//! `lint`: what looks wrong.

use std::cell::LazyCell;
use std::ffi::OsString;

use fibula_cluster::Severity;
use fibula_report::{Notice, error, github, json, notices_markdown, sarif};

use crate::args::{DenyArg, LintArgs};
use crate::output::{Format, Telling, write_json};
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
        let near = error::meant(near.as_slice());
        let what = format!("{at} switches {said:?} off, and no finding has that id");
        error::warning(&what, near.as_deref()).print(&streams.err_screen, streams.err)?;
    }
    let denied = args.deny.map(|deny| match deny {
        DenyArg::Error => Severity::Error,
        DenyArg::Warning => Severity::Warning,
        DenyArg::Note => Severity::Note,
    });
    let worst = lint.findings.iter().map(|finding| finding.severity).min();
    let no = worst.is_some_and(|worst| denied.is_some_and(|denied| worst <= denied));
    let exit = session.exit(if no { Exit::No } else { Exit::Yes });
    let place = |at| session.object_place(at);
    // Finding each place costs something, and text has enough of the first few.
    let telling = LazyCell::new(|| {
        let spot = |at| session.spot(at);
        let notices = Notice::findings(&lint.findings, session.cluster.as_ref(), &spot);
        Telling::new("lint", notices, exit, &session)
    });
    let preface = &session.preface;
    let forms = [Format::Text, Format::Json, Format::Markdown, Format::Sarif, Format::Github];
    Output::of(&forms, &args.output, args.quiet, streams)?.each(&mut |format, screen, out| {
        match format {
            Format::Json => write_json(&json::lint(&lint, &place, preface), out),
            Format::Sarif => write_json(&sarif(&telling.run()), out),
            Format::Github => github(&telling.run(), out),
            Format::Markdown => notices_markdown("What looks wrong", &telling.run(), out),
            _ => fibula_report::lint(&lint, &place, preface).print(screen, out),
        }
    })?;
    Ok(exit)
}
