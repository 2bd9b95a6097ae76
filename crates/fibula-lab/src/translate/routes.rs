//! The last table of a switch as addresses, routes and listeners.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::{Action, Addr, Addrs, ElementId, Hop, Port, Ports, Proto, Range, Receiver};
use ipnet::IpNet;
use rustc_hash::FxHashMap;

use crate::plan::{Address, FORWARDS, Listener, Origin, Route, Sysctl, Via};

use super::Refusal;
use super::ground::Ground;
use super::lines::{Index, Line, Switch};
use super::nets::{FAMILIES, family, is_loopback, one, prefixes, range, whole};
use super::place::Places;
use super::rules::Lead;

/// What a namespace takes for its own, and where it sends the rest.
#[derive(Default)]
pub(super) struct Ways {
    pub(super) addresses: Vec<Address>,
    pub(super) local: Vec<IpNet>,
    pub(super) routes: Vec<Route>,
    pub(super) listeners: Vec<Listener>,
    pub(super) sysctls: Vec<Sysctl>,
}

/// Where a prefix leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Here,
    To(ElementId),
}

struct Router<'s, 'n> {
    switch: &'s Switch<'n>,
    ground: &'s Ground<'n>,
    index: Index<'s>,
    /// The way of each prefix. Of two entries for one, the first has it; one for a shorter prefix
    /// does not shadow it, and one for a longer that comes later is not here.
    ways: FxHashMap<IpNet, (Way, &'s Line)>,
    lengths: BTreeSet<(bool, u8)>,
    /// Prefixes whose line says only some of what becomes of a message to them.
    partial: Vec<(IpNet, Way)>,
    found: Ways,
}

/// What a namespace of a switch needs beside interfaces and rules.
///
/// A namespace that decides by rules always has a route for everything: where none leads on, to
/// `lo`, so that its own processes can send to what is then rewritten or stopped.
///
/// # Errors
///
/// An entry that no route or listener can be.
pub(super) fn routes(
    switch: &Switch<'_>,
    ground: &Ground<'_>,
    places: &Places,
    rules: bool,
) -> Result<Ways, Refusal> {
    let mut router = Router {
        switch,
        ground,
        index: Index::new(switch.last()),
        ways: FxHashMap::default(),
        lengths: BTreeSet::new(),
        partial: vec![],
        found: Ways::default(),
    };
    for line in switch.last() {
        router.line(line)?;
    }
    router.judge_partial()?;
    router.listeners(places)?;
    if rules {
        router.defaults();
    }
    let mut found = router.found;
    let forwards = !found.routes.is_empty();
    if forwards || rules {
        found.sysctls.extend(Sysctl::all(FORWARDS));
        // A message may come back with an address of this switch as its source.
        found.sysctls.extend(Sysctl::all(&[("net/ipv4/conf/all/accept_local", "1")]));
    }
    if !found.local.is_empty() {
        found.sysctls.extend(Sysctl::all(&[("net/ipv6/ip_nonlocal_bind", "1")]));
    }
    if rewrites_loopback(switch) {
        found.sysctls.extend(Sysctl::all(&[("net/ipv4/conf/all/route_localnet", "1")]));
    }
    Ok(found)
}

/// Routes for messages that rules mark.
pub(super) fn marked(switch: &Switch<'_>, ground: &Ground<'_>, leads: &[Lead]) -> Vec<Route> {
    let route = |lead: &Lead, family| {
        let via = ground.way(switch.id, lead.to, family);
        Route { to: whole(family), via, source: None, origin: lead.mark }
    };
    leads.iter().flat_map(|lead| FAMILIES.map(|family| route(lead, family))).collect()
}

fn rewrites_loopback(switch: &Switch<'_>) -> bool {
    let mut found = false;
    let lines = switch.tables.iter().flat_map(|table| &table.lines);
    for line in lines.filter(|line| matches!(line.action, Action::Rewrite { .. })) {
        switch.each(line.pattern.dst, |range| {
            found |= range.lo <= Range::LOOPBACK_V4.hi && Range::LOOPBACK_V4.lo <= range.hi;
        });
    }
    found
}

// === impl Router ===

impl<'s> Router<'s, '_> {
    fn line(&mut self, line: &'s Line) -> Result<(), Refusal> {
        let way = match line.action {
            Action::Forward(Hop::To(to)) if line.is_full() => Way::To(to),
            // The rest is led by a mark.
            Action::Forward(_) => return Ok(()),
            _ if line.is_local() && line.is_plain() => Way::Here,
            _ if line.is_local() => {
                return Err(self.switch.refuse(
                    line,
                    "delivers by more than the target: a Linux socket takes what comes",
                ));
            }
            _ => return Ok(()),
        };
        let mut ranges = vec![];
        self.switch.each(line.pattern.dst, |range| ranges.push(range));
        for net in ranges.into_iter().flat_map(prefixes) {
            self.insert(net, way, line)?;
        }
        Ok(())
    }

    fn insert(&mut self, net: IpNet, way: Way, line: &'s Line) -> Result<(), Refusal> {
        if is_loopback(range(net)) {
            return match way {
                Way::Here => Ok(()),
                Way::To(_) => Err(self.switch.refuse(line, FORWARDS_LOOPBACK)),
            };
        }
        if let Some((earlier, by)) = self.over(net) {
            if earlier != way && !(by.is_full() && by.pattern.reply.is_none()) {
                self.judge(net, earlier)?;
            }
            return Ok(());
        }
        if !line.is_full() || line.pattern.reply.is_some() {
            self.partial.push((net, way));
        }
        if let Way::To(_) = way {
            self.loopback_is_kept(net, line)?;
        }
        self.ways.insert(net, (way, line));
        self.lengths.insert((net.addr().is_ipv4(), net.prefix_len()));
        match way {
            Way::Here if net.prefix_len() == net.max_prefix_len() => {
                self.found.addresses.push(Address { ip: net.addr(), dev: "lo".into() });
            }
            Way::Here => self.found.local.push(net),
            Way::To(to) => {
                let via = self.ground.way(self.switch.id, to, family(net));
                let origin = line.origin;
                self.found.routes.push(Route { to: net, via, source: None, origin });
            }
        }
        Ok(())
    }

