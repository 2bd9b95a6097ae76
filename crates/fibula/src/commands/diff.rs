//! `diff`: what a change opens and closes.

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use fibula_answers::diff::DiffError;
use fibula_cluster::{ObjectId, Place};
use fibula_report::{Inputs, View, diff_markdown, diff_notices, github, json, sarif};

use crate::args::DiffArgs;
use crate::inputs::{Source, pair};
use crate::output::{Format, Telling, write_json};
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams};

/// What a change opens and closes.
pub(crate) fn diff(args: &DiffArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    if let Some(file) = &args.input.network {
        let hint = "say two inputs of objects";
        return Err(Stop::cannot(&format!("{file} is one network: diff takes two"), Some(hint)));
    }
    let (old, new) = sides(args, default, streams)?;
    let mut found = fibula_answers::diff::diff(old.ground(), new.ground()).map_err(|e| stop(&e))?;
    // What nobody reads may still be compared letter by letter.
    found.unread_differ |= old.unread() != new.unread();
    let exit = match (found.is_different(), found.is_undecided()) {
        (true, _) => Exit::No,
        (false, true) => Exit::Undecided,
        (false, false) => Exit::Yes,
    };
    let exit = if args.exit_zero { Exit::Yes } else { exit };
    let exit = new.exit(old.exit(exit));

    let sides = [&old, &new];
    let place = |id| new.place(id);
    let view = View::new(&new.network, &place);
    let inputs = Inputs {
        view: &view,
        spot: &|side, place: Place| sides[side].spot(place),
        value: &|side, object: ObjectId, path: &str| sides[side].value(object, path),
        excerpt: &|side, object, from: &str, path: &str| sides[side].excerpt(object, from, path),
        path: &|side, place| {
            sides[side].cluster.as_ref().map_or_else(String::new, |cluster| cluster.path(place))
        },
        prefaces: [&old.preface, &new.preface],
    };
    let notices = diff_notices(&inputs, &found);
    let telling = Telling::new("diff", notices, exit, &new);
    let forms = [Format::Text, Format::Json, Format::Markdown, Format::Sarif, Format::Github];
    let code = exit.code();
    Output::of(&forms, &args.output, args.quiet, streams)?.each(&mut |format, screen, out| {
        match format {
            Format::Json => write_json(&json::diff(&inputs, &found), out),
            Format::Markdown => diff_markdown(&inputs, &found, code, out),
            Format::Sarif => write_json(&sarif(&telling.run()), out),
            Format::Github => github(&telling.run(), out),
            _ => fibula_report::diff(&inputs, &found, code).print(screen, out),
        }
    })?;
    Ok(exit)
}

/// What was, and what is to be. Of one input, what it is without and with what is laid over it: then
/// it is read once, for a cluster does not stand still.
fn sides(
    args: &DiffArgs,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Result<(ManuallyDrop<Session>, ManuallyDrop<Session>), Stop> {
    let DiffArgs { inputs, input, .. } = args;
    let open =
        |name: String, streams: &mut Streams<'_>| Source::open(input, &[name], None, streams);
    let both = match &inputs[..] {
        [old, new] => Some((old.clone(), new.clone())),
        [one] => pair(one)?,
        _ => None,
    };
    let (old, new) = match both {
        Some((old, new)) if old == "-" && new == "-" => {
            return Err(Stop::cannot("standard input is one input: diff takes two", None));
        }
        Some((old, new)) => (open(old, streams)?, open(new, streams)?),
        None if !input.overlay.is_empty() => {
            let one = Source::open(input, inputs, default, streams)?;
            (one.clone(), one)
        }
        None => {
            let hint = "fibula diff OLD NEW, or fibula diff OLD --overlay DIR";
            return Err(Stop::cannot("diff compares two inputs", Some(hint)));
        }
    };
    let old = Session::of(input, &old, &[], streams)?;
    let new = Session::of(input, &new, &input.overlay, streams)?;
    Ok((old, new))
}

fn stop(error: &DiffError) -> Stop {
    match error {
        DiffError::Filters => Stop::cannot(
            "a filter of one of the networks asks for more than addresses and ports",
            Some("trace follows one message through it"),
        ),
        DiffError::Choices => Stop::cannot(
            "too much is left open, in both together, to be told apart",
            Some("--profile and --decide close some of it"),
        ),
    }
}
