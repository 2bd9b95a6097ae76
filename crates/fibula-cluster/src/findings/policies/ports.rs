//! Ports that rules name and pods do not have.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Ground, perhaps, port_place, rule_name, rules};
use crate::cluster::Protocol;
use crate::findings::near::nearest;
use crate::findings::{One, Severity, Told, count};
use crate::place::{ContainerList, Place};
use crate::policy::{PeerOf, Peers, Rule, RulePort};
use crate::select::ClassId;
use crate::service::TargetPort;

/// A port of a protocol.
type Door = (Protocol, u16);

/// What pods and Services say of ports, by class of pods.
struct Doors {
    /// What containers declare.
    declared: FxHashMap<ClassId, BTreeSet<Door>>,
    /// The ports of Services that select some pod of the class: the Service, and where it leads.
    served: FxHashMap<ClassId, BTreeMap<Door, (String, TargetPort)>>,
}

pub(super) fn tell(told: &mut Told<'_>, ground: &Ground<'_, '_>) {
    let doors = Doors::new(ground);
    let mut undeclared = Vec::new();
    for (i, policy) in ground.policies() {
        for (way, rule) in rules(policy) {
            let Some(behind) = behind(ground, i, way, rule) else { continue };
            for (port, index) in rule.ports().iter().zip(0..) {
                let place = port_place(way, rule, index);
                let at = rule_name(policy, way, rule);
                match port {
                    RulePort::All(_) => {}
                    RulePort::Named { name, protocol } => {
                        named(told, ground, &behind, (name, *protocol), &at, place);
                    }
                    RulePort::Range { protocol, first, last } => {
                        let range = (*protocol, *first, *last);
                        undeclared.extend(doors.numbered(told, &behind, range, &at, place));
                    }
                }
            }
        }
    }
    told.alike(("undeclared-policy-port", "POD-2", Severity::Note), undeclared, |n, names| {
        let are = if n == 1 { "is" } else { "are" };
        format!("{} of rules {are} declared by no container behind them: {names}", count(n, "port"))
    });
}

/// The pods at which a rule's ports are asked for: those that the policy selects, of an ingress rule;
/// else its peers. None where others than pods of the input can be meant.
fn behind(
    ground: &Ground<'_, '_>,
    policy: u32,
    way: ContainerList,
    rule: &Rule,
) -> Option<Vec<ClassId>> {
    let mut classes: Vec<ClassId> = match (way, &rule.peers) {
        (ContainerList::Ingress, _) => ground.subject(policy).collect(),
        (_, Peers::Any) => return None,
        (_, Peers::Of(peers)) => {
            let mut all = Vec::new();
            for peer in peers {
                let PeerOf::Pods(selection) = &peer.what else { return None };
                // Who means all pods, as for DNS, means others than those of the input too.
                if selection.pods.is_empty() {
                    return None;
                }
                let selected = ground.select.pods(ground.select.id(selection)?);
                // Of those that are not here nobody knows the ports.
                if selected.surely.is_empty() && selected.perhaps.is_empty() {
                    return None;
                }
                all.extend(selected.surely.iter().chain(&selected.perhaps).copied());
            }
            all
        }
    };
    classes.retain(|class| ground.class(*class).live && !ground.class(*class).host_network);
    classes.sort_unstable();
    classes.dedup();
    (!classes.is_empty()).then_some(classes)
}

/// A name that none of the pods behind a rule gives a port (NP-42, CNP-28): the rule never matches by
/// it.
fn named(
    told: &mut Told<'_>,
    ground: &Ground<'_, '_>,
    behind: &[ClassId],
    (name, protocol): (&str, Option<Protocol>),
    at: &str,
    place: Place,
) {
    let of = |p: Protocol| protocol.is_none_or(|protocol| protocol == p);
    let mut ports = behind.iter().flat_map(|class| ground.class(*class).ports.iter());
    if ports.any(|port| port.name == name && of(port.protocol)) {
        return;
    }
    let pods = behind.iter().flat_map(|class| ground.pods(*class).take(1));
    let lasting = pods.flat_map(|pod| &pod.containers).filter(|container| container.lasting);
    let names = lasting.flat_map(|c| &c.ports).filter(|port| of(port.protocol));
    let near = nearest(name, names.filter_map(|port| port.name.as_deref()));
    let near = perhaps(near.map(str::to_owned));
    let kind = ("unknown-policy-port", "NP-42", Severity::Warning);
    let port = protocol.map_or_else(|| "port".to_owned(), |p| format!("{} port", p.name()));
    told.alike(kind, vec![One::new(at, place)], |_, at| {
        format!(
            "{at} names the {port} {name}, and no pod behind it has one: it never matches{near}"
        )
    });
}

// === impl Doors ===

impl Doors {
    /// Costs a look at each port of each pod, and at the pods of each Service.
    fn new(ground: &Ground<'_, '_>) -> Self {
        let mut doors = Self { declared: FxHashMap::default(), served: FxHashMap::default() };
        let class_of = ground.select.class_of();
        for (pod, class) in ground.cluster.pods.iter().zip(class_of) {
            let ports = pod.containers.iter().flat_map(|container| &container.ports);
            let ports = ports.map(|port| (port.protocol, port.number));
            doors.declared.entry(*class).or_default().extend(ports);
        }
        for service in &ground.cluster.services {
            let mut classes: Vec<ClassId> =
                service.selects.iter().map(|pod| class_of[*pod]).collect();
            classes.sort_unstable();
            classes.dedup();
            for class in classes {
                let served = doors.served.entry(class).or_default();
                for port in &service.ports {
                    let name = format!("{}/{}", service.namespace, service.name);
                    let door = (port.protocol, port.number);
                    served.entry(door).or_insert((name, port.target.clone()));
                }
            }
        }
        doors
    }

    /// Ports that no container behind a rule declares. That of a Service is a mistake, for policies
    /// are asked after the target was rewritten (NP-40); another one is only not declared (POD-2).
    fn numbered(
        &self,
        told: &mut Told<'_>,
        behind: &[ClassId],
        (protocol, first, last): (Protocol, u16, u16),
        at: &str,
        place: Place,
    ) -> Option<One> {
        let declared = behind.iter().filter_map(|class| self.declared.get(class));
        let mut all = declared.flatten().peekable();
        // Who declares nothing says nothing.
        all.peek()?;
        if all.any(|(p, number)| *p == protocol && (first..=last).contains(number)) {
            return None;
        }
        let door = (protocol, first);
        let served = behind.iter().filter_map(|class| self.served.get(class)?.get(&door));
        let mut served = served.filter(|(_, target)| *target != TargetPort::Number(first));
        let number = format!("{} {first}", protocol.name());
        if let Some((service, target)) = served.next().filter(|_| first == last) {
            let target = match target {
                TargetPort::Number(number) => number.to_string(),
                TargetPort::Name(name) => format!("the port named {name}"),
            };
            let kind = ("service-port-in-policy", "NP-40", Severity::Warning);
            told.alike(kind, vec![One::new(at, place)], |_, at| {
                format!(
                    "{at} allows {number}, which is the port of Service {service}: policies see the \
                     port of its pods, {target}"
                )
            });
            return None;
        }
        let range = if first == last { number } else { format!("{number} to {last}") };
        Some(One::new(format!("{at} ({range})"), place))
    }
}
