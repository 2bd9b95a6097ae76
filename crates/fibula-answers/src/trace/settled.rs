//! What Kubernetes leaves open, we have settled, and an implementation may do otherwise: said where
//! it has part in an answer (DR-1, DR-2, DR-5, DR-8, DR-15, DR-18).

use std::net::IpAddr;

use fibula_cluster::{
    Cluster, ContainerList, NamespaceSelection, PeerOf, Pod, PodSelection, Policy, RulePort, Tier,
};
use fibula_network::walk::{Step, Verdict};
use fibula_network::{Action, Addr, ElementId, Kind, Network};

use super::policies::{Direction, Says, peer};
use super::{Branch, Ground, Trace, header_before, place};

/// A decision that is settled here, and has part in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// No selector means this pod, for it uses its Node's network (DR-1).
    HostNetwork(String),
    /// Policies see the second address, which the first was rewritten to, and a range holds only one
    /// of them (DR-2).
    Rewritten(Addr, Addr),
    /// NetworkPolicies isolate a Pod in the other direction only, and in this one Baseline policies
    /// speak of it (DR-5).
    PerDirection(ElementId, Direction),
    /// A rule names a port that a sidecar of this pod declares (DR-8).
    Sidecar(String, String),
    /// A policy drops a message: without a word (DR-15), by a plugin that enforces it (DR-18).
    Dropped,
}

/// What is settled that has part in an answer, each once.
pub(super) fn settled(ground: Ground<'_>, trace: &Trace) -> Vec<Settled> {
    let mut found: Vec<Settled> = vec![];
    let Some(cluster) = ground.cluster.filter(|cluster| !cluster.policies.is_empty()) else {
        return found;
    };
    // Thousands of branches differ in little: the first few of each way say what matters.
    let branches = trace.ways.iter().flat_map(|way| way.branches.iter().take(MOST));
    for branch in branches {
        let ends = Ends { cluster, network: ground.network, trace, branch };
        let new = ends.host_network().into_iter();
        let new = new.chain(ends.rewritten()).chain(ends.per_direction()).chain(ends.sidecar());
        let dropped = branch.life.ending.verdict == Verdict::DroppedByPolicy;
        for new in new.chain(dropped.then_some(Settled::Dropped)) {
            if !found.contains(&new) {
                found.push(new);
            }
        }
    }
    found
}

/// How many branches of a way are looked at.
const MOST: usize = 16;

/// The two ends of a branch.
struct Ends<'a> {
    cluster: &'a Cluster,
    network: &'a Network,
    trace: &'a Trace,
    branch: &'a Branch,
}

// === impl Ends ===

impl<'a> Ends<'a> {
    /// The Pod that sends.
    fn source(&self) -> Option<ElementId> {
        place::pod(self.network, self.trace.from.process)
    }

    /// The Pod that has the target in the end.
    fn target(&self) -> Option<ElementId> {
        let dst = self.last()?;
        let owner = self.network.owners_of(dst).first()?.to;
        (self.network.kind(owner) == Kind::Pod).then_some(owner)
    }

    /// The target in the end.
    fn last(&self) -> Option<Addr> {
        let life = &self.branch.life;
        Some(header_before(life, life.steps.len())?.dst)
    }

