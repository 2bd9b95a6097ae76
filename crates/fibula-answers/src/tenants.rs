//! Who lives where, by the facts: the processes of each switch, and who has which address.

use fibula_network::{Addr, ElementId, Entity, Family, Kind, Network, Numbers, Open, Port};

/// The facts of a network, by switch and by address.
pub(crate) struct Tenants<'n> {
    network: &'n Network,
    /// The processes of each switch.
    processes: Lists,
    /// The Pods of each Node.
    pods: Lists,
    /// Where the ports of each process begin in the facts.
    open: Vec<u32>,
    /// The Pods that have an address, sorted by address.
    owners: Vec<(Addr, ElementId)>,
    /// By element, how many addresses it has of each family.
    addresses: Vec<Families>,
    /// By element, the number of what it promises: alike Pods have one number.
    promises: Vec<u32>,
    /// By that number, how many ports are promised.
    doors: Vec<u64>,
    /// Processes that no link joins to their host, sorted: whatever they send ends there (N2).
    pub(crate) cut: Vec<ElementId>,
}

/// A port that a Pod promises, and who may keep the promise: one, or where several containers
/// declare the port any of them (NM-2).
pub(crate) struct Promise {
    pub(crate) port: Port,
    pub(crate) by: Vec<ElementId>,
}

/// A list of elements for each element.
struct Lists {
    starts: Vec<u32>,
    items: Vec<ElementId>,
}

/// How many of something there are for each family.
#[derive(Clone, Copy, Default)]
pub(crate) struct Families {
    pub(crate) v4: u64,
    pub(crate) v6: u64,
}

// === impl Tenants ===

impl<'n> Tenants<'n> {
    /// Costs a few passes over the elements and facts.
    pub(crate) fn new(network: &'n Network) -> Tenants<'n> {
        let hosted = |process: bool| {
            let hosted = network.ids().filter(move |id| network.kind(*id).is_process() == process);
            hosted.filter_map(|id| Some((network.facts.host(id)?, id)))
        };
        let count = network.elements.len();
        let (mut owners, mut addresses) = (vec![], vec![Families::default(); count]);
        for (entity, addr) in &network.facts.addr {
            let Entity::Switch(id) = *entity else { continue };
            match addr.family() {
                Family::V4 => addresses[id.index()].v4 += 1,
                Family::V6 => addresses[id.index()].v6 += 1,
            }
            if network.kind(id) == Kind::Pod {
                owners.push((*addr, id));
            }
        }
        owners.sort_unstable();
        let cut = hosted(true)
            .filter(|(host, process)| !network.links.contains(*process, *host))
            .map(|(_, process)| process)
            .collect();
        let open = starts(count, network.facts.open.iter().map(|open| open.process));
        let mut tenants = Tenants {
            network,
            processes: Lists::new(count, || hosted(true)),
            pods: Lists::new(count, || hosted(false)),
            open,
            owners,
            addresses,
            promises: vec![0; count],
            doors: vec![0],
            cut,
        };
        tenants.number_promises();
        tenants
    }

    /// The processes of a switch, sorted.
    pub(crate) fn processes(&self, switch: ElementId) -> &[ElementId] {
        self.processes.of(switch)
    }

    /// The processes of a switch that can send at all.
    pub(crate) fn senders(&self, switch: ElementId) -> impl Iterator<Item = ElementId> + '_ {
        let all = self.processes(switch).iter().copied();
        all.filter(|id| self.cut.binary_search(id).is_err())
    }

    /// The Pods of a Node, sorted.
    pub(crate) fn pods(&self, node: ElementId) -> &[ElementId] {
        self.pods.of(node)
    }

