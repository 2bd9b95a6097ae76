//! Where input comes from, by what was typed: files, folders, standard input, the example, a git
//! revision, a cluster that runs.

mod kube;
mod over;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fibula_report::{Page, error};
use fibula_source::git::{self, GitError};
use fibula_source::{Forbidden, Input, reason};

use crate::args::{InputArgs, KubeArgs};
use crate::session::K1;
use crate::{Stop, Streams, progress};
pub(crate) use kube::NAME as CLUSTER;
pub(crate) use over::Over;

/// How a cluster comes in.
pub(crate) const KUBECTL: &str = "fibula verify @kube   reads the cluster that kubectl sees";

/// Where commands run.
const HERE: &str = ".";

/// What was opened, to be read.
#[derive(Clone)]
pub(crate) struct Source {
    /// As it was named.
    pub(crate) named: Vec<String>,
    /// Where its bytes are.
    pub(crate) inputs: Vec<Input>,
}

// === impl Source ===

impl Source {
    /// Opens what the arguments name, else `default`.
    pub(crate) fn open(
        args: &InputArgs,
        more: &[String],
        default: Option<OsString>,
        streams: &mut Streams<'_>,
    ) -> Result<Source, Stop> {
        let named = named(args.file.iter().chain(more), &args.kube, default)?;
        let inputs = named.iter().map(|name| input(name, &args.kube, streams));
        let inputs = inputs.collect::<Result<_, Stop>>()?;
        Ok(Source { named, inputs })
    }
}

/// Which inputs are meant: those that are named, each once where it can be read only once; else the
/// cluster of the context that is; else `default`.
pub(crate) fn named<'a>(
    said: impl Iterator<Item = &'a String>,
    kube: &KubeArgs,
    default: Option<OsString>,
) -> Result<Vec<String>, Stop> {
    let mut named: Vec<String> = vec![];
    for name in said {
        // Standard input is read to its end: there is no second one. A cluster has changed.
        let once = name == "-" || name.starts_with(kube::NAME);
        if !once || !named.contains(name) {
            named.push(name.clone());
        }
    }
    if named.is_empty() && kube.context.is_some() {
        named.push(kube::NAME.to_owned());
    }
    if named.is_empty() {
        named.extend(default.map(|input| input.to_string_lossy().into_owned()));
    }
    if named.is_empty() {
        let hint = "Say -f DIR, -f @kube for your cluster, or -f @k1 for the example.";
        return Err(Stop::cannot(&format!("nothing to read. {hint} Exit 2."), None));
    }
    Ok(named)
}

/// An input, by what was typed.
pub(crate) fn input(name: &str, kube: &KubeArgs, streams: &mut Streams<'_>) -> Result<Input, Stop> {
    match name {
        "-" => (streams.input)().map(Input::Stdin).map_err(|error| {
            Stop::cannot(&format!("cannot read standard input: {}", reason(&error)), None)
        }),
        "@k1" => Ok(Input::Text { name: "k1.yaml".to_owned(), text: K1.into() }),
        kube::NAME => cluster(kube.context.as_deref(), kube),
        _ if name.starts_with('@') => match name.strip_prefix(kube::NAME) {
            Some(context) if context.starts_with(':') => {
                let context = &context[1..];
                cluster(Some(context).filter(|context| !context.is_empty()), kube)
            }
            _ => Err(Stop::cannot(
                &format!(
                    "{name} is no input that fibula knows: say a file, a folder, -, git:REV, @kube or @k1"
                ),
                Some(KUBECTL),
            )),
        },
        _ if name.starts_with(git::PREFIX) => match pair(name)? {
            Some(_) => Err(refused(&GitError::Range(name.to_owned()))),
            None => {
                let _doing = progress::doing(format!("reading {name}"));
                git::files(Path::new(HERE), name).map(Input::Files).map_err(|e| refused(&e))
            }
        },
        path => Ok(Input::Path(PathBuf::from(path))),
    }
}

/// The two inputs that `git:A...B[:PATH]` names; none for anything else.
pub(crate) fn pair(said: &str) -> Result<Option<(String, String)>, Stop> {
    git::pair(Path::new(HERE), said).map_err(|error| refused(&error))
}

fn cluster(context: Option<&str>, kube: &KubeArgs) -> Result<Input, Stop> {
    let patience = Duration::from_secs(kube.kube_timeout);
    kube::read(context, patience).map(Input::Files).map_err(|error| error.stop())
}

/// What is said of kinds that nobody may list.
pub(crate) fn forbidden(kinds: &[Forbidden]) -> Option<Page> {
    let mut kinds: Vec<&str> = kinds.iter().map(|kind| kind.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let kinds = kinds.join(", ");
    (!kinds.is_empty()).then(|| {
        error::note(&format!(
            "objects of these kinds may not be listed, and were not read: {kinds}"
        ))
    })
}

fn refused(error: &GitError) -> Stop {
    Stop::cannot(&error.to_string(), error.hint().as_deref())
}
