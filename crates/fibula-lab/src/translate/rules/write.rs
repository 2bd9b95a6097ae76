//! The text of a ruleset.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fibula_network::{Action, Addr, Addrs, BackendsId, Family, Kind, Source};
use rustc_hash::FxHashMap;

use crate::plan::{Origin, STOPPED, STOPPED_SET, TABLE};

use super::super::ground::prefix;
use super::super::lines::{Line, Switch};
use super::super::nets::FAMILIES;
use super::super::nft;
use super::super::routes::is_any;
use super::super::{Origins, Refusal};
use super::groups::{Group, Key, groups};
use super::hooks::strangers;
use super::named::set_name;
use super::{Lead, Mode, Outcome, Shape, Step};

/// The bit of a mark that says that an entry marked the message, to have its source rewritten.
pub(super) const MARKED: u32 = 1 << 31;

pub(super) struct Writer<'w, 'n> {
    pub(super) switch: &'w Switch<'n>,
    pub(super) shape: &'w Shape,
    pub(super) origins: &'w Origins,
    pub(super) leads: &'w [Lead],
    /// Sets and maps.
    pub(super) named: String,
    pub(super) chains: String,
    pub(super) sets: BTreeSet<(u32, bool)>,
    /// Chains that have another form for each hook, because something asks where messages come from.
    pub(super) apart: bool,
    pub(super) rewrites: BTreeMap<Origin, String>,
    pub(super) backends: BTreeMap<(BackendsId, bool), String>,
    pub(super) sources: BTreeSet<(Origin, Addr)>,
    /// The names of sets and maps, by what is in them.
    pub(super) lists: FxHashMap<String, String>,
}

/// Where messages are judged: as they arrive from a link, or from a process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    In,
    Out,
}

pub(super) const HOOKS: [Hook; 2] = [Hook::In, Hook::Out];

// === impl Writer ===

impl<'w, 'n> Writer<'w, 'n> {
    pub(super) fn new(
        switch: &'w Switch<'n>,
        shape: &'w Shape,
        origins: &'w Origins,
        leads: &'w [Lead],
    ) -> Self {
        let lines = || switch.tables.iter().flat_map(|table| &table.lines);
        Writer {
            switch,
            shape,
            origins,
            leads,
            named: String::new(),
            chains: String::new(),
            sets: BTreeSet::new(),
            apart: lines().any(|line| line.pattern.from.is_some()),
            rewrites: BTreeMap::new(),
            backends: BTreeMap::new(),
            sources: BTreeSet::new(),
            lists: FxHashMap::default(),
        }
    }

