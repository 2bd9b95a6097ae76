//! `fibula` alone, `demo`, `explain`: what there is to know.

use fibula_answers::verify;
use fibula_cluster::{Cluster, Options};
use fibula_intended::{Intent, Listeners, Refinement, network};
use fibula_network::Addr;
use fibula_report::{
    Broken, Demo, Label, Page, Text, View, cut, error, explain_all, json, near_ids,
};
use fibula_source::Input;

use crate::args::{DemoArgs, ExplainArgs};
use crate::session::K1;
use crate::{Done, Exit, Output, Stop, Streams};

/// All of it on K1: the graph, a FIB, four lives, the proof, and two copies that it refutes.
pub(crate) fn demo(args: &DemoArgs, streams: &mut Streams<'_>) -> Done {
    let read = fibula_source::read(&[Input::Text { name: "k1.yaml".to_owned(), text: K1.into() }]);
    let cluster = Cluster::new(read.objects, &Options::default());
    let intent = |without| Intent {
        without,
        listeners: Listeners::Declared,
        daemons: vec![],
        ..Intent::default()
    };
    let k1 = network(&cluster, &intent(vec![]));
    let without_r1 = network(&cluster, &intent(vec![Refinement::R1]));
    let lost_entry = cut(&k1, "n1", Addr::v4([10, 0, 2, 1]));
    let (proof, looping, lost) = (verify(&k1), verify(&without_r1), verify(&lost_entry));
    let no_place = |_| None;
    let view = View::new(&k1, &no_place);
    let broken = [
        Broken {
            title: "the article's own graph, without R1",
            network: &without_r1,
            proof: &looping,
        },
        Broken { title: "n1 without its entry for 10.0.2.1", network: &lost_entry, proof: &lost },
    ];
    let demo = Demo { view: &view, proof: &proof, broken: &broken };
    Output::new(&args.output, streams)?
        .print(&|| fibula_report::demo(&demo), &|| json::demo(&demo))?;
    Ok(Exit::Yes)
}

/// What an id means.
pub(crate) fn explain(args: &ExplainArgs, streams: &mut Streams<'_>) -> Done {
    let page = match &args.id {
        None => explain_all(),
        Some(id) => fibula_report::explain(id).ok_or_else(|| {
            let near = error::meant(&near_ids(id));
            let hint = near.as_deref().unwrap_or("fibula explain   lists all ids");
            Stop::cannot(&format!("{id:?} is no id that fibula prints"), Some(hint))
        })?,
    };
    let id = args.id.as_deref();
    Output::new(&args.output, streams)?.print(&|| page.clone(), &|| json::explain(id))?;
    Ok(Exit::Yes)
}

/// The commands by question, and how to start.
pub(crate) fn overview(streams: &mut Streams<'_>) -> Done {
    let mut page = Page::new();
    page.line("What a Kubernetes network does with a message, and why.");
    page.line("Reads YAML, dumps and clusters; changes nothing.");
    page.blank();
    // Two columns, for three would be folded where a screen is narrow.
    let row = |group: &str, command: &str, about: &str| {
        let group = Text::new().with(Label::Name, format!("{group:<12}"));
        vec![group.with(Label::Command, command), about.into()]
    };
    page.rows(
        2,
        vec![
            row("Ask", "trace FROM TO[:PORT]", "what happens to a message, hop by hop"),
            row("", "why FROM TO[:PORT]", "what decides, and the smallest change that turns it"),
            row("", "reach [FROM] [TO]", "who can reach whom"),
            row("Guard", "lint", "what looks wrong"),
            row("", "diff OLD NEW", "what a change opens and closes"),
            row("", "check [PROMISES]", "does it keep what was promised, and what its pods name?"),
            row("Understand", "demo", "all of it on K1, the example of the model"),
            row("", "verify", "is this a Kubernetes network?"),
            row("", "graph", "the network itself, as text, JSON or a picture"),
            row("", "lab check", "the same network in your kernel: do the two agree?"),
            row("", "explain ID", "what an id means"),
            row("Make", "dump", "a cluster, saved: what is read of it, and nothing else"),
            row("", "generate", "a cluster of any size"),
        ],
    );
    page.blank();
    let input = "-f FILE | DIR | - | @kube[:CONTEXT] | git:REV:PATH | @k1   or set FIBULA_INPUT";
    page.line(Text::from("  ").with(Label::Name, "Input").plain(format!("       {input}")));
    let start = Text::from("  ").with(Label::Name, "Start with").plain("  ");
    let start = start.with(Label::Command, "fibula demo").plain("   or   ");
    page.line(start.with(Label::Command, "fibula trace -f @kube web db:5432"));
    page.print(&streams.screen, streams.out)?;
    Ok(Exit::Yes)
}
