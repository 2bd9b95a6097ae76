//! Random Services: lists of backends, entries that rewrite, masquerade and undo, and all that
//! these need.

use fibula_network::*;

use super::{Dice, draw};

/// Addresses that nobody owns, for Services.
const VIRTUAL: [&str; 3] = ["10.96.0.1", "10.96.0.2", "fd00:96::1"];

/// Gives a network of [`super::article`] zones, addresses to masquerade by, lists of backends and
/// of switches, a table for sources, and entries for replies and a few Services. Nothing, half of
/// the time.
pub(super) fn install(n: &mut Network, dice: &mut Dice<'_>) {
    if dice.below(2) == 0 {
        return;
    }
    for zone in ["a", "b"].iter().take(dice.below(3)) {
        n.zones.push((*zone).into());
    }
    for switch in n.ids().filter(|id| n.fib(*id).is_some()).collect::<Vec<_>>() {
        me(n, switch, dice);
    }
    sources(n);
    replies(n);
    for _ in 0..1 + dice.below(3) {
        backends(n, dice);
        service(n, dice);
    }
    if dice.once_in(2) {
        hops(n, dice);
    }
}

/// The zone of a switch, and the addresses that it masquerades by: its own, mostly.
fn me(n: &mut Network, switch: ElementId, dice: &mut Dice<'_>) {
    let zone = dice.below(n.zones.len() + 1).checked_sub(1).map(|zone| ZoneId(zone as u32));
    let other = dice.once_in(4).then(|| draw::addr(dice));
    let Some(Fib { me, .. }) = &mut n.fibs[switch.index()] else { return };
    me.zone = zone;
    me.masquerade = other.into_iter().chain(me.own.iter().copied()).collect();
    me.masquerade.sort_by_key(|addr| addr.family());
    me.masquerade.dedup_by_key(|addr| addr.family());
}

/// A table between the first and the last of each pipeline, in which what is marked is
/// masqueraded.
fn sources(n: &mut Network) {
    for pipeline in &mut n.pipelines {
        let [.., last] = pipeline[..] else { continue };
        let id = TableId(n.tables.len() as u32);
        let marked = Pattern { marked: Some(true), ..Pattern::ANY };
        let action = Action::Masquerade { by: Source::Own, then: last };
        let entries = vec![Entry::new("SVC-60", marked, action)];
        n.tables.push(Table::new("source", entries));
        pipeline.insert(pipeline.len() - 1, id);
    }
}

/// Entries that undo for replies what was rewritten, and deliver those that are back.
fn replies(n: &mut Network) {
    for pipeline in &n.pipelines {
        let [first, .., last] = pipeline[..] else { continue };
        let any = Pattern::reply(Addrs::Any);
        let undo = Entry::new("SVC-64", any, Action::Undo { then: last });
        n.tables[first.0 as usize].entries.insert(0, undo);
        for back in [Addrs::Own, Addrs::In(Range::LOOPBACK_V4), Addrs::In(Range::LOOPBACK_V6)] {
            let caller = Action::Deliver(Receiver::Caller);
            let entry = Entry::new("SVC-64", Pattern::reply(back), caller);
            n.tables[last.0 as usize].entries.insert(0, entry);
        }
    }
}

/// A list of up to four backends: pods and their ports mostly, else Nodes, virtual addresses, or
/// nobody.
pub(super) fn backends(n: &mut Network, dice: &mut Dice<'_>) {
    let members = (0..dice.below(5)).map(|_| backend(n, dice)).collect();
    n.backends.push(Backends::new("web", members));
}

