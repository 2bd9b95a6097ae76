//! What we say: the same question, asked of `walk`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use fibula_cluster::api::Labels;
use fibula_cluster::{Cluster, Node, Options, PeerOf, Protocol, RangeKind, RulePort};
use fibula_intended::{Daemon, Intent, network};
use fibula_network::walk::{Verdict, Walks};
use fibula_network::{Addr, ElementId, Header, Kind, Network, Proto};
use fibula_source::{Input, read};

/// A Node that hosts no pod.
const FAR: &str = "~far";

/// A cluster, its network, and its workloads.
pub(crate) struct Ours {
    pub(crate) cluster: Cluster,
    pub(crate) network: Network,
    /// By name, such as `shop/web[Deployment]`, a pod of each kind that policies tell apart.
    pub(crate) workloads: BTreeMap<String, Vec<usize>>,
    /// By pod, its first container; of the host network, a daemon.
    processes: Vec<Option<ElementId>>,
    /// A daemon on a Node that hosts no pod: through it comes what keeps its address from outside.
    far: ElementId,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Pod(usize),
    Outside(u32),
}

/// Pods that a list takes for one workload, because their owner has a name; it has no kind, so that
/// the API server would refuse them, and we take them for pods of their own.
const OWNED: [(&str, &str); 2] = [
    ("default/pod-1[Pod]", "default/internal-security[Pod]"),
    ("default/pod-2[Pod]", "default/internal-security[Pod]"),
];

impl Ours {
    /// What a folder holds.
    pub(crate) fn of(folder: &Path) -> Ours {
        let read = read(&[Input::Path(folder.to_owned())]);
        Ours::new(Cluster::new(read.objects, &Options::default()))
    }

    /// The same cluster, where pods of the host network have networks of their own instead: what
    /// these policies would say of them as pods (NP-35).
    pub(crate) fn without_host_network(&self) -> Ours {
        let mut cluster = self.cluster.clone();
        cluster.nodes.retain(|node| node.name != FAR);
        let hosts = cluster.pods.iter_mut().filter(|pod| pod.host_network);
        for (i, pod) in (1..).zip(hosts) {
            pod.host_network = false;
            pod.addresses = vec![IpAddr::from(Ipv4Addr::from_bits(0x6440_0000 + i))];
        }
        Ours::new(cluster)
    }

