//! The fields of a header as levels of a diagram.

use crate::fib::When;
use crate::header::{Header, Port, Proto};
use crate::network::Network;
use crate::set::{Level, SetId, Space};

use super::atoms::{Atom, Atoms};

/// Which level of a diagram is which field: first a level for each choice, then target address,
/// source address (both as atoms), protocol, source port, target port.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    choices: u8,
}

// === impl Fields ===

impl Fields {
    /// The fields of a network's headers, and a space for sets of them.
    pub fn new(network: &Network, atoms: &Atoms) -> (Fields, Space) {
        let addresses = u64::from(atoms.count());
        let mut domains: Vec<u64> =
            network.choices.iter().map(|choice| u64::from(choice.values)).collect();
        let choices = domains.len() as u8;
        domains.extend([addresses, addresses, Proto::ALL.len() as u64, 1 << 16, 1 << 16]);
        (Fields { choices }, Space::new(&domains))
    }

    /// The level of the target address.
    pub fn target(self) -> Level {
        Level(self.choices)
    }

    /// The level of the source address.
    pub fn source(self) -> Level {
        Level(self.choices + 1)
    }

    /// The level of the target port.
    pub fn target_port(self) -> Level {
        Level(self.choices + 4)
    }

    /// The levels of the choices.
    pub fn choices(self) -> impl Iterator<Item = Level> {
        (0..self.choices).map(Level)
    }

    /// The headers from these atoms, first and last.
    pub fn from(self, space: &mut Space, (lo, hi): (Atom, Atom)) -> SetId {
        space.interval(self.source(), lo, hi)
    }

    /// The headers to these atoms, first and last.
    pub fn to(self, space: &mut Space, (lo, hi): (Atom, Atom)) -> SetId {
        space.interval(self.target(), lo, hi)
    }

    /// The headers of a protocol.
    pub fn proto(self, space: &mut Space, proto: Proto) -> SetId {
        space.interval(Level(self.choices + 2), proto as u32, proto as u32)
    }

    /// The headers with a source port from `lo` to `hi`.
    pub fn sport(self, space: &mut Space, lo: u16, hi: u16) -> SetId {
        space.interval(Level(self.choices + 3), lo.into(), hi.into())
    }

    /// The headers with a target port from `lo` to `hi`.
    pub fn dport(self, space: &mut Space, lo: u16, hi: u16) -> SetId {
        space.interval(Level(self.choices + 4), lo.into(), hi.into())
    }

    /// The headers to a port of a protocol.
    pub fn port(self, space: &mut Space, port: Port) -> SetId {
        let proto = self.proto(space, port.proto);
        let number = self.dport(space, port.number, port.number);
        space.and(proto, number)
    }

    /// The headers under one value of a choice.
    pub fn when(self, space: &mut Space, when: When) -> SetId {
        space.interval(Level(when.choice.0), when.value.into(), when.value.into())
    }

    /// The header that a member of a set stands for, and the value of each choice.
    ///
    /// `member` is what [`Space::pick`] gives: an address atom stands for its first address, or as
    /// the source for its second, where the target is another one of it.
    pub fn header(self, atoms: &Atoms, member: &[u32]) -> (Header, Vec<u8>) {
        let (choices, fields) = member.split_at(usize::from(self.choices));
        let (src, dst) = atoms.both(fields[1], fields[0]);
        let header = Header {
            dst,
            src,
            proto: Proto::ALL[fields[2] as usize],
            sport: fields[3] as u16,
            dport: fields[4] as u16,
        };
        (header, choices.iter().map(|value| *value as u8).collect())
    }

    /// The values of a header, one for each level, under these choices.
    pub fn member(self, atoms: &Atoms, header: Header, choices: &[u8]) -> Vec<u32> {
        let chosen =
            (0..usize::from(self.choices)).map(|i| choices.get(i).copied().unwrap_or(0).into());
        let Header { src, sport, dst, dport, proto } = header;
        let (src, dst) = atoms.of_both(src, dst);
        chosen.chain([dst, src, proto as u32, sport.into(), dport.into()]).collect()
    }
}
