//! The text of a ruleset.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fibula_network::{Addr, Addrs, BackendsId, Family, Kind, Source};

use crate::plan::{Origin, STOPPED, STOPPED_SET, TABLE};

use super::super::ground::prefix;
use super::super::lines::{Line, Switch};
use super::super::nets::FAMILIES;
use super::super::nft;
use super::super::{Origins, Refusal};
use super::groups::{Group, Key, groups};
use super::{Lead, Mode, Outcome, Shape, Step};

/// The bit of a mark that says that an entry marked the message, to have its source rewritten.
const MARKED: u32 = 1 << 31;
const NUMBER: u32 = MARKED - 1;

/// Messages that the model speaks of.
const OTHERS: &str = "meta l4proto != { tcp, udp, sctp } accept";

pub(super) struct Writer<'w, 'n> {
    switch: &'w Switch<'n>,
    shape: &'w Shape,
    origins: &'w Origins,
    leads: &'w [Lead],
    /// Sets and maps.
    named: String,
    chains: String,
    sets: BTreeSet<(u32, bool)>,
    /// Chains that have another form for each hook, because something asks where messages come from.
    apart: bool,
    rewrites: BTreeMap<Origin, String>,
    backends: BTreeMap<(BackendsId, bool), String>,
    sources: BTreeSet<(Origin, Addr)>,
    lists: usize,
}

/// Where messages are judged: as they arrive from a link, or from a process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hook {
    In,
    Out,
}

