//! Where all messages to one target end, from every switch.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::atoms::Atom;
use super::chains::Care;
use super::decide::{Decider, Entering, add};
use super::fields::Fields;
use super::ground::Ground;
use super::hops::Hops;
use super::solve::Here;
use super::toward::{Spot, Toward};
use super::trust::Trust;
use crate::element::{ElementId, Kind};
use crate::fib::HopsId;
use crate::set::{SetId, Space};
use crate::walk::{Ending, Verdict};

/// How much is remembered of where messages end, before it is forgotten at the next question.
const MEMORY: usize = 1 << 16;

/// Follows sets of headers through a network.
pub struct Flow<'g> {
    /// The network, prepared.
    pub ground: &'g Ground<'g>,
    /// What the levels of the space mean.
    pub fields: Fields,
    /// The sets.
    pub space: Space,
    pub(super) trust: Option<&'g Trust>,
    pub(super) decider: Decider,
    pub(super) known: FxHashMap<Here, Fate>,
    pub(super) towards: FxHashMap<(Atom, Care), Rc<Toward<'g>>>,
    pub(super) hops: FxHashMap<(HopsId, ElementId, bool), Hops>,
}

/// Where each header to a target ends: sets that together are all headers. They overlap where a
/// message has alternatives: it can end in each way whose set it is in.
///
/// Where not every alternative is asked for, headers that a trusted Rewrite takes are in no set for
/// that (see [`Trust`]), and of switches that treat the target alike one stands for all: the
/// verdicts are the same, not the places. Unless it was asked for exactly, a header is in the set of
/// each way in which chains could make it end too, and it may be that none does
/// ([`Flow::exactly`]).
pub type Fate = Rc<[(SetId, End)]>;

/// How some messages end that were at a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// How.
    pub verdict: Verdict,
    /// Where. For a loop, which is nowhere, the switch that was asked about.
    pub at: At,
}

/// A place as seen from a switch, in words that hold for all switches that decide alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// The switch that hosts the one that hosts it …, so many times; 0 is the switch itself.
    Up(u8),
    /// The listener with an index, of a switch that is found likewise.
    Listener(u8, u32),
    /// This element.
    Is(ElementId),
}

// === impl Flow ===

