//! From arguments to a network: what was read, what was refused, and what was assumed.

mod expressions;
mod taken;
mod unread;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::mem::ManuallyDrop;

use fibula_answers::lint::{Lint, near_id};
use fibula_answers::trace::Ground;
use fibula_cluster::{Cluster, Decides, ObjectId, Options, Place, Severity, Wanted, decides};
use fibula_intended::place;
use fibula_network::{Network, PlaceId, file};
use fibula_report::{About, Excerpt, Notice, Page, Preface, Reading, Spot, error};
use fibula_source::{Sources, reason};

use crate::args::InputArgs;
use crate::config::config;
use crate::ignored::ignores_nothing;
use crate::inputs::{KUBECTL, Over, Source, forbidden};
use crate::{Exit, Stop, Streams, progress, refused, told};
use taken::decided;
pub(crate) use taken::intent;
use unread::{garbled, policies, unread, with_twins};

/// K1, the example of the model.
pub(crate) const K1: &str = include_str!("../k1.yaml");

/// How many lines of an object are shown before the one that is meant.
const MOST_EXCERPT: usize = 6;

/// The annotation that switches findings off.
const IGNORE: &str = "metadata.annotations[fibula.dev/ignore]";

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
    /// Whether it is of a dump that left out what containers name.
    pub(crate) without_env: bool,
    /// Policies that were not read, and that the user has not accepted (DR-21).
    unread: Vec<fibula_source::Unread>,
    /// Makes the network of a cluster as this one was made.
    remake: Option<Remake>,
    /// What the places of a network that was read mean.
    places: Vec<String>,
    /// What is decided about findings.
    findings: Findings,
}

/// What a file decides about findings.
#[derive(Default)]
struct Findings {
    off: Vec<String>,
    severity: Vec<(String, Severity)>,
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

