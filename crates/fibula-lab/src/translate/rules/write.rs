//! The text of a ruleset.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fibula_network::{Action, Addr, Addrs, BackendsId, Family, Kind, Source};
use rustc_hash::FxHashMap;

use crate::plan::{Origin, STOPPED, STOPPED_SET, TABLE};

use super::super::lines::{Line, Switch};
use super::super::nets::FAMILIES;
use super::super::nft;
use super::super::routes::is_any;
use super::super::{Origins, Refusal};
use super::groups::{Group, Key, groups};
use super::hooks::strangers;
use super::named::set_name;
use super::names::{HOOK, HOOKS, Hook, hooks};
use super::reach::{Reached, decides_all};
use super::{At, Chain, Lead, Mode, Outcome, Shape, Step};

/// The bit of a mark that says that an entry marked the message, to have its source rewritten.
pub(super) const MARKED: u32 = 1 << 31;

/// The bits of a mark that say at which place of the pipeline a message goes on; none at the next.
pub(super) const PLACES: u32 = MARKED - 1 - NUMBER;

/// The bits of a mark that are the number of an entry.
pub(super) const NUMBER: u32 = (1 << 24) - 1;

/// A rule of a chain.
struct Rule {
    /// The kind of element that it asks messages to come from.
    from: Option<Kind>,
    text: String,
    /// The hooks by which nothing passes it.
    all: Vec<Hook>,
}

pub(super) struct Writer<'w, 'n> {
    pub(super) switch: &'w Switch<'n>,
    pub(super) shape: &'w Shape,
    pub(super) origins: &'w Origins,
    pub(super) leads: &'w [Lead],
    /// The chains that some message comes to.
    pub(super) reached: &'w Reached,
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
    /// The places at which messages go on that another hook holds.
    pub(super) gone: BTreeSet<usize>,
}

// === impl Writer ===

impl<'w, 'n> Writer<'w, 'n> {
    pub(super) fn new(
        switch: &'w Switch<'n>,
        shape: &'w Shape,
        origins: &'w Origins,
        leads: &'w [Lead],
        reached: &'w Reached,
    ) -> Self {
        Writer {
            switch,
            shape,
            origins,
            leads,
            reached,
            named: String::new(),
            chains: String::new(),
            sets: BTreeSet::new(),
            apart: hooks(switch).len() > 1,
            rewrites: BTreeMap::new(),
            backends: BTreeMap::new(),
            sources: BTreeSet::new(),
            lists: FxHashMap::default(),
            gone: shape
                .jumps
                .iter()
                .map(|(_, to)| *to)
                .filter(|to| shape.hook_of(*to) > 0)
                .collect(),
        }
    }

    /// A chain of rules, for each hook by which messages come to it.
    pub(super) fn chain(&mut self, chain: &Chain<'_>) -> Result<(), Refusal> {
        let Chain { mode, at, steps } = chain;
        let hooks: Vec<Hook> =
            HOOKS.into_iter().filter(|hook| self.reached.contains(&(*hook, *mode, *at))).collect();
        if hooks.is_empty() {
            return Ok(());
        }
        let steps = &steps[..self.counts(chain)];
        let mut rules = vec![];
        for group in groups(steps) {
            let start = rules.len();
            self.group(*mode, *at, &group, &mut rules)?;
            if let [only] = group.lines[..] {
                let step = Step { line: only, outcome: group.outcome.clone() };
                let all = |hook: &Hook| decides_all(&step, *hook);
                let all: Vec<Hook> = hooks.iter().copied().filter(all).collect();
                rules[start..].iter_mut().for_each(|rule| rule.all = all.clone());
            }
        }
        if let At::Place(place) = *at {
            self.end(*mode, place, &chain.steps, &mut rules);
        }
        let name = self.name(*mode, *at).replace(HOOK, "");
        for hook in hooks {
            let suffix = self.suffix(&hook);
            let _ = writeln!(self.chains, "  chain {name}{suffix} {{");
            for Rule { from, text, all } in &rules {
                let Some(condition) = Writer::from(self.switch, *from, hook) else { continue };
                let _ = writeln!(self.chains, "    {condition}{}", text.replace(HOOK, suffix));
                if all.contains(&hook) {
                    break;
                }
            }
            self.chains.push_str("  }\n");
        }
        Ok(())
    }

    /// How many steps of a chain count: what comes after the last that does something may as well
    /// not be there.
    fn counts(&self, chain: &Chain<'_>) -> usize {
        let steps = &chain.steps;
        let last = chain.at == At::Place(self.switch.tables.len() - 1);
        match steps.iter().rposition(|step| step.outcome != Outcome::Pass) {
            _ if last && self.runs_out(chain.mode, steps) => steps.len(),
            Some(at) => at + 1,
            None if last => 0,
            None => steps.len(),
        }
    }

