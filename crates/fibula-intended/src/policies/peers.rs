//! The other end of a rule, as addresses.

use std::rc::Rc;

use fibula_cluster::select::{ClassId, Selected, SelectionId};
use fibula_cluster::{
    Cluster, NamespaceSelection, Peer, PeerOf, Peers, PodSelection, PolicyKind, Protocol,
    RangeKind, RangeSource, Selector,
};
use fibula_network::ranges;
use fibula_network::{Addr, AddrSetId, Addrs, PlaceId, Range, When};
use ipnet::IpNet;

use super::Maker;
use super::ports::first;
use crate::decisions::Decision;
use crate::place_id;

/// The addresses of a peer, and under which choices the rule matches them.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) addrs: Addrs,
    pub(super) when: Vec<When>,
    /// Where the peer stands, or the rule that names none.
    pub(super) place: PlaceId,
}

/// What a set holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum SetKey {
    /// The pods of these classes, by their numbers.
    Classes(Vec<u32>),
    /// These ranges.
    Ranges(Vec<Range>),
    /// The addresses of these Nodes.
    Nodes(Vec<usize>),
    /// Every address of a pod with a network of its own.
    Pods,
    /// Everything but pods and Nodes.
    World,
}

/// A selection of pods, of which only those with a port are meant, if one is given.
pub(super) type Asked = (SelectionId, Option<(String, Protocol, u16)>);

/// A range less others, and whether a NetworkPolicy names it.
pub(super) type Block = (bool, IpNet, Vec<IpNet>);

/// A port that target pods have by a name.
pub(super) type Named<'a> = (&'a str, Protocol, u16);

