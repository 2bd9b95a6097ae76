//! From arguments to a network: what was read, what was refused, and what was assumed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use fibula_answers::trace::{Ground, Unread};
use fibula_cluster::{Cluster, ObjectId, Options, Place, decides};
use fibula_intended::{Daemon, Decisions, Intent, Listeners, place};
use fibula_network::{Network, PlaceId, file};
use fibula_report::{About, Excerpt, Notice, Page, Preface, Reading, Spot, Taken, error};
use fibula_source::{Input, Refusal, Sources, reason};

use crate::args::{InputArgs, ListenersArg};
use crate::config::{Config, config};
use crate::ignored::ignores_nothing;
use crate::{Exit, Stop, Streams, refused, told};

/// K1, the example of the model.
pub(crate) const K1: &str = include_str!("../k1.yaml");

/// How a cluster comes in.
const KUBECTL: &str = "kubectl get -A -o yaml nodes,pods,services | fibula verify -";

/// How many lines of an object are shown before the one that is meant.
const MOST_EXCERPT: usize = 6;

/// How many expressions of a selector are looked at for one.
const MOST_EXPRESSIONS: usize = 8;

/// Makes a network of a cluster.
type Remake = Box<dyn Fn(&Cluster) -> Network>;

/// A network, and what is known of where it comes from.
pub(crate) struct Session {
    pub(crate) network: Network,
    /// The cluster that it was made for; none for a network that was read as such.
    pub(crate) cluster: Option<Cluster>,
    pub(crate) preface: Preface,
    /// What of the input was refused.
    pub(crate) refused: Vec<Notice>,
    sources: Sources,
    /// Makes the network of a cluster as this one was made.
    remake: Option<Remake>,
    /// What the places of a network that was read mean.
    places: Vec<String>,
}

// === impl Session ===

impl Session {
    /// Reads what the arguments name, else `default`, and makes its network. What was refused is
    /// printed at once; the rest goes on, and the exit code says so at the end.
    ///
    /// It is never dropped: the program ends with the command, and the system takes back 1 GB at
    /// once where we would free millions of pieces.
    pub(crate) fn open(
        args: &InputArgs,
        more: &[String],
        default: Option<OsString>,
        streams: &mut Streams<'_>,
    ) -> Result<ManuallyDrop<Session>, Stop> {
        let session = match &args.network {
            Some(_) if !more.is_empty() => {
                Err(Stop::cannot("--network is an input of its own: name no other", None))
            }
            Some(file) => Session::read_network(file, streams),
            None => Session::read_objects(args, more, default, streams),
        };
        session.map(ManuallyDrop::new)
    }

