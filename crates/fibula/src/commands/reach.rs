//! `reach`: who can reach whom.

use std::ffi::OsString;

use fibula_answers::reach::{Asked, Only, PickError, ReachError};
use fibula_report::{Page, View, error, json, reach_dot, reach_markdown, reach_mermaid};

use crate::args::{OnlyArg, ReachArgs};
use crate::output::{Format, write_json};
use crate::session::Session;
use crate::told::WITHOUT_ENV;
use crate::{Done, Exit, Output, Stop, Streams, progress};

/// Who can reach whom.
pub(crate) fn reach(
    args: &ReachArgs,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Done {
    if matches!(args.only, Some(OnlyArg::In | OnlyArg::Out)) && args.namespace.is_none() {
        let hint = "say which with -n; FROM and TO have a direction already";
        return Err(Stop::cannot("--only in and --only out are about a namespace", Some(hint)));
    }
    let session = Session::open(&args.input, &[], default, streams)?;
    if session.without_env && args.only == Some(OnlyArg::Unused) {
        error::note(WITHOUT_ENV).print(&streams.err_screen, streams.err)?;
    }
    let names = |said: &Option<String>| -> Vec<String> {
        said.iter().flat_map(|said| said.split(',')).map(str::to_owned).collect()
    };
    let asked = Asked {
        from: names(&args.from),
        to: names(&args.to),
        namespace: args.namespace.clone(),
        port: args.port.map(|port| (port.proto, port.number)),
        only: args.only.map(|only| match only {
            OnlyArg::Unused => Only::Unused,
            OnlyArg::In => Only::In,
            OnlyArg::Out => Only::Out,
        }),
    };
    let doing = progress::doing("following who can reach whom");
    let reach = fibula_answers::reach::reach(session.ground(), &asked).map_err(|e| stop(&e))?;
    drop(doing);
    let place = |id| session.place(id);
    let view = View::new(&session.network, &place);
    let preface = &session.preface;
    let forms = [Format::Text, Format::Json, Format::Markdown, Format::Dot, Format::Mermaid];
    Output::of(&forms, &args.output, args.quiet, streams)?.each(&mut |format, screen, out| {
        match format {
            Format::Json => write_json(&json::reach(&view, &reach, preface), out),
            Format::Markdown => reach_markdown(&view, &reach, preface, out),
            Format::Dot => reach_dot(&view, &reach, out),
            Format::Mermaid => reach_mermaid(&view, &reach, out),
            _ => fibula_report::reach(&view, &reach, preface).print(screen, out),
        }
    })?;
    let named = args.from.is_some() || args.to.is_some();
    Ok(session.exit(match reach.is_undecided() {
        true => Exit::Undecided,
        false if named && reach.is_nothing() => Exit::No,
        false => Exit::Yes,
    }))
}

fn stop(error: &ReachError) -> Stop {
    let page = |PickError { said, near }: &PickError| -> Page {
        let hint = error::meant(near.as_slice());
        error::error(&format!("nothing is named {said:?}"), hint.as_deref())
    };
    match error {
        ReachError::Names(errors) => Stop::with(errors.iter().map(page).collect(), Exit::Cannot),
        ReachError::Filters => Stop::cannot(
            "a filter of this network asks for more than addresses and ports",
            Some("trace follows one message through it"),
        ),
    }
}
