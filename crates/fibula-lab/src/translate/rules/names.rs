//! The hooks by which messages come to chains, and what chains are called there.

use fibula_network::Kind;

use super::super::ground::prefix;
use super::super::lines::Switch;
use super::super::nft;
use super::write::Writer;
use super::{At, Mode};

/// Where messages are judged: as they arrive from a link, or from a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hook {
    In,
    Out,
}

pub(super) const HOOKS: [Hook; 2] = [Hook::In, Hook::Out];

/// The hooks that need chains of their own: one stands for both where nothing asks where messages
/// come from.
pub(super) fn hooks(switch: &Switch<'_>) -> &'static [Hook] {
    let apart = switch.lines().any(|line| line.pattern.from.is_some());
    if apart { &HOOKS } else { &HOOKS[..1] }
}

/// What stands in the name of a chain for the hook.
pub(super) const HOOK: &str = "#";

// === impl Writer ===

impl Writer<'_, '_> {
    pub(super) fn suffix(&self, hook: &Hook) -> &'static str {
        match hook {
            _ if !self.apart => "",
            Hook::In => "_in",
            Hook::Out => "_out",
        }
    }

    /// What asks where a message comes from; none if nothing comes from there by this hook.
    pub(super) fn from(switch: &Switch<'_>, from: Option<Kind>, hook: Hook) -> Option<String> {
        let Some(kind) = from else { return Some(String::new()) };
        let local = match switch.kind() {
            Kind::Pod => Kind::Container,
            Kind::Outside => Kind::World,
            _ => Kind::Daemon,
        };
        match hook {
            Hook::In if !kind.is_process() => Some(format!("iifname \"{}*\" ", prefix(kind))),
            Hook::Out if kind == local => Some(String::new()),
            _ => None,
        }
    }

    /// The name of a chain; what stands for the hook is put in later.
    pub(super) fn name(&self, mode: Mode, at: At) -> String {
        let mode = if mode == Mode::New { "at" } else { "back" };
        match at {
            At::Filter(filter) => {
                let filter = &self.switch.filters[filter];
                format!("{mode}_{}_{}{HOOK}", nft::name(filter.name), filter.id.0)
            }
            At::Place(place) => {
                let name = nft::name(self.switch.tables[place].name);
                let same = self.switch.tables.iter().filter(|t| nft::name(t.name) == name);
                let number = if same.count() > 1 { format!("_{place}") } else { String::new() };
                format!("{mode}_{name}{number}{HOOK}")
            }
        }
    }

    /// How a message goes on at the table of a place, from a chain: there, or by its mark, where
    /// another hook holds it.
    pub(super) fn goto(&mut self, mode: Mode, from: At, to: usize) -> String {
        let here = |from| self.shape.hook_of(from) == self.shape.hook_of(to);
        match from {
            At::Place(from) if here(from) => format!("goto {}", self.name(mode, At::Place(to))),
            _ => {
                self.gone.insert(to);
                format!("goto go_{to}")
            }
        }
    }

    /// Whether messages come to a chain by a hook.
    pub(super) fn is_reached(&self, hook: Hook, mode: Mode, at: At) -> bool {
        self.reached.contains(&(if self.apart { hook } else { Hook::In }, mode, at))
    }
}