    /// Whether the last table can leave a message without an entry, or has chains behind its
    /// entries.
    fn runs_out(&self, mode: Mode, steps: &[Step<'_>]) -> bool {
        let chained = self.switch.tables.last().is_some_and(|table| table.chained.is_some());
        chained || mode == Mode::New && !covers_all(steps)
    }

    /// What follows the entries of a table: its chains, and the next table.
    fn end(&mut self, mode: Mode, place: usize, steps: &[Step<'_>], rules: &mut Vec<Rule>) {
        let next = place + 1;
        let mut rule = |text: String| rules.push(Rule { from: None, text, all: vec![] });
        if self.switch.tables[place].chained.is_some() {
            self.pods_of(mode, place).into_iter().for_each(&mut rule);
        }
        if next == self.switch.tables.len() {
            if mode == Mode::New && !covers_all(steps) {
                rule("meta mark set 0 goto drop_it comment \"no entry\"".into());
            }
        } else if self.shape.hook_of(next) == self.shape.hook_of(place)
            && !(mode == Mode::New && next == self.shape.before)
        {
            rule(format!("goto {}", self.name(mode, At::Place(next))));
        }
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
        for place in &self.gone {
            let (rest, place_) = (!PLACES, place << NUMBER.count_ones());
            let _ = writeln!(
                text,
                "  chain go_{place} {{\n    meta mark set meta mark and {rest:#x} or {place_:#x} accept \
                 comment \"on at {}\"\n  }}",
                self.switch.tables[*place].name
            );
        }
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

    /// The rules of a group of lines.
    fn group(
        &mut self,
        mode: Mode,
        at: At,
        group: &Group<'_>,
        rules: &mut Vec<Rule>,
    ) -> Result<(), Refusal> {
        let Some(first) = group.lines.first() else { return Ok(()) };
        let pattern = &first.pattern;
        let marked = match pattern.marked.filter(|_| mode == Mode::New && self.is_after(at)) {
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
                (Key::None, _) | (_, None) => self.alone(mode, at, first, group.outcome, family),
                (key, Some(family)) => self.list(group, key, family),
            };
            let verdict = match verdict {
                Some(verdict) => verdict,
                None => self.verdict(mode, at, group.outcome),
            };
            let text = format!("{marked}{conditions}{lookup}{verdict}");
            rules.push(Rule { from: pattern.from, text, all: vec![] });
        }
        Ok(())
    }

    /// Whether a chain comes after targets are rewritten.
    fn is_after(&self, at: At) -> bool {
        !matches!(at, At::Place(place) if place < self.shape.before)
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
        mode: Mode,
        at: At,
        line: &Line,
        outcome: &Outcome,
        family: Option<Family>,
    ) -> (String, Option<String>) {
        let words = self.comment(line.origin);
        let mark = line.origin.0;
        match outcome {
            Outcome::Rewrite | Outcome::Drop | Outcome::Refuse | Outcome::Leave => {
                let verdict = format!("{} comment \"{words}\"", self.verdict(mode, at, outcome));
                (format!("meta mark set {mark} "), Some(verdict))
            }
            Outcome::Masquerade(to) => {
                if let Action::Masquerade { by, .. } = line.action {
                    let families = family.map_or(FAMILIES.to_vec(), |family| vec![family]);
                    let sources = families.into_iter().filter_map(|family| self.source(by, family));
                    let sources: Vec<Addr> = sources.collect();
                    self.sources.extend(sources.into_iter().map(|addr| (line.origin, addr)));
                }
                let to = self.goto(mode, at, *to);
                (format!("ct mark set {mark} "), Some(format!("{to} comment \"{words}\"")))
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
            // Of filters it is worth knowing which lets a message pass.
            Outcome::Goto(_) if matches!(at, At::Filter(_)) => {
                let verdict = format!("{} comment \"{words}\"", self.verdict(mode, at, outcome));
                (String::new(), Some(verdict))
            }
            Outcome::Pass | Outcome::Lose | Outcome::Goto(_) => (String::new(), None),
        }
    }

    fn verdict(&mut self, mode: Mode, at: At, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Pass | Outcome::Rewrite | Outcome::Leave | Outcome::Lead(_) => "accept".into(),
            Outcome::Drop => "goto drop_it".into(),
            Outcome::Refuse => "goto refuse_it".into(),
            Outcome::Lose => "drop".into(),
            Outcome::Goto(to) | Outcome::Masquerade(to) => self.goto(mode, at, *to),
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

/// Whether some line decides about every message.
fn covers_all(steps: &[Step<'_>]) -> bool {
    let all = |step: &Step<'_>| step.line.is_full() && is_any(step.line.pattern.dst);
    steps.iter().any(all)
}
