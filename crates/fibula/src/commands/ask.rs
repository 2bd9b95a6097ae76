//! `trace`, `verify`: questions put to a network.

use std::ffi::OsString;

use fibula_answers::names::NameError;
use fibula_answers::trace::Answer;
use fibula_report::{Page, View, error, json};

use crate::args::{OutputArgs, TraceArgs, VerifyArgs};
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams, progress};

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
        Err(errors) => return nameless(&errors, &session, &args.output, streams),
    };
    let place = |id| session.place(id);
    let excerpt = |object, from: &str, path: &str| session.excerpt(object, from, path);
    let view = View::new(&session.network, &place).with_excerpts(&excerpt);
    Output::new(&args.output, streams)?
        .print(&|| fibula_report::trace(&view, &trace, &session.preface), &|| {
            json::trace(&view, &trace, &session.preface)
        })?;
    Ok(session.exit(Exit::from(trace.answer())))
}

impl From<Answer> for Exit {
    fn from(answer: Answer) -> Exit {
        match answer {
            Answer::All => Exit::Yes,
            Answer::Some | Answer::None => Exit::No,
            Answer::Undecided => Exit::Undecided,
        }
    }
}

/// Ends a question by names that no message can be sent by: programs get an answer where they look for
/// one; people read the same as errors.
pub(super) fn nameless(
    errors: &[NameError],
    session: &Session,
    output: &OutputArgs,
    streams: &mut Streams<'_>,
) -> Done {
    let pages: Vec<Page> = errors.iter().map(error::name).collect();
    let json = || json::names(errors, &session.preface);
    let exit = unnamed(errors);
    let quiet = output.quiet && exit != Exit::Cannot;
    Output::new(output, streams)?.told(&pages, &json)?;
    // Where names are an answer and no mistake, the exit code says it.
    Err(Stop::answered(if quiet { vec![] } else { pages }, session.exit(exit)))
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
    let doing = progress::doing("proving");
    let proof = fibula_answers::verify(&session.network);
    let withheld = fibula_answers::withheld(&session.network);
    drop(doing);
    let findings = session.lint(&[], &[]).findings;
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
