//! What a switch makes of a header, and what headers it made into some.

use super::atoms::Atom;
use super::fields::Fields;
use crate::set::{SetId, Space};

/// What became of a header on its way through a switch: the fields that entries rewrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Became {
    /// The target, if a Rewrite chose another one.
    pub(crate) target: Option<Atom>,
    /// Its port, which a Rewrite chooses with it.
    pub(crate) port: Option<u16>,
    /// The source, if the message was masqueraded.
    pub(crate) source: Option<Atom>,
}

// === impl Became ===

impl Became {
    /// The headers that became a header of the set, whatever their target: each field that was
    /// rewritten is fixed to what it became, then forgotten.
    pub(crate) fn before(self, space: &mut Space, fields: Fields, set: SetId) -> SetId {
        let mut set = set;
        if let Some(port) = self.port {
            let fixed = fields.dport(space, port, port);
            set = space.and(set, fixed);
            set = space.exists(set, fields.target_port());
        }
        if let Some(source) = self.source {
            let fixed = fields.from(space, (source, source));
            set = space.and(set, fixed);
            set = space.exists(set, fields.source());
        }
        set
    }
}
