//! One way in before and after: from where it is open, and where it stands.
//!
//! What came or went wherever it stands is told as such. What is left is compared place by place: the
//! same way in may be open at one Node and not at another any more (SVC-53). A place that came while
//! another one went is no opening: the way in moved.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_network::filters::Pair;
use fibula_network::ranges::{meet, tidy, without};
use fibula_network::{ChoiceId, Network, Range};

use super::super::classes;
use crate::reach::{At, Door};

/// What became of a way in, at some of its places.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub(super) opens: bool,
    pub(super) at: At,
    /// Where it is open in both.
    pub(super) stays: Option<At>,
    /// Where it stood, where it only moved.
    pub(super) moved: Option<At>,
    pub(super) certain: bool,
    pub(super) from: Vec<Range>,
    pub(super) choices: BTreeSet<ChoiceId>,
    pub(super) unread: bool,
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Node(&'a str),
    Address(IpAddr),
    Awaited,
}

/// From where it is open, certainly and perhaps.
#[derive(Clone, Debug, Default)]
struct Open {
    certain: Vec<Range>,
    perhaps: Vec<Range>,
    /// On what that depends which is open perhaps.
    choices: BTreeSet<ChoiceId>,
    unread: bool,
}

/// What is open on one side and not on the other, certainly and perhaps.
type Since = [Vec<Range>; 2];

/// What ways in are compared with.
pub(super) struct Comparing<'a> {
    pub(super) networks: [&'a Network; 2],
    pub(super) pair: &'a Pair,
    /// The Nodes that are in both.
    pub(super) both: BTreeSet<&'a str>,
    /// How many Nodes each has.
    pub(super) nodes: [usize; 2],
}

