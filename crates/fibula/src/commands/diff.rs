//! `diff`: what a change opens and closes.

use std::ffi::OsString;

use fibula_answers::diff::DiffError;
use fibula_cluster::{ObjectId, Place};
use fibula_report::{Inputs, View, diff_markdown, diff_notices, github, json, sarif};

use crate::args::DiffArgs;
use crate::output::{Format, Telling, write_json};
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams};

/// What a change opens and closes.
pub(crate) fn diff(args: &DiffArgs, _: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    if let Some(file) = &args.input.network {
        let hint = "say two inputs of objects";
        return Err(Stop::cannot(&format!("{file} is one network: diff takes two"), Some(hint)));
    }
    let (old, new) = match &args.inputs[..] {
        [old, new] => (old.clone(), new.clone()),
        _ => {
            let hint = "fibula diff OLD NEW";
            return Err(Stop::cannot("diff compares two inputs", Some(hint)));
        }
    };
    if old == "-" && new == "-" {
        return Err(Stop::cannot("standard input is one input: diff takes two", None));
    }
    let old = Session::open(&args.input, &[old], None, streams)?;
    let new = Session::open(&args.input, &[new], None, streams)?;
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
