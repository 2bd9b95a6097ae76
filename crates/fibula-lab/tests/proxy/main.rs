//! A proxy that is not ours, in the place of our Services entries: does it do with every message
//! what the model says? The model's entries have our reading of the API in them, and the kernel
//! cannot judge that; another's proxy can.
//!
//! `FIBULA_PROXY` is a command that programs the Node in whose namespace it runs, as
//! `docs/lab/kube-proxy.md` says. Without it nothing is compared. `FIBULA_CLUSTERS` and
//! `FIBULA_SEED` are those of the differential test.

#[path = "../differential/dice.rs"]
mod dice;
#[path = "../differential/objects/mod.rs"]
mod objects;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::process::{Command, Stdio};

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Intent, Listeners, network};
use fibula_lab::compare::{Coverage, Fate, Question, fates, questions};
use fibula_lab::kernel::{Ground, Lab, Outcome, Probe, Seen};
use fibula_lab::translate::{Setup, Translation, translate};
use fibula_network::walk::{Verdict, Walks};
use fibula_network::{Action, Addrs, Kind, Network, Proto, Reason};
use fibula_source::Input;

/// How often each message is sent again until each of its branches was seen.
const ROUNDS: usize = 8;

/// What came of one cluster.
struct Asked {
    messages: usize,
    /// Messages of a kind that is known to differ.
    known: usize,
    differences: Vec<String>,
}

/// A message that does not end as the model says.
struct Differs {
    question: Question,
    /// The branches of the model.
    fates: Vec<Fate>,
    /// The one that was not seen, or the first.
    fate: Fate,
    /// What was seen and is on no branch.
    other: Option<Seen>,
}

type Failure = Box<dyn std::error::Error>;

#[allow(clippy::print_stdout, reason = "a program of its own, to be read")]
fn main() -> Result<(), Failure> {
    let Some(proxy) = std::env::var("FIBULA_PROXY").ok() else {
        println!("no proxy was compared: FIBULA_PROXY names none");
        return Ok(());
    };
    // Before there is a second thread.
    let ground = Ground::enter()?;
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (first, clusters) = (number("FIBULA_SEED", 1), number("FIBULA_CLUSTERS", 24));
    let (mut compared, mut messages, mut known, mut different) = (0, 0, 0, 0);
    for seed in first..first + clusters {
        let mut objects = objects::cluster(seed);
        for_a_proxy(&mut objects);
        // A proxy reads slices; who makes them is another question.
        if !objects.to_string().contains("EndpointSlice") {
            continue;
        }
        compared += 1;
        let asked = one(&ground, &proxy, seed, &objects)?;
        messages += asked.messages;
        known += asked.known;
        different += asked.differences.len();
        asked
            .differences
            .iter()
            .take(4)
            .for_each(|difference| println!("seed {seed}: {difference}"));
    }
    println!(
        "{compared} clusters from seed {first}: {messages} messages, {different} differ, \
         {known} in a way that is known"
    );
    assert_eq!(different, 0, "messages with which model and proxy differ");
    Ok(())
}

/// Leaves of the objects what a proxy is asked about: Services that slices speak of, since it reads
/// nothing else; without the hints that a controller would have written (SVC-43), since it takes
/// slices as they are; and of each Node one address of a family, which is all that it is told.
fn for_a_proxy(objects: &mut serde_json::Value) {
    let Some(items) = objects["items"].as_array_mut() else { return };
    let sliced: BTreeSet<String> = items
        .iter()
        .filter(|item| item["kind"] == "EndpointSlice")
        .filter_map(|slice| {
            Some(slice["metadata"]["labels"]["kubernetes.io/service-name"].as_str()?.to_owned())
        })
        .collect();
    items.retain(|item| match item["kind"].as_str() {
        Some("Service") => item["metadata"]["name"].as_str().is_some_and(|n| sliced.contains(n)),
        Some("Endpoints") => false,
        _ => true,
    });
    for item in items {
        item["spec"].as_object_mut().map(|spec| spec.remove("trafficDistribution"));
        let mut families = BTreeSet::new();
        if let Some(addresses) = item["status"]["addresses"].as_array_mut() {
            addresses.retain(|address| {
                let v6 = address["address"].as_str().is_some_and(|ip| ip.contains(':'));
                address["type"] == "InternalIP" && families.insert(v6)
            });
        }
    }
}

