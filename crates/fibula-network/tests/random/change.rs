//! Random changes to a network.

use fibula_network::*;

use super::{Dice, chains, draw, services};

/// A change such as an edit or a fault makes: to an entry, a chain, a link, an owner, a listener, an own
/// address or a fact.
pub(super) fn mutate(n: &mut Network, dice: &mut Dice<'_>) {
    match dice.below(14) {
        12 | 13 => chains::change(n, dice),
        0..=5 => entry(n, dice),
        6 => unlink(n, dice),
        7 => owner(n, dice),
        8 => listener(n, dice),
        9 => own(n, dice),
        10 => addr(n, dice),
        _ => open(n, dice),
    }
}

/// A change of any kind, to the shape of the network too.
pub(super) fn bend(n: &mut Network, dice: &mut Dice<'_>) {
    match dice.below(31) {
        29 | 30 => chains::change(n, dice),
        24 | 25 => {
            services::backends(n, dice);
            services::service(n, dice);
        }
        26 => services::hops(n, dice),
        27 | 28 => masquerade(n, dice),
        0..=7 => insert(n, dice),
        8..=12 => mutate(n, dice),
        13 => link(n, dice),
        14 => mesh(n, dice),
        15 | 16 => another_owner(n, dice),
        17 => another_listener(n, dice),
        18 => host(n, dice),
        19 => pipeline(n, dice),
        20 | 21 => table(n, dice),
        22 => move_in(n, dice),
        _ => {
            let switch = id(n, dice);
            n.unshare(switch);
        }
    }
}

fn id(n: &Network, dice: &mut Dice<'_>) -> ElementId {
    ElementId(dice.below(n.elements.len()) as u32)
}

fn among(n: &Network, dice: &mut Dice<'_>, accept: fn(Kind) -> bool) -> Option<ElementId> {
    dice.one(&n.ids().filter(|id| accept(n.kind(*id))).collect::<Vec<_>>())
}

fn switch<'n>(n: &'n mut Network, dice: &mut Dice<'_>) -> Option<&'n mut Fib> {
    let switch = among(n, dice, |kind| !kind.is_process())?;
    n.fibs[switch.index()].as_mut()
}

// --- entries ---

/// The tables that are no filters: those have entries of their own kind.
fn plain(n: &Network) -> Vec<usize> {
    let filters = chains::filters(n);
    (0..n.tables.len()).filter(|table| !filters.contains(&TableId(*table as u32))).collect()
}

fn insert(n: &mut Network, dice: &mut Dice<'_>) {
    let entry = draw::entry(n, dice);
    let Some(table) = dice.one(&plain(n)) else { return };
    let entries = &mut n.tables[table].entries;
    entries.insert(dice.below(entries.len() + 1), entry);
}

fn entry(n: &mut Network, dice: &mut Dice<'_>) {
    let full: Vec<usize> =
        plain(n).into_iter().filter(|table| !n.tables[*table].entries.is_empty()).collect();
    let Some(table) = dice.one(&full) else { return };
    let at = dice.below(n.tables[table].entries.len());
    let mut entry = n.tables[table].entries[at].clone();
    match dice.below(5) {
        0 => {
            n.tables[table].entries.remove(at);
            return;
        }
        1 => {
            let entries = &mut n.tables[table].entries;
            return entries.insert(dice.below(entries.len() + 1), entry);
        }
        2 => {
            let entries = &mut n.tables[table].entries;
            let other = dice.below(entries.len());
            return entries.swap(at, other);
        }
        3 => entry.action = draw::action(n, &entry.pattern, dice),
        _ => field(n, &mut entry.pattern, dice),
    }
    if !draw::fits(&entry.pattern, entry.action) {
        entry.action = draw::action(n, &entry.pattern, dice);
    }
    n.tables[table].entries[at] = entry;
}

fn field(n: &Network, pattern: &mut Pattern, dice: &mut Dice<'_>) {
    match dice.below(9) {
        7 => pattern.marked = Some(dice.once_in(2)),
        8 => pattern.reply = Some(dice.once_in(2)),
        0 => pattern.dst = draw::addrs(n, dice),
        1 => pattern.src = draw::addrs(n, dice),
        2 => pattern.dport = draw::ports(dice),
        3 => pattern.sport = draw::ports(dice),
        4 => pattern.proto = Some(draw::proto(dice)),
        5 => pattern.from = draw::kind(dice),
        _ => pattern.when.extend(draw::when(n, dice)),
    }
}

// --- tables and pipelines ---

