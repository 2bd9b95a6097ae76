//! Sets of ports, by protocol.

use fibula_network::Proto;
use fibula_network::set::Interval;

/// What is open between two: ranges of ports by protocol, sorted and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports(pub Vec<(Proto, Interval)>);

/// The last port.
const LAST: u32 = u16::MAX as u32;

// === impl Ports ===

impl Ports {
    /// Ranges in any order, which may touch and overlap.
    pub fn new(ranges: impl IntoIterator<Item = (Proto, Interval)>) -> Ports {
        let mut ranges: Vec<(Proto, Interval)> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut out: Vec<(Proto, Interval)> = Vec::with_capacity(ranges.len());
        for (proto, (lo, hi)) in ranges {
            match out.last_mut() {
                Some((last, (_, end))) if *last == proto && lo <= *end + 1 => *end = hi.max(*end),
                _ => out.push((proto, (lo, hi))),
            }
        }
        Ports(out)
    }

    /// All ports of all protocols.
    pub fn all() -> Ports {
        Ports(Proto::ALL.iter().map(|proto| (*proto, (0, LAST))).collect())
    }

    /// Whether everything is open.
    pub fn any(&self) -> bool {
        *self == Ports::all()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a port is among them.
    pub fn has(&self, proto: Proto, port: u16) -> bool {
        let port = u32::from(port);
        self.0.iter().any(|(own, (lo, hi))| *own == proto && (*lo..=*hi).contains(&port))
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Ports) -> Ports {
        let pairs = self.0.iter().flat_map(|a| other.0.iter().map(move |b| (a, b)));
        let meet = pairs.filter_map(|((p, (a, b)), (q, (c, d)))| {
            let (lo, hi) = (*a.max(c), *b.min(d));
            (p == q && lo <= hi).then_some((*p, (lo, hi)))
        });
        Ports::new(meet)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Ports) -> Ports {
        let mut rest = self.0.clone();
        for (q, (c, d)) in &other.0 {
            rest = rest
                .into_iter()
                .flat_map(|(p, (a, b))| match p == *q && a <= *d && *c <= b {
                    false => vec![(p, (a, b))],
                    true => {
                        let before = c.checked_sub(1).filter(|hi| a <= *hi).map(|hi| (p, (a, hi)));
                        let after = (*d < b).then(|| (p, (d + 1, b)));
                        before.into_iter().chain(after).collect()
                    }
                })
                .collect();
        }
        Ports(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_ports_are_sets() {
        let ports = |list: &[(u32, u32)]| Ports::new(list.iter().map(|r| (Proto::Tcp, *r)));
        assert_eq!(ports(&[(3, 5), (1, 2), (5, 9)]), ports(&[(1, 9)]));
        let (a, b) = (ports(&[(0, 80), (443, 443)]), ports(&[(80, 500)]));
        assert_eq!(a.and(&b), ports(&[(80, 80), (443, 443)]));
        assert_eq!(a.minus(&b), ports(&[(0, 79)]));
        assert_eq!(b.minus(&a), ports(&[(81, 442), (444, 500)]));
        assert!(a.has(Proto::Tcp, 443) && !a.has(Proto::Udp, 443) && !a.has(Proto::Tcp, 81));
        assert!(Ports::all().any() && Ports::all().minus(&Ports::all()).is_empty());
    }
}