fn backend(n: &Network, dice: &mut Dice<'_>) -> Backend {
    let owned = |kind, dice: &mut Dice<'_>| {
        let owners = n.owners.iter().filter(|owner| n.kind(owner.to) == kind);
        dice.one(&owners.copied().collect::<Vec<_>>())
    };
    let owner = match dice.below(8) {
        0..=4 => owned(Kind::Pod, dice),
        5 => owned(Kind::Node, dice),
        _ => None,
    };
    let listeners = owner.and_then(|owner| n.fib(owner.to)).map(|fib| &fib.me.listeners[..]);
    let listener = dice.one(listeners.unwrap_or_default()).filter(|_| dice.below(4) > 0);
    let addr = match owner {
        Some(owner) => owner.addr,
        None if dice.once_in(2) => draw::addr(dice),
        None => virtual_address(dice),
    };
    let port = listener.map_or(draw::port(dice), |listener| listener.port).number;
    let switches: Vec<ElementId> = n.ids().filter(|id| n.fib(*id).is_some()).collect();
    let at = match dice.below(6) {
        4 if !n.zones.is_empty() => Scope::Zone(ZoneId(dice.below(n.zones.len()) as u32)),
        5 => dice.one(&switches).map_or(Scope::Everywhere, Scope::Switch),
        _ => Scope::Everywhere,
    };
    Backend { at, addr, port, place: PlaceId::NONE }
}

/// A list of one to three switches: Nodes, or any.
pub(super) fn hops(n: &mut Network, dice: &mut Dice<'_>) {
    let any = dice.once_in(4);
    let among = |id: &ElementId| n.kind(*id) == Kind::Node || any && n.fib(*id).is_some();
    let mut left: Vec<ElementId> = n.ids().filter(among).collect();
    let mut hops = vec![];
    for _ in 0..1 + dice.below(3) {
        if !left.is_empty() {
            hops.push(left.remove(dice.below(left.len())));
        }
    }
    if hops.is_empty() {
        return;
    }
    let id = HopsId(n.hops.len() as u32);
    n.hops.push(hops);
    // From the outside, one of the Nodes has it.
    let to = Pattern::to(Addrs::In(Range::one(virtual_address(dice))));
    let outside = n.pipelines.last().and_then(|tables| tables.last()).copied();
    if let Some(table) = outside.and_then(|table| n.tables.get_mut(table.0 as usize)) {
        table.entries.insert(0, Entry::new("SVC-22", to, Action::Forward(Hop::OneOf(id))));
    }
}

/// An entry that rewrites, at the end of the first table of a pipeline: that of the Nodes, mostly.
pub(super) fn service(n: &mut Network, dice: &mut Dice<'_>) {
    let Some(list) = n.backends.len().checked_sub(1) else { return };
    let at = [1, 1, 1, 0, 2][dice.below(5)];
    let Some([first, rest @ ..]) = n.pipelines.get(at).map(|tables| &tables[..]) else { return };
    let source = rest.first().copied().filter(|_| dice.below(4) > 0);
    let Some(then) = source.or_else(|| dice.one(rest)) else { return };
    let node_ports = n.sets.len().checked_sub(1).map(|set| Addrs::OwnIn(AddrSetId(set as u32)));
    let dst = match dice.below(8) {
        0..=4 => Addrs::In(Range::one(virtual_address(dice))),
        5 => Addrs::Own,
        6 => node_ports.unwrap_or(Addrs::Own),
        _ => draw::addrs(n, dice),
    };
    let pattern = Pattern {
        dst,
        dport: if dice.once_in(2) { draw::ports(dice) } else { Ports::Any },
        from: draw::kind(dice),
        // Replies are nobody's new connection, but where an entry forgets that.
        reply: (dice.below(4) > 0).then_some(false),
        ..Pattern::ANY
    };
    let (to, mark) = (BackendsId(list as u32), draw::mark(dice));
    let action = Action::Rewrite { to, mark, then };
    let first = first.0 as usize;
    n.tables[first].entries.push(Entry::new("SVC-20", pattern, action));
}

pub(super) fn virtual_address(dice: &mut Dice<'_>) -> Addr {
    VIRTUAL[dice.below(VIRTUAL.len())].parse().unwrap_or(Addr::MIN)
}
