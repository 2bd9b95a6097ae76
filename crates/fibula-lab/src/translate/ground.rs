//! N1 and N2: namespaces for switches, wires for links.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fibula_network::{ElementId, Family, Kind, Mesh, Network};
use rustc_hash::FxHashSet;

use crate::plan::{End, Mac, Neighbour, Space, SpaceId, Via, Wire};

use super::Refusal;

/// The namespaces and the wires between them.
pub(super) struct Ground<'n> {
    network: &'n Network,
    pub(super) plan: (Vec<Space>, Vec<Wire>),
    /// The namespace of each switch.
    pub(super) by_element: Vec<Option<SpaceId>>,
    /// The pairs of switches with a wire of their own, the lower first.
    wired: FxHashSet<(ElementId, ElementId)>,
    spare: Space,
}

/// How many members a mesh can have: Linux gives a bridge no more interfaces.
const MEMBERS: usize = 1023;

// === impl Ground ===

impl<'n> Ground<'n> {
    /// # Errors
    ///
    /// A process without a link to its host, or a mesh that no bridge can be.
    pub(super) fn new(network: &'n Network) -> Result<Ground<'n>, Refusal> {
        let mut ground = Ground {
            network,
            plan: (vec![], vec![]),
            by_element: vec![None; network.elements.len()],
            wired: FxHashSet::default(),
            spare: Space::default(),
        };
        let refuse = |at, why: String| Err(Refusal { at, entry: None, why });
        for id in network.ids() {
            let name = &network.element(id).name;
            if network.fib(id).is_some() {
                let space = Space { name: name.clone(), element: Some(id), ..Space::default() };
                ground.by_element[id.index()] = Some(ground.add(space));
            } else if !network.facts.host(id).is_some_and(|host| network.links.contains(id, host)) {
                return refuse(id, format!("{name} has no link to its host: it could not send"));
            }
        }
        for (a, b) in network.links.pairs().filter(|(a, b)| a != b) {
            ground.wire(a, b);
        }
        for (i, mesh) in network.links.meshes().iter().enumerate() {
            let members = mesh.members.iter().filter(|m| network.fib(**m).is_some());
            match members.copied().collect::<Vec<_>>()[..] {
                [] | [_] => {}
                [a, b] if mesh.contains(a, b) => ground.wire(a, b),
                [_, _] => {}
                [first, .., last] if mesh.members.len() > MEMBERS => {
                    let why = format!(
                        "a mesh from {} to {} has more than {MEMBERS} members, and a Linux bridge \
                         no more interfaces",
                        network.element(first).name,
                        network.element(last).name
                    );
                    return refuse(first, why);
                }
                [first, .., last] if network.kind(first) != network.kind(last) => {
                    let name = &network.element(last).name;
                    return refuse(
                        last,
                        format!("{name} is in a mesh with another kind of switch"),
                    );
                }
                _ => ground.mesh(i, mesh),
            }
        }
        Ok(ground)
    }

    /// The namespace of a switch; for what is no switch, one that nobody sees.
    pub(super) fn space(&mut self, switch: ElementId) -> &mut Space {
        match self.by_element[switch.index()] {
            Some(id) => &mut self.plan.0[id.index()],
            None => &mut self.spare,
        }
    }

    /// The way from one switch to another; *unreachable* where no link leads there (N2).
    pub(super) fn way(&self, from: ElementId, to: ElementId, family: Family) -> Via {
        if self.wired.contains(&(from.min(to), from.max(to))) {
            return Via::Next { dev: self.dev(to), gateway: gateway(family, 0) };
        }
        for (i, mesh) in self.network.links.meshes().iter().enumerate() {
            if mesh.contains(from, to) {
                let place = mesh.members.partition_point(|member| *member < to);
                let dev = member_dev(i, self.network.kind(to));
                return Via::Next { dev, gateway: gateway(family, place as u32 + 1) };
            }
        }
        Via::Unreachable
    }

    /// The interface to a switch by a wire of its own: its name begins with the kind of the peer,
    /// for patterns that ask where a message comes from.
    fn dev(&self, to: ElementId) -> Box<str> {
        format!("{}{}", prefix(self.network.kind(to)), to.0).into()
    }

    fn add(&mut self, space: Space) -> SpaceId {
        self.plan.0.push(space);
        SpaceId(self.plan.0.len() as u32 - 1)
    }

    /// A link between two switches.
    fn wire(&mut self, a: ElementId, b: ElementId) {
        let (Some(at), Some(bt)) = (self.by_element[a.index()], self.by_element[b.index()]) else {
            return;
        };
        if !self.wired.insert((a.min(b), a.max(b))) {
            return;
        }
        let number = self.plan.1.len() as u32;
        let (here, there) = (self.dev(b), self.dev(a));
        self.neighbour(at, &here, 0, Mac::of(number, 1));
        self.neighbour(bt, &there, 0, Mac::of(number, 0));
        let ends = [
            End { space: at, dev: here, mac: Mac::of(number, 0) },
            End { space: bt, dev: there, mac: Mac::of(number, 1) },
        ];
        self.plan.1.push(Wire { ends });
    }

    /// A bridge in a namespace of its own, with a wire to each member.
    fn mesh(&mut self, number: usize, mesh: &Mesh) {
        let name = format!("fabric{number}").into();
        let fabric = self.add(Space { name, fabric: true, ..Space::default() });
        let mut members = vec![];
        for (place, &member) in (0..).zip(&mesh.members) {
            let Some(space) = self.by_element[member.index()] else { continue };
            let wire = self.plan.1.len() as u32;
            let dev = member_dev(number, self.network.kind(member));
            members.push((place, member, space, wire));
            let ends = [
                End { space, dev, mac: Mac::of(wire, 0) },
                End { space: fabric, dev: self.dev(member), mac: Mac::of(wire, 1) },
            ];
            self.plan.1.push(Wire { ends });
        }
        for &(_, here, space, _) in &members {
            let dev = member_dev(number, self.network.kind(here));
            for &(place, there, _, wire) in &members {
                if mesh.contains(here, there) {
                    self.neighbour(space, &dev, place + 1, Mac::of(wire, 0));
                }
            }
        }
    }

    fn neighbour(&mut self, space: SpaceId, dev: &str, place: u32, mac: Mac) {
        for family in super::nets::FAMILIES {
            let ip = gateway(family, place);
            self.plan.0[space.index()].neighbours.push(Neighbour { dev: dev.into(), ip, mac });
        }
    }
}

/// What the names of interfaces begin with that lead to a switch of a kind.
pub(super) fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Outside => "out",
        kind => kind.name(),
    }
}

/// The interface of a member to the bridge of its mesh.
fn member_dev(mesh: usize, kind: Kind) -> Box<str> {
    format!("{}-mesh{mesh}", prefix(kind)).into()
}

/// The address by which an interface knows one of its neighbours. It means nothing beyond that
/// interface.
fn gateway(family: Family, place: u32) -> IpAddr {
    let [_, _, high, low] = (place + 1).to_be_bytes();
    match family {
        Family::V4 => Ipv4Addr::new(169, 254, high, low).into(),
        Family::V6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, place as u16 + 1).into(),
    }
}