/// How many messages were sent through a cluster, and what became of those that differ.
fn one(
    ground: &Ground,
    proxy: &str,
    seed: u64,
    objects: &serde_json::Value,
) -> Result<Asked, Failure> {
    let text = objects.to_string();
    let input = Input::Text { name: format!("seed {seed}"), text: text.clone() };
    let cluster = Cluster::new(fibula_source::read(&[input]).objects, &Options::default());
    let daemons = vec![Daemon::kubelet()];
    let intent =
        Intent { without: vec![], listeners: Listeners::Declared, daemons, ..Intent::default() };
    let model = network(&cluster, &intent);
    let bare = without_services(&model);
    let questions = questions(&model, Coverage::Alike, &[Proto::Tcp, Proto::Udp]);
    let setup = Setup { targets: questions.targets(), ..Setup::default() };
    let translation = translate(&bare, &setup).map_err(|refusal| refusal.to_string())?;
    let mut lab = Lab::up(ground, &translation.plan)?;
    for (index, node) in cluster.nodes.iter().enumerate() {
        let element = model.of_kind(Kind::Node).nth(index).ok_or("a Node for each Node")?;
        let space = translation.space(element).ok_or("a namespace for each Node")?;
        for ip in &node.addresses {
            let mut command = Command::new("sh");
            command.args(["-c", proxy]).stdin(Stdio::piped());
            command.env("NODE", &node.name).env("IP", ip.to_string());
            command.env("FAMILY", if ip.is_ipv4() { "IPv4" } else { "IPv6" });
            command.env("ZONE", node.zone.as_deref().unwrap_or_default());
            let file = std::env::temp_dir().join(format!("fibula-proxy-{}", std::process::id()));
            std::fs::write(&file, &text)?;
            command.stdin(std::fs::File::open(&file)?);
            let status = lab.run(space, &mut command, None)?;
            std::fs::remove_file(&file)?;
            if !status.success() {
                return Err(format!("seed {seed}: the proxy failed on {}", node.name).into());
            }
        }
    }
    let mut differences = vec![];
    for chunk in questions.all.chunks(512) {
        differences.extend(compare(&model, &translation, &mut lab, chunk)?);
    }
    // kube-proxy 1.36 masquerades a hairpin only if a slice says that the endpoint is on its Node;
    // SVC-60 asks for no more than that it is the client itself.
    let endpoints = cluster.services.iter().flat_map(|service| &service.endpoints);
    let nowhere: BTreeSet<IpAddr> = endpoints
        .filter(|endpoint| endpoint.node.is_none())
        .map(|endpoint| endpoint.addr)
        .collect();
    let (known, differences): (Vec<_>, Vec<_>) = differences.into_iter().partition(|differs| {
        let client = IpAddr::from(differs.question.header.src);
        let hairpin = differs.fates.iter().any(|fate| IpAddr::from(fate.header.dst) == client);
        hairpin && nowhere.contains(&client) && differs.hangs()
    });
    let words = differences.into_iter().map(|differs| differs.words(&model)).collect();
    Ok(Asked { messages: questions.all.len(), known: known.len(), differences: words })
}

/// The network with what its Nodes do for Services left to a proxy: their entries, and what stops
/// messages to addresses of Services that nobody has (R3). Host ports are the plugin's (POD-9).
fn without_services(model: &Network) -> Network {
    let mut bare = model.clone();
    for table in &mut bare.tables {
        let services = &*table.name == "services";
        table.entries.retain(|entry| {
            let r3 = match (entry.pattern.dst, entry.action) {
                (Addrs::Set(set), Action::Discard(Reason::NoRoute)) => {
                    entry.origin.rule == "R3" && &*model.set(set).name == "services"
                }
                _ => false,
            };
            !(r3 || services && entry.origin.rule.starts_with("SVC"))
        });
    }
    bare
}

