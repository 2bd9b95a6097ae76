//! The ports of a rule, as patterns have them.

use fibula_cluster::select::{NamedPort, Select};
use fibula_cluster::{Protocol, RulePort, RulePorts};
use fibula_network::{Ports, Proto};

use rustc_hash::FxHashMap;

use super::peers::Named;
use super::{Direction, Maker};
use crate::graph::proto;

/// Ports of targets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door<'a> {
    pub(super) proto: Option<Proto>,
    pub(super) ports: Ports,
    /// Only of pods that call the port so.
    pub(super) named: Option<Named<'a>>,
}

const PROTOCOLS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

impl Maker<'_> {
    /// The ports of a rule: what the pods that the policy speaks of call them (`own`, for ingress),
    /// or what each peer calls them (for egress).
    pub(super) fn doors<'a>(
        &self,
        direction: Direction,
        ports: &'a RulePorts,
        own: &'a [NamedPort],
    ) -> Vec<Door<'a>> {
        let list = match ports {
            RulePorts::Any => return vec![Door { proto: None, ports: Ports::Any, named: None }],
            RulePorts::Of(list) => list,
        };
        let mut doors: Vec<Door<'a>> = vec![];
        for port in list {
            match port {
                RulePort::All(protocol) => {
                    doors.push(Door {
                        proto: Some(proto(*protocol)),
                        ports: Ports::Any,
                        named: None,
                    });
                }
                RulePort::Range { protocol, first, last } => doors.push(Door {
                    proto: Some(proto(*protocol)),
                    ports: Ports::In(*first, *last),
                    named: None,
                }),
                RulePort::Named { name, protocol } => {
                    let wanted = PROTOCOLS.into_iter();
                    let wanted = wanted.filter(|p| protocol.is_none_or(|protocol| protocol == *p));
                    for protocol in wanted {
                        let numbers = match direction {
                            Direction::Ingress => first(own, name, protocol).into_iter().collect(),
                            Direction::Egress => self.numbers(name, protocol),
                        };
                        doors.extend(numbers.into_iter().map(|number| Door {
                            proto: Some(proto(protocol)),
                            ports: Ports::In(number, number),
                            named: (direction == Direction::Egress).then_some((
                                name.as_str(),
                                protocol,
                                number,
                            )),
                        }));
                    }
                }
            }
        }
        doors
    }

    /// The numbers of the ports that some pod calls so, ascending.
    fn numbers(&self, name: &str, protocol: Protocol) -> Vec<u16> {
        self.numbers.get(&(name.to_owned(), protocol)).cloned().unwrap_or_default()
    }
}

/// The numbers of ports by their names, ascending, of all pods.
pub(super) fn numbers(select: &Select) -> FxHashMap<(String, Protocol), Vec<u16>> {
    let mut numbers: FxHashMap<(String, Protocol), Vec<u16>> = FxHashMap::default();
    for class in select.classes() {
        for port in class.ports.iter() {
            if first(&class.ports, &port.name, port.protocol) == Some(port.number) {
                let known = numbers.entry((port.name.clone(), port.protocol)).or_default();
                known.push(port.number);
            }
        }
    }
    numbers.iter_mut().for_each(|(_, known)| {
        known.sort_unstable();
        known.dedup();
    });
    numbers
}

/// The port that a pod calls so: of several of a protocol the first (SVC-14).
pub(super) fn first(ports: &[NamedPort], name: &str, protocol: Protocol) -> Option<u16> {
    let mut named = ports.iter().filter(|port| port.name == name && port.protocol == protocol);
    named.next().map(|port| port.number)
}
