//! Random parts of entries.

use fibula_network::*;

use super::{Dice, services};

/// Ports that things listen on or patterns name.
const PORTS: [u16; 6] = [80, 8080, 53, 81, 0, 65535];

/// Addresses enough for each family, and few enough to collide.
const POOL: [&str; 14] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "10.0.0.4",
    "10.0.0.5",
    "10.0.1.1",
    "fd00::1",
    "fd00::2",
    "fd00::3",
    "127.0.0.1",
    "127.0.0.9",
    "::1",
    "8.8.8.8",
    "::",
];

pub(super) fn addr(dice: &mut Dice<'_>) -> Addr {
    POOL[dice.below(POOL.len())].parse().unwrap_or(Addr::MIN)
}

pub(super) fn port(dice: &mut Dice<'_>) -> Port {
    let number = PORTS[dice.below(PORTS.len())];
    Port { proto: proto(dice), number }
}

pub(super) fn proto(dice: &mut Dice<'_>) -> Proto {
    Proto::ALL[dice.below(3)]
}

pub(super) fn range(dice: &mut Dice<'_>) -> Range {
    match dice.below(7) {
        0 | 1 => Range::one(addr(dice)),
        2 => Range::prefix(addr(dice).into(), 24),
        3 => Range::prefix(addr(dice).into(), 31),
        4 => {
            let (a, b) = (addr(dice), addr(dice));
            Range { lo: a.min(b), hi: a.max(b) }
        }
        5 => Range::ALL_V4,
        _ => Range::ALL,
    }
}

pub(super) fn addrs(n: &Network, dice: &mut Dice<'_>) -> Addrs {
    match dice.below(10) {
        9 => Addrs::Same,
        0 | 1 => Addrs::Any,
        2 | 3 => Addrs::In(range(dice)),
        8 => match dice.below(n.sets.len() + 1) {
            0 => Addrs::In(Range::one(services::virtual_address(dice))),
            set => Addrs::OwnIn(AddrSetId(set as u32 - 1)),
        },
        4 => match dice.below(n.sets.len() + 1) {
            0 => Addrs::Any,
            set => Addrs::Set(AddrSetId(set as u32 - 1)),
        },
        5 => Addrs::Own,
        6 => Addrs::Hosted,
        _ => Addrs::Elsewhere([Kind::Pod, Kind::Node][dice.below(2)]),
    }
}

pub(super) fn ports(dice: &mut Dice<'_>) -> Ports {
    let mut number = || PORTS[dice.below(PORTS.len())];
    match (number(), number()) {
        (80 | 8080, _) => Ports::Any,
        (53, _) => Ports::Listened,
        (a, 80 | 8080) => Ports::In(a, a),
        (a, b) => Ports::In(a.min(b), a.max(b)),
    }
}

pub(super) fn when(n: &Network, dice: &mut Dice<'_>) -> Option<When> {
    let choice = dice.below(n.choices.len() + 1).checked_sub(1)?;
    let value = dice.below(n.choices[choice].values.into()) as u8;
    Some(When { choice: ChoiceId(choice as u8), value })
}

pub(super) fn kind(dice: &mut Dice<'_>) -> Option<Kind> {
    dice.once_in(3).then(|| Kind::ALL[dice.below(Kind::ALL.len())])
}

pub(super) fn pattern(n: &Network, dice: &mut Dice<'_>) -> Pattern {
    Pattern {
        dst: addrs(n, dice),
        src: if dice.once_in(2) { addrs(n, dice) } else { Addrs::Any },
        dport: ports(dice),
        sport: if dice.once_in(3) { ports(dice) } else { Ports::Any },
        proto: dice.once_in(4).then(|| proto(dice)),
        from: kind(dice),
        when: (0..dice.below(3)).filter_map(|_| when(n, dice)).collect(),
        marked: dice.once_in(6).then(|| dice.once_in(2)),
        reply: dice.once_in(6).then(|| dice.once_in(2)),
    }
}

pub(super) fn action(n: &Network, pattern: &Pattern, dice: &mut Dice<'_>) -> Action {
    let element = |dice: &mut Dice<'_>| ElementId(dice.below(n.elements.len()) as u32);
    let reason = |dice: &mut Dice<'_>| Reason::ALL[dice.below(4)];
    let then = |dice: &mut Dice<'_>| {
        let last = n.pipelines.iter().filter_map(|tables| tables.last().copied());
        let last = dice.one(&last.collect::<Vec<_>>()).filter(|_| dice.below(4) > 0);
        last.unwrap_or(TableId(dice.below(n.tables.len()) as u32))
    };
    if pattern.reply == Some(true) {
        match dice.below(3) {
            0 => return Action::Deliver(Receiver::Caller),
            1 => return Action::Undo { then: then(dice) },
            _ => {}
        }
    }
    if dice.below(3) == 0 {
        match (pattern.dport, pattern.dst) {
            (Ports::Listened, _) => return Action::Deliver(Receiver::Listener),
            (_, Addrs::Hosted) => return Action::Forward(Hop::Owner),
            (_, Addrs::Elsewhere(_)) => return Action::Forward(Hop::OwnersNode),
            _ => {}
        }
    }
    match dice.below(13) {
        9 if !n.backends.is_empty() => Action::Rewrite {
            to: BackendsId(dice.below(n.backends.len()) as u32),
            mark: mark(dice),
            then: then(dice),
        },
        10 => Action::Masquerade { by: source(dice), then: then(dice) },
        11 if !n.hops.is_empty() => {
            Action::Forward(Hop::OneOf(HopsId(dice.below(n.hops.len()) as u32)))
        }
        0 | 12 => Action::Discard(reason(dice)),
        1 => Action::Reject(reason(dice)),
        2 | 3 => Action::Forward(Hop::Host),
        4 => Action::Deliver(Receiver::Me),
        5 => Action::Deliver(Receiver::Element(element(dice))),
        6 => Action::Goto(TableId(dice.below(n.tables.len()) as u32)),
        _ => {
            let switches: Vec<ElementId> = n.ids().filter(|id| n.fib(*id).is_some()).collect();
            Action::Forward(Hop::To(dice.one(&switches).unwrap_or(element(dice))))
        }
    }
}

pub(super) fn mark(dice: &mut Dice<'_>) -> Mark {
    [Mark::Never, Mark::Hairpin, Mark::Always][dice.below(3)]
}

fn source(dice: &mut Dice<'_>) -> Source {
    if dice.once_in(2) { Source::Is(addr(dice)) } else { Source::Own }
}

/// Whether the pattern has what the action's relative words need.
pub(super) fn fits(pattern: &Pattern, action: Action) -> bool {
    match action {
        Action::Deliver(Receiver::Listener) => pattern.dport == Ports::Listened,
        Action::Deliver(Receiver::Caller) | Action::Undo { .. } => pattern.reply == Some(true),
        Action::Forward(Hop::Owner) => pattern.dst == Addrs::Hosted,
        Action::Forward(Hop::OwnersNode) => matches!(pattern.dst, Addrs::Elsewhere(_)),
        _ => true,
    }
}

pub(super) fn entry(n: &Network, dice: &mut Dice<'_>) -> Entry {
    let pattern = pattern(n, dice);
    let action = action(n, &pattern, dice);
    Entry::new("random", pattern, action)
}