    /// The chain of a table.
    pub(super) fn chain(
        &mut self,
        mode: Mode,
        place: usize,
        steps: &[Step<'_>],
    ) -> Result<(), Refusal> {
        let last = place + 1 == self.switch.tables.len();
        // What comes after the last line that does something may as well not be there.
        let passes = |step: &Step<'_>| step.outcome == Outcome::Pass;
        let ends = last && mode == Mode::New && !covers_all(steps);
        let keep = match steps.iter().rposition(|step| !passes(step)) {
            _ if ends => steps.len(),
            Some(at) => at + 1,
            None if last => 0,
            None => steps.len(),
        };
        let mut rules = vec![];
        for group in groups(&steps[..keep]) {
            self.group(mode, place, &group, &mut rules)?;
        }
        if !last {
            let next = place + 1;
            match mode == Mode::New && next == self.shape.before {
                true => {}
                false => rules.push((None, format!("goto {}", self.name(mode, next)))),
            }
        } else if ends {
            rules.push((None, "meta mark set 0 goto drop_it comment \"no entry\"".into()));
        }
        let name = self.name(mode, place).replace(HOOK, "");
        for hook in self.hooks() {
            let suffix = self.suffix(hook);
            let _ = writeln!(self.chains, "  chain {name}{suffix} {{");
            for (from, rule) in &rules {
                let Some(condition) = self.from(*from, hook) else { continue };
                let _ = writeln!(self.chains, "    {condition}{}", rule.replace(HOOK, suffix));
            }
            self.chains.push_str("  }\n");
        }
        Ok(())
    }

    /// The whole ruleset.
    pub(super) fn finish(mut self) -> String {
        let mut text = format!("table inet {TABLE} {{\n  {}\n", STOPPED_SET.trim());
        let sets = std::mem::take(&mut self.sets);
        for (id, v4) in sets {
            self.addresses(id, v4);
        }
        self.same_address();
        text.push_str(&self.named);
        text.push_str(
            "  chain drop_it {\n    add @STOPPED { meta l4proto . th sport . meta mark } drop\n  }\n  \
             chain refuse_it {\n    add @STOPPED { meta l4proto . th sport . meta mark }\n    \
             meta l4proto tcp reject with tcp reset\n    reject with icmpx port-unreachable\n  }\n"
                .replace("STOPPED", STOPPED)
                .as_str(),
        );
        text.push_str(&self.chains);
        let mut hooks = String::new();
        for hook in HOOKS {
            strangers(hook, &mut hooks);
            self.before(hook, &mut hooks);
            self.nat(hook, &mut hooks);
            self.after(hook, &mut hooks);
        }
        self.sources(&mut hooks);
        text.push_str(&hooks);
        text.push_str("}\n");
        text
    }

    fn hooks(&self) -> &'static [Hook] {
        if self.apart { &HOOKS } else { &HOOKS[..1] }
    }

