//! What a proof has found so far, and how that becomes an outcome.

use fibula_network::walk::{Life, Verdict, branches, walk};
use fibula_network::{Addr, ElementId, Header, Kind, Network};

use super::{Counterexample, Outcome};

/// In how many lives of a message the one is looked for that breaks a constraint.
const BRANCHES: usize = 4096;

/// What was found of C2 to C4 and R5.
#[derive(Default)]
pub(crate) struct Tallies {
    pub(crate) c2: Tally,
    pub(crate) c3: Tally,
    pub(crate) c4: Tally,
    pub(crate) r5: Tally,
}

/// What was found of one constraint.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many break it under every value of the open choices.
    pub(crate) broken: u64,
    /// How many break it under some.
    pub(crate) open: u64,
    /// Whether counting was given up.
    pub(crate) at_least: bool,
    /// The first message found for each way to end.
    shown: Vec<Witness>,
}

/// A message that breaks a constraint.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Witness {
    /// Whether it does so under some choices only.
    pub(crate) open: bool,
    pub(crate) verdict: Option<Verdict>,
    /// Those to an address that somebody owns come first, and IPv4 before IPv6.
    pub(crate) unowned: bool,
    pub(crate) ipv6: bool,
    pub(crate) dst: Addr,
    /// Those that a container sends come before a daemon's, and the world's last.
    pub(crate) sender: Kind,
    pub(crate) from: ElementId,
    pub(crate) header: Header,
    pub(crate) choices: Vec<u8>,
    pub(crate) expected: Vec<ElementId>,
    /// Whether a policy may drop it (NM-3).
    pub(crate) droppable: bool,
}

// === impl Tallies ===

impl Tallies {
    /// Both together, whatever their order.
    pub(crate) fn merge(self, other: Tallies) -> Tallies {
        Tallies {
            c2: self.c2.merge(other.c2),
            c3: self.c3.merge(other.c3),
            c4: self.c4.merge(other.c4),
            r5: self.r5.merge(other.r5),
        }
    }
}

impl Tallies {
    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        let Tallies { c2, c3, c4, r5 } = self;
        [c2, c3, c4, r5].iter().all(|tally| tally.is_empty())
    }

    /// Leaves it at "at least" for what others suspect; not, if for one of these constraints nothing
    /// was found yet that breaks it for certain.
    pub(crate) fn give_up(&mut self, suspected: &Tallies) -> bool {
        let Tallies { c2, c3, c4, r5 } = suspected;
        let mut pairs =
            [(&mut self.c2, c2), (&mut self.c3, c3), (&mut self.c4, c4), (&mut self.r5, r5)];
        let known = pairs.iter().all(|(own, other)| other.is_empty() || own.broken > 0);
        for (own, other) in &mut pairs {
            own.at_least |= known && !other.is_empty();
        }
        known
    }
}

// === impl Tally ===

impl Tally {
    fn is_empty(&self) -> bool {
        (self.broken, self.open) == (0, 0)
    }

    /// Notes `count` things that break the constraint, and a message of them.
    pub(crate) fn note(&mut self, count: u64, witness: Witness) {
        if witness.open {
            self.open += count;
        } else {
            self.broken += count;
        }
        self.show(witness);
    }

    /// Keeps a message, if it is the first of its kind.
    pub(crate) fn show(&mut self, witness: Witness) {
        let alike =
            |known: &&mut Witness| (known.open, known.verdict) == (witness.open, witness.verdict);
        match self.shown.iter_mut().find(alike) {
            Some(known) if *known <= witness => {}
            Some(known) => *known = witness,
            None => self.shown.push(witness),
        }
    }

    fn merge(mut self, other: Tally) -> Tally {
        self.broken += other.broken;
        self.open += other.open;
        self.at_least |= other.at_least;
        for witness in other.shown {
            self.show(witness);
        }
        self
    }

    /// What it means for the constraint; each message is replayed.
    pub(crate) fn outcome(mut self, network: &Network) -> Outcome {
        self.shown.sort_unstable();
        let at_least = self.at_least;
        let shown = |open| {
            let witnesses = self.shown.iter().filter(move |witness| witness.open == open);
            witnesses.map(|witness| witness.replay(network)).collect()
        };
        match (self.broken, self.open) {
            (0, 0) => Outcome::Proved,
            (0, open) => Outcome::Undecided { open, at_least, shown: shown(true) },
            (broken, _) => Outcome::Violated { broken, at_least, shown: shown(false) },
        }
    }
}

// === impl Witness ===

impl Witness {
    fn replay(&self, network: &Network) -> Counterexample {
        let lives = branches(network, self.from, self.header, &self.choices, BRANCHES).lives;
        let breaks = |life: &&Life| match self.verdict {
            Some(verdict) => life.ending.verdict == verdict,
            None => match life.ending.verdict {
                Verdict::Delivered => !self.expected.contains(&life.ending.at),
                verdict => !self.droppable || verdict != Verdict::DroppedByPolicy,
            },
        };
        let life = match lives.iter().find(breaks) {
            Some(life) => life.clone(),
            None => walk(network, self.from, self.header, &self.choices),
        };
        Counterexample::Message {
            from: self.from,
            header: self.header,
            choices: self.choices.clone(),
            expected: self.expected.clone(),
            life,
        }
    }
}
