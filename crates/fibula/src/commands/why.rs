//! `why`: what decides, and the smallest changes that turn it.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use fibula_answers::why::{Book, Goal, Question};
use fibula_cluster::Workload;
use fibula_report::{Patch, Told, View, patch, why_json};

use super::ask::nameless;
use crate::args::WhyArgs;
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams};

/// What decides, and the smallest changes that turn it.
pub(crate) fn why(args: &WhyArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    let session = Session::open(&args.input, &[], default, streams)?;
    let goal = if args.close { Goal::Close } else { Goal::Allow };
    let namespace = args.namespace.as_deref();
    let question = Question { namespace, from: &args.from, to: &args.to };
    let asked = fibula_answers::why::why(session.ground(), question, goal, &*session);
    let why = match asked {
        Ok(why) => why,
        Err(errors) => return nameless(&errors, &session, &args.output, streams),
    };
    let sources = session.sources();
    let patches: Vec<Option<Patch>> = why
        .offers
        .iter()
        .map(|offer| patch(session.cluster.as_ref()?, sources, &offer.change))
        .collect();
    let exit = session.exit(Exit::from(why.trace.answer()));
    if let Some(n) = args.patch {
        let found = n.checked_sub(1).and_then(|at| patches.get(at)?.as_ref());
        let Some(found) = found else {
            let hint = match (patches.len(), why.done) {
                (_, true) => "it is so already".to_owned(),
                (0, false) => "none works: without --patch it says why".to_owned(),
                (1, false) => "there is one: --patch 1".to_owned(),
                (n, false) => format!("there are {n}: --patch 1 to --patch {n}"),
            };
            return Err(Stop::cannot(&format!("there is no offer {n}"), Some(&hint)));
        };
        streams.out.write_all(found.render(&called).as_bytes())?;
        // The question is answered by the patch.
        return Ok(session.exit(Exit::Yes));
    }
    let place = |id| session.place(id);
    let excerpt = |object, from: &str, path: &str| session.excerpt(object, from, path);
    let view = View::new(&session.network, &place);
    let view = view.with_excerpts(&excerpt).with_cluster(session.cluster.as_ref());
    let told = Told { why: &why, patches: &patches, command: "fibula why …" };
    Output::new(&args.output, streams)?
        .print(&|| fibula_report::why(&view, &told, &session.preface), &|| {
            why_json(&view, &told, &called, &session.preface)
        })?;
    Ok(exit)
}

/// What a file is called in a diff: from the folder of its repository, so that `git apply` takes it
/// from wherever in there; else as it was named, without what leads up or to the root.
fn called(file: &str) -> String {
    let plain = |path: &Path| -> String {
        let names = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        });
        names.collect::<Vec<_>>().join("/")
    };
    let path = std::path::absolute(file).unwrap_or_else(|_| PathBuf::from(file));
    let mut above = path.ancestors().skip(1);
    let root = above.find(|folder| folder.join(".git").exists());
    match root.and_then(|root| path.strip_prefix(root).ok()) {
        Some(inside) => plain(inside),
        None => plain(Path::new(file)),
    }
}

// === impl Session ===

impl Book for Session {
    fn selects_itself(&self, namespace: &str, workload: &Workload, key: &str) -> bool {
        let Some(cluster) = &self.cluster else { return false };
        let own =
            |pod: &&fibula_cluster::Pod| pod.namespace == namespace && pod.workload == *workload;
        let Some(pod) = cluster.pods.iter().find(own) else { return false };
        let made = cluster.makers.iter().any(|(object, _)| *object == pod.object);
        if !made {
            // Of what makes pods that were read nothing is kept: it may select by what they have.
            return workload.kind != "Pod" && pod.labels.get(key).is_some();
        }
        let labels = format!("spec.selector.matchLabels[{key}]");
        let old = format!("spec.selector[{key}]");
        let whole = |path: &str| self.sources().holds(pod.object, path, None);
        whole(&labels)
            || whole(&old)
            || self.among_expressions(pod.object, "spec.selector", key).is_some()
    }
}