impl<'g> Flow<'g> {
    /// Follows nothing yet, and will follow every alternative.
    pub fn new(ground: &'g Ground<'g>) -> Flow<'g> {
        let (fields, space) = Fields::new(ground.network, &ground.atoms);
        Flow {
            ground,
            fields,
            space,
            trust: None,
            decider: Decider::default(),
            known: FxHashMap::default(),
            towards: FxHashMap::default(),
            hops: FxHashMap::default(),
        }
    }

    /// The same, but follows no message through a Rewrite to trusted backends.
    pub fn trusting(ground: &'g Ground<'g>, trust: &'g Trust) -> Flow<'g> {
        Flow { trust: Some(trust), ..Flow::new(ground) }
    }

    /// Begins to ask about a target: in which ways messages can end that the chains of tables let
    /// pass, and those that they do not, whichever these are.
    pub fn toward(&mut self, atom: Atom) -> Rc<Toward<'g>> {
        self.begin(atom, Care::Reasons)
    }

    /// Begins to ask likewise, and whether headers end with a reason whichever of the trusted
    /// backends each switch sees, and whichever ports the owner of the target listens on: those that
    /// may not are in a set of such an end. So it holds for all targets that are alike but for these
    /// (see [`Likeness`](super::Likeness)). Verdicts and places say no more than that.
    pub fn roughly(&mut self, atom: Atom) -> Rc<Toward<'g>> {
        self.begin(atom, Care::Roughly)
    }

    /// Begins to ask about a target likewise, and will follow every alternative.
    pub fn closely(&mut self, atom: Atom) -> Rc<Toward<'g>> {
        self.begin(atom, Care::Alternatives)
    }

    /// Begins to ask about a target, and will follow every alternative, and every chain: each Node
    /// that hosts Pods is asked for itself.
    pub fn exactly(&mut self, atom: Atom) -> Rc<Toward<'g>> {
        self.begin(atom, Care::Exact)
    }

    /// Forgets what it found: what is asked next is found anew.
    pub fn forget(&mut self) {
        self.known.clear();
        self.towards.clear();
        self.decider = Decider::default();
    }

    fn begin(&mut self, atom: Atom, care: Care) -> Rc<Toward<'g>> {
        if self.known.len() > MEMORY {
            self.known.clear();
            self.towards.clear();
        }
        self.after(atom, care)
    }

    /// A target that messages to the one asked about are rewritten to, or that one.
    pub(super) fn after(&mut self, atom: Atom, care: Care) -> Rc<Toward<'g>> {
        let care = match care {
            care if care.trusts() && self.trust.is_none() => Care::Alternatives,
            Care::Exact if self.ground.filtering.is_empty() => Care::Alternatives,
            care => care,
        };
        let Flow { ground, trust, towards, .. } = self;
        let toward = towards.entry((atom, care));
        toward.or_insert_with(|| Rc::new(Toward::new(ground, *trust, atom, care))).clone()
    }

    /// Where each message to the target ends that arrives at `switch` from an element of the kind
    /// `from`. Costs little where an alike switch or target was asked about before.
    pub fn fate(&mut self, toward: &Rc<Toward<'g>>, switch: ElementId, from: Kind) -> Fate {
        self.solve(toward, switch, from, Entering::default())
    }

    /// Where each message ends that arrived so and was then rewritten to the target: one fate for
    /// each place in the switch's pipeline at which a Rewrite goes on, marked and not.
    pub fn rewritten(
        &mut self,
        toward: &Rc<Toward<'g>>,
        switch: ElementId,
        from: Kind,
    ) -> Vec<Fate> {
        let Some(fib) = self.ground.network.fib(switch) else { return vec![] };
        let positions = self.ground.rewrites.positions(fib.pipeline).to_vec();
        let mut fates = vec![];
        for position in positions {
            for marked in [false, true] {
                fates.push(self.solve(toward, switch, from, Entering { position, marked }));
            }
        }
        fates
    }

    /// A switch of each kind that treats the target in its own way: what is true of the messages
    /// to it from all of these is true from everywhere. Sorted.
    pub fn switches(&self, toward: &Toward<'g>) -> Vec<ElementId> {
        let classes = toward.classes(self.ground).members.iter().enumerate();
        let ordinary = classes.filter_map(|(class, members)| {
            let spot = Spot::Class(class as u32, None);
            members.iter().copied().find(|member| toward.spot(self.ground, *member) == spot)
        });
        let near = toward
            .special
            .iter()
            .flat_map(|host| std::iter::once(*host).chain(toward.hosted(self.ground, *host)));
        let mut switches: Vec<ElementId> = ordinary.chain(near).collect();
        switches.sort_unstable();
        switches
    }

    /// The switches that treat the target as this one does, itself included; sorted. Costs a pass
    /// over its class, if they are all asked for.
    pub fn alike<'a>(
        &self,
        toward: &'a Toward<'g>,
        switch: ElementId,
    ) -> impl Iterator<Item = ElementId> + use<'a, 'g> {
        let ground = self.ground;
        let spot = toward.spot(ground, switch);
        let (one, members) = match spot {
            Spot::One(switch) => (Some(switch), &[][..]),
            Spot::Class(class, _) => (None, &toward.classes(ground).members[class as usize][..]),
        };
        let alike = members.iter().copied().filter(move |id| toward.spot(ground, *id) == spot);
        one.into_iter().chain(alike)
    }

    /// The element that a place means, seen from a switch.
    pub fn place(&self, switch: ElementId, at: At) -> ElementId {
        let network = self.ground.network;
        let up = |up| network.host_above(switch, up).unwrap_or(switch);
        match at {
            At::Is(element) => element,
            At::Up(n) => up(n),
            At::Listener(n, i) => {
                let listeners = network.fib(up(n)).map(|fib| &fib.me.listeners);
                listeners.and_then(|all| all.get(i as usize)).map_or(up(n), |l| l.process)
            }
        }
    }

    /// Where each message of a set ends that `process` sends: sets whose union it is, and that
    /// overlap where a message has alternatives.
    ///
    /// Costs a question for each target atom of the set.
    pub fn flow(&mut self, process: ElementId, set: SetId) -> Vec<(SetId, Ending)> {
        let network = self.ground.network;
        let Some(host) =
            network.facts.host(process).filter(|host| network.links.contains(process, *host))
        else {
            return vec![(set, Ending { verdict: Verdict::NoLink, at: process })];
        };
        let mut out = vec![];
        for (lo, hi) in self.space.values(set, self.fields.target()) {
            for atom in lo..=hi {
                let to = self.fields.to(&mut self.space, (atom, atom));
                let asked = self.space.and(set, to);
                let toward = self.exactly(atom);
                let fate = self.fate(&toward, host, network.kind(process));
                for (part, end) in fate.iter() {
                    let hit = self.space.and(asked, *part);
                    let ending = Ending { verdict: end.verdict, at: self.place(host, end.at) };
                    add(&mut self.space, &mut out, hit, ending);
                }
            }
        }
        out
    }
}