const HOOKS: [Hook; 2] = [Hook::In, Hook::Out];

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
            lists: 0,
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
    pub(super) fn finish(mut self) -> Result<String, Refusal> {
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
            self.before(hook, &mut hooks);
            self.nat(hook, &mut hooks);
            self.after(hook, &mut hooks);
        }
        self.sources(&mut hooks);
        text.push_str(&hooks);
        text.push_str("}\n");
        Ok(text)
    }

    fn hooks(&self) -> &'static [Hook] {
        if self.apart { &HOOKS } else { &HOOKS[..1] }
    }

    fn suffix(&self, hook: &Hook) -> &'static str {
        match hook {
            _ if !self.apart => "",
            Hook::In => "_in",
            Hook::Out => "_out",
        }
    }

    /// The chain of a table; what stands for the hook is put in later.
    fn name(&self, mode: Mode, place: usize) -> String {
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
            fibula_network::Action::Masquerade { by, .. } => self.source(by, family).is_some(),
            _ => true,
        };
        let all = FAMILIES.iter().all(|family| masquerades(*family));
        if super::super::routes::is_any(src) && super::super::routes::is_any(dst) && all {
            let rewrites = matches!(line.action, fibula_network::Action::Rewrite { .. });
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
                if let fibula_network::Action::Masquerade { by, .. } = line.action {
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

    /// The set or map of the lines of a group.
    fn list(&mut self, group: &Group<'_>, key: Key, family: Family) -> (String, Option<String>) {
        let marks = matches!(
            group.outcome,
            Outcome::Rewrite | Outcome::Drop | Outcome::Refuse | Outcome::Leave
        );
        let word = nft::word(family);
        let field = match key {
            Key::Port => format!("{word} daddr . meta l4proto . th dport"),
            _ => format!("{word} daddr"),
        };
        let mut seen = BTreeSet::new();
        let mut elements = vec![];
        for line in &group.lines {
            let Some(addr) = line.single() else { continue };
            let element = match (key, line.pattern.proto, line.pattern.dport) {
                (Key::Port, Some(proto), fibula_network::Ports::In(port, _)) => {
                    format!("{addr} . {} . {port}", nft::proto(proto))
                }
                _ => addr.to_string(),
            };
            // Of two for one target the first decides.
            if seen.insert(element.clone()) {
                let words = if marks { self.comment(line.origin) } else { String::new() };
                elements.push(match marks {
                    true => format!("{element} comment \"{words}\" : {}", line.origin.0),
                    false => element,
                });
            }
        }
        self.lists += 1;
        let name = format!("list_{}", self.lists);
        let (kind, data) = if marks { ("map", " : meta mark") } else { ("set", "") };
        let _ = writeln!(
            self.named,
            "  {kind} {name} {{\n    typeof {field}{data}\n    elements = {{\n      {}\n    }}\n  }}",
            nft::elements(&elements, "      ")
        );
        match marks {
            true => (format!("meta mark set {field} map @{name} "), None),
            false => (format!("{field} @{name} "), None),
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

    fn comment(&self, origin: Origin) -> String {
        nft::comment(self.origins.words.get(origin.0 as usize).map_or("", |words| words))
    }

    fn source(&self, by: Source, family: Family) -> Option<Addr> {
        match by {
            Source::Own => self.switch.me.masquerade(family),
            Source::Is(addr) => Some(addr).filter(|addr| addr.family() == family),
        }
    }

    // --- rewriting ---

    /// A chain that rewrites to the backends of a line.
    fn rewrite(&mut self, line: &Line, family: Option<Family>) -> Result<(), Refusal> {
        let fibula_network::Action::Rewrite { to, .. } = line.action else { return Ok(()) };
        let family = family.unwrap_or(Family::V4);
        let backends = self.switch.backends(to);
        if backends.clone().any(|backend| backend.addr.family() != family) {
            return Err(self.switch.refuse(line, "rewrites to an address of another family"));
        }
        let v4 = family == Family::V4;
        let name = match self.backends.get(&(to, v4)) {
            Some(name) => name.clone(),
            None => {
                let name = format!("to_{}", self.backends.len() + 1);
                let words = nft::comment(&self.switch.network.backends(to).name);
                let word = nft::word(family);
                let bracket = |addr: Addr| if v4 { addr.to_string() } else { format!("[{addr}]") };
                let all: Vec<_> = backends.collect();
                let dnat = match all[..] {
                    [one] => format!("{}:{}", bracket(one.addr), one.port),
                    _ => {
                        let item = |(i, b): (usize, &&fibula_network::Backend)| {
                            format!("{i} : {} . {}", b.addr, b.port)
                        };
                        let items: Vec<String> = all.iter().enumerate().map(item).collect();
                        format!(
                            "numgen inc mod {} map {{\n      {}\n    }}",
                            items.len(),
                            nft::elements(&items, "      ")
                        )
                    }
                };
                let _ = writeln!(
                    self.chains,
                    "  chain {name} {{\n    meta l4proto {{ tcp, udp, sctp }} dnat {word} to {dnat} \
                     comment \"{words}\"\n  }}"
                );
                self.backends.insert((to, v4), name.clone());
                name
            }
        };
        self.rewrites.insert(line.origin, name);
        Ok(())
    }

    fn addresses(&mut self, id: u32, v4: bool) {
        let family = if v4 { Family::V4 } else { Family::V6 };
        let ranges = &self.switch.network.set(fibula_network::AddrSetId(id)).ranges;
        let items: Vec<String> = ranges.iter().filter_map(|r| nft::range(*r, family)).collect();
        let _ = writeln!(
            self.named,
            "  set {} {{\n    typeof {} daddr\n    flags interval\n    elements = {{\n      {}\n    \
             }}\n  }}",
            set_name(self.switch, id, family),
            nft::word(family),
            nft::elements(&items, "      ")
        );
    }

    /// The backends, each with itself: a message from one of them to itself.
    fn same_address(&mut self) {
        for family in FAMILIES {
            let items = self.hairpins(family);
            if items.is_empty() {
                continue;
            }
            let items: Vec<String> =
                items.into_iter().map(|addr| format!("{addr} . {addr}")).collect();
            let word = nft::word(family);
            let _ = writeln!(
                self.named,
                "  set itself_{word} {{\n    typeof {word} saddr . {word} daddr\n    elements = \
                 {{\n      {}\n    }}\n  }}",
                nft::elements(&items, "      ")
            );
        }
    }

    fn hairpins(&self, family: Family) -> BTreeSet<Addr> {
        let lists = self.shape.hairpin.iter().map(|(_, to)| *to).collect::<BTreeSet<_>>();
        let backends = lists.into_iter().flat_map(|to| self.switch.backends(to));
        backends.map(|backend| backend.addr).filter(|addr| addr.family() == family).collect()
    }

    // --- hooks ---

    fn base(kind: &str, hook: Hook, priority: i32, name: &str) -> String {
        let (at, suffix) = if hook == Hook::In { ("prerouting", "in") } else { ("output", "out") };
        // What leaves through `lo` was judged as it left.
        let first = if hook == Hook::In { "    iifname \"lo\" accept\n" } else { "" };
        format!(
            "  chain {name}_{suffix} {{\n    type {kind} hook {at} priority {priority}; policy \
             accept;\n{first}"
        )
    }

    fn before(&self, hook: Hook, text: &mut String) {
        if self.shape.before == 0 {
            return;
        }
        let first = self.name(Mode::New, 0).replace(HOOK, self.suffix(&hook));
        let base = Self::base("filter", hook, -110, "before");
        let _ = write!(
            text,
            "{base}    {OTHERS}\n    ct state established,related accept\n    goto {first}\n  }}\n"
        );
    }

    fn nat(&self, hook: Hook, text: &mut String) {
        if self.rewrites.is_empty() {
            return;
        }
        let items: Vec<String> = self
            .rewrites
            .iter()
            .map(|(mark, chain)| format!("{} : goto {chain}", mark.0))
            .collect();
        let base = Self::base("nat", hook, -100, "rewrite");
        let list = nft::elements(&items, "      ");
        let _ = write!(text, "{base}    meta mark vmap {{\n      {list}\n    }}\n  }}\n");
    }

    fn after(&self, hook: Hook, text: &mut String) {
        let suffix = self.suffix(&hook);
        let chain = |mode, place| self.name(mode, place).replace(HOOK, suffix);
        let (before, tables) = (self.shape.before, self.switch.tables.len());
        // Where rules choose the route of what a process sends, it is looked up again.
        let kind = if hook == Hook::Out { "route" } else { "filter" };
        text.push_str(&Self::base(kind, hook, -90, "after"));
        let _ = writeln!(text, "    {OTHERS}");
        match self.shape.answers < tables {
            true => {
                let back = chain(Mode::Reply, self.shape.answers);
                let _ = writeln!(text, "    ct direction reply goto {back}");
            }
            false => text.push_str("    ct direction reply accept\n"),
        }
        if !self.leads.is_empty() {
            text.push_str("    ct state established meta mark set ct mark accept\n");
        }
        text.push_str("    ct state established,related accept\n");
        let numbers = |marks: &mut dyn Iterator<Item = Origin>| {
            marks.map(|mark| mark.0.to_string()).collect::<Vec<_>>().join(", ")
        };
        if !self.shape.always.is_empty() {
            let marks = numbers(&mut self.shape.always.iter().copied());
            let _ = writeln!(
                text,
                "    meta mark {{ {marks} }} meta mark set meta mark or {MARKED:#x}"
            );
        }
        if !self.shape.hairpin.is_empty() {
            let marks = numbers(&mut self.shape.hairpin.iter().map(|(mark, _)| *mark));
            for family in FAMILIES.into_iter().filter(|family| !self.hairpins(*family).is_empty()) {
                let word = nft::word(family);
                let _ = writeln!(
                    text,
                    "    meta mark {{ {marks} }} {word} saddr . {word} daddr @itself_{word} meta \
                     mark set meta mark or {MARKED:#x}"
                );
            }
        }
        if !self.shape.jumps.is_empty() {
            let jump = |(mark, to): &(Origin, usize)| {
                format!("{} : goto {}", mark.0, chain(Mode::New, *to))
            };
            let items: Vec<String> = self.shape.jumps.iter().map(jump).collect();
            let list = nft::elements(&items, "      ");
            let _ = writeln!(text, "    meta mark and {NUMBER:#x} vmap {{\n      {list}\n    }}");
        }
        if before < tables {
            let _ = writeln!(text, "    goto {}", chain(Mode::New, before));
        }
        text.push_str("  }\n");
    }

    fn sources(&self, text: &mut String) {
        let rules = |text: &mut String| {
            for (mark, addr) in &self.sources {
                let word = nft::word(addr.family());
                let words = self.comment(*mark);
                let _ = writeln!(
                    text,
                    "    ct mark {} snat {word} to {addr} comment \"{words}\"",
                    mark.0
                );
            }
        };
        if !self.sources.is_empty() {
            for (name, hook) in [("leave", "postrouting"), ("arrive", "input")] {
                let _ = writeln!(
                    text,
                    "  chain {name} {{\n    type nat hook {hook} priority 100; policy accept;"
                );
                rules(text);
                text.push_str("  }\n");
            }
        }
        if !self.leads.is_empty() {
            let mut marks: Vec<u32> = self.leads.iter().map(|lead| lead.mark.0).collect();
            marks.sort_unstable();
            marks.dedup();
            let marks = marks.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                text,
                "  chain keep {{\n    type filter hook postrouting priority 110; policy accept;\n    \
                 ct state new meta mark {{ {marks} }} ct mark set meta mark\n  }}"
            );
        }
    }
}

/// What stands in the name of a chain for the hook.
const HOOK: &str = "#";

fn set_name(switch: &Switch<'_>, id: u32, family: Family) -> String {
    let name = nft::name(&switch.network.set(fibula_network::AddrSetId(id)).name);
    format!("in_{name}_{id}_{}", nft::word(family))
}

/// Whether some line decides about every message.
fn covers_all(steps: &[Step<'_>]) -> bool {
    let all = |step: &Step<'_>| {
        step.line.is_full() && super::super::routes::is_any(step.line.pattern.dst)
    };
    steps.iter().any(all)
}