    /// Where the objects stand.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
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
        self.at(place.object, path)
    }

    /// Where a value of an object stands, by its API path.
    pub(crate) fn value(&self, object: ObjectId, path: &str) -> Option<Spot> {
        self.at(object, &self.expression(object, path))
    }

    fn at(&self, object: ObjectId, path: &str) -> Option<Spot> {
        // What stands in no file is called by its name.
        if self.sources.is_live(object) {
            let file = self.sources.place(object, path)?;
            return Some(Spot { file, line: None, column: None });
        }
        self.position(object, path)
    }

    /// The policies that were not read, or contradict each other, as they are written: none of them
    /// twice.
    pub(crate) fn unread(&self) -> BTreeSet<(&str, &str, &str, String)> {
        let text = |id| self.sources.text(id).map_or_else(String::new, |t| t.trim().to_owned());
        let all = self.unread.iter();
        let all = all.map(|o| (&*o.kind, &*o.namespace, &*o.name, text(o.id)));
        let twins = self.cluster.iter().flat_map(policies).flat_map(|twins| {
            let of = move |id: &ObjectId| (twins.kind, &*twins.namespace, &*twins.name, text(*id));
            twins.objects.iter().map(of)
        });
        all.chain(twins).collect()
    }

    /// The first file that was read.
    pub(crate) fn first_file(&self) -> Option<&str> {
        self.sources.files().next()
    }

    /// What looks wrong: of these ids only, where some are named, and none of the others. What a
    /// comment or an annotation switches off at a place is not told there.
    pub(crate) fn lint(&self, only: &[String], off: &[String]) -> Lint {
        let remarks = self.sources.remarks();
        let here = |id: &str, place: Place| {
            let mut own = remarks.iter().filter(|remark| remark.object == place.object);
            own.any(|remark| {
                remark.ids.iter().any(|said| said == id)
                    && (remark.whole
                        || self.spot(place).and_then(|at| at.line) == Some(remark.line))
            })
        };
        let wanted = Wanted {
            only: only.iter().cloned().collect(),
            off: self.findings.off.iter().chain(off).cloned().collect(),
            severity: self.findings.severity.iter().cloned().collect(),
            here: (!remarks.is_empty()).then_some(&here),
        };
        fibula_answers::lint::lint(self.ground(), &wanted)
    }

    /// What annotations and comments switch off and is the id of no finding, with a near id, and
    /// where it stands.
    pub(crate) fn switches_nothing_off(
        &self,
        lint: &Lint,
    ) -> Vec<(String, Option<&'static str>, String)> {
        let annotated = lint.unknown.iter().filter_map(|(said, near, at)| {
            Some((said.clone(), *near, self.sources.place(at.object, IGNORE)?))
        });
        let ids = fibula_answers::lint::ids();
        let remarks = self.sources.remarks();
        let said = remarks.iter().flat_map(|r| r.ids.iter().map(|said| (said, &r.at)));
        let said = said.filter(|(said, _)| !ids.contains(&said.as_str()));
        let said = said.map(|(said, at)| (said.clone(), near_id(said), at.clone()));
        annotated.chain(said).collect()
    }

    /// Lines of an object, from that of one value to that of another.
    pub(crate) fn excerpt(&self, object: ObjectId, from: &str, path: &str) -> Option<Excerpt> {
        let path = self.expression(object, path);
        let (at, snippet) = self.sources.excerpt(object, from, &path, MOST_EXCERPT)?;
        Some(Excerpt { at: format!("{}:{}", at.file, at.line), snippet })
    }

    /// Where a value of an object stands in a file, by its API path.
    pub(crate) fn position(&self, object: ObjectId, path: &str) -> Option<Spot> {
        let at = self.sources.position(object, path)?;
        let file = at.file.to_owned();
        Some(Spot { file, line: Some(at.line), column: Some(at.column) })
    }

    /// The place of an item in a list of an object: the first of which a field has this value.
    pub(crate) fn item(
        &self,
        object: ObjectId,
        list: &str,
        field: &str,
        value: &str,
    ) -> Option<usize> {
        self.sources.item(object, list, field, value)
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
                without_env: false,
                unread: vec![],
                remake: None,
                places,
                findings: Findings::default(),
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
        let source = Source::open(args, more, default, streams)?;
        Session::read_source(args, &source, &args.overlay, streams)
    }

    /// As [`open`](Session::open), of what was opened already.
    pub(crate) fn of(
        args: &InputArgs,
        source: &Source,
        overlay: &[String],
        streams: &mut Streams<'_>,
    ) -> Result<ManuallyDrop<Session>, Stop> {
        Session::read_source(args, source, overlay, streams).map(ManuallyDrop::new)
    }

    fn read_source(
        args: &InputArgs,
        Source { named, inputs }: &Source,
        overlay: &[String],
        streams: &mut Streams<'_>,
    ) -> Result<Session, Stop> {
        let config = config(args)?;
        let doing = progress::doing(format!("reading {}", named.join(", ")));
        let mut read = fibula_source::read(inputs);
        drop(doing);
        let over = Over::lay(overlay, &mut read, &args.kube, streams)?;
        let mut refused: Vec<Page> = told::refused(&read.refused);
        let garbled = garbled(&read.garbled);
        // Policies alone make no network.
        if read.objects.iter().all(|(_, object)| object.kind().is_policy()) {
            let others = read.unread.len() + read.objects.len();
            let found = read.left.values().sum::<usize>() + others;
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
            if let Some(warning) = ignores_nothing(ignored, &read) {
                warning.print(&streams.err_screen, streams.err)?;
            }
        }
        if let Some(note) = forbidden(&read.forbidden) {
            note.print(&streams.err_screen, streams.err)?;
        }
        let left = read.left.values().sum();
        let options = Options {
            pod_ranges: args.pod_cidr.clone(),
            service_ranges: args.service_cidr.clone(),
            node_ranges: args.node_cidr.clone(),
            nodes: args.nodes,
            more: over.more,
        };
        let mut unread = unread(&read, &config.ignore);
        let doing = progress::doing("making the network");
        let cluster = Cluster::new(read.objects, &options);
        with_twins(&mut unread, &cluster, &config.ignore);
        let k1 = named.iter().all(|name| name == "@k1");
        let (mut intent, mut taken) = intent(args, k1);
        taken.extend(decided(&config));
        intent.decisions = config.decisions;
        let findings = Findings { off: config.off, severity: config.severity };
        let network = fibula_intended::network(&cluster, &intent);
        drop(doing);
        let preface = Preface {
            read: Reading { garbled, live: read.live, ..Reading::new(&cluster, read.files, left) },
            about: About::Intended,
            assumptions: cluster.assumptions.clone(),
            taken,
            unread,
            refused: read.refused.len(),
            kept_out: cluster.twins.len(),
            laid: over.laid,
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
        let mut unread = read.unread;
        unread.retain(|object| {
            let ignored = config.ignore.iter().any(|kind| kind.eq_ignore_ascii_case(&object.kind));
            decides(&object.api_version, &object.kind) == Some(Decides::Policy) && !ignored
        });
        Ok(Session {
            network,
            cluster,
            preface,
            refused,
            sources,
            without_env: read.without_env,
            unread,
            remake,
            places: vec![],
            findings,
        })
    }
}