    /// A Pod as an object.
    fn pod(&self, switch: ElementId) -> Option<&'a Pod> {
        let (namespace, name) = self.network.element(switch).name.split_once('/')?;
        peer::pod(self.cluster, namespace, name)
    }

    fn host_network(&self) -> Option<Settled> {
        let (cluster, network) = (self.cluster, self.network);
        let from = peer::host_network_pod(cluster, network, self.trace.from.process);
        let to = peer::host_network_pod(cluster, network, self.branch.life.ending.at);
        let ends =
            [(from, self.target(), Direction::Egress), (to, self.source(), Direction::Ingress)];
        ends.into_iter().find_map(|(pod, other, way)| {
            let pod = pod?;
            let other = other.and_then(|other| self.pod(other));
            let against = match way {
                Direction::Egress => Direction::Ingress,
                Direction::Ingress => Direction::Egress,
            };
            let meant = cluster.policies.iter().any(|policy| {
                let subject = concerns(policy, way) && selects(cluster, &policy.subject, pod);
                let speaks = other.is_some_and(|other| selects(cluster, &policy.subject, other));
                let rules = against.rules(policy).iter().filter(|_| speaks);
                let mut peers = rules.flat_map(|rule| rule.peers());
                subject
                    || peers.any(|peer| match &peer.what {
                        PeerOf::Pods(selection) => selects(cluster, selection, pod),
                        _ => false,
                    })
            });
            meant.then(|| Settled::HostNetwork(path(pod)))
        })
    }

    fn rewritten(&self) -> Option<Settled> {
        let pod = self.pod(self.source()?)?;
        let (before, after) = (self.trace.header.dst, self.last()?);
        let rewrote = self.branch.life.steps.iter().any(|step| match step {
            Step::Decide { entry, .. } => {
                matches!(self.network.entry(*entry).action, Action::Rewrite { .. })
            }
            _ => false,
        });
        if !rewrote || before == after {
            return None;
        }
        let holds = |peer: &PeerOf, addr: Addr| match peer {
            PeerOf::Block { net, except } => {
                let ip = IpAddr::from(addr);
                net.contains(&ip) && !except.iter().any(|net| net.contains(&ip))
            }
            _ => false,
        };
        let policies = self.cluster.policies.iter();
        let mut policies = policies.filter(|p| selects(self.cluster, &p.subject, pod));
        let differs = policies.any(|policy| {
            let mut peers = policy.egress.iter().flat_map(|rule| rule.peers());
            peers.any(|peer| holds(&peer.what, before) != holds(&peer.what, after))
        });
        differs.then_some(Settled::Rewritten(before, after))
    }

    fn per_direction(&self) -> Option<Settled> {
        let ends = [(self.source(), Direction::Egress), (self.target(), Direction::Ingress)];
        ends.into_iter().find_map(|(switch, way)| {
            let switch = switch?;
            let pod = self.pod(switch)?;
            let policies = self.cluster.policies.iter();
            let policies = policies.filter(|p| selects(self.cluster, &p.subject, pod));
            let (mut here, mut elsewhere, mut baseline) = (false, false, false);
            for policy in policies {
                match policy.tier {
                    Tier::NetworkPolicy if concerns(policy, way) => here = true,
                    Tier::NetworkPolicy => elsewhere = true,
                    Tier::Baseline => baseline |= !way.rules(policy).is_empty(),
                    Tier::Admin => {}
                }
            }
            (!here && elsewhere && baseline).then_some(Settled::PerDirection(switch, way))
        })
    }

    fn sidecar(&self) -> Option<Settled> {
        let pod = self.pod(self.target()?)?;
        self.branch.rulings.iter().find_map(|ruling| {
            let Says::Rule(cited) = &ruling.says else { return None };
            let object = cited.policy.place.object;
            let policy = self.cluster.policies.iter().find(|policy| policy.object == object)?;
            let rules = ruling.direction.rules(policy);
            let rule = rules.iter().find(|rule| rule.index == cited.rule)?;
            rule.ports().iter().find_map(|port| {
                let RulePort::Named { name, .. } = port else { return None };
                let lasting = pod.containers.iter().filter(|container| container.lasting);
                let mut ports = lasting.flat_map(|container| &container.ports);
                let found = ports.find(|port| port.name.as_deref() == Some(name))?;
                let list = found.place.container.map(|(list, _)| list);
                (list == Some(ContainerList::Init))
                    .then(|| Settled::Sidecar(name.clone(), path(pod)))
            })
        })
    }
}

/// Whether a policy has a say in a direction (NP-2, CNP-13).
fn concerns(policy: &Policy, way: Direction) -> bool {
    match way {
        Direction::Egress => policy.judges_egress(),
        Direction::Ingress => policy.judges_ingress(),
    }
}

/// Whether a selection means a pod, as far as is known.
pub(crate) fn selects(cluster: &Cluster, selection: &PodSelection, pod: &Pod) -> bool {
    let namespace = match &selection.namespaces {
        NamespaceSelection::Named(name) => *name == pod.namespace,
        NamespaceSelection::By(by) => {
            let namespaces = &cluster.namespaces;
            let at = namespaces.binary_search_by(|known| known.name.cmp(&pod.namespace));
            at.is_ok_and(|at| by.matches(&namespaces[at].labels))
        }
    };
    namespace && selection.pods.matches(&pod.labels)
}

fn path(pod: &Pod) -> String {
    format!("{}/{}", pod.namespace, pod.name)
}