impl<'a> Comparing<'a> {
    /// What became of a way in, by the doors of either side. Where it was not asked at all places, only
    /// what is so wherever it stands is told.
    pub(super) fn turns(&self, doors: [&[&'a Door]; 2], all_places: bool) -> Vec<Turn> {
        let plain = |door: &&'a Door| (&door.at, &door.from, door.choices.is_empty(), door.unread);
        if doors[0].iter().map(plain).eq(doors[1].iter().map(plain)) {
            return vec![];
        }
        let whole = [0, 1].map(|side| self.open(side, doors[side]));
        let mut turns = vec![];
        let mut told: [Vec<Range>; 2] = Default::default();
        for (opens, is, was) in [(true, 1, 0), (false, 0, 1)] {
            for (certain, from) in parts(since(&whole[is], &whole[was])) {
                told[is].extend(&from);
                let mut places: BTreeMap<Place<'a>, ()> = BTreeMap::new();
                let open = doors[is].iter().filter(|door| !meet(&door.from, &from).is_empty());
                open.for_each(|door| places.extend(places_of(door).map(|place| (place, ()))));
                let at = self.at(is, places.keys().copied()).unwrap_or(At::Awaited);
                turns.push(turn(opens, (at, None), (certain, from), [&whole[is], &whole[was]]));
            }
        }
        let stands = |doors: &[&Door]| !doors.is_empty();
        if all_places && stands(doors[0]) && stands(doors[1]) {
            turns.extend(self.by_place(doors, told.map(tidy)));
        }
        turns
    }

    /// What differs at some places alone.
    fn by_place(&self, doors: [&[&'a Door]; 2], told: [Vec<Range>; 2]) -> Vec<Turn> {
        let places = [0, 1].map(|side| {
            let mut places: BTreeMap<Place<'a>, Vec<&'a Door>> = BTreeMap::new();
            for door in doors[side] {
                for place in places_of(door) {
                    places.entry(place).or_default().push(door);
                }
            }
            let opened = |(place, own): (Place<'a>, Vec<&Door>)| (place, self.open(side, &own));
            places.into_iter().map(opened).collect::<BTreeMap<_, _>>()
        });
        let none = Open::default();
        // By side, certainty and ranges: Nodes together, and each address.
        type Found<'p> = BTreeMap<(bool, Vec<Range>, Option<Place<'p>>), Vec<Place<'p>>>;
        let mut found: [Found<'a>; 2] = Default::default();
        for (is, was) in [(1, 0), (0, 1)] {
            for (place, now) in &places[is] {
                let then = places[was].get(place).unwrap_or(&none);
                for (certain, from) in parts(since(now, then)) {
                    let from = without(&from, &told[is]);
                    if !from.is_empty() {
                        let one = Some(*place).filter(|place| !matches!(place, Place::Node(_)));
                        found[is].entry((certain, from, one)).or_default().push(*place);
                    }
                }
            }
        }
        let lasts = |place: &Place<'_>| match place {
            Place::Node(name) => self.both.contains(name),
            Place::Address(_) | Place::Awaited => true,
        };
        if !found.iter().flat_map(BTreeMap::values).flatten().any(lasts) {
            return vec![];
        }
        let whole = [0, 1].map(|side| self.open(side, doors[side]));
        let mut turns = vec![];
        let ranges = found.each_ref().map(|found| {
            tidy(found.keys().flat_map(|(_, from, _)| from.iter().copied()).collect())
        });
        if ranges[0] == ranges[1] {
            let [old, new] = found.each_ref().map(|found| found.values().flatten().copied());
            let certain = found.iter().all(|found| found.keys().any(|(certain, ..)| *certain));
            let place = (self.at(1, new).unwrap_or(At::Awaited), None);
            let [_, from] = ranges;
            let turn = turn(true, place, (certain, from), [&whole[1], &whole[0]]);
            return vec![Turn { moved: self.at(0, old), ..turn }];
        }
        for (opens, is, was) in [(true, 1, 0), (false, 0, 1)] {
            for ((certain, from, _), mut own) in std::mem::take(&mut found[is]) {
                let open =
                    |place: &&Place<'a>| !own.contains(place) && places[was].contains_key(*place);
                let stays = places[is].keys().filter(open).copied().collect::<Vec<_>>();
                own.retain(lasts);
                let Some(at) = self.at(is, own.into_iter()) else { continue };
                let place = (at, self.at(is, stays.into_iter()));
                turns.push(turn(opens, place, (certain, from), [&whole[is], &whole[was]]));
            }
        }
        turns
    }

    /// From where doors are open.
    fn open(&self, side: usize, doors: &[&Door]) -> Open {
        let mut open = Open::default();
        for door in doors {
            match door.choices.is_empty() && !door.unread {
                true => open.certain.extend(&door.from),
                false => open.perhaps.extend(&door.from),
            }
            let asked = door.choices.iter().map(|choice| self.networks[side].choice(*choice));
            open.choices.extend(asked.filter_map(|choice| classes::choice(self.pair, choice)));
            open.unread |= door.unread;
        }
        open.certain = tidy(std::mem::take(&mut open.certain));
        open.perhaps = tidy(std::mem::take(&mut open.perhaps));
        open
    }

    /// Places of one kind together.
    fn at(&self, side: usize, places: impl Iterator<Item = Place<'a>>) -> Option<At> {
        let mut nodes: Vec<String> = vec![];
        let mut other = None;
        for place in places {
            match place {
                Place::Node(name) => nodes.push(name.to_owned()),
                Place::Address(ip) => _ = other.get_or_insert(At::Address(ip)),
                Place::Awaited => other = Some(At::Awaited),
            }
        }
        nodes.sort();
        nodes.dedup();
        match nodes.is_empty() {
            true => other,
            false => Some(At::Nodes(nodes, self.nodes[side])),
        }
    }
}

fn turn(
    opens: bool,
    (at, stays): (At, Option<At>),
    (certain, from): (bool, Vec<Range>),
    [now, then]: [&Open; 2],
) -> Turn {
    let choices = match certain {
        true => BTreeSet::new(),
        false => now.choices.union(&then.choices).copied().collect(),
    };
    let unread = !certain && (now.unread || then.unread);
    Turn { opens, at, stays, moved: None, certain, from, choices, unread }
}

/// What is open now and was not.
fn since(now: &Open, then: &Open) -> Since {
    let any = tidy([&now.certain[..], &now.perhaps].concat());
    let before = tidy([&then.certain[..], &then.perhaps].concat());
    // What is certain on one side and perhaps on the other may have changed.
    let certain = without(&now.certain, &before);
    let perhaps = without(&any, &then.certain);
    let perhaps = without(&perhaps, &certain);
    let perhaps = without(&perhaps, &meet(&now.perhaps, &then.perhaps));
    [certain, perhaps]
}

fn parts([certain, perhaps]: Since) -> impl Iterator<Item = (bool, Vec<Range>)> {
    [(true, certain), (false, perhaps)].into_iter().filter(|(_, from)| !from.is_empty())
}

fn places_of(door: &Door) -> impl Iterator<Item = Place<'_>> {
    let (nodes, other): (&[String], _) = match &door.at {
        At::Nodes(nodes, _) => (nodes, None),
        At::Address(ip) => (&[], Some(Place::Address(*ip))),
        At::Awaited => (&[], Some(Place::Awaited)),
    };
    nodes.iter().map(|name| Place::Node(name)).chain(other)
}
