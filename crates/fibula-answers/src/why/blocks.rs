//! What is in the way of a connection: each filter and each Service that stopped it, once.

use std::net::IpAddr;

use fibula_cluster::{Cluster, Protocol};
use fibula_network::{Addr, ElementId, Header, Kind, Network, Proto};

use super::peers::End;
use crate::names::{Candidate, What};
use crate::trace::policies::{Direction, Ruling, Says};
use crate::trace::{Branch, Query, Trace, Why, header_before, placement};

/// Something in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Policies of one of the two ends.
    Policy(Box<Judged>),
    /// A Service.
    Service(Why, Header),
    /// Something that is neither: how the message ends.
    Other(Box<Branch>),
}

/// What policies said no to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What they said, and of whom.
    pub ruling: Ruling,
    /// Whose policies.
    pub(super) subject: End,
    /// The other end.
    pub(super) other: End,
    /// The port of the target.
    pub(super) port: (Protocol, u16),
}

/// How many branches of a message are looked at: beyond these they are alike.
const MOST_BRANCHES: usize = 64;

/// What is in the way, in the order in which a message meets it.
pub(super) fn blocks(cluster: &Cluster, network: &Network, trace: &Trace) -> Vec<Block> {
    let mut found: Vec<Block> = vec![];
    let mut add = |block: Block| {
        let known = found.iter().any(|known| known.is_as(&block));
        if !known {
            found.push(block);
        }
    };
    if let Some(Query::Withheld { service, ruling: Some(ruling), header }) = &trace.query
        && let Some(Block::Policy(mut judged)) = judged(cluster, network, trace, ruling, *header)
    {
        // Policies are asked about the servers that the Service leads to (NP-40).
        if let Some((server, number)) = server(cluster, service, judged.port.0) {
            judged.other = server;
            judged.port.1 = number;
        }
        add(Block::Policy(judged));
    }
    let branches = trace.ways.iter().flat_map(|way| way.branches.iter().take(MOST_BRANCHES));
    for branch in branches.filter(|branch| !branch.arrived()) {
        let before = found_of(cluster, network, trace, branch);
        match (&branch.why, before.is_empty()) {
            (_, false) => before.into_iter().for_each(&mut add),
            (Some(why), true) => {
                let last = header_before(&branch.life, branch.life.steps.len());
                add(Block::Service(why.clone(), last.unwrap_or(trace.header)));
            }
            (None, true) => add(Block::Other(Box::new(branch.clone()))),
        }
    }
    found
}

/// One of the pods behind the cluster's DNS, and its port.
fn server(cluster: &Cluster, path: &str, protocol: Protocol) -> Option<(End, u16)> {
    let (namespace, name) = path.split_once('/')?;
    let mut services = cluster.services.iter();
    let service = services.find(|s| s.namespace == namespace && s.name == name)?;
    let offers = |port: u16| {
        let port = service.ports.get(usize::from(port));
        port.is_some_and(|port| port.protocol == protocol)
    };
    let mut behind = service.endpoints.iter().filter(|endpoint| offers(endpoint.port));
    behind
        .find_map(|endpoint| Some((End::of_pod(cluster.pods.get(endpoint.pod?)?), endpoint.number)))
}

/// What policies said no to on the way of a message, or would have said no to further on.
fn found_of(cluster: &Cluster, network: &Network, trace: &Trace, branch: &Branch) -> Vec<Block> {
    let life = &branch.life;
    let no = branch.rulings.iter().filter(|ruling| ruling.is_no());
    no.filter_map(|ruling| {
        let step = ruling.step.unwrap_or(life.steps.len());
        judged(cluster, network, trace, ruling, header_before(life, step)?)
    })
    .collect()
}

fn judged(
    cluster: &Cluster,
    network: &Network,
    trace: &Trace,
    ruling: &Ruling,
    header: Header,
) -> Option<Block> {
    let of = |switch| end(cluster, network, switch);
    let addr = match ruling.direction {
        Direction::Egress => header.dst,
        Direction::Ingress => header.src,
    };
    let owner = network.owners_of(addr).first().map(|owner| owner.to);
    let owner = owner.filter(|owner| network.kind(*owner) == Kind::Pod);
    Some(Block::Policy(Box::new(Judged {
        ruling: ruling.clone(),
        subject: of(ruling.pod)?,
        other: owner.and_then(of).unwrap_or_else(|| outer(trace, addr)),
        port: (protocol(header.proto), header.dport),
    })))
}

/// An end that is no Pod.
pub(super) fn outer(trace: &Trace, addr: Addr) -> End {
    let world = |chosen: &Candidate| chosen.what == What::World;
    let from = world(&trace.from.chosen) && trace.from.address.is_none();
    let to = !trace.to.literal && trace.to.chosen.as_ref().is_some_and(world);
    let addr = IpAddr::from(addr);
    let is = |end: Addr| IpAddr::from(end) == addr;
    match from && is(trace.header.src) || to && is(trace.header.dst) {
        true => End::World(addr),
        false => End::Address(addr),
    }
}

/// The workload of a Pod.
pub(super) fn end(cluster: &Cluster, network: &Network, switch: ElementId) -> Option<End> {
    let pod = cluster.pods.get(placement::index(cluster, network, switch)?)?;
    Some(End::of_pod(pod))
}

pub(super) fn protocol(proto: Proto) -> Protocol {
    match proto {
        Proto::Tcp => Protocol::Tcp,
        Proto::Udp => Protocol::Udp,
        Proto::Sctp => Protocol::Sctp,
    }
}

// === impl Block ===

impl Block {
    /// Whether it is the same obstacle, of another pod of the same workload or in another way.
    pub(super) fn is_as(&self, other: &Block) -> bool {
        match (self, other) {
            (Block::Policy(a), Block::Policy(b)) => {
                let says = |ruling: &Ruling| match &ruling.says {
                    Says::Rule(cited) => Some((cited.policy.place.object, cited.rule)),
                    _ => None,
                };
                (a.ruling.direction, &a.subject, &a.other, a.port, says(&a.ruling))
                    == (b.ruling.direction, &b.subject, &b.other, b.port, says(&b.ruling))
            }
            (Block::Other(a), Block::Other(b)) => {
                let end = |branch: &Branch| (branch.verdict(), branch.life.ending.at);
                end(a) == end(b)
            }
            (a, b) => a == b,
        }
    }
}

// === impl Judged ===

impl Judged {
    /// Whether a rule denies, and not the lack of one.
    pub fn is_denied(&self) -> bool {
        matches!(self.ruling.says, Says::Rule(_))
    }
}

// === impl Ruling ===

impl Ruling {
    /// Whether policies drop the message.
    pub fn is_no(&self) -> bool {
        match &self.says {
            Says::Isolated(_) => true,
            Says::Rule(cited) => cited.action == fibula_cluster::RuleAction::Deny,
            Says::Exempt(_) => false,
        }
    }
}
