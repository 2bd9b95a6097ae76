//! How long `Filters` takes for clusters of three sizes, with policies that are drawn at random.
//!
//! `cargo run --release -p fibula-network --example filters`

use std::io::{self, Write};
use std::time::Instant;

use fibula_network::flow::Filters;
use fibula_network::*;

/// A cluster: Pods, namespaces, and policies.
struct Shape {
    pods: u32,
    namespaces: u32,
    policies: u32,
    /// Kinds of Pods in a namespace.
    apps: u32,
}

/// Random numbers that are the same in every run.
struct Dice(u64);

fn main() -> io::Result<()> {
    let shapes = [
        Shape { pods: 1_000, namespaces: 50, policies: 2_200, apps: 10 },
        Shape { pods: 5_413, namespaces: 604, policies: 13_678, apps: 4 },
        Shape { pods: 150_000, namespaces: 1_000, policies: 5_000, apps: 10 },
    ];
    for shape in shapes {
        let network = network(&shape);
        let mut best = f64::MAX;
        let mut told = String::new();
        for _ in 0..5 {
            let start = Instant::now();
            let filters = Filters::new(&network);
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
            let (atoms, nodes) = (filters.atoms().len(), filters.space.nodes());
            told = format!("{atoms} classes, {nodes} nodes");
        }
        let Shape { pods, policies, .. } = shape;
        let tables = network.tables.len();
        writeln!(
            io::stdout(),
            "{pods} pods, {policies} policies: {best:.1} ms; {told}, {tables} tables"
        )?;
    }
    Ok(())
}

fn network(shape: &Shape) -> Network {
    let mut n = Network::default();
    let mut dice = Dice(1);
    let element = |kind, name: String| Element { kind, name: name.into(), place: PlaceId::NONE };
    let nodes = shape.pods.div_ceil(30);
    let node_of = |pod: u32| ElementId(pod % nodes);
    for node in 0..nodes {
        n.elements.push(element(Kind::Node, format!("n{node}")));
        let id = ElementId(node);
        n.owners.push(Owner { addr: address(0xc0a8_0000 + node), when: None, to: id, via: id });
    }
    let (mut members, mut addresses) = (vec![vec![]; group(shape, shape.namespaces, 0)], vec![]);
    for pod in 0..shape.pods {
        let id = ElementId(n.elements.len() as u32);
        n.elements.push(element(Kind::Pod, format!("p{pod}")));
        // Addresses follow the Nodes, not the namespaces.
        let (node, place) = (pod % nodes, pod / nodes);
        let addr = address(0x0a00_0000 + node * 256 + place);
        n.owners.push(Owner { addr, when: None, to: id, via: node_of(pod) });
        let namespace =
            (u64::from(pod) * u64::from(shape.namespaces) / u64::from(shape.pods)) as u32;
        let app = dice.below(shape.apps);
        members[group(shape, namespace, app)].push(id);
        addresses.push(addr);
    }
    n.owners.sort_unstable();
    n.facts.host =
        (0..nodes).map(|_| None).chain((0..shape.pods).map(|pod| Some(node_of(pod)))).collect();
    n.fibs = (0..nodes + shape.pods)
        .map(|i| Some(Fib { pipeline: PipelineId(u32::from(i >= nodes)), me: Me::default() }))
        .collect();
    let range = |pod: &ElementId| Range::one(addresses[(pod.0 - nodes) as usize]);
    for pods in &members {
        n.sets.push(AddrSet::new("app", pods.iter().map(range).collect()));
    }
    let apps = shape.apps as usize;
    for namespace in 0..shape.namespaces as usize {
        let pods = members[namespace * apps..(namespace + 1) * apps].concat();
        n.sets.push(AddrSet::new("namespace", pods.iter().map(range).collect()));
    }
    policies(&mut n, shape, &members, &mut dice);
    n
}

/// The tables of the Nodes, and the filters of the policies.
fn policies(n: &mut Network, shape: &Shape, members: &[Vec<ElementId>], dice: &mut Dice) {
    let [egress, ingress, next] = [0, 1, 2].map(TableId);
    let drop = || Entry::new("NP", Pattern::ANY, Action::Discard(Reason::Policy));
    n.tables = ["egress", "ingress", "next hop"].map(|name| Table::new(name, vec![])).into();
    n.tables.push(Table::new("deny", vec![drop()]));
    n.pipelines = vec![vec![egress, ingress, next], vec![]];
    let first_namespace = members.len() as u32;
    let mut lists = [vec![vec![]; members.len()], vec![vec![]; members.len()]];
    for _ in 0..shape.policies {
        let namespace = dice.below(shape.namespaces);
        let side = usize::from(dice.below(10) < 7);
        let peer = |dice: &mut Dice| {
            let app = dice.below(shape.apps);
            let other = dice.below(shape.namespaces);
            match dice.below(10) {
                0..=4 => Addrs::Set(AddrSetId(group(shape, namespace, app) as u32)),
                5 | 6 => Addrs::Set(AddrSetId(group(shape, other, app) as u32)),
                7 | 8 => Addrs::Set(AddrSetId(first_namespace + other)),
                _ => {
                    let block = 0x0800_0000 + dice.below(64) * 0x1_0000;
                    Addrs::In(Range { lo: address(block), hi: address(block + 0xffff) })
                }
            }
        };
        let then = Action::Goto([ingress, next][side]);
        let entries = (0..1 + dice.below(2)).map(|_| {
            let addrs = peer(dice);
            let port = [80, 443, 8080, 5432, 9090][dice.below(5) as usize];
            let pattern = match side {
                0 => Pattern { dst: addrs, ..Pattern::ANY },
                _ => Pattern { src: addrs, ..Pattern::ANY },
            };
            let dport = Ports::In(port, port);
            Entry::new("NP", Pattern { dport, proto: Some(Proto::Tcp), ..pattern }, then)
        });
        let filter = TableId(n.tables.len() as u32);
        let entries = entries.collect();
        n.tables.push(Table::new("policy", entries));
        let app = dice.below(shape.apps);
        for other in 0..shape.apps {
            if other == app || dice.below(20) == 0 {
                lists[side][group(shape, namespace, other)].push(filter);
            }
        }
    }
    for (side, lists) in lists.into_iter().enumerate() {
        let mut chains =
            Chains { by: [Side::Source, Side::Target][side], of: vec![], lists: vec![] };
        for (mut list, pods) in lists.into_iter().zip(members) {
            if !list.is_empty() {
                list.push(TableId(3));
                let chain = ChainId(chains.lists.len() as u32);
                chains.of.extend(pods.iter().map(|pod| (*pod, chain)));
                chains.lists.push(list);
            }
        }
        chains.of.sort_unstable();
        n.tables[side].chains = Some(Box::new(chains));
    }
}

fn group(shape: &Shape, namespace: u32, app: u32) -> usize {
    (namespace * shape.apps + app) as usize
}

fn address(bits: u32) -> Addr {
    Addr::v4(bits.to_be_bytes())
}

// === impl Dice ===

impl Dice {
    fn below(&mut self, n: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(n.max(1))) as u32
    }
}
