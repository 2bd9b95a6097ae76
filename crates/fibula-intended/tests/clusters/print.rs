//! FIBs and lives as text, with the short names of the article: `c1-1` for `default/p1/c1-1`.

use fibula_network::walk::{Step, walk};
use fibula_network::*;

/// The element with this short name.
pub(crate) fn find(network: &Network, name: &str) -> ElementId {
    let found = network.ids().find(|id| short(network, *id) == name);
    found.unwrap_or_else(|| panic!("no element {name}"))
}

/// What a switch does with first messages in its last table, written out:
/// `F2 [* * 10.0.1.1 8080 Deliver(c1-1)]`.
pub(crate) fn fib(network: &Network, switch: &str) -> Vec<String> {
    let written = next_hop(network, find(network, switch));
    written.iter().map(|entry| entry_text(network, entry)).collect()
}

/// The article's part of a FIB, written out: its last table, less what is for replies (NM-24).
pub(crate) fn next_hop(network: &Network, switch: ElementId) -> Vec<Entry> {
    let last = network.written(switch).pop().unwrap_or_default().into_iter();
    last.map(|(_, entry)| entry).filter(|entry| entry.pattern.reply.is_none()).collect()
}

/// The elements that a message meets, and how it ends: `c1-1 p1 c1-2: delivered`.
pub(crate) fn walked(network: &Network, from: &str, header: Header, choices: &[u8]) -> String {
    let from = find(network, from);
    let life = walk(network, from, header, choices);
    let mut elements = vec![short(network, from)];
    for step in &life.steps {
        if let Step::Recv { at, .. } = step {
            elements.push(short(network, *at));
        }
    }
    format!("{}: {}", elements.join(" "), life.ending.verdict.name())
}

/// The rules of the entries that decided a message, in their order: `F3 F4 F2`.
pub(crate) fn rules(network: &Network, from: &str, header: Header) -> String {
    let life = walk(network, find(network, from), header, &[]);
    let rules = life.steps.iter().filter_map(|step| match step {
        Step::Decide { entry, .. } => Some(network.entry(*entry).origin.rule.as_ref()),
        _ => None,
    });
    rules.collect::<Vec<_>>().join(" ")
}

pub(super) fn short(network: &Network, id: ElementId) -> &str {
    let name = &network.element(id).name;
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

fn entry_text(network: &Network, entry: &Entry) -> String {
    let Entry { pattern, action, origin } = entry;
    let addrs = |addrs| match addrs {
        Addrs::Any => "*".to_owned(),
        Addrs::In(range) => range.to_string(),
        Addrs::Set(set) => network.set(set).name.to_string(),
        relative => format!("{relative:?}"),
    };
    let ports = |ports| match (ports, pattern.proto) {
        (Ports::Any, None) => "*".to_owned(),
        (Ports::In(lo, hi), Some(proto)) if lo == hi => Port { proto, number: lo }.to_string(),
        (ports, proto) => format!("{ports:?} {proto:?}"),
    };
    let (src, dst, dport) = (addrs(pattern.src), addrs(pattern.dst), ports(pattern.dport));
    let action = match action {
        Action::Deliver(Receiver::Element(to)) => format!("Deliver({})", short(network, *to)),
        Action::Forward(Hop::To(to)) => format!("Forward({})", short(network, *to)),
        Action::Discard(reason) => format!("Discard({})", reason.name()),
        other => format!("{other:?}"),
    };
    let when: String = pattern.when.iter().map(|w| format!(" when {}", w.value)).collect();
    format!("{} [{src} * {dst} {dport} {action}]{when}", origin.rule)
}
