//! `trace`, `verify`, `lint`: questions put to a network.

use std::cell::LazyCell;
use std::ffi::OsString;

use fibula_answers::names::NameError;
use fibula_answers::trace::Answer;
use fibula_cluster::{Finding, Severity, findings};
use fibula_report::{Notice, Page, View, error, github, json, notices_markdown, sarif};

use crate::args::{DenyArg, LintArgs, TraceArgs, VerifyArgs};
use crate::output::{Format, Telling, write_json};
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams};

/// What happens to a message, hop by hop.
pub(crate) fn trace(
    args: &TraceArgs,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Done {
    let session = Session::open(&args.input, &[], default, streams)?;
    let asked = fibula_answers::trace::trace(
        session.ground(),
        args.namespace.as_deref(),
        &args.from,
        &args.to,
    );
    let trace = match asked {
        Ok(trace) => trace,
        Err(errors) => {
            // Programs get an answer where they look for one; people read the same as errors.
            let no_text = |format| format == Format::Json;
            Output::new(&args.output, streams)?
                .only(no_text)
                .print(&Page::new, &|| json::names(&errors, &session.preface))?;
            let pages = errors.iter().map(error::name).collect();
            return Err(Stop::answered(pages, session.exit(unnamed(&errors))));
        }
    };
    let place = |id| session.place(id);
    let excerpt = |object, from: &str, path: &str| session.excerpt(object, from, path);
    let view = View::new(&session.network, &place).with_excerpts(&excerpt);
    Output::new(&args.output, streams)?
        .print(&|| fibula_report::trace(&view, &trace, &session.preface), &|| {
            json::trace(&view, &trace, &session.preface)
        })?;
    Ok(session.exit(match trace.answer() {
        Answer::All => Exit::Yes,
        Answer::Some | Answer::None => Exit::No,
        Answer::Undecided => Exit::Undecided,
    }))
}

/// How names end the question that no message can be sent by: some are a mistake, some an answer.
fn unnamed(errors: &[NameError]) -> Exit {
    let exits = errors.iter().map(|error| match error {
        NameError::NoSuchName { .. } => Exit::No,
        NameError::KeptOut { .. } | NameError::Elsewhere { .. } => Exit::Undecided,
        _ => Exit::Cannot,
    });
    let over = |exit: &Exit| match exit {
        Exit::Cannot => 3,
        Exit::No => 2,
        Exit::Undecided => 1,
        Exit::Yes | Exit::As(_) => 0,
    };
    exits.max_by_key(over).unwrap_or(Exit::Cannot)
}

/// Is this a Kubernetes network?
pub(crate) fn verify(
    args: &VerifyArgs,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Done {
    let session = Session::open(&args.input, &args.inputs, default, streams)?;
    let proof = fibula_answers::verify(&session.network);
    let withheld = fibula_answers::withheld(&session.network);
    let findings = session.cluster.as_ref().map(findings).unwrap_or_default();
    let place = |id| session.place(id);
    let view = View::new(&session.network, &place);
    let inputs: Vec<&str> =
        args.input.file.iter().chain(&args.inputs).map(String::as_str).collect();
    let hint = format!("fibula lint {}", inputs.join(" "));
    let preface = &session.preface;
    Output::new(&args.output, streams)?.print(
        &|| fibula_report::verify(&view, &proof, withheld, &findings, preface, hint.trim_end()),
        &|| {
            let place = |at| session.object_place(at);
            json::verify(&view, &proof, withheld, &findings, &place, preface)
        },
    )?;
    Ok(session.exit(if proof.violated() {
        Exit::No
    } else if proof.holds() && preface.kept_out == 0 {
        Exit::Yes
    } else {
        Exit::Undecided
    }))
}

/// What looks wrong.
pub(crate) fn lint(args: &LintArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    if let Some(file) = &args.input.network {
        let hint = format!("fibula verify --network {file}");
        return Err(Stop::cannot("lint looks at objects: a network holds none", Some(&hint)));
    }
    let session = Session::open(&args.input, &args.inputs, default, streams)?;
    let findings: Vec<Finding> = session.cluster.as_ref().map(findings).unwrap_or_default();
    let denied = args.deny.map(|deny| match deny {
        DenyArg::Error => Severity::Error,
        DenyArg::Warning => Severity::Warning,
        DenyArg::Note => Severity::Note,
    });
    let worst = findings.iter().map(|finding| finding.severity).min();
    let no = worst.is_some_and(|worst| denied.is_some_and(|denied| worst <= denied));
    let exit = session.exit(if no { Exit::No } else { Exit::Yes });
    let place = |at| session.object_place(at);
    // Finding each place costs something, and text has enough of the first few.
    let telling = LazyCell::new(|| {
        let spot = |at| session.spot(at);
        let notices = Notice::findings(&findings, session.cluster.as_ref(), &spot);
        Telling::new("lint", notices, exit, &session)
    });
    let preface = &session.preface;
    let forms = [Format::Text, Format::Json, Format::Markdown, Format::Sarif, Format::Github];
    Output::of(&forms, &args.output, args.quiet, streams)?.each(&mut |format, screen, out| {
        match format {
            Format::Json => write_json(&json::lint(&findings, &place, preface), out),
            Format::Sarif => write_json(&sarif(&telling.run()), out),
            Format::Github => github(&telling.run(), out),
            Format::Markdown => notices_markdown("What looks wrong", &telling.run(), out),
            _ => fibula_report::lint(&findings, &place, preface).print(screen, out),
        }
    })?;
    Ok(exit)
}