impl<'a> Maker<'a> {
    /// The namespace of a class of pods.
    pub(super) fn namespace(&self, class: ClassId) -> &'a str {
        let first = self.select.classes()[class.0 as usize].pods[0];
        &self.cluster.pods[first as usize].namespace
    }

    /// The peers of a rule; of pods only those that have this port, if one is given: nothing else
    /// has names of ports (NP-42).
    pub(super) fn peers(
        &mut self,
        kind: PolicyKind,
        peers: &Peers,
        rule: PlaceId,
        port: Option<Named<'_>>,
    ) -> Vec<End> {
        match (peers, port) {
            (Peers::Any, None) => {
                vec![End { addrs: Addrs::Any, when: vec![], place: rule }]
            }
            (Peers::Any, Some(_)) => {
                let all = (0..self.select.classes().len() as u32).map(ClassId).collect();
                let ends = self.classes(all, "pods", port);
                ends.into_iter().map(|addrs| End { addrs, when: vec![], place: rule }).collect()
            }
            (Peers::Of(peers), _) => {
                peers.iter().flat_map(|peer| self.peer(kind, peer, port)).collect()
            }
        }
    }

    fn peer(&mut self, kind: PolicyKind, peer: &Peer, port: Option<Named<'_>>) -> Vec<End> {
        let found = match &peer.what {
            PeerOf::Pods(selection) => self.pods(selection, port),
            _ if port.is_some() => vec![],
            PeerOf::Block { net, except } => self.block(kind, net, except),
            PeerOf::Nodes(selector) => self.nodes(selector),
            PeerOf::Domains(names) => self.domains(names),
            PeerOf::Unknown => vec![],
        };
        let place = place_id(peer.place);
        found.into_iter().map(|(addrs, when)| End { addrs, when, place }).collect()
    }

    /// Pods by their labels, and by those of their namespaces: of a namespace that was not read
    /// only its name is known, and the rest is a choice (DR-22).
    fn pods(
        &mut self,
        selection: &PodSelection,
        port: Option<Named<'_>>,
    ) -> Vec<(Addrs, Vec<When>)> {
        let Some(id) = self.select.id(selection) else { return vec![] };
        let asked = (id, port.map(|(name, protocol, number)| (name.to_owned(), protocol, number)));
        if let Some(known) = self.selected.get(&asked) {
            return known.clone();
        }
        let Selected { surely, perhaps } = self.select.pods(id).clone();
        let name = selection_name(selection);
        let surely = self.classes(surely, &name, port);
        let mut found: Vec<(Addrs, Vec<When>)> =
            surely.into_iter().map(|addrs| (addrs, vec![])).collect();
        let grouped: Vec<(&str, ClassId)> =
            perhaps.into_iter().map(|class| (self.namespace(class), class)).collect();
        for grouped in grouped.chunk_by(|a, b| a.0 == b.0) {
            let namespace = grouped[0].0;
            let classes = grouped.iter().map(|(_, class)| *class).collect();
            let addrs = self.classes(classes, &format!("{name}, perhaps {namespace}"), port);
            if let (Some(addrs), NamespaceSelection::By(by)) = (addrs, &selection.namespaces) {
                found.push((addrs, vec![self.unread(by, namespace)]));
            }
        }
        self.selected.insert(asked, found.clone());
        found
    }

    /// Whether the labels of a namespace that was not read are what a selector wants.
    pub(super) fn unread(&mut self, by: &Selector, namespace: &str) -> When {
        let about = format!("does namespace {namespace}, which was not read, have labels {by}?");
        When { choice: self.unknown("DR-22", about), value: 1 }
    }

    /// The addresses of classes of pods, if they have some: of those with this port only, if one is
    /// given, and of none of the host network (DR-1).
    fn classes(
        &mut self,
        mut classes: Vec<ClassId>,
        name: &str,
        port: Option<Named<'_>>,
    ) -> Option<Addrs> {
        classes.retain(|id| {
            let class = &self.select.classes()[id.0 as usize];
            let has = |(name, protocol, number): Named<'_>| {
                first(&class.ports, name, protocol) == Some(number)
            };
            class.live && !class.host_network && port.is_none_or(has)
        });
        if classes.is_empty() {
            return None;
        }
        let name = match port {
            Some((port, protocol, number)) => {
                format!("{name} with {port} {number}/{}", protocol.name())
            }
            None => name.to_owned(),
        };
        let key = SetKey::Classes(classes.iter().map(|class| class.0).collect());
        Some(Addrs::Set(self.set(key, name, |maker| {
            let members = classes.iter().flat_map(|id| &maker.select.classes()[id.0 as usize].pods);
            let pods = members.map(|pod| &maker.cluster.pods[*pod as usize]);
            pods.flat_map(|pod| &pod.addresses).map(|ip| Range::one(Addr::from(*ip))).collect()
        })))
    }

    /// A range less others (NP-16, CNP-23): whatever address a message has there, but where that is
    /// a pod's and the range an ipBlock's, by DR-2b; and where the address was invented, it is in the
    /// range or not (DR-19).
    fn block(
        &mut self,
        kind: PolicyKind,
        net: &IpNet,
        except: &[IpNet],
    ) -> Vec<(Addrs, Vec<When>)> {
        let key = (kind == PolicyKind::NetworkPolicy, *net, except.to_vec());
        if let Some(known) = self.blocks.get(&key) {
            return known.clone();
        }
        let except = ranges::tidy(except.iter().flat_map(of_net).collect());
        let block = ranges::without(&of_net(net), &except);
        let name = match except.len() {
            0 => net.to_string(),
            1 => format!("{net} but {}", except[0]),
            n => format!("{net} but {n} ranges"),
        };
        let mut found = vec![];
        for (block, when) in self.invented(block, &name) {
            let pods = self.pod_set();
            let pods = &self.network.set(pods).ranges;
            if kind != PolicyKind::NetworkPolicy || !ranges::meets(&block, pods) {
                found.extend(self.range_set(block, &name).map(|addrs| (addrs, when)));
                continue;
            }
            let without = ranges::without(&block, pods);
            for (value, block) in [(0, block), (1, without)] {
                let Some(decided) = self.decided(Decision::BlocksMatchPods, value) else {
                    continue;
                };
                let when = [&when[..], &decided].concat();
                let name = if value == 0 { name.clone() } else { format!("{name}, no pods") };
                found.extend(self.range_set(block, &name).map(|addrs| (addrs, when)));
            }
        }
        self.blocks.insert(key, found.clone());
        found
    }

    /// A block as it is; or, where it cuts a range of invented addresses, with all of these and
    /// with none.
    fn invented(&mut self, block: Vec<Range>, name: &str) -> Vec<(Vec<Range>, Vec<When>)> {
        let mut blocks = vec![(block, vec![])];
        for (whose, invented) in Rc::clone(&self.invented).iter() {
            let cut = |block: &[Range]| {
                ranges::meets(block, invented) && !ranges::without(invented, block).is_empty()
            };
            if !blocks.iter().any(|(block, _)| cut(block)) {
                continue;
            }
            let question =
                format!("do {whose}, whose addresses the input does not say, have them in {name}?");
            let choice = self.unknown("DR-19", question);
            blocks = blocks
                .into_iter()
                .flat_map(|(block, when)| {
                    let with = ranges::tidy([&block[..], invented].concat());
                    let without = ranges::without(&block, invented);
                    [(with, 1), (without, 0)].map(|(block, value)| {
                        (block, [&when[..], &[When { choice, value }]].concat())
                    })
                })
                .collect();
        }
        blocks
    }

    fn range_set(&mut self, block: Vec<Range>, name: &str) -> Option<Addrs> {
        match block.as_slice() {
            [] => None,
            [range] => Some(Addrs::In(*range)),
            _ => Some(Addrs::Set(
                self.set(SetKey::Ranges(block.clone()), name.to_owned(), |_| block),
            )),
        }
    }

    /// Nodes by their labels, at all of their addresses (CNP-24); of one that was not read nothing
    /// is known (DR-22).
    fn nodes(&mut self, selector: &Selector) -> Vec<(Addrs, Vec<When>)> {
        let Some(Selected { surely, perhaps }) = self.select.nodes(selector).cloned() else {
            return vec![];
        };
        let name = format!("nodes {}", text(selector));
        let set = |maker: &mut Self, nodes: Vec<usize>, name: String| {
            let set = maker.set(SetKey::Nodes(nodes.clone()), name, |maker| {
                let nodes = nodes.iter().map(|node| &maker.cluster.nodes[*node]);
                let addrs = nodes.flat_map(|node| node.addresses.iter().chain(&node.external));
                addrs.map(|ip| Range::one(Addr::from(*ip))).collect()
            });
            Addrs::Set(set)
        };
        let mut found = vec![];
        if !surely.is_empty() {
            found.push((set(self, surely, name.clone()), vec![]));
        }
        for node in perhaps {
            let called = self.cluster.nodes[node].name.clone();
            let addrs = set(self, vec![node], format!("{name}, perhaps {called}"));
            let about = format!("does node {called}, which was not read, have labels {selector}?");
            found.push((addrs, vec![When { choice: self.unknown("DR-22", about), value: 1 }]));
        }
        found
    }

    /// Names: which addresses they have nobody says here, so each may be any that is nobody's in
    /// the cluster, and any at all where a name is one of the cluster's own (CNP-25).
    fn domains(&mut self, names: &[String]) -> Vec<(Addrs, Vec<When>)> {
        let local = |name: &String| name.trim_end_matches('.').ends_with(".local");
        let addrs = match names.iter().any(local) {
            true => Addrs::Any,
            false => Addrs::Set(self.world()),
        };
        let about = format!("is the target known by one of the names {}?", names.join(", "));
        vec![(addrs, vec![When { choice: self.unknown("CNP-25", about), value: 1 }])]
    }

    fn pod_set(&mut self) -> AddrSetId {
        self.set(SetKey::Pods, "addresses of pods".to_owned(), |maker| {
            let own = maker.cluster.pods.iter().filter(|pod| pod.has_network());
            own.flat_map(|pod| &pod.addresses).map(|ip| Range::one(Addr::from(*ip))).collect()
        })
    }

    fn world(&mut self) -> AddrSetId {
        let pods = self.pod_set();
        self.set(SetKey::World, "nobody's in the cluster".to_owned(), |maker| {
            let nodes = maker.cluster.nodes.iter();
            // An external address of a Node is public: a name may well mean it.
            let nodes = nodes.flat_map(|node| &node.addresses);
            let nodes = nodes.map(|ip| Range::one(Addr::from(*ip)));
            let owned =
                ranges::tidy(maker.network.set(pods).ranges.iter().copied().chain(nodes).collect());
            ranges::without(&[Range::ALL], &owned)
        })
    }
}

