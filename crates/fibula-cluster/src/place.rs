//! Where in the input something stands, without knowing of files.

use crate::object::Kind;

/// An object of the input, numbered by whoever read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// A container, or a port of one, or a port of a Service, or a rule of a policy, or a peer or a port
/// of one, or a field, in an object: small enough to keep for each of 300,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The object.
    pub object: ObjectId,
    /// Which list of containers or of rules, and the index in it, counted from 0; or which field.
    pub container: Option<(ContainerList, u16)>,
    /// The index of the port in the container, or of the peer in the rule, counted from 0; without
    /// either, in the ports of the Service that the object is.
    pub port: Option<u16>,
}

/// A list of containers in a pod's specification, or of rules in a policy's; or a field by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerList {
    /// `containers`
    Containers,
    /// `initContainers`
    Init,
    /// `ephemeralContainers`
    Ephemeral,
    /// `ingress` of a policy
    Ingress,
    /// `egress` of a policy
    Egress,
    /// `ingress` of a policy, of which a port is meant and no peer
    IngressPorts,
    /// `egress` of a policy, of which a port is meant and no peer
    EgressPorts,
    /// `targetPort` of a port of a Service
    Targets,
    /// `podSelector` of a NetworkPolicy, which has no index
    PodSelector,
    /// `subject` of a policy of the cluster
    Subject,
    /// `policyTypes` of a NetworkPolicy
    PolicyTypes,
    /// `priority` of a policy of the cluster
    Priority,
    /// `selector` of a Service
    Selector,
    /// `hostNetwork` of a pod's specification
    HostNetwork,
}

/// The API path of a place in an object of a kind: `spec.containers[0].ports[1]` in a Pod,
/// `spec.template.spec.containers[0]` in a Deployment, `spec.ports[1]` in a Service,
/// `spec.ingress[0].from[1]` in a policy; empty for the object as a whole.
pub fn place_path(kind: Kind, place: Place) -> String {
    let Some((list, index)) = place.container else {
        return place.port.map(|port| format!("spec.ports[{port}]")).unwrap_or_default();
    };
    let part = match list {
        ContainerList::Ingress => "from",
        ContainerList::Egress => "to",
        _ => "ports",
    };
    let spec = match kind {
        _ if !list.of_pod() => "spec",
        Kind::Pod => "spec",
        Kind::CronJob => "spec.jobTemplate.spec.template.spec",
        _ => "spec.template.spec",
    };
    let field = list.field();
    match (list, place.port) {
        (ContainerList::Targets, _) => format!("{spec}.ports[{index}].{field}"),
        _ if list.is_field() => format!("{spec}.{field}"),
        (_, Some(port)) => format!("{spec}.{field}[{index}].{part}[{port}]"),
        (_, None) => format!("{spec}.{field}[{index}]"),
    }
}

const LISTS: [ContainerList; 14] = [
    ContainerList::Containers,
    ContainerList::Init,
    ContainerList::Ephemeral,
    ContainerList::Ingress,
    ContainerList::Egress,
    ContainerList::IngressPorts,
    ContainerList::EgressPorts,
    ContainerList::Targets,
    ContainerList::PodSelector,
    ContainerList::Subject,
    ContainerList::PolicyTypes,
    ContainerList::Priority,
    ContainerList::Selector,
    ContainerList::HostNetwork,
];
/// How many containers or rules of a list have a place of their own; later ones have their object's.
const CONTAINERS: u64 = 0x1200;

// === impl Place ===

impl Place {
    /// An object as a whole.
    pub fn whole(object: ObjectId) -> Place {
        Place { object, container: None, port: None }
    }

    /// A field of an object.
    pub fn field(object: ObjectId, field: ContainerList) -> Place {
        Place { object, container: Some((field, 0)), port: None }
    }