fn compare(
    model: &Network,
    translation: &Translation,
    lab: &mut Lab,
    questions: &[Question],
) -> Result<Vec<Differs>, Failure> {
    struct Case {
        question: Question,
        fates: Vec<Fate>,
        met: Vec<bool>,
        other: Option<Seen>,
    }
    let choices = vec![0; model.choices.len()];
    let walks = Walks::new(model);
    let mut cases: Vec<Case> = questions
        .iter()
        .map(|&question| {
            let (fates, _) = fates(&walks, question.process, question.header, &choices);
            Case { question, met: vec![false; fates.len()], fates, other: None }
        })
        .collect();
    for _ in 0..ROUNDS {
        let (mut probes, mut of) = (vec![], vec![]);
        let open = |case: &&Case| case.other.is_none() && case.met.contains(&false);
        for (number, case) in cases.iter().enumerate() {
            let header = case.question.header;
            let space = translation.space(case.question.process);
            let Some(space) = space.filter(|_| open(&case)) else { continue };
            let from = (IpAddr::from(header.src), 0).into();
            let to = (IpAddr::from(header.dst), header.dport).into();
            for _ in 0..case.fates.len() {
                probes.push(Probe { space, from, to, proto: header.proto });
                of.push(number);
            }
        }
        for (number, seen) in of.into_iter().zip(lab.probe(&probes)?) {
            let case = &mut cases[number];
            let mut known = false;
            for (fate, met) in case.fates.iter().zip(&mut case.met) {
                if alike(translation, fate, &seen) {
                    (*met, known) = (true, true);
                }
            }
            if !known {
                case.other = Some(seen);
            }
        }
    }
    let differ = cases.into_iter().filter(|case| case.other.is_some() || case.met.contains(&false));
    let differs = |case: Case| {
        let never = case.fates.iter().zip(&case.met).find(|(_, met)| !**met);
        let fate = never.map_or(case.fates[0], |(fate, _)| *fate);
        Differs { question: case.question, fates: case.fates, fate, other: case.other }
    };
    Ok(differ.map(differs).collect())
}

/// Whether both are alike to those at the two ends: by which rule a message was stopped, only the
/// one who made the rule knows.
fn alike(translation: &Translation, fate: &Fate, seen: &Seen) -> bool {
    use Outcome::{Accepted, Dropped, Refused, Rejected, ReplyLost, Silent, Unreachable};
    match (fate.verdict, &seen.outcome) {
        (Verdict::Delivered, Accepted(arrived)) | (Verdict::ReplyLost, ReplyLost(arrived)) => {
            Some(arrived.space) == translation.space(fate.at)
                && arrived.process == fate.at
                && arrived.from.ip() == IpAddr::from(fate.header.src)
                && arrived.to == (IpAddr::from(fate.header.dst), fate.header.dport).into()
        }
        (Verdict::Closed | Verdict::Rejected, Refused { .. } | Rejected { .. }) => true,
        (Verdict::DroppedByService, Silent | Dropped { .. }) => true,
        (Verdict::NoRoute, Silent | Dropped { .. } | Unreachable { .. }) => true,
        _ => false,
    }
}

// === impl Differs ===

impl Differs {
    /// Whether its sender heard nothing.
    fn hangs(&self) -> bool {
        use Outcome::{ReplyLost, Silent};
        self.other.is_some_and(|seen| matches!(seen.outcome, Silent | ReplyLost(_)))
    }

    fn words(&self, model: &Network) -> String {
        let Differs { question, fate, other, .. } = self;
        let from = &model.element(question.process).name;
        let rule = fate.entry.map_or("", |id| &*model.entry(id).origin.rule);
        let at = &model.element(fate.at).name;
        let (header, verdict) = (fate.header, fate.verdict.name());
        format!(
            "{from} sends {:?}\n  model: {verdict} at {at} by {rule}, {header:?}\n  proxy: {other:?}",
            question.header
        )
    }
}