    fn new(mut cluster: Cluster) -> Ours {
        let addresses = vec![IpAddr::from(Ipv4Addr::new(192, 0, 2, 250))];
        cluster.nodes.push(Node {
            name: FAR.to_owned(),
            addresses,
            external: vec![],
            pod_cidrs: vec![],
            object: None,
            invented: false,
            zone: None,
            labels: Labels::default(),
        });
        let intent = Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() };
        let network = network(&cluster, &intent);
        let daemons = network.of_kind(Kind::Daemon);
        let far = daemons.into_iter().find(|id| network.element(*id).name.starts_with(FAR));
        let far = far.expect("its daemon");
        let mut first: BTreeMap<String, ElementId> = BTreeMap::new();
        for id in network.ids().filter(|id| network.kind(*id).is_process()) {
            if let Some((pod, _)) = network.element(id).name.rsplit_once('/') {
                first.entry(pod.to_owned()).or_insert(id);
            }
        }
        let name = |pod: &fibula_cluster::Pod| format!("{}/{}", pod.namespace, pod.name);
        let processes = cluster.pods.iter().map(|pod| first.get(&name(pod)).copied()).collect();
        let classes = fibula_cluster::select::Select::new(&cluster);
        let mut workloads: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut met = std::collections::BTreeSet::new();
        for (i, pod) in cluster.pods.iter().enumerate().filter(|(_, pod)| pod.live) {
            let workload = &pod.workload;
            let name = format!("{}/{}[{}]", pod.namespace, workload.name, workload.kind);
            let owned = OWNED.iter().find(|(own, _)| *own == name);
            let name = owned.map_or(name, |(_, owner)| (*owner).to_owned());
            if met.insert((name.clone(), classes.class_of()[i])) {
                workloads.entry(name).or_default().push(i);
            }
        }
        Ours { cluster, network, workloads, processes, far }
    }

    /// The name that we have for a workload of a list. What a ReplicaSet belongs to we know by the
    /// end of its name.
    pub(crate) fn called(&self, theirs: &str) -> Option<&str> {
        let deployment = || {
            let (name, _) = theirs.strip_suffix("[ReplicaSet]")?.rsplit_once('-')?;
            self.workloads.get_key_value(&format!("{name}[Deployment]"))
        };
        let found = self.workloads.get_key_value(theirs).or_else(deployment);
        found.map(|(name, _)| name.as_str())
    }

    /// The choices as the reference decides them, or as a plugin that matches no pod by ipBlock.
    pub(crate) fn choices(&self, blocks_miss_pods: bool) -> Vec<u8> {
        let choices = self.network.choices.iter();
        choices.map(|choice| u8::from(blocks_miss_pods && &*choice.id == "DR-2b")).collect()
    }

    /// The same where addresses that were invented are in every block that could hold them (DR-19);
    /// nothing where that is not open.
    pub(crate) fn open_otherwise(&self) -> Option<Vec<u8>> {
        let open = self.network.choices.iter().map(|choice| u8::from(&*choice.id == "DR-19"));
        let open: Vec<u8> = open.collect();
        open.contains(&1).then_some(open)
    }

    /// Whether policies let a message pass.
    pub(crate) fn passes(
        &self,
        walks: &Walks<'_>,
        (from, to): (End, End),
        (proto, port): (Proto, u16),
        choices: &[u8],
    ) -> bool {
        let (Some((process, src)), Some(dst)) = (self.sends(from), self.address(to)) else {
            return false;
        };
        let header = Header { src, sport: 41000, dst, dport: port, proto };
        let verdict = walks.walk(process, header, choices).ending.verdict;
        matches!(verdict, Verdict::Delivered | Verdict::Closed)
    }

    fn sends(&self, end: End) -> Option<(ElementId, Addr)> {
        let process = match end {
            End::Pod(pod) => self.processes[pod]?,
            End::Outside(_) => self.far,
        };
        Some((process, self.address(end)?))
    }

    fn address(&self, end: End) -> Option<Addr> {
        let ip = match end {
            End::Outside(bits) => IpAddr::from(Ipv4Addr::from_bits(bits)),
            End::Pod(pod) => {
                let pod = &self.cluster.pods[pod];
                let node = &self.cluster.nodes[pod.node];
                let own = if pod.host_network { &node.addresses } else { &pod.addresses };
                own.iter().copied().find(IpAddr::is_ipv4).or(own.first().copied())?
            }
        };
        Some(ip.into())
    }

    pub(crate) fn host_network(&self, workload: &str) -> bool {
        let pods = self.workloads.get(workload).into_iter().flatten();
        pods.into_iter().any(|pod| self.cluster.pods[*pod].host_network)
    }

    /// The ranges of ports that some policy tells from others.
    pub(crate) fn ports(&self) -> Vec<(Proto, u16, u16)> {
        let rules = self.cluster.policies.iter().flat_map(|policy| policy.rules());
        let ranges = rules.flat_map(|rule| rule.ports()).filter_map(|port| match port {
            RulePort::Range { protocol, first, last } => Some((proto(*protocol), *first, *last)),
            RulePort::All(_) | RulePort::Named { .. } => None,
        });
        // What a port is called matters where a rule says so.
        let rules = self.cluster.policies.iter().flat_map(|policy| policy.rules());
        let mut asked = rules.flat_map(|rule| rule.ports());
        let by_name = asked.any(|port| matches!(port, RulePort::Named { .. }));
        let containers = self.cluster.pods.iter().flat_map(|pod| &pod.containers);
        let named = containers.flat_map(|container| &container.ports).filter(|_| by_name);
        let named = named.map(|port| (proto(port.protocol), port.number, port.number));
        let mut ports: Vec<_> = ranges.chain(named).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// The ranges of addresses that some policy tells from others.
    pub(crate) fn blocks(&self) -> Vec<(u32, u32)> {
        let rules = self.cluster.policies.iter().flat_map(|policy| policy.rules());
        let peers = rules.flat_map(|rule| rule.peers());
        let nets = peers.flat_map(|peer| match &peer.what {
            PeerOf::Block { net, except } => [&[*net], &except[..]].concat(),
            _ => vec![],
        });
        nets.filter_map(|net| range(&net)).collect()
    }

    /// The ranges of addresses that are the cluster's.
    pub(crate) fn inside(&self) -> Vec<(u32, u32)> {
        let ranges = self.cluster.ranges.iter().filter(|range| range.kind != RangeKind::Nodes);
        let ranges = ranges.filter_map(|r| range(&r.net));
        let owned =
            self.network.facts.addr.iter().filter_map(|(_, addr)| match IpAddr::from(*addr) {
                IpAddr::V4(addr) => Some((addr.to_bits(), addr.to_bits())),
                IpAddr::V6(_) => None,
            });
        ranges.chain(owned).collect()
    }
}

fn range(net: &ipnet::IpNet) -> Option<(u32, u32)> {
    match net {
        ipnet::IpNet::V4(net) => Some((net.network().to_bits(), net.broadcast().to_bits())),
        ipnet::IpNet::V6(_) => None,
    }
}

fn proto(protocol: Protocol) -> Proto {
    match protocol {
        Protocol::Tcp => Proto::Tcp,
        Protocol::Udp => Proto::Udp,
        Protocol::Sctp => Proto::Sctp,
    }
}