    pub(super) fn suffix(&self, hook: &Hook) -> &'static str {
        match hook {
            _ if !self.apart => "",
            Hook::In => "_in",
            Hook::Out => "_out",
        }
    }

    /// The chain of a table; what stands for the hook is put in later.
    pub(super) fn name(&self, mode: Mode, place: usize) -> String {
        let table = self.switch.tables[place].name;
        let same = self.switch.tables.iter().filter(|t| nft::name(t.name) == nft::name(table));
        let number = if same.count() > 1 { format!("_{place}") } else { String::new() };
        let mode = if mode == Mode::New { "at" } else { "back" };
        format!("{mode}_{}{number}{HOOK}", nft::name(table))
    }

    /// What asks where a message comes from; none if nothing comes from there by this hook.
    fn from(&self, from: Option<Kind>, hook: &Hook) -> Option<String> {
        let Some(kind) = from else { return Some(String::new()) };
        let local = match self.switch.kind() {
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

    /// The rules of a group of lines.
    fn group(
        &mut self,
        mode: Mode,
        place: usize,
        group: &Group<'_>,
        rules: &mut Vec<(Option<Kind>, String)>,
    ) -> Result<(), Refusal> {
        let Some(first) = group.lines.first() else { return Ok(()) };
        let pattern = &first.pattern;
        let marked =
            match pattern.marked.filter(|_| mode == Mode::New && place >= self.shape.before) {
                Some(true) => format!("meta mark and {MARKED:#x} != 0 "),
                Some(false) => format!("meta mark and {MARKED:#x} == 0 "),
                None => String::new(),
            };
        let families = self.families(first);
        for family in families {
            if *group.outcome == Outcome::Rewrite {
                for line in &group.lines {
                    self.rewrite(line, family)?;
                }
            }
            let target = group.key == Key::None;
            let (switch, sets) = (self.switch, &mut self.sets);
            let conditions =
                nft::conditions(pattern, family, target, |addrs, family| match addrs {
                    Addrs::Set(id) => {
                        sets.insert((id.0, family == Family::V4));
                        format!("@{}", set_name(switch, id.0, family))
                    }
                    Addrs::In(range) => nft::range(range, family).unwrap_or_default(),
                    _ => String::new(),
                });
            let (lookup, verdict) = match (group.key, family) {
                (Key::None, _) | (_, None) => self.alone(first, group.outcome, family),
                (key, Some(family)) => self.list(group, key, family),
            };
            let verdict = match verdict {
                Some(verdict) => verdict,
                None => self.verdict(mode, group.outcome),
            };
            rules.push((pattern.from, format!("{marked}{conditions}{lookup}{verdict}")));
        }
        Ok(())
    }

    /// The families that a line speaks of: both at once if it names no address.
    fn families(&self, line: &Line) -> Vec<Option<Family>> {
        let (src, dst) = (line.pattern.src, line.pattern.dst);
        let masquerades = |family: Family| match line.action {
            Action::Masquerade { by, .. } => self.source(by, family).is_some(),
            _ => true,
        };
        let all = FAMILIES.iter().all(|family| masquerades(*family));
        if is_any(src) && is_any(dst) && all {
            let rewrites = matches!(line.action, Action::Rewrite { .. });
            if !rewrites {
                return vec![None];
            }
        }
        let reaches = |family: &Family| {
            nft::reaches(self.switch, src, *family)
                && nft::reaches(self.switch, dst, *family)
                && masquerades(*family)
        };
        FAMILIES.into_iter().filter(reaches).map(Some).collect()
    }

    /// The mark of a line on its own, and its verdict if that is particular.
    fn alone(
        &mut self,
        line: &Line,
        outcome: &Outcome,
        family: Option<Family>,
    ) -> (String, Option<String>) {
        let words = self.comment(line.origin);
        let mark = line.origin.0;
        match outcome {
            Outcome::Rewrite | Outcome::Drop | Outcome::Refuse | Outcome::Leave => {
                let verdict = format!("{} comment \"{words}\"", self.verdict(Mode::New, outcome));
                (format!("meta mark set {mark} "), Some(verdict))
            }
            Outcome::Masquerade(to) => {
                if let Action::Masquerade { by, .. } = line.action {
                    let families = family.map_or(FAMILIES.to_vec(), |family| vec![family]);
                    let sources = families.into_iter().filter_map(|family| self.source(by, family));
                    let sources: Vec<Addr> = sources.collect();
                    self.sources.extend(sources.into_iter().map(|addr| (line.origin, addr)));
                }
                let to = self.name(Mode::New, *to);
                (format!("ct mark set {mark} "), Some(format!("goto {to} comment \"{words}\"")))
            }
            Outcome::Lead(marks) => {
                let set = match &marks[..] {
                    [one] => format!("meta mark set {} ", one.0),
                    _ => {
                        let marks = marks.iter().enumerate().map(|(i, m)| format!("{i} : {}", m.0));
                        let marks: Vec<String> = marks.collect();
                        let list = marks.join(", ");
                        format!("meta mark set numgen inc mod {} map {{ {list} }} ", marks.len())
                    }
                };
                (set, Some(format!("accept comment \"{words}\"")))
            }
            Outcome::Pass | Outcome::Lose | Outcome::Goto(_) => (String::new(), None),
        }
    }

    fn verdict(&self, mode: Mode, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Pass | Outcome::Rewrite | Outcome::Leave | Outcome::Lead(_) => "accept".into(),
            Outcome::Drop => "goto drop_it".into(),
            Outcome::Refuse => "goto refuse_it".into(),
            Outcome::Lose => "drop".into(),
            Outcome::Goto(to) | Outcome::Masquerade(to) => format!("goto {}", self.name(mode, *to)),
        }
    }

    pub(super) fn comment(&self, origin: Origin) -> String {
        nft::comment(self.origins.words.get(origin.0 as usize).map_or("", |words| words))
    }

    pub(super) fn source(&self, by: Source, family: Family) -> Option<Addr> {
        match by {
            Source::Own => self.switch.me.masquerade(family),
            Source::Is(addr) => Some(addr).filter(|addr| addr.family() == family),
        }
    }
}

/// What stands in the name of a chain for the hook.
pub(super) const HOOK: &str = "#";

/// Whether some line decides about every message.
fn covers_all(steps: &[Step<'_>]) -> bool {
    let all = |step: &Step<'_>| step.line.is_full() && is_any(step.line.pattern.dst);
    steps.iter().any(all)
}