    /// The entry that has this prefix, or one around it, already.
    fn over(&self, net: IpNet) -> Option<(Way, &'s Line)> {
        let lengths = self
            .lengths
            .iter()
            .filter(|(v4, len)| *v4 == net.addr().is_ipv4() && *len <= net.prefix_len());
        let around = lengths.filter_map(|(_, len)| IpNet::new(net.addr(), *len).ok());
        around.filter_map(|net| self.ways.get(&net.trunc())).next().copied()
    }

    /// Linux keeps loopback addresses to itself, so a way for more than these must not mean them.
    fn loopback_is_kept(&self, net: IpNet, line: &Line) -> Result<(), Refusal> {
        for loopback in [Range::LOOPBACK_V4, Range::LOOPBACK_V6] {
            if !range(net).covers(loopback) {
                continue;
            }
            let mut covering = self.index.covering(self.switch, loopback);
            let first = covering.find(|l| l.is_full() && l.speaks_of(false));
            if first.is_some_and(|first| matches!(first.action, Action::Forward(_))) {
                return Err(self.switch.refuse(line, FORWARDS_LOOPBACK));
            }
        }
        Ok(())
    }

    fn judge_partial(&self) -> Result<(), Refusal> {
        self.partial.iter().try_for_each(|(net, way)| self.judge(*net, *way))
    }

    /// Whether a route that some entry makes for some messages to a prefix is right for all.
    fn judge(&self, net: IpNet, way: Way) -> Result<(), Refusal> {
        for reply in [false, true] {
            let mut covering = self.index.covering(self.switch, range(net));
            let first = covering.find(|line| line.is_full() && line.speaks_of(reply));
            let Some(line) = first else { continue };
            let same = match line.action {
                Action::Forward(Hop::To(to)) => way == Way::To(to),
                Action::Deliver(_) => way == Way::Here,
                // Rules stop it, or lead it elsewhere.
                _ => true,
            };
            if !same {
                let why =
                    format!("leads to {net} elsewhere than another entry: a route is one way");
                return Err(self.switch.refuse(line, &why));
            }
        }
        Ok(())
    }

    fn defaults(&mut self) {
        for family in FAMILIES {
            let to = whole(family);
            if !self.ways.contains_key(&to) {
                let via = Via::Link { dev: "lo".into() };
                self.found.routes.push(Route { to, via, source: None, origin: Origin(0) });
            }
        }
    }

    /// A listener for each port that is delivered here, to whomever.
    fn listeners(&mut self, places: &Places) -> Result<(), Refusal> {
        let single = self.found.addresses.iter().map(|address| Addr::from(address.ip));
        let own: Vec<Addr> = single.chain([Addr::LOOPBACK_V4, Addr::LOOPBACK_V6]).collect();
        let mut asked: Vec<(Addr, Port)> = vec![];
        for &addr in &own {
            asked.extend(places.at(addr).map(|port| (addr, port)));
        }
        if !self.found.local.is_empty() {
            asked.extend(places.all());
        }
        // A declared port is open on every address.
        for line in self.switch.last() {
            if let (Action::Deliver(_), Ports::In(lo, hi)) = (line.action, line.pattern.dport) {
                if lo != hi {
                    return Err(self.switch.refuse(line, "delivers a range of ports"));
                }
                let protos = line.pattern.proto.map_or(vec![Proto::Tcp, Proto::Udp], |p| vec![p]);
                let ports = protos.into_iter().map(|proto| Port { proto, number: lo });
                asked.extend(ports.flat_map(|port| own.iter().map(move |addr| (*addr, port))));
            }
        }
        asked.sort_unstable();
        asked.dedup();
        let mut open: BTreeMap<Port, (Option<ElementId>, &Line)> = BTreeMap::new();
        for (addr, port) in asked {
            let mut covering = self.index.covering(self.switch, one(addr));
            let Some(line) = covering.find(|line| line.speaks_of(false) && line.matches(port))
            else {
                continue;
            };
            let receiver = match line.action {
                Action::Deliver(Receiver::Element(process)) => Some(process),
                Action::Deliver(Receiver::Me) => Some(self.switch.id),
                _ if line.is_local() => None,
                _ => continue,
            };
            let first = open.entry(port).or_insert((receiver, line));
            if first.0 != receiver {
                let why = format!(
                    "has another listener on port {port} than another address: a \
                                   Linux socket of the lab takes all addresses"
                );
                return Err(self.switch.refuse(line, &why));
            }
        }
        for (port, (receiver, line)) in open {
            let Some(process) = receiver else { continue };
            let (network, id) = (self.switch.network, self.switch.id);
            if process != id && !network.links.contains(process, id) {
                return Err(self.switch.refuse(line, "delivers to a process without a link"));
            }
            let name = match process == id {
                true => "nobody known".into(),
                false => network.element(process).name.clone(),
            };
            let Port { proto, number: port } = port;
            self.found.listeners.push(Listener { proto, port, process, name });
        }
        Ok(())
    }
}

const FORWARDS_LOOPBACK: &str = "forwards loopback addresses, which Linux keeps to itself";

/// Whether an address field is any address.
pub(super) fn is_any(addrs: Addrs) -> bool {
    matches!(addrs, Addrs::Any) || addrs == Addrs::In(Range::ALL)
}