    /// A number that stands for it, for whoever keeps millions of places and knows no objects.
    pub fn number(self) -> u64 {
        let container = self.container.filter(|(_, i)| u64::from(*i) < CONTAINERS);
        let container =
            container.map_or(0, |(list, i)| 1 + list as u64 * CONTAINERS + u64::from(i));
        // Of a container that has no place of its own, a port would be taken for a Service's.
        let has_port = self.container.is_none() || container > 0;
        let port = self.port.filter(|_| has_port).map_or(0, |i| u64::from(i.saturating_add(1)));
        u64::from(self.object.0) << 32 | container << 16 | port
    }

    /// The place that a number stands for; none if it stands for none.
    pub fn of_number(number: u64) -> Option<Place> {
        let object = ObjectId((number >> 32) as u32);
        let (container, port) = (number >> 16 & 0xffff, (number & 0xffff) as u16);
        let container = match container.checked_sub(1) {
            Some(n) => Some((*LISTS.get((n / CONTAINERS) as usize)?, (n % CONTAINERS) as u16)),
            None => None,
        };
        Some(Place { object, container, port: port.checked_sub(1) })
    }
}

// === impl ContainerList ===

impl ContainerList {
    /// Its name in the API.
    pub fn field(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Init => "initContainers",
            Self::Ephemeral => "ephemeralContainers",
            Self::Ingress | Self::IngressPorts => "ingress",
            Self::Egress | Self::EgressPorts => "egress",
            Self::Targets => "targetPort",
            Self::PodSelector => "podSelector",
            Self::Subject => "subject",
            Self::PolicyTypes => "policyTypes",
            Self::Priority => "priority",
            Self::Selector => "selector",
            Self::HostNetwork => "hostNetwork",
        }
    }

    /// Whether it stands in the specification of a pod, which a workload has in its template.
    fn of_pod(self) -> bool {
        matches!(self, Self::Containers | Self::Init | Self::Ephemeral | Self::HostNetwork)
    }

    /// Whether it is a field, and no list.
    fn is_field(self) -> bool {
        use ContainerList::{HostNetwork, PodSelector, PolicyTypes, Priority, Selector, Subject};
        matches!(self, PodSelector | Subject | PolicyTypes | Priority | Selector | HostNetwork)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_packing() {
        let object = ObjectId(7);
        let lists = LISTS.into_iter().flat_map(|list| [Some((list, 0)), Some((list, 0x11ff))]);
        for container in lists.chain([None]) {
            for port in [None, Some(0), Some(3)] {
                let at = Place { object, container, port };
                assert_eq!(Place::of_number(at.number()), Some(at));
            }
        }
        let beyond =
            Place { object, container: Some((ContainerList::Init, 0x1200)), port: Some(1) };
        let whole = Place { object, container: None, port: None };
        assert_eq!(Place::of_number(beyond.number()), Some(whole), "not a port of the object");
    }

    #[test]
    fn a_place_has_a_path() {
        let at = |container, port| Place { object: ObjectId(7), container, port };
        for (kind, container, port, path) in [
            (Kind::Pod, None, None, ""),
            (Kind::Pod, None, Some(1), "spec.ports[1]"),
            (Kind::Pod, Some((ContainerList::Init, 2)), Some(0), "spec.initContainers[2].ports[0]"),
            (
                Kind::Deployment,
                Some((ContainerList::HostNetwork, 0)),
                None,
                "spec.template.spec.hostNetwork",
            ),
            (
                Kind::NetworkPolicy,
                Some((ContainerList::Ingress, 0)),
                Some(1),
                "spec.ingress[0].from[1]",
            ),
            (
                Kind::NetworkPolicy,
                Some((ContainerList::EgressPorts, 0)),
                Some(1),
                "spec.egress[0].ports[1]",
            ),
            (Kind::NetworkPolicy, Some((ContainerList::PodSelector, 0)), None, "spec.podSelector"),
            (Kind::Service, Some((ContainerList::Targets, 3)), None, "spec.ports[3].targetPort"),
        ] {
            assert_eq!(place_path(kind, at(container, port)), path);
        }
    }
}
