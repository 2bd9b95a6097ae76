//! Headers and choices that could make a difference in a network, found without `flow`.

use std::collections::BTreeSet;

use fibula_network::*;

/// Values for each field of a header: the ends of all that a network names, and their neighbours.
pub(crate) struct Samples {
    /// Every address that is the first or last of its kind.
    pub(crate) addresses: Vec<Addr>,
    /// Every port that is the first or last of its kind.
    pub(crate) ports: Vec<u16>,
    /// Combinations of choices: all, up to a cap.
    pub(crate) choices: Vec<Vec<u8>>,
}

/// More combinations of choices than a network of [`super::network`] has.
const CHOICES: usize = 64;

// === impl Samples ===

impl Samples {
    /// The values that matter in these networks.
    pub(crate) fn of(network: &Network) -> Samples {
        let mut ranges = vec![Range::ALL_V4];
        let mut ports = BTreeSet::from([0, u16::MAX]);
        let mut near = |lo: u16, hi: u16| {
            ports.extend([lo.saturating_sub(1), lo, hi, hi.saturating_add(1)]);
        };
        for pattern in network.tables.iter().flat_map(|t| &t.entries).map(|e| &e.pattern) {
            for addrs in [pattern.src, pattern.dst] {
                match addrs {
                    Addrs::In(range) => ranges.push(range),
                    Addrs::Set(set) | Addrs::OwnIn(set) => {
                        ranges.extend(&network.set(set).ranges);
                    }
                    _ => {}
                }
            }
            for field in [pattern.sport, pattern.dport] {
                if let Ports::In(lo, hi) = field {
                    near(lo, hi);
                }
            }
        }
        for backend in network.backends.iter().flat_map(|list| &list.members) {
            ranges.push(Range::one(backend.addr));
            near(backend.port, backend.port);
        }
        for me in network.fibs.iter().flatten().map(|fib| &fib.me) {
            ranges.extend(me.own.iter().chain(&me.masquerade).map(|addr| Range::one(*addr)));
            me.listeners.iter().for_each(|l| near(l.port.number, l.port.number));
        }
        network.facts.open.iter().for_each(|open| near(open.port.number, open.port.number));
        ranges.extend(network.owners.iter().map(|owner| Range::one(owner.addr)));
        ranges.extend(network.facts.addr.iter().map(|(_, addr)| Range::one(*addr)));
        let ends = ranges.iter().flat_map(|range| {
            [range.lo.previous(), Some(range.lo), Some(range.hi), range.hi.next()]
        });
        let addresses: BTreeSet<Addr> =
            ends.flatten().chain([Addr::MIN, Addr::MAX, Addr::LOOPBACK_V6]).collect();
        let mut choices = vec![vec![]];
        for choice in &network.choices {
            let all = choices.iter().flat_map(|chosen: &Vec<u8>| {
                (0..choice.values).map(move |value| [chosen.as_slice(), &[value]].concat())
            });
            choices = all.take(CHOICES).collect();
        }
        Samples {
            addresses: addresses.into_iter().collect(),
            ports: ports.into_iter().collect(),
            choices,
        }
    }

    /// So many headers and choices: each address as a target several times, everything else mixed;
    /// all combinations, where they are no more than that. The same for the same `seed`.
    pub(crate) fn take(&self, count: usize, seed: u64) -> impl Iterator<Item = (Header, &[u8])> {
        let (a, p, c) = (self.addresses.len(), self.ports.len(), self.choices.len());
        let all = [a, a, 3, p, p, c].iter().try_fold(1usize, |all, n| all.checked_mul(*n));
        let few = all.filter(|all| *all <= count);
        (0..few.unwrap_or(count)).map(move |i| {
            let mut rest = match few {
                Some(_) => i as u128,
                // Mixed by multiplication (2⁶⁴ divided by the golden ratio, twice).
                None => {
                    let mixed = (i as u64 ^ seed.rotate_left(32)).wrapping_add(1);
                    let low = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    let high = (low ^ (low >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                    let high = high ^ (high >> 32);
                    u128::from(high) * a as u128 + (i % a) as u128
                }
            };
            let mut next = |n: usize| {
                let value = (rest % n as u128) as usize;
                rest /= n as u128;
                value
            };
            let mut header = Header {
                dst: self.addresses[next(a)],
                proto: Proto::ALL[next(3)],
                dport: self.ports[next(p)],
                src: self.addresses[next(a)],
                sport: self.ports[next(p)],
            };
            // Else it would hardly ever be the same.
            if few.is_none() && i % 7 == 0 {
                header.src = header.dst;
            }
            (header, self.choices[next(c)].as_slice())
        })
    }
}
