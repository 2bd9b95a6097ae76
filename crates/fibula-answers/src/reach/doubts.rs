//! Whom policies that were not read could concern (DR-21).

use std::collections::BTreeSet;

use super::Who;
use crate::trace::{ALLOW, AT_TARGET, ROOT, Unread};

/// Whom they could concern, by what they could do.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// Whose messages could be withheld.
    sources: Scope,
    /// From whom they could be.
    targets: Scope,
    /// Whose messages could be let through, though another policy drops them.
    opens: Scope,
}

/// Namespaces, or all.
#[derive(Debug, Default)]
struct Scope {
    all: bool,
    names: BTreeSet<String>,
}

// === impl Doubts ===

impl Doubts {
    pub(crate) fn new(unread: &[Unread]) -> Doubts {
        let mut doubts = Doubts::default();
        for Unread { kind, namespaces, .. } in unread {
            for name in namespaces.keys() {
                // A mesh acts where a message arrives; one of its namespaces is for all others too.
                if AT_TARGET.contains(&&**kind) {
                    doubts.targets.add(if name == ROOT { "" } else { name });
                    continue;
                }
                doubts.sources.add(name);
                doubts.targets.add(name);
                if ALLOW.contains(&&**kind) {
                    doubts.opens.add(name);
                }
            }
        }
        doubts
    }

    /// Whether what somebody sends could be withheld.
    pub(crate) fn source(&self, who: &Who) -> bool {
        self.sources.has(who)
    }

    /// Whether what is sent to somebody could be.
    pub(crate) fn target(&self, who: &Who) -> bool {
        self.targets.has(who)
    }

    /// Whether what is dropped for somebody could be let through.
    pub(crate) fn opens(&self, who: &Who) -> bool {
        self.opens.has(who)
    }

    /// Whether that could be for anybody.
    pub(crate) fn opens_some(&self) -> bool {
        self.opens.all || !self.opens.names.is_empty()
    }
}

impl Scope {
    fn add(&mut self, name: &str) {
        match name {
            "" => self.all = true,
            name => _ = self.names.insert(name.to_owned()),
        }
    }

    /// Policies are for pods.
    fn has(&self, who: &Who) -> bool {
        match who {
            Who::Workload { namespace, .. } => self.all || self.names.contains(namespace),
            Who::Node(_) | Who::OwnNode | Who::World(_) => false,
        }
    }
}
