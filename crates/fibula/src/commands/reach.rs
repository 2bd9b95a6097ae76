//! `reach`: who can reach whom.

use std::ffi::OsString;

use fibula_answers::reach::{Asked, PickError, ReachError};
use fibula_report::{Page, View, error, json};

use crate::args::ReachArgs;
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams};

/// Who can reach whom.
pub(crate) fn reach(
    args: &ReachArgs,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Done {
    let session = Session::open(&args.input, &[], default, streams)?;
    let names = |said: &Option<String>| -> Vec<String> {
        said.iter().flat_map(|said| said.split(',')).map(str::to_owned).collect()
    };
    let asked = Asked {
        from: names(&args.from),
        to: names(&args.to),
        namespace: args.namespace.clone(),
        port: args.port.map(|port| (port.proto, port.number)),
    };
    let reach = fibula_answers::reach::reach(session.ground(), &asked).map_err(|e| stop(&e))?;
    let place = |id| session.place(id);
    let view = View::new(&session.network, &place);
    Output::new(&args.output, streams)?
        .print(&|| fibula_report::reach(&view, &reach, &session.preface), &|| {
            json::reach(&view, &reach, &session.preface)
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
        let hint = near.as_ref().map(|near| format!("did you mean {near}?"));
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
