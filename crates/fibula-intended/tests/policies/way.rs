//! Whom a message meets on its way, read off the life that it has where there are no policies.

use fibula_cluster::Protocol;
use fibula_network::walk::{Life, Step, Verdict};
use fibula_network::*;

use crate::evaluator::{End, Evaluator, Message};

/// What a life tells of the way of a message: who is asked about it, and what they see.
pub(super) struct Way {
    from: (Kind, Option<ElementId>, Header),
    /// What left the first Node, if a pod sent it.
    egress: Option<Header>,
    /// The Node before the target pod: from what kind of element it came there and with which
    /// header, and with which it came to the pod.
    ingress: Option<(ElementId, Kind, Header, Header)>,
}

impl Way {
    pub(super) fn of(network: &Network, life: &Life) -> Way {
        let mut way = Way { from: (Kind::World, None, HEADER), egress: None, ingress: None };
        let mut arrived = (ElementId(0), Kind::World, HEADER);
        for step in &life.steps {
            match *step {
                Step::Send { from, header, .. } => {
                    if way.from.2 == HEADER {
                        way.from = (network.kind(from), network.facts.host(from), header);
                    } else if network.kind(from) == Kind::Node && way.egress.is_none() {
                        way.egress = Some(header);
                    }
                }
                Step::Recv { at, from, header } => match network.kind(at) {
                    Kind::Pod if network.kind(from) == Kind::Node => {
                        way.ingress = Some((arrived.0, arrived.1, arrived.2, header));
                    }
                    Kind::Node => arrived = (at, network.kind(from), header),
                    _ => {}
                },
                // A message that ends at the first Node leaves it nowhere. Of one that a Service ends no
                // policy is asked (SVC-5A).
                Step::Decide { at, becomes, .. } if network.kind(at) == Kind::Node => {
                    let first = way.egress.is_none() && arrived.1 == Kind::Pod;
                    let ends =
                        life.ending.at == at || network.facts.host(life.ending.at) == Some(at);
                    let by_service = [Verdict::Rejected, Verdict::DroppedByService]
                        .contains(&life.ending.verdict);
                    if first && ends && !by_service {
                        way.egress = becomes.or(Some(arrived.2));
                    }
                }
                Step::Decide { .. } | Step::Pass { .. } => {}
            }
        }
        way
    }

    /// What the policies of the pod that sends are asked; nothing where it met no Node.
    pub(super) fn egress(&self, evaluator: &Evaluator<'_>) -> Option<Message> {
        let (kind, _, sent) = self.from;
        let left = self.egress.filter(|_| kind == Kind::Container)?;
        Some(message(evaluator, evaluator.end(sent.src.into()), left))
    }

    /// What those of the pod that receives are asked.
    pub(super) fn ingress(&self, evaluator: &Evaluator<'_>, sees_node: bool) -> Option<Message> {
        let (node, kind, header, received) = self.ingress?;
        let of_node = End::Node(node.index(), header.src.into());
        let masqueraded = received.src != header.src;
        let from = match kind {
            Kind::Daemon => of_node,
            _ if masqueraded && sees_node => of_node,
            _ => evaluator.end(header.src.into()),
        };
        Some(message(evaluator, from, received))
    }
}

fn message(evaluator: &Evaluator<'_>, from: End, header: Header) -> Message {
    let protocol = match header.proto {
        Proto::Tcp => Protocol::Tcp,
        Proto::Udp => Protocol::Udp,
        Proto::Sctp => Protocol::Sctp,
    };
    Message { from, to: evaluator.end(header.dst.into()), port: header.dport, protocol }
}

const HEADER: Header =
    Header { src: Addr::MIN, sport: 0, dst: Addr::MIN, dport: 0, proto: Proto::Tcp };