/// A table twice in a pipeline, or in another one, or gone from one.
fn pipeline(n: &mut Network, dice: &mut Dice<'_>) {
    let Some(table) = dice.one(&plain(n)) else { return };
    let table = TableId(table as u32);
    let pipeline = dice.below(n.pipelines.len());
    let tables = &mut n.pipelines[pipeline];
    if dice.once_in(3) && !tables.is_empty() {
        tables.remove(dice.below(tables.len()));
    } else {
        tables.insert(dice.below(tables.len() + 1), table);
    }
}

/// A table of its own, with an entry, in a pipeline, and a Goto that leads there.
fn table(n: &mut Network, dice: &mut Dice<'_>) {
    let entry = draw::entry(n, dice);
    let id = TableId(n.tables.len() as u32);
    n.tables.push(Table::new("later", vec![entry]));
    let pipeline = dice.below(n.pipelines.len());
    let tables = &mut n.pipelines[pipeline];
    let place = dice.below(tables.len() + 1);
    tables.insert(place, id);
    if let Some(before) = dice.one(&tables[..place]) {
        let goto = Entry::new("random", draw::pattern(n, dice), Action::Goto(id));
        let entries = &mut n.tables[before.0 as usize].entries;
        entries.insert(dice.below(entries.len() + 1), goto);
    }
}

/// A switch changes to a pipeline that another one has, or to one of its own with shared tables.
fn move_in(n: &mut Network, dice: &mut Dice<'_>) {
    let pipeline = dice.below(n.pipelines.len());
    let to = if dice.once_in(2) { n.pipelines.len() } else { pipeline };
    if to == n.pipelines.len() {
        n.pipelines.push(n.pipelines[pipeline].clone());
    }
    if let Some(fib) = switch(n, dice) {
        fib.pipeline = PipelineId(to as u32);
    }
}

// --- links ---

fn unlink(n: &mut Network, dice: &mut Dice<'_>) {
    let mut pairs: Vec<_> = n.links.pairs().collect();
    for mesh in n.links.meshes() {
        for a in &mesh.members {
            let others = mesh.members.iter().filter(|b| a < *b && mesh.contains(*a, **b));
            pairs.extend(others.map(|b| (*a, *b)));
        }
    }
    if let Some((a, b)) = dice.one(&pairs) {
        n.links = n.links.without(a, b);
    }
}

fn link(n: &mut Network, dice: &mut Dice<'_>) {
    let pair = (id(n, dice), id(n, dice));
    let pairs = n.links.pairs().chain([pair]);
    n.links = Links::new(n.elements.len(), pairs, n.links.meshes().to_vec());
}

/// A Node that is no member of the mesh, linked to the others in pairs or not at all; or one mesh
/// more.
fn mesh(n: &mut Network, dice: &mut Dice<'_>) {
    let mut meshes = n.links.meshes().to_vec();
    let mut pairs: Vec<_> = n.links.pairs().collect();
    if dice.once_in(3) {
        let members = n.ids().filter(|id| !n.kind(*id).is_process() && dice.once_in(2)).collect();
        meshes.push(Mesh { members, except: Default::default() });
    } else if let Some(mesh) = meshes.first_mut()
        && let Some(left) = dice.one(&mesh.members)
    {
        let before = mesh.clone();
        mesh.members.retain(|id| *id != left);
        mesh.except.retain(|(a, b)| *a != left && *b != left);
        if dice.once_in(2) {
            let joined = before.members.iter().filter(|id| before.contains(left, **id));
            pairs.extend(joined.map(|id| (left, *id)));
        }
    }
    n.links = Links::new(n.elements.len(), pairs, meshes);
}

// --- what switches know ---

fn owner(n: &mut Network, dice: &mut Dice<'_>) {
    if n.owners.is_empty() {
        return;
    }
    let at = dice.below(n.owners.len());
    let mut owner = n.owners.remove(at);
    let node = among(n, dice, |kind| kind == Kind::Node);
    let pod = among(n, dice, |kind| kind == Kind::Pod);
    match dice.below(5) {
        0 => return,
        1 => owner.addr = draw::addr(dice),
        2 => owner.when = draw::when(n, dice),
        3 if n.kind(owner.to) == Kind::Pod => owner.via = node.unwrap_or(owner.via),
        _ if n.kind(owner.to) == Kind::Pod => owner.to = pod.unwrap_or(owner.to),
        _ => (owner.to, owner.via) = node.map_or((owner.to, owner.via), |node| (node, node)),
    }
    n.owners.push(owner);
    n.owners.sort_unstable();
}