    /// What questions are put to.
    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground {
            network: &self.network,
            cluster: self.cluster.as_ref(),
            unread: &self.preface.unread,
            remake: self.remake.as_deref(),
        }
    }

    /// Where something in the network is declared, as `file:line`.
    pub(crate) fn place(&self, id: PlaceId) -> Option<String> {
        match &self.cluster {
            None => self.places.get(usize::try_from(id.0).ok()?).cloned(),
            Some(_) => self.object_place(place(id)?),
        }
    }

    /// Where something in an object is declared, as `file:line`.
    pub(crate) fn object_place(&self, place: Place) -> Option<String> {
        let spot = self.spot(place)?;
        Some(Spot { column: None, ..spot }.to_string())
    }

    /// Where something in an object is declared.
    pub(crate) fn spot(&self, place: Place) -> Option<Spot> {
        let path = self.cluster.as_ref()?.path(place);
        // An object without a container in its place is shown where it begins.
        let path = if place.container.is_some() { path.as_str() } else { "metadata.name" };
        let at = self.sources.position(place.object, path)?;
        let file = at.file.to_owned();
        Some(Spot { file, line: Some(at.line), column: Some(at.column) })
    }

    /// The first file that was read.
    pub(crate) fn first_file(&self) -> Option<&str> {
        self.sources.files().next()
    }

    /// Lines of an object, from that of one value to that of another.
    pub(crate) fn excerpt(&self, object: ObjectId, from: &str, path: &str) -> Option<Excerpt> {
        let path = self.expression(object, path);
        let (at, snippet) = self.sources.excerpt(object, from, &path, MOST_EXCERPT)?;
        Some(Excerpt { at: format!("{}:{}", at.file, at.line), snippet })
    }

    /// The path of a label that a selector wants: among its expressions, where it is not among its
    /// labels.
    fn expression(&self, object: ObjectId, path: &str) -> String {
        let Some((selector, key)) = path.split_once(".matchLabels[") else {
            return path.to_owned();
        };
        let key = key.trim_end_matches(']');
        if self.sources.holds(object, path, None) {
            return path.to_owned();
        }
        let all = (0..MOST_EXPRESSIONS).map(|i| format!("{selector}.matchExpressions[{i}].key"));
        let mut found = all.filter(|path| self.sources.holds(object, path, Some(key)));
        found.next().unwrap_or_else(|| path.to_owned())
    }

    /// The exit code of an answer: an input that was refused in part comes over it.
    pub(crate) fn exit(&self, exit: Exit) -> Exit {
        if self.preface.refused > 0 { Exit::Cannot } else { exit }
    }

    fn read_network(name: &str, streams: &mut Streams<'_>) -> Result<Session, Stop> {
        let bytes = match name {
            "-" => (streams.input)(),
            name => std::fs::read(name),
        };
        let bytes = bytes.map_err(|error| {
            Stop::cannot(&format!("cannot read {name}: {}", reason(&error)), None)
        })?;
        match file::read(&bytes) {
            Ok(file::Read { network, places }) => Ok(Session {
                network,
                cluster: None,
                preface: Preface { about: About::Read(name.to_owned()), ..Preface::default() },
                refused: vec![],
                sources: Sources::default(),
                remake: None,
                places,
            }),
            Err(refusals) => Err(Stop::with(refused::pages(name, &bytes, &refusals), Exit::Cannot)),
        }
    }

    fn read_objects(
        args: &InputArgs,
        more: &[String],
        default: Option<OsString>,
        streams: &mut Streams<'_>,
    ) -> Result<Session, Stop> {
        let config = config(args)?;
        let mut named: Vec<String> = vec![];
        for name in args.file.iter().chain(more) {
            // Standard input is read to its end: there is no second one.
            if name != "-" || !named.contains(name) {
                named.push(name.clone());
            }
        }
        if named.is_empty() {
            named.extend(default.map(|input| input.to_string_lossy().into_owned()));
        }
        if named.is_empty() {
            let hint = "Say -f DIR, -f - for standard input, or -f @k1 for the example.";
            return Err(Stop::cannot(&format!("nothing to read. {hint} Exit 2."), None));
        }
        let inputs: Vec<Input> =
            named.iter().map(|name| input(name, streams)).collect::<Result<_, Stop>>()?;
        let read = fibula_source::read(&inputs);
        let mut refused: Vec<Page> = told::refused(&read.refused);
        let garbled = garbled(&read.garbled);
        // Policies alone make no network.
        if read.objects.iter().all(|(_, object)| object.kind().is_policy()) {
            let found = read.left.values().sum::<usize>() + read.unread.len();
            let what = match (read.refused.is_empty(), found) {
                (false, _) => {
                    refused.extend(told::parts(&read.kustomizations, true));
                    return Err(Stop::with(refused, Exit::Cannot));
                }
                (true, 0) => format!("no Kubernetes objects in {}", named.join(", ")),
                (true, n) => format!(
                    "no pods, nodes, Services or workloads in {}, only {n} of other kinds",
                    named.join(", ")
                ),
            };
            return Err(Stop::cannot(&what, Some(KUBECTL)));
        }
        for page in &refused {
            page.print(&streams.err_screen, streams.err)?;
        }
        for ignored in &config.ignore {
            if let Some(warning) = ignores_nothing(ignored, &read.unread) {
                warning.print(&streams.err_screen, streams.err)?;
            }
        }
        let left = read.left.values().sum();
        let options = Options {
            pod_ranges: args.pod_cidr.clone(),
            service_ranges: args.service_cidr.clone(),
            node_ranges: args.node_cidr.clone(),
            nodes: args.nodes,
        };
        let cluster = Cluster::new(read.objects, &options);
        let k1 = named.iter().all(|name| name == "@k1");
        let (mut intent, mut taken) = intent(args, k1);
        taken.extend(decided(&config));
        intent.decisions = config.decisions;
        let network = fibula_intended::network(&cluster, &intent);
        let preface = Preface {
            read: Reading { garbled, ..Reading::new(&cluster, read.files, left) },
            about: About::Intended,
            assumptions: cluster.assumptions.clone(),
            taken,
            unread: unread(&read.unread, &config.ignore),
            refused: read.refused.len(),
            kept_out: cluster.twins.len(),
        };
        let trouble = preface.refused + preface.kept_out > 0;
        if let Some(parts) = told::parts(&read.kustomizations, trouble) {
            parts.print(&streams.err_screen, streams.err)?;
        }
        if let Some(garbled) = preface.garbled() {
            error::warning(&garbled, None).print(&streams.err_screen, streams.err)?;
        }
        let refused = read.refused.iter().map(Notice::refusal).collect();
        let sources = read.sources;
        let remake: Remake = Box::new(move |cluster| fibula_intended::network(cluster, &intent));
        let (cluster, remake) = (Some(cluster), Some(remake));
        Ok(Session { network, cluster, preface, refused, sources, remake, places: vec![] })
    }
}