/// The ranges in which addresses of pods and of Nodes were invented, where some were (DR-19). Where
/// the user states a range, what is invented lies in it.
pub(super) fn invented(cluster: &Cluster) -> Rc<[(&'static str, Vec<Range>)]> {
    let pods = cluster.pods.iter().any(|pod| pod.invented);
    let nodes = cluster.nodes.iter().any(|node| node.invented);
    let of = |kind: RangeKind, some: bool| {
        let own = cluster.ranges.iter().filter(|range| range.kind == kind);
        let own = own.filter(|range| match range.from {
            RangeSource::Invented => true,
            RangeSource::Stated => some,
            _ => false,
        });
        ranges::tidy(own.flat_map(|range| of_net(&range.net)).collect())
    };
    let all = [("pods", of(RangeKind::Pods, pods)), ("nodes", of(RangeKind::Nodes, nodes))];
    all.into_iter().filter(|(_, ranges)| !ranges.is_empty()).collect()
}

/// The addresses of a network.
fn of_net(net: &IpNet) -> Vec<Range> {
    ranges::prefix(net.addr(), net.prefix_len())
}

/// A selector in a name.
fn text(selector: &Selector) -> String {
    if selector.is_empty() { "all".to_owned() } else { selector.to_string() }
}

/// What a selection is called in the names of sets.
fn selection_name(selection: &PodSelection) -> String {
    let pods = match selection.pods.is_empty() {
        true => "pods".to_owned(),
        false => format!("pods {}", selection.pods),
    };
    match &selection.namespaces {
        NamespaceSelection::Named(name) => format!("{pods} in {name}"),
        NamespaceSelection::By(by) if by.is_empty() => format!("{pods} in all namespaces"),
        NamespaceSelection::By(by) => format!("{pods} in namespaces {by}"),
    }
}
