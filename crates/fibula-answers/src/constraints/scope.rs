//! What the constraints speak of in a network: how many entities, pairs and messages.

use fibula_network::{Addr, Entity, Kind, Network};

use crate::tenants::{Families, Tenants};

/// What one constraint speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// C1: how many addresses there are, and of what.
    Addresses {
        /// Different addresses.
        all: u64,
        /// Addresses of Pods.
        pods: u64,
        /// Addresses of Nodes.
        nodes: u64,
        /// ClusterIPs.
        services: u64,
    },
    /// C2 to C4: how many pairs of a sending process, and an address and open port of a Pod; each
    /// stands for every source port, and for C4 for every source address.
    Pairs(u64),
    /// R5: how many processes can send; each stands for every header.
    Processes(u64),
}

/// The scopes of C2 to C4 and R5.
pub(crate) struct Scopes {
    pub(crate) c2: Scope,
    pub(crate) c3: Scope,
    pub(crate) c4: Scope,
    pub(crate) r5: Scope,
}

// === impl Scope ===

impl Scope {
    /// The scope of C1.
    pub(crate) fn addresses(network: &Network) -> Scope {
        let count = |accept: &dyn Fn(Entity) -> bool| {
            network.facts.addr.iter().filter(|(entity, _)| accept(*entity)).count() as u64
        };
        let of = |kind| {
            count(&|entity| matches!(entity, Entity::Switch(id) if network.kind(id) == kind))
        };
        let mut all: Vec<Addr> = network.facts.addr.iter().map(|(_, addr)| *addr).collect();
        all.sort_unstable();
        all.dedup();
        Scope::Addresses {
            all: all.len() as u64,
            pods: of(Kind::Pod),
            nodes: of(Kind::Node),
            services: count(&|entity| matches!(entity, Entity::Service(_))),
        }
    }
}

// === impl Scopes ===

impl Scopes {
    /// Costs a pass over Pods, processes and ports.
    pub(crate) fn new(network: &Network, tenants: &Tenants<'_>) -> Scopes {
        let (mut c2, mut c4) = (0, 0);
        let (mut doors, mut senders) = (Families::default(), Families::default());
        // The addresses and ports of a Pod, each with each: what a message can be sent to.
        let own = |pod| {
            let (addresses, ports) = (tenants.addresses(pod), tenants.doors(pod));
            Families { v4: addresses.v4 * ports, v6: addresses.v6 * ports }
        };
        for pod in network.of_kind(Kind::Pod) {
            let containers = tenants.processes(pod).len() as u64;
            c2 += containers * tenants.doors(pod) * tenants.loopbacks(pod).count() as u64;
            let (own, addresses) = (own(pod), tenants.addresses(pod));
            doors.v4 += own.v4;
            doors.v6 += own.v6;
            senders.v4 += containers * addresses.v4.min(1);
            senders.v6 += containers * addresses.v6.min(1);
        }
        for node in network.of_kind(Kind::Node) {
            let daemons = tenants.processes(node).len() as u64;
            let own = tenants.pods(node).iter().map(|pod| own(*pod));
            c4 += own.map(|own| daemons * (own.v4 + own.v6)).sum::<u64>();
        }
        // The world sends too, and is proved for, but it is no process of the cluster.
        let processes = network.elements.iter();
        let processes = processes
            .filter(|element| element.kind.is_process() && element.kind != Kind::World)
            .count();
        Scopes {
            c2: Scope::Pairs(c2),
            c3: Scope::Pairs(senders.v4 * doors.v4 + senders.v6 * doors.v6),
            c4: Scope::Pairs(c4),
            r5: Scope::Processes(processes as u64),
        }
    }
}