/// An input, by what was typed.
fn input(name: &str, streams: &mut Streams<'_>) -> Result<Input, Stop> {
    match name {
        "-" => (streams.input)().map(Input::Stdin).map_err(|error| {
            Stop::cannot(&format!("cannot read standard input: {}", reason(&error)), None)
        }),
        "@k1" => Ok(Input::Text { name: "k1.yaml".to_owned(), text: K1.into() }),
        _ if name.starts_with('@') => Err(Stop::cannot(
            &format!("{name} is no input that fibula knows: say a file, a folder, - or @k1"),
            Some(KUBECTL),
        )),
        path => Ok(Input::Path(PathBuf::from(path))),
    }
}

/// What is taken for granted beside the objects, and how that is said.
///
/// K1 is the article's example: its listeners are all known, and d1 and d2 are its only daemons.
pub(crate) fn intent(args: &InputArgs, k1: bool) -> (Intent, Vec<Taken>) {
    let mut taken = vec![];
    let mut daemons: Vec<Daemon> = vec![];
    for daemon in args.daemon.iter().flatten() {
        if !daemons.contains(daemon) {
            daemons.push(daemon.clone());
        }
    }
    if args.daemon.is_empty() && !k1 {
        daemons.push(Daemon::kubelet());
        taken.push(Taken::Daemon("kubelet:10250".to_owned()));
    }
    let listeners = match args.listeners {
        Some(ListenersArg::Declared) => Listeners::Declared,
        Some(ListenersArg::Unknown) => Listeners::Unknown,
        None if k1 => Listeners::Declared,
        None => Listeners::Unknown,
    };
    if listeners == Listeners::Declared && !k1 {
        taken.push(Taken::Listeners);
    }
    let mut without = args.without.clone();
    without.sort();
    without.dedup();
    if !without.is_empty() {
        taken.push(Taken::Without(without.iter().map(|r| r.id().to_owned()).collect()));
    }
    (Intent { without, listeners, daemons, ..Intent::default() }, taken)
}

/// How it is said what was decided.
fn decided(config: &Config) -> Option<Taken> {
    let by_profile = config.profile.map(Decisions::from);
    let mut taken = (vec![], vec![]);
    for (decision, value) in config.decisions.all() {
        let answer = decision.values()[usize::from(value).min(1)];
        let as_profile =
            by_profile.as_ref().is_none_or(|profile| profile.taken(decision) == Some(value));
        let list = if as_profile { &mut taken.0 } else { &mut taken.1 };
        list.push(format!("{decision}={answer}"));
    }
    let (answers, over) = taken;
    let profile = config.profile.map(|profile| profile.name().to_owned());
    let some = !answers.is_empty() || !over.is_empty();
    some.then_some(Taken::Decided { profile, answers, over })
}

/// What was not read and decides traffic, by kind; without what the user accepts. Repeats are one
/// object, as everywhere.
fn unread(objects: &[fibula_source::Unread], ignored: &[String]) -> Vec<Unread> {
    let mut seen = BTreeSet::new();
    let mut kinds: BTreeMap<(&str, &str), Unread> = BTreeMap::new();
    for object in objects {
        let Some(decides) = decides(&object.api_version, &object.kind) else { continue };
        if ignored.iter().any(|kind| kind.eq_ignore_ascii_case(&object.kind)) {
            continue;
        }
        let group = object.api_version.split('/').next().unwrap_or_default();
        let key = (object.kind.as_str(), group);
        if !seen.insert((key, object.namespace.as_str(), object.name.as_str())) {
            continue;
        }
        let unread = kinds.entry(key).or_insert_with(|| Unread {
            decides,
            kind: object.kind.clone(),
            namespaces: BTreeMap::new(),
        });
        *unread.namespaces.entry(object.namespace.clone()).or_default() += 1;
    }
    kinds.into_values().collect()
}

/// Where files are that are no YAML at all: each at its first broken line.
fn garbled(refusals: &[Refusal]) -> Vec<String> {
    let mut files: Vec<(&str, usize)> = vec![];
    for refusal in refusals {
        if files.last().is_none_or(|(file, _)| *file != refusal.file) {
            files.push((&refusal.file, refusal.line.unwrap_or(1)));
        }
    }
    files.into_iter().map(|(file, line)| format!("{file}:{line}")).collect()
}
