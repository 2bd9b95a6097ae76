//! Plans that are made by hand: pods around one node, and the world.

use std::net::IpAddr;

use fibula_lab::plan::{
    Address, End, FORWARDS, Listener, Mac, Neighbour, Origin, PLAIN, Plan, Route, Space, SpaceId,
    Sysctl, Via, Wire,
};
use fibula_network::{ElementId, Proto};

pub(crate) const WAY: [&str; 2] = ["169.254.1.1", "fe80::1"];

/// A plan that grows: first nodes, then what hangs on them.
#[derive(Default)]
pub(crate) struct Draft(pub(crate) Plan);

impl Draft {
    pub(crate) fn new() -> Draft {
        Draft(Plan { sysctls: Sysctl::all(PLAIN), ..Plan::default() })
    }

    pub(crate) fn node(&mut self, name: &str, ips: &[&str]) -> SpaceId {
        let id = self.space(name, ips);
        self.at(id).sysctls = Sysctl::all(FORWARDS);
        id
    }

    /// A pod on a node: each knows the way to the other.
    pub(crate) fn pod(&mut self, node: SpaceId, name: &str, ips: &[&str]) -> SpaceId {
        let pod = self.space(name, ips);
        let dev = format!("pod{}", pod.0);
        let [here, there] = self.wire((pod, "eth0"), (node, &dev));
        for way in WAY {
            let all = if way.contains(':') { "::/0" } else { "0.0.0.0/0" };
            self.neighbour(pod, "eth0", way, there);
            self.route(pod, all, "eth0", way);
            self.neighbour(node, &dev, way, here);
        }
        for ip in ips {
            let (prefix, way) = if ip.contains(':') { ("128", WAY[1]) } else { ("32", WAY[0]) };
            self.route(node, &format!("{ip}/{prefix}"), &dev, way);
        }
        pod
    }

    /// Everybody else, behind a node: the node routes the rest there.
    pub(crate) fn world(&mut self, node: SpaceId, cluster: &[&str]) -> SpaceId {
        let world = self.space("world", &[]);
        self.at(world).local = ["0.0.0.0/0", "::/0"].map(|all| all.parse().unwrap()).into();
        let [here, there] = self.wire((world, "node"), (node, "world"));
        for way in WAY {
            let all = if way.contains(':') { "::/0" } else { "0.0.0.0/0" };
            self.neighbour(world, "node", way, there);
            self.neighbour(node, "world", way, here);
            self.route(node, all, "world", way);
        }
        for range in cluster {
            let way = if range.contains(':') { WAY[1] } else { WAY[0] };
            self.route(world, range, "node", way);
        }
        world
    }

    pub(crate) fn listen(&mut self, space: SpaceId, proto: Proto, port: u16, process: u32) {
        let name = format!("process {process}").into();
        let process = ElementId(process);
        self.at(space).listeners.push(Listener { proto, port, process, name });
    }

    pub(crate) fn at(&mut self, space: SpaceId) -> &mut Space {
        &mut self.0.spaces[space.index()]
    }

    pub(crate) fn space(&mut self, name: &str, ips: &[&str]) -> SpaceId {
        let addresses =
            ips.iter().map(|ip| Address { ip: ip.parse().unwrap(), dev: "lo".into() }).collect();
        self.0.spaces.push(Space { name: name.into(), addresses, ..Space::default() });
        SpaceId(self.0.spaces.len() as u32 - 1)
    }

    pub(crate) fn wire(&mut self, a: (SpaceId, &str), b: (SpaceId, &str)) -> [Mac; 2] {
        let number = self.0.wires.len() as u32;
        let macs = [Mac::of(number, 0), Mac::of(number, 1)];
        let end = |(space, dev): (SpaceId, &str), mac| End { space, dev: dev.into(), mac };
        self.0.wires.push(Wire { ends: [end(a, macs[0]), end(b, macs[1])] });
        macs
    }

    pub(crate) fn neighbour(&mut self, space: SpaceId, dev: &str, ip: &str, mac: Mac) {
        let ip: IpAddr = ip.parse().unwrap();
        self.at(space).neighbours.push(Neighbour { dev: dev.into(), ip, mac });
    }

    pub(crate) fn route(&mut self, space: SpaceId, to: &str, dev: &str, gateway: &str) {
        let via = Via::Next { dev: dev.into(), gateway: gateway.parse().unwrap() };
        let (to, origin) = (to.parse().unwrap(), Origin(0));
        self.at(space).routes.push(Route { to, via, source: None, origin });
    }

    /// Rules of the table, beside the set that every ruleset has.
    pub(crate) fn rules(&mut self, space: SpaceId, chains: &str) {
        let set = fibula_lab::plan::STOPPED_SET;
        let table = fibula_lab::plan::TABLE;
        self.at(space).ruleset = Some(format!("table inet {table} {{\n{set}{chains}\n}}\n"));
    }
}

/// Two pods on a node, and the world: `a` and `b` listen on 8080/TCP and 53/UDP.
pub(crate) struct Small {
    pub(crate) draft: Draft,
    pub(crate) node: SpaceId,
    pub(crate) a: SpaceId,
    pub(crate) b: SpaceId,
    pub(crate) world: SpaceId,
}

pub(crate) fn small() -> Small {
    let mut draft = Draft::new();
    let node = draft.node("node n", &["10.0.0.1", "fd00::1"]);
    let a = draft.pod(node, "pod a", &["10.0.1.1", "fd00:1::1"]);
    let b = draft.pod(node, "pod b", &["10.0.1.2", "fd00:1::2"]);
    let world = draft.world(node, &["10.0.0.0/8", "fd00::/8"]);
    for (pod, process) in [(a, 1), (b, 2), (world, 3)] {
        draft.listen(pod, Proto::Tcp, 8080, process);
        draft.listen(pod, Proto::Udp, 53, process);
    }
    Small { draft, node, a, b, world }
}