    /// The Pods that have an address.
    pub(crate) fn owners(&self, addr: Addr) -> impl Iterator<Item = ElementId> + '_ {
        let start = self.owners.partition_point(|(owned, _)| *owned < addr);
        self.owners[start..].iter().take_while(move |(owned, _)| *owned == addr).map(|(_, p)| *p)
    }

    /// How many addresses a switch has of each family.
    pub(crate) fn addresses(&self, switch: ElementId) -> Families {
        self.addresses[switch.index()]
    }

    /// The loopback addresses that C2 speaks of in a Pod: 127.0.0.1, and ::1 where the Pod has an
    /// IPv6 address (NM-21).
    pub(crate) fn loopbacks(&self, pod: ElementId) -> impl Iterator<Item = Addr> + use<> {
        let v6 = (self.addresses(pod).v6 > 0).then_some(Addr::LOOPBACK_V6);
        [Addr::LOOPBACK_V4].into_iter().chain(v6)
    }

    /// The ports that a Pod promises, sorted.
    pub(crate) fn promises(&self, pod: ElementId) -> Vec<Promise> {
        let mut open: Vec<(Port, ElementId)> =
            self.open(pod).map(|o| (o.port, o.process)).collect();
        open.sort_unstable();
        open.dedup();
        open.chunk_by(|a, b| a.0 == b.0)
            .map(|open| Promise { port: open[0].0, by: open.iter().map(|(_, by)| *by).collect() })
            .collect()
    }

    /// How many ports a Pod promises.
    pub(crate) fn doors(&self, pod: ElementId) -> u64 {
        self.doors[self.promises[pod.index()] as usize]
    }

    /// The number of what a Pod promises: Pods of one number promise the same ports, each by the
    /// listeners in the same places of its FIB.
    pub(crate) fn promised(&self, pod: ElementId) -> u32 {
        self.promises[pod.index()]
    }

    /// What the processes of a switch listen on, by the facts.
    fn open(&self, switch: ElementId) -> impl Iterator<Item = &'n Open> + '_ {
        let facts = &self.network.facts.open;
        let at = |i: usize| self.open[i] as usize;
        let processes = self.processes(switch).iter();
        processes.flat_map(move |id| &facts[at(id.index())..at(id.index() + 1)])
    }

    fn number_promises(&mut self) {
        let mut numbers = Numbers::default();
        numbers.of(&[]);
        let mut promised = vec![];
        for pod in self.network.of_kind(Kind::Pod) {
            promised.clear();
            let listeners = self.network.fib(pod).map_or(&[][..], |fib| &fib.me.listeners);
            for open in self.open(pod) {
                let own =
                    |l: &fibula_network::Listener| (l.port, l.process) == (open.port, open.process);
                promised.push((open.port, listeners.iter().position(own).map(|i| i as u32)));
            }
            promised.sort_unstable();
            promised.dedup();
            let number = numbers.of(&promised);
            if number as usize == self.doors.len() {
                self.doors.push(promised.chunk_by(|a, b| a.0 == b.0).count() as u64);
            }
            self.promises[pod.index()] = number;
        }
    }
}

// === impl Lists ===

impl Lists {
    /// Lists from pairs of the element that has an item, and the item; items in their order.
    fn new<I>(count: usize, pairs: impl Fn() -> I) -> Lists
    where
        I: Iterator<Item = (ElementId, ElementId)>,
    {
        let starts = starts(count, pairs().map(|(of, _)| of));
        let mut next = starts.clone();
        let mut items = vec![ElementId(0); starts[count] as usize];
        for (of, item) in pairs() {
            let at = &mut next[of.index()];
            items[*at as usize] = item;
            *at += 1;
        }
        Lists { starts, items }
    }

    fn of(&self, id: ElementId) -> &[ElementId] {
        let at = |i: usize| self.starts[i] as usize;
        &self.items[at(id.index())..at(id.index() + 1)]
    }
}

/// Where the items of each element begin in a list that is sorted by element, and where the last
/// end.
fn starts(count: usize, of: impl Iterator<Item = ElementId>) -> Vec<u32> {
    let mut starts = vec![0; count + 1];
    for id in of {
        starts[id.index() + 1] += 1;
    }
    for i in 0..count {
        starts[i + 1] += starts[i];
    }
    starts
}
