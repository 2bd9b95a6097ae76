//! The decision register: what Kubernetes leaves open and shipping plugins do in different ways.
//!
//! Each is a choice of the network while nobody decides it, so that whatever depends on it is
//! undecided and says so; a profile decides them for one plugin. What Kubernetes leaves open and
//! plugins do alike, or what the network cannot tell apart, has its reference value and no choice
//! here (DR-1, DR-2, DR-5, DR-8, DR-15, DR-18).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A decision that shipping plugins take in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// DR-2b: whether an ipBlock matches pods.
    BlocksMatchPods,
    /// DR-3: whether policies judge what a pod sends to its own Node.
    OwnNode,
    /// DR-4: whether NetworkPolicies judge what comes back to its sender through a Service.
    Hairpin,
    /// DR-7: which source a policy sees of a masqueraded message to a pod of the same Node.
    SeenSource,
}

/// Which decisions are taken, and how: the rest stay open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    taken: BTreeMap<Decision, u8>,
}

/// The decisions of a kind of plugin, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// The reference: what upstream tests, the documentation and most plugins agree on (semantics,
    /// section 12).
    Reference,
    /// A plugin that never matches pods by ipBlock, as Cilium (DR-2b); what else it does stays
    /// open.
    Cilium,
}

// === impl Decision ===

impl Decision {
    /// Each decision, in their order.
    pub const ALL: [Decision; 4] =
        [Decision::BlocksMatchPods, Decision::OwnNode, Decision::Hairpin, Decision::SeenSource];

    /// Its id in the register.
    pub fn id(self) -> &'static str {
        match self {
            Decision::BlocksMatchPods => "DR-2b",
            Decision::OwnNode => "DR-3",
            Decision::Hairpin => "DR-4",
            Decision::SeenSource => "DR-7",
        }
    }

    /// What is to be decided, as a question for people.
    pub fn question(self) -> &'static str {
        match self {
            Decision::BlocksMatchPods => "does an ipBlock match the addresses of pods?",
            Decision::OwnNode => "do NetworkPolicies judge what a pod sends to its own node?",
            Decision::Hairpin => {
                "do NetworkPolicies judge what comes back to its sender through a Service?"
            }
            Decision::SeenSource => {
                "of a message whose source the pod's node rewrites, do policies see client or node?"
            }
        }
    }

    /// What can be decided, by value; the first is the reference.
    pub fn values(self) -> [&'static str; 2] {
        match self {
            Decision::BlocksMatchPods => ["yes", "no"],
            Decision::OwnNode | Decision::Hairpin => ["no", "yes"],
            Decision::SeenSource => ["client", "node"],
        }
    }

    /// The value of a word of [`Decision::values`].
    pub fn value(self, word: &str) -> Option<u8> {
        let at = self.values().iter().position(|known| known.eq_ignore_ascii_case(word))?;
        Some(at as u8)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Decision {
    type Err = String;

    fn from_str(text: &str) -> Result<Decision, String> {
        let known = Decision::ALL.into_iter();
        known.clone().find(|decision| decision.id().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let ids: Vec<&str> = known.map(Decision::id).collect();
            format!("{text:?} is no decision: one of {}", ids.join(", "))
        })
    }
}

// === impl Decisions ===

impl Decisions {
    /// The value that was decided on; none while it is open.
    pub fn taken(&self, decision: Decision) -> Option<u8> {
        self.taken.get(&decision).copied()
    }

    /// Takes a decision.
    pub fn set(&mut self, decision: Decision, value: u8) {
        self.taken.insert(decision, value);
    }

    /// What is decided, by decision.
    pub fn all(&self) -> impl Iterator<Item = (Decision, u8)> + '_ {
        self.taken.iter().map(|(decision, value)| (*decision, *value))
    }
}

impl From<Profile> for Decisions {
    fn from(profile: Profile) -> Decisions {
        let taken = match profile {
            Profile::Reference => Decision::ALL.into_iter().map(|decision| (decision, 0)).collect(),
            Profile::Cilium => BTreeMap::from([(Decision::BlocksMatchPods, 1)]),
        };
        Decisions { taken }
    }
}

// === impl Profile ===

impl Profile {
    /// Each profile, in their order.
    pub const ALL: [Profile; 2] = [Profile::Reference, Profile::Cilium];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Reference => "reference",
            Profile::Cilium => "cilium",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Profile, String> {
        let found = Profile::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| format!("{text:?} is no profile: reference or cilium"))
    }
}
