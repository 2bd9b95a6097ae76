//! What was not read and could change what a Service leads to: of what goes by such a one nothing is
//! certain (DR-21).

use std::collections::BTreeSet;

use super::Doubt;
use super::judge::Judge;
use super::targets::Target;
use crate::trace::Unread;
use crate::unread::{beside, meshes};

/// What was found to be so.
#[derive(Default)]
pub(super) struct Unknown(BTreeSet<Unread>);

// === impl Unknown ===

impl Unknown {
    /// Whether there is more of these, which are noted.
    pub(super) fn note<'u>(&mut self, more: impl Iterator<Item = &'u Unread>) -> bool {
        let more: Vec<&Unread> = more.collect();
        self.0.extend(more.iter().copied().cloned());
        !more.is_empty()
    }

    /// Whether there is any.
    pub(super) fn is_some(&self) -> bool {
        !self.0.is_empty()
    }

    /// Why nobody knows.
    pub(super) fn doubt(self) -> Option<Doubt> {
        self.is_some().then(|| Doubt::Services(self.0.into_iter().collect()))
    }
}

// === impl Judge ===

impl Judge<'_, '_> {
    /// Whether nobody knows what is behind the Services of a namespace.
    pub(super) fn beside(&mut self, namespace: &str) -> bool {
        self.unknown.note(beside(self.scene.ground.unread, namespace))
    }

    /// Whether nobody knows what becomes of what pods send to Services.
    pub(super) fn meshes(&mut self) -> bool {
        self.unknown.note(meshes(self.scene.ground.unread))
    }

    /// Whether nobody knows of some way in whether it leads to targets, or to others if `beyond`.
    pub(super) fn ways_in(&mut self, targets: &[Target], beyond: bool) -> bool {
        let inside = |target: &Target| !target.pods.is_none() || !target.nodes.is_none();
        if !beyond && !targets.iter().any(inside) {
            return false;
        }
        let services = self.scene.ground.cluster.map_or(&[][..], |cluster| &cluster.services);
        let open = services.iter().filter(|service| service.externally_accessible());
        let unread = self.scene.ground.unread;
        self.unknown.note(open.flat_map(|service| beside(unread, &service.namespace)))
    }
}
