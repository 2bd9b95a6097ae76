//! What questions are put to: a network, and what is known of where it comes from.

use std::collections::BTreeMap;

use fibula_cluster::{Cluster, Decides};
use fibula_network::Network;

/// What a question is put to.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The network.
    pub network: &'a Network,
    /// The cluster that it was made for, if it was.
    pub cluster: Option<&'a Cluster>,
    /// What the input holds that decides traffic and was not read, and that the user has not
    /// accepted (DR-21).
    pub unread: &'a [Unread],
    /// Makes the network of a cluster whose pods run elsewhere, as this one was made (DR-20): so that
    /// it can be seen whether an answer depends on where they do.
    pub remake: Option<&'a dyn Fn(&Cluster) -> Network>,
}

/// Objects of a kind that decide traffic and are not read (DR-21).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// What they decide.
    pub decides: Decides,
    /// Their kind.
    pub kind: String,
    /// How many there are in each namespace; under an empty name those that have none. None at all,
    /// under an empty name, where nobody could tell: they may not be listed.
    pub namespaces: BTreeMap<String, usize>,
}

// === impl Unread ===

impl Unread {
    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.namespaces.values().sum()
    }

    /// Whether they may not be listed: there may be any number of them, for anybody.
    pub fn is_forbidden(&self) -> bool {
        self.namespaces.get("") == Some(&0)
    }
}
