//! One question, asked of `walk` under every combination of choices.

use std::collections::{BTreeMap, BTreeSet};

use fibula_network::walk::{Life, Step, Verdict, Walks};
use fibula_network::*;

/// The values of the choices that were asked.
type Values = BTreeMap<ChoiceId, u8>;

/// What a message comes to: under whatever choices, or depending on some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth<T> {
    Always(T),
    Depends(BTreeSet<ChoiceId>, Vec<T>),
}

/// Asks under each value of each choice that is asked on the way.
pub(crate) fn ask<T: Clone + PartialEq>(
    walks: &Walks<'_>,
    process: ElementId,
    header: Header,
    judge: impl Fn(&[Life]) -> T,
) -> Truth<T> {
    let network = walks.network();
    let mut open = vec![Values::new()];
    let mut ends: Vec<(Values, T)> = vec![];
    while let Some(fixed) = open.pop() {
        let value = |i: usize| fixed.get(&ChoiceId(i as u8)).copied().unwrap_or_default();
        let choices: Vec<u8> = (0..network.choices.len()).map(value).collect();
        let lives = walks.branches(process, header, &choices, 200).lives;
        let mut asked = lives.iter().flat_map(|life| &life.asked);
        match asked.find(|asked| !fixed.contains_key(asked)) {
            Some(asked) => {
                for value in 0..network.choice(*asked).values {
                    let new = fixed.iter().map(|(k, v)| (*k, *v)).chain([(*asked, value)]);
                    open.push(new.collect());
                }
            }
            None => ends.push((fixed, judge(&lives))),
        }
    }
    let mut all: Vec<T> = vec![];
    for (_, end) in &ends {
        if !all.contains(end) {
            all.push(end.clone());
        }
    }
    if let [one] = &all[..] {
        return Truth::Always(one.clone());
    }
    // It depends on a choice if two ends differ that agree in all else that both were asked.
    let mut depends = BTreeSet::new();
    for (a, end) in &ends {
        for (b, _) in ends.iter().filter(|(_, other)| other != end) {
            let differ = a.iter().filter(|(id, value)| b.get(id).is_some_and(|v| v != *value));
            let differ: Vec<&ChoiceId> = differ.map(|(id, _)| id).collect();
            if let [one] = differ[..] {
                depends.insert(*one);
            }
        }
    }
    Truth::Depends(depends, all)
}

/// Whether a life came to its target, whoever listens there (POD-2).
pub(crate) fn arrived(life: &Life) -> bool {
    matches!(life.ending.verdict, Verdict::Delivered | Verdict::Closed)
}

/// Whether a Service had a part in a life.
pub(crate) fn rewritten(life: &Life, header: Header) -> bool {
    life.steps.iter().any(|step| match step {
        Step::Decide { becomes: Some(becomes), .. } => {
            (becomes.dst, becomes.dport) != (header.dst, header.dport)
        }
        _ => false,
    })
}

/// The switch where a life ended, and the port there.
pub(crate) fn end(network: &Network, life: &Life) -> Option<(ElementId, u16)> {
    let at = life.ending.at;
    let at = if network.kind(at).is_process() { network.facts.host(at)? } else { at };
    let port = life.steps.iter().rev().find_map(|step| match step {
        Step::Recv { header, .. } | Step::Decide { becomes: Some(header), .. } => {
            Some(header.dport)
        }
        _ => None,
    })?;
    Some((at, port))
}

/// A process of a switch.
pub(crate) fn process(network: &Network, of: ElementId) -> Option<ElementId> {
    let mut all = network.ids().filter(|id| network.kind(*id).is_process());
    all.find(|id| network.facts.host(*id) == Some(of))
}

/// The addresses of a switch.
pub(crate) fn addresses(network: &Network, of: ElementId) -> Vec<Addr> {
    network.fib(of).map(|fib| fib.me.own.clone()).unwrap_or_default()
}

/// Whether somebody else has an address of a switch too.
pub(crate) fn is_contested(network: &Network, of: ElementId) -> bool {
    addresses(network, of).iter().any(|addr| network.is_contested(*addr))
}

/// Ports that no entry tells from those before them, up to the next.
pub(crate) fn ports(network: &Network) -> Vec<u16> {
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    let mut cuts: BTreeSet<u16> = [0, 1].into();
    for entry in entries {
        if let Ports::In(lo, hi) = entry.pattern.dport {
            cuts.insert(lo);
            cuts.extend(hi.checked_add(1));
        }
    }
    cuts.into_iter().collect()
}
