//! `graph`: the network itself.

use std::ffi::OsString;

use fibula_answers::names::Names;
use fibula_network::file;
use fibula_report::{GraphOptions, View, dot, error, mermaid};

use crate::args::GraphArgs;
use crate::output::{Format, Output};
use crate::session::Session;
use crate::{Done, Exit, Stop, Streams};

/// Elements, links, and the FIB of each switch, as text, a picture, or a file.
pub(crate) fn graph(
    args: &GraphArgs,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Done {
    let session = Session::open(&args.input, &[], default, streams)?;
    let network = &session.network;
    let names = Names::new(network, session.cluster.as_ref(), args.namespace.as_deref());
    let (mut switches, mut errors) = (vec![], vec![]);
    for said in &args.switches {
        match names.switches(said) {
            Ok(found) => switches.extend(found),
            Err(unknown) => errors.push(error::name(&unknown)),
        }
    }
    if !errors.is_empty() {
        return Err(Stop::with(errors, Exit::Cannot));
    }
    let usual = GraphOptions::default();
    let max = if args.all { usize::MAX } else { usual.max };
    let options = GraphOptions { switches, shared: args.shared, max };
    let place = |id| session.place(id);
    let view = View::new(network, &place);
    let forms = [Format::Text, Format::Json, Format::Dot, Format::Mermaid];
    Output::of(&forms, &args.output, args.quiet, streams)?.each(&mut |format, screen, out| {
        match format {
            Format::Json => file::write(network, &place, out),
            Format::Dot => dot(&view, args.all, out),
            Format::Mermaid => mermaid(&view, args.all, out),
            _ => fibula_report::graph(&view, &options).print(screen, out),
        }
    })?;
    let unread = session.preface.unread_lines();
    if args.output.iter().any(|target| target.format == Format::Json) && !unread.is_empty() {
        let says = format!("the network holds nothing of what was not read: {}", unread.join("; "));
        error::note(&says).print(&streams.err_screen, streams.err)?;
    }
    Ok(session.exit(Exit::Yes))
}