/// An alternative owner of an owned address (POD-7), or one beside it whatever is chosen.
fn another_owner(n: &mut Network, dice: &mut Dice<'_>) {
    let Some(owned) = dice.one(&n.owners) else { return };
    let Some(to) = among(n, dice, |kind| matches!(kind, Kind::Pod | Kind::Node)) else { return };
    let host = if n.kind(to) == Kind::Node { Some(to) } else { n.facts.host(to) };
    let Some(via) = host else { return };
    let when = draw::when(n, dice);
    n.owners.push(Owner { addr: owned.addr, when, to, via });
    if let Some(When { choice, value }) = when
        && dice.below(3) > 0
        && let Some(first) = n.owners.iter_mut().find(|owner| **owner == owned)
    {
        let values = n.choices[usize::from(choice.0)].values;
        first.when = Some(When { choice, value: (value + 1) % values });
    }
    n.owners.sort_unstable();
}

fn listener(n: &mut Network, dice: &mut Dice<'_>) {
    let process = among(n, dice, Kind::is_process);
    let Some(fib) = switch(n, dice) else { return };
    if fib.me.listeners.is_empty() {
        return;
    }
    let at = dice.below(fib.me.listeners.len());
    match dice.below(3) {
        0 => {
            fib.me.listeners.remove(at);
        }
        1 => fib.me.listeners[at].port = draw::port(dice),
        _ => fib.me.listeners[at].process = process.unwrap_or(fib.me.listeners[at].process),
    }
    fib.me.listeners.sort_unstable();
}

fn another_listener(n: &mut Network, dice: &mut Dice<'_>) {
    let Some(process) = among(n, dice, Kind::is_process) else { return };
    let Some(fib) = switch(n, dice) else { return };
    let known = dice.one(&fib.me.listeners).map(|listener| listener.port);
    let port = known.filter(|_| dice.once_in(2)).unwrap_or(draw::port(dice));
    fib.me.listeners.push(Listener { port, process, place: PlaceId::NONE });
    fib.me.listeners.sort_unstable();
}

fn own(n: &mut Network, dice: &mut Dice<'_>) {
    let Some(fib) = switch(n, dice) else { return };
    if dice.once_in(2) {
        fib.me.own.push(draw::addr(dice));
        fib.me.own.sort_unstable();
        fib.me.own.dedup();
    } else if !fib.me.own.is_empty() {
        fib.me.own.remove(dice.below(fib.me.own.len()));
    }
}

/// A switch that masquerades by another address, by none, or by one more; or that moves to
/// another zone.
fn masquerade(n: &mut Network, dice: &mut Dice<'_>) {
    let zone = dice.below(n.zones.len() + 1).checked_sub(1).map(|zone| ZoneId(zone as u32));
    let Some(Fib { me, .. }) = switch(n, dice) else { return };
    match dice.below(3) {
        0 => me.zone = zone,
        1 if !me.masquerade.is_empty() => {
            me.masquerade.remove(dice.below(me.masquerade.len()));
        }
        _ => {
            let addr = draw::addr(dice);
            me.masquerade.retain(|other| other.family() != addr.family());
            me.masquerade.push(addr);
        }
    }
}

/// A Pod Switch that is wrong about its host, or has none; or a process that has none.
fn host(n: &mut Network, dice: &mut Dice<'_>) {
    let node = among(n, dice, |kind| kind == Kind::Node);
    let host = if dice.once_in(3) { None } else { node };
    if dice.once_in(4) {
        if let Some(process) = among(n, dice, Kind::is_process) {
            n.facts.host[process.index()] = None;
        }
    } else if let Some(pod) = among(n, dice, |kind| kind == Kind::Pod)
        && let Some(fib) = &mut n.fibs[pod.index()]
    {
        fib.me.host = host;
    }
}

// --- facts ---

fn addr(n: &mut Network, dice: &mut Dice<'_>) {
    let entity = among(n, dice, |kind| matches!(kind, Kind::Pod | Kind::Node));
    let addr = &mut n.facts.addr;
    if dice.once_in(2) {
        addr.extend(entity.map(|id| (Entity::Switch(id), draw::addr(dice))));
        addr.sort_unstable();
        addr.dedup();
    } else if !addr.is_empty() {
        addr.remove(dice.below(addr.len()));
    }
}

fn open(n: &mut Network, dice: &mut Dice<'_>) {
    let process = among(n, dice, Kind::is_process);
    let open = &mut n.facts.open;
    if dice.once_in(2) {
        let port = draw::port(dice);
        open.extend(process.map(|process| Open { process, port, place: PlaceId::NONE }));
        open.sort_unstable();
    } else if !open.is_empty() {
        open.remove(dice.below(open.len()));
    }
}
