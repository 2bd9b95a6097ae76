//! `check`: does a cluster keep what was promised of it?

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ffi::OsString;

use fibula_answers::promises::{Asked, Checked, Implied, Outcome, Strangers, Wrong};
use fibula_cluster::promise::Promise;
use fibula_cluster::{ObjectId, Severity};
use fibula_report::{
    Check, Notice, Spot, View, Written, check_cases, check_notices, check_refusals, error, github,
    json, junit, notices_markdown, sarif,
};
use fibula_source::{Input, Promises, Refusal, promises};

use crate::args::{CheckArgs, OnlyPromises};
use crate::inputs::input;
use crate::output::{Format, Telling, write_json};
use crate::session::Session;
use crate::told::{self, WITHOUT_ENV};
use crate::{Done, Exit, Output, Stop, Streams};

/// What became of each promise.
pub(crate) fn check(
    args: &CheckArgs,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Done {
    let read = read(args, streams)?;
    for page in told::refused(&read.refused) {
        page.print(&streams.err_screen, streams.err)?;
    }
    let session = Session::open(&args.input, &[], default, streams)?;
    let promised: Vec<Promise> = match args.only {
        Some(OnlyPromises::Implied) => vec![],
        _ => read.all.iter().map(|(_, promise)| promise.clone()).collect(),
    };
    let implied = args.only != Some(OnlyPromises::Written);
    let namespace = args.namespace.as_deref();
    let asked = Asked { promises: &promised, implied, namespace };
    let strangers = Strangers::new(session.ground(), &promised);
    let plain = session.ground();
    let ground = strangers.as_ref().map_or(plain, |strangers| strangers.ground(plain));
    let checked = fibula_answers::promises::check(ground, &asked).map_err(|_| {
        let what = "a filter of this network asks for more than addresses and ports";
        Stop::cannot(what, Some("trace follows one message through it"))
    })?;
    if checked.outcomes().next().is_none() && read.refused.is_empty() {
        return Err(nothing(args, &session));
    }
    let without_env = implied && session.without_env;
    if without_env {
        error::note(WITHOUT_ENV).print(&streams.err_screen, streams.err)?;
    }
    let wrong = wrong(&read, &checked);
    for page in told::refused(&wrong) {
        page.print(&streams.err_screen, streams.err)?;
    }
    let (refused_promises, refused_files) = unread(&read);
    let refused = wrong.len() + read.refused.len();
    let exit = session.exit(exit(&checked, refused));

    let written = promised.iter().zip(&read.all);
    let written = written.map(|(promise, (id, _))| Written { promise, at: at(&read, *id) });
    let written: Vec<Written<'_>> = written.collect();
    let told = Check {
        checked: &checked,
        written: &written,
        implied_at: &|implied: &Implied| implied_at(&session, implied),
        refused: refused_promises,
        refused_files,
        all: args.all,
        exit: exit.code(),
    };
    let place = |id| session.place(id);
    let view = View::new(ground.network, &place);
    let preface = &session.preface;
    let telling = LazyCell::new(|| {
        let telling = Telling::new("check", check_notices(&view, &told), exit, &session);
        let told = read.refused.iter().chain(&wrong).map(Notice::refusal);
        let noted = without_env.then(|| Notice::new("unread", "", Severity::Note, WITHOUT_ENV));
        telling.beside(told.chain(noted))
    });
    let forms = [
        Format::Text,
        Format::Json,
        Format::Junit,
        Format::Markdown,
        Format::Sarif,
        Format::Github,
    ];
    Output::of(&forms, &args.output, args.quiet, streams)?.each(&mut |format, screen, out| {
        match format {
            Format::Json => write_json(&json::check(&view, &told, preface), out),
            Format::Sarif => write_json(&sarif(&telling.run()), out),
            Format::Github => github(&telling.run(), out),
            Format::Markdown => notices_markdown("Promises", &telling.run(), out),
            Format::Junit => {
                let mut cases = check_cases(&view, &told);
                cases.extend(check_refusals(&read.refused));
                junit("fibula check", &cases, telling.run().root, out)
            }
            _ => fibula_report::check(&view, &told, preface).print(screen, out),
        }
    })?;
    Ok(exit)
}

/// The promises that the arguments name.
fn read(args: &CheckArgs, streams: &mut Streams<'_>) -> Result<Promises, Stop> {
    let named = args.promises.iter();
    let inputs: Vec<Input> =
        named.map(|name| input(name, &args.input.kube, streams)).collect::<Result<_, Stop>>()?;
    let read = promises(&inputs);
    // A folder of manifests is no folder of promises.
    if read.files == 0 && read.refused.is_empty() && !args.promises.is_empty() {
        let names = args.promises.join(", ");
        let hint = format!("read manifests with -f: fibula check -f {names}");
        return Err(Stop::cannot(&format!("no promises in {names}"), Some(&hint)));
    }
    Ok(read)
}

/// How promises are written.
const HOW: &str = "fibula check --help shows how to write promises";

/// Why there is nothing to check.
fn nothing(args: &CheckArgs, session: &Session) -> Stop {
    let what = match (args.only, args.promises.is_empty()) {
        (Some(OnlyPromises::Written), true) => "nothing is promised: no file of promises was named",
        (None | Some(OnlyPromises::Implied), true) if session.without_env => {
            let what = format!("nothing is promised: {WITHOUT_ENV}");
            return Stop::cannot(&what, Some(HOW));
        }
        (None | Some(OnlyPromises::Implied), true) => {
            "nothing is promised: no pod names an address of the cluster in its environment, command \
             or arguments"
        }
        _ => "nothing is promised: there is no promise in these files",
    };
    Stop::cannot(what, Some(HOW))
}

/// How many promises could not be read, and how many files.
fn unread(read: &Promises) -> (usize, usize) {
    let of_a_promise = |refusal: &&Refusal| refusal.object.is_some() || refusal.path.is_some();
    let (promises, files): (Vec<&Refusal>, Vec<&Refusal>) =
        read.refused.iter().partition(of_a_promise);
    let each = |refused: &[&Refusal]| {
        let told = refused.iter().map(|refusal| (&refusal.file, refusal.object.as_deref()));
        told.collect::<BTreeSet<_>>().len()
    };
    (each(&promises), each(&files))
}

/// What makes no sense in promises, each with its lines.
fn wrong(read: &Promises, checked: &Checked) -> Vec<Refusal> {
    let mut refused = vec![];
    for ((id, promise), outcome) in read.all.iter().zip(&checked.written) {
        let Outcome::Wrong(all) = outcome else { continue };
        for Wrong { path, expected, got, help } in all {
            let found = read.sources.refusal(*id, path, expected, got);
            let object = promise.name.as_ref().map(|name| format!("promise {name}"));
            let refusal = found.map(|refusal| Refusal { object, help: help.clone(), ..refusal });
            refused.extend(refusal);
        }
    }
    refused
}

fn exit(checked: &Checked, refused: usize) -> Exit {
    if refused > 0 {
        Exit::Cannot
    } else if checked.outcomes().any(Outcome::is_broken) {
        Exit::No
    } else if checked.outcomes().any(Outcome::is_undecided) {
        Exit::Undecided
    } else {
        Exit::Yes
    }
}

/// Where a promise stands that was written.
fn at(read: &Promises, id: ObjectId) -> Option<Spot> {
    let at = read.sources.position(id, "")?;
    Some(Spot { file: at.file.to_owned(), line: Some(at.line), column: Some(at.column) })
}

/// Where a pod names somebody: the variable, else the container.
fn implied_at(session: &Session, implied: &Implied) -> Option<Spot> {
    let path = session.cluster.as_ref()?.path(implied.place);
    let (object, list) = (implied.place.object, format!("{path}.env"));
    let by = session.item(object, &list, "name", &implied.by).filter(|_| !implied.by.is_empty());
    let path = by.map_or(path, |i| format!("{list}[{i}].value"));
    session.position(object, &path)
}
