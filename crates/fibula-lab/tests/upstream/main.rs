//! The 48 end-to-end tests of NetworkPolicy that Kubernetes itself has (semantics, section 9.1), on
//! this machine's kernel: every pod dials every other pod's Service, as they do.

#[path = "../../../fibula-intended/tests/upstream/mod.rs"]
mod upstream;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Decisions, Intent, Listeners, Profile, network};
use fibula_lab::kernel::{Ground, Lab, Outcome, Probe};
use fibula_lab::translate::{Setup, translate};
use fibula_network::{Entity, Kind, Network, Proto};
use fibula_source::Input;

use upstream::{Case, cases};

/// What comes of a case: how many probes, the protocols that the kernel does not have, and what was
/// wrong.
#[derive(Default)]
struct Tried {
    probes: usize,
    missing: BTreeSet<Proto>,
    wrong: Vec<String>,
}

#[allow(clippy::print_stdout, reason = "a program of its own, to be read")]
fn main() {
    // Before there is a second thread.
    let ground = Ground::enter();
    if std::env::args().any(|arg| arg == "--list") {
        return;
    }
    let ground = match ground {
        Ok(ground) => ground,
        Err(why) => return println!("no upstream test ran: skipped, {why}"),
    };
    let (mut all, mut steps, mut tests) = (Tried::default(), 0, BTreeSet::new());
    for case in cases() {
        match try_case(&ground, &case) {
            Err(why) if why.contains("install the package nftables") => {
                return println!("no upstream test ran: skipped, {why}");
            }
            Err(why) => panic!("test {}, step {}: {why}", case.number, case.step),
            Ok(tried) => {
                steps += 1;
                tests.extend((tried.probes > 0).then_some(case.number));
                all.probes += tried.probes;
                all.missing.extend(tried.missing);
                all.wrong.extend(tried.wrong);
            }
        }
    }
    let probes = all.probes;
    println!("{} upstream tests in {steps} steps: {probes} probes as they expect", tests.len());
    for proto in all.missing {
        println!("what they say of {proto} was not tried: this kernel does not have it");
    }
    assert!(all.wrong.is_empty(), "{}", all.wrong.join("\n"));
}

fn try_case(ground: &Ground, case: &Case) -> Result<Tried, String> {
    let text = case.manifests.clone();
    let read = fibula_source::read(&[Input::Text { name: case.name.into(), text }]);
    if let Some(refusal) = read.refused.first() {
        return Err(format!("an object was refused: {refusal:?}"));
    }
    let cluster = Cluster::new(read.objects, &Options::default());
    let decisions = Decisions::from(Profile::Reference);
    let intent = Intent { listeners: Listeners::Declared, decisions, ..Intent::default() };
    let network = network(&cluster, &intent);
    let translation = translate(&network, &Setup::default()).map_err(|why| why.to_string())?;
    let mut lab = Lab::up(ground, &translation.plan).map_err(|error| error.to_string())?;
    let missing: BTreeSet<Proto> = lab.missing().iter().copied().collect();
    let mut tried = Tried::default();
    let (mut probes, mut expected) = (vec![], vec![]);
    for probe in &case.probes {
        let proto = match probe.protocol {
            "UDP" => Proto::Udp,
            "SCTP" => Proto::Sctp,
            _ => Proto::Tcp,
        };
        if missing.contains(&proto) {
            tried.missing.insert(proto);
            continue;
        }
        let pod = network.of_kind(Kind::Pod).find(|id| *network.element(*id).name == *probe.from);
        let pod = pod.ok_or("there is no such pod")?;
        let at: IpAddr = probe.at.parse().map_err(|_| "no address")?;
        probes.push(Probe {
            space: translation.space(pod).ok_or("the pod is not built")?,
            from: SocketAddr::new(first(&network, pod).ok_or("the pod has no address")?, 0),
            to: SocketAddr::new(at, probe.port),
            proto,
        });
        expected.push(probe);
    }
    let seen = lab.probe(&probes).map_err(|error| error.to_string())?;
    tried.probes = seen.len();
    for (probe, seen) in expected.into_iter().zip(seen) {
        let right = match seen.outcome {
            Outcome::Accepted(_) => !probe.blocked,
            Outcome::Dropped { .. } => probe.blocked,
            _ => false,
        };
        if !right {
            let Case { number, name, step, .. } = case;
            let outcome = seen.outcome;
            tried.wrong.push(format!("{number}, {name}, step {step}: {probe:?}: {outcome:?}"));
        }
    }
    Ok(tried)
}

fn first(network: &Network, pod: fibula_network::ElementId) -> Option<IpAddr> {
    network.facts.addresses(Entity::Switch(pod)).next().map(IpAddr::from)
}
