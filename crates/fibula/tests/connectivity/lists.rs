//! What the lists of others say: who may connect to whom, and by which ports.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use fibula_network::Proto;

/// One end of a connection in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    /// `namespace/name[Kind]`
    Workload(String),
    /// A range of addresses outside, from the first to the last.
    Outside(u32, u32),
    /// What stands for the pods of an Ingress controller, which nobody shows.
    Controller,
}

/// A line: who may connect to whom.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) from: Name,
    pub(crate) to: Name,
    pub(crate) ports: Ports,
}

/// Ports of each protocol, as ranges of which both ends belong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ports(pub(crate) Vec<(Proto, u16, u16)>);

/// What a folder's list would be, told by another folder's list and how the two differ: lines such as
/// `diff-type: changed, source: a/b[Pod], destination: c/d[Pod], ref1: TCP 80, ref2: No Connections`.
/// Of two lines about the same ends the later holds.
pub(crate) fn changed(list: Vec<Line>, differences: &str) -> Vec<Line> {
    let mut lines = list;
    for line in differences.lines().filter(|line| line.starts_with("diff-type: ")) {
        let info = field(line, "workloads-diff-info").unwrap_or_default();
        let removed =
            info.split("workload ").filter_map(|part| part.trim().strip_suffix(" removed"));
        let removed: Vec<Name> = removed.map(name).collect();
        lines.retain(|line| !removed.contains(&line.from) && !removed.contains(&line.to));
        let end = |key| name(&field(line, key).expect("two ends"));
        let (from, to) = (end("source"), end("destination"));
        if removed.contains(&from) || removed.contains(&to) {
            continue;
        }
        let ports = field(line, "ref2").expect("what is so now");
        let ports = match ports.as_str() {
            "No Connections" => Ports::default(),
            ports => ports.parse().expect("ports"),
        };
        lines.push(Line { from, to, ports });
    }
    lines
}

/// A field of a line of differences.
pub(crate) fn field(line: &str, key: &str) -> Option<String> {
    let mut fields = line.split(", ").filter_map(|field| field.split_once(": "));
    fields.find(|(known, _)| *known == key).map(|(_, value)| value.to_owned())
}

/// The lines of a list, such as `a/b[Pod] => 0.0.0.0-255.255.255.255[External] : TCP 80,443`.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    text.lines().filter(|line| !line.trim().is_empty()).map(line).collect()
}

fn line(text: &str) -> Line {
    let (ends, ports) = text.rsplit_once(" : ").expect("ports");
    let (from, to) = ends.split_once(" => ").expect("two ends");
    Line { from: name(from), to: name(to), ports: ports.parse().expect("ports") }
}

pub(crate) fn name(text: &str) -> Name {
    if text == "{ingress-controller}" {
        return Name::Controller;
    }
    let Some(range) = text.strip_suffix("[External]") else {
        return Name::Workload(text.to_owned());
    };
    let (lo, hi) = range.split_once('-').expect("a range");
    let number = |text: &str| text.parse::<Ipv4Addr>().expect("an address").to_bits();
    Name::Outside(number(lo), number(hi))
}

impl std::str::FromStr for Ports {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Ports, Self::Err> {
        if text == "All Connections" {
            return Ok(Ports(Proto::ALL.map(|proto| (proto, 1, u16::MAX)).to_vec()));
        }
        let mut ports = vec![];
        let mut proto = Proto::Tcp;
        for part in text.split([',', ' ']) {
            match part.parse() {
                Ok(named) => proto = named,
                Err(_) => {
                    let (lo, hi) = part.split_once('-').unwrap_or((part, part));
                    ports.push((proto, lo.parse()?, hi.parse()?));
                }
            }
        }
        Ok(Ports(ports))
    }
}

impl Line {
    /// The range of addresses outside, if it speaks of one.
    pub(crate) fn outside(&self) -> Option<(u32, u32)> {
        match (&self.from, &self.to) {
            (Name::Outside(lo, hi), _) | (_, Name::Outside(lo, hi)) => Some((*lo, *hi)),
            _ => None,
        }
    }
}

impl Ports {
    pub(crate) fn contains(&self, proto: Proto, port: u16) -> bool {
        self.0.iter().any(|(of, lo, hi)| *of == proto && (*lo..=*hi).contains(&port))
    }
}

/// Where one piece of ports ends and the next begins.
pub(crate) struct Pieces(pub(crate) Vec<(Proto, u16, u16)>);

impl Pieces {
    /// Pieces that none of these ranges cuts.
    pub(crate) fn new(ranges: &[(Proto, u16, u16)]) -> Pieces {
        let mut pieces = vec![];
        for proto in Proto::ALL {
            let mut starts: BTreeSet<u32> = [1].into();
            for (_, lo, hi) in ranges.iter().filter(|(of, ..)| *of == proto) {
                starts.extend([u32::from(*lo), u32::from(*hi) + 1]);
            }
            let starts: Vec<u32> = starts.into_iter().filter(|s| (1..=65535).contains(s)).collect();
            for (i, lo) in starts.iter().enumerate() {
                let hi = starts.get(i + 1).map_or(65535, |next| next - 1);
                pieces.push((proto, *lo as u16, hi as u16));
            }
        }
        Pieces(pieces)
    }

    /// Some of the pieces in words, merged: `All Connections`, `TCP 80-81,443 UDP 53` or `nothing`.
    pub(crate) fn words(&self, has: impl Fn(usize) -> bool) -> String {
        if (0..self.0.len()).all(&has) {
            return "All Connections".to_owned();
        }
        let mut words = vec![];
        for proto in Proto::ALL {
            let mut merged: Vec<(u16, u16)> = vec![];
            let of = self.0.iter().enumerate().filter(|(i, piece)| piece.0 == proto && has(*i));
            for (_, (_, lo, hi)) in of {
                match merged.last_mut() {
                    Some(last) if last.1 + 1 == *lo => last.1 = *hi,
                    _ => merged.push((*lo, *hi)),
                }
            }
            let ranges = merged.iter().map(|(lo, hi)| match lo == hi {
                true => lo.to_string(),
                false => format!("{lo}-{hi}"),
            });
            let ranges: Vec<String> = ranges.collect();
            if !ranges.is_empty() {
                words.push(format!("{proto} {}", ranges.join(",")));
            }
        }
        if words.is_empty() { "nothing".to_owned() } else { words.join(" ") }
    }
}
