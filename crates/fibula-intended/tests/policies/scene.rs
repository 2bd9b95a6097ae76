//! A cluster from manifests, and what becomes of messages in it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Decisions, Intent, Listeners, network};
use fibula_network::walk::{Life, Verdict, Walks};
use fibula_network::*;
use fibula_source::{Input, read};

/// A cluster, and the network that is intended for it.
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) network: Network,
}

/// Values of choices.
pub(crate) type Values = BTreeMap<ChoiceId, u8>;

/// A cluster of manifests, none of which may be refused.
pub(crate) fn cluster(manifests: &str) -> Cluster {
    let input = Input::Text { name: "manifests".to_owned(), text: manifests.to_owned() };
    let read = read(&[input]);
    assert_eq!(read.refused, [], "{manifests}");
    Cluster::new(read.objects, &Options::default())
}

/// What becomes of a message: one thing, or one under each value of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Word(&'static str),
    Open(ChoiceId, Vec<Told>),
}

impl Told {
    fn spell(&self, ids: &mut BTreeSet<ChoiceId>, words: &mut Vec<&'static str>) {
        match self {
            Told::Word(word) => words.push(word),
            Told::Open(id, told) => {
                ids.insert(*id);
                told.iter().for_each(|told| told.spell(ids, words));
            }
        }
    }
}

impl Scene {
    /// Of manifests, none of which may be refused.
    pub(crate) fn of(manifests: &str) -> Scene {
        Scene::new(cluster(manifests))
    }

    /// Where nothing is decided that is open.
    pub(crate) fn new(cluster: Cluster) -> Scene {
        Scene::under(cluster, Decisions::default())
    }

    /// Where this is decided.
    pub(crate) fn under(cluster: Cluster, decisions: Decisions) -> Scene {
        // Whatever ports there are, only policies withhold them: an undeclared one is open too.
        let (listeners, daemons) = (Listeners::Unknown, vec![Daemon::kubelet()]);
        let intent = Intent { listeners, daemons, decisions, ..Intent::default() };
        let network = network(&cluster, &intent);
        assert_eq!(fibula_network::check(&network), vec![]);
        Scene { cluster, network }
    }

    /// What a test asks of a message in words: `yes`, `no`, another verdict, or, where that is
    /// open, what it depends on and what is so under each value, such as `DR-3: yes, no`.
    pub(crate) fn told(&self, from: &str, to: &str) -> String {
        let (process, header) = self.message(from, to);
        match self.explore(process, header, &Values::new()) {
            Told::Word(word) => word.to_owned(),
            open => {
                let (mut ids, mut words) = (BTreeSet::new(), vec![]);
                open.spell(&mut ids, &mut words);
                let ids: Vec<&str> = ids.iter().map(|id| &*self.network.choice(*id).id).collect();
                format!("{}: {}", ids.join(" "), words.join(", "))
            }
        }
    }

    /// Under each value of the choices that a message asks; one that changes nothing is left out.
    fn explore(&self, process: ElementId, header: Header, fixed: &Values) -> Told {
        let life = Walks::new(&self.network).walk(process, header, &self.choices(fixed));
        let Some(asked) = life.asked.iter().find(|asked| !fixed.contains_key(asked)) else {
            return Told::Word(word(life.ending.verdict));
        };
        let under = |value| {
            let fixed = fixed.iter().map(|(id, value)| (*id, *value)).chain([(*asked, value)]);
            self.explore(process, header, &fixed.collect())
        };
        let told: Vec<Told> = (0..self.network.choice(*asked).values).map(under).collect();
        match told.iter().all(|other| *other == told[0]) {
            true => told[0].clone(),
            false => Told::Open(*asked, told),
        }
    }

    /// The life of a message where everything open is decided as the reference does.
    pub(crate) fn life(&self, from: &str, to: &str) -> Life {
        let (process, header) = self.message(from, to);
        Walks::new(&self.network).walk(process, header, &[])
    }

    /// Whether a message arrives, where everything open is decided as the reference does.
    pub(crate) fn arrives(&self, from: &str, to: &str) -> bool {
        self.life(from, to).ending.verdict == Verdict::Delivered
    }

    fn choices(&self, fixed: &Values) -> Vec<u8> {
        let value = |i: usize| fixed.get(&ChoiceId(i as u8)).copied().unwrap_or_default();
        (0..self.network.choices.len()).map(value).collect()
    }

    /// A message from a pod (`x/a`), a Node's daemon (`n1`) or an address out in the world, to
    /// a pod, a Node or an address, at a port such as `80` or `53/UDP`.
    pub(crate) fn message(&self, from: &str, to: &str) -> (ElementId, Header) {
        let (host, port) = to.rsplit_once(':').expect("a port");
        let Port { proto, number: dport } = port.parse().expect("a port");
        let dst = self.address(host.trim_matches(['[', ']']), None);
        let family = dst.is_ipv4();
        let process = self.process(from);
        let src = self.address(from, Some(family));
        let header = Header { src: src.into(), sport: 40000, dst: dst.into(), dport, proto };
        (process, header)
    }

    /// Its address of a family, or its first.
    pub(crate) fn address(&self, name: &str, v4: Option<bool>) -> IpAddr {
        if let Ok(addr) = name.parse::<IpAddr>() {
            return addr;
        }
        let of = |addrs: &[IpAddr]| {
            addrs.iter().copied().find(|addr| v4.is_none_or(|v4| addr.is_ipv4() == v4))
        };
        let mut nodes = self.cluster.nodes.iter();
        if let Some(node) = nodes.find(|node| node.name == name) {
            return of(&node.addresses).expect("a Node's address");
        }
        let pod =
            self.cluster.pods.iter().find(|pod| format!("{}/{}", pod.namespace, pod.name) == name);
        let pod = pod.unwrap_or_else(|| panic!("no {name} here"));
        let addrs = match pod.host_network {
            true => &self.cluster.nodes[pod.node].addresses,
            false => &pod.addresses,
        };
        of(addrs).unwrap_or_else(|| panic!("{name} has no address"))
    }

    /// The process that sends for a name: the first container of a pod.
    fn process(&self, name: &str) -> ElementId {
        let network = &self.network;
        let of = |kind: Kind, start: &str| {
            network.of_kind(kind).find(|id| network.element(*id).name.starts_with(start))
        };
        let inside = format!("{name}/");
        let found = match name.parse::<IpAddr>() {
            Ok(_) => network.of_kind(Kind::World).next(),
            Err(_) => of(Kind::Container, &inside).or_else(|| of(Kind::Daemon, &inside)),
        };
        found.unwrap_or_else(|| panic!("no process of {name}"))
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "yes",
        Verdict::DroppedByPolicy => "no",
        other => other.name(),
    }
}
