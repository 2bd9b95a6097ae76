//! `lab check`: what model and kernel say of the same messages, as text and as JSON.

mod json;
mod room;
mod words;

use std::collections::BTreeSet;
use std::time::Duration;

use fibula_answers::trace::Means;
use fibula_lab::compare::{Comparison, Coverage, Difference, Fate, MAX_BRANCHES, fates};
use fibula_lab::translate::{Translation, Without};
use fibula_network::walk::{Life, Walks};
use fibula_network::{ElementId, Header, Kind, Proto};

pub use room::{no_room, under_way};

use crate::life::{self, Lens};
use crate::open::capital;
use crate::page::{Page, Text};
use crate::preface::{Preface, count, list, thousands};
use crate::style::Label;
use crate::view::View;

/// A network in the kernel beside its model.
pub struct LabCheck<'a> {
    /// The network.
    pub view: &'a View<'a>,
    /// How it was built in the kernel.
    pub translation: &'a Translation,
    /// What was found.
    pub comparison: &'a Comparison,
    /// What was asked.
    pub asked: Asked,
    /// Where it was built.
    pub built: Built,
    /// Entries that were kept out of the kernel.
    pub without: &'a [Without],
    /// What the network rests on.
    pub preface: &'a Preface,
}

/// What was asked of model and kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who sent.
    pub coverage: Coverage,
    /// How many processes sent.
    pub senders: usize,
    /// How many targets there were: addresses with a port and a protocol.
    pub targets: usize,
    /// Over which protocols.
    pub protos: Vec<Proto>,
    /// Which protocols the network speaks of and this kernel does not have: nothing was asked about
    /// them.
    pub missing: Vec<Proto>,
}

/// Where a lab was built, and how long things took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The version of Linux, such as `6.18`.
    pub linux: String,
    /// Whether root did it.
    pub root: bool,
    /// How long it took to build.
    pub up: Duration,
    /// How long the messages took, in the kernel and in the model.
    pub probing: Duration,
}

/// How many groups of differences are shown: whoever has more sees why in the first ones.
const MOST_GROUPS: usize = 8;

/// An example of a difference: the message's life in the model, and that of its reply.
struct Example {
    life: Life,
    reply: Option<Life>,
}

/// What the kernel did with the same messages, and where it differs from the model.
pub fn lab_check(check: &LabCheck<'_>) -> Page {
    let mut page = Page::new();
    page.paragraph("lab", &check.lab_line());
    page.paragraph("probed", &check.probed_line());
    for line in check.without_lines() {
        page.paragraph("without", &line);
    }
    for line in check.assumed_lines() {
        page.paragraph("assumed", &line);
    }
    for line in check.missing_lines() {
        page.paragraph("missing", &line);
    }
    let agreements = &check.comparison.agreements;
    if !agreements.is_empty() {
        page.blank();
        let number = |n: usize| thousands(n as u64);
        let widest = agreements.iter().map(|a| number(a.messages).len()).max().unwrap_or(0);
        let rows = agreements.iter().map(|agreement| {
            let sign = Text::new().with(Label::Good, "✓ ");
            vec![
                sign.plain(format!("{:>widest$}", number(agreement.messages))),
                format!("model: {}", agreement.verdict.name()).into(),
                format!("kernel: {}", words::agreed(agreement.verdict)).into(),
            ]
        });
        page.rows(2, rows.collect());
    }
    let (shown, more) =
        check.comparison.differences.split_at(check.comparison.differences.len().min(MOST_GROUPS));
    for difference in shown {
        page.blank();
        check.difference(difference, &mut page);
    }
    if !more.is_empty() {
        page.blank();
        let text = format!("and {} more; ", count(more.len(), "group"));
        page.line(Text::from(text).with(Label::Hint, "-o json shows them all"));
    }
    page.blank();
    page.line(check.verdict());
    page
}

/// The same as JSON: `lab-check/1`.
pub fn lab_check_json(check: &LabCheck<'_>) -> serde_json::Value {
    json::check(check)
}

// === impl LabCheck ===

impl LabCheck<'_> {
    /// Whether model and kernel say the same of every message.
    pub fn agrees(&self) -> bool {
        self.comparison.differences.is_empty()
    }

    fn lab_line(&self) -> String {
        let network = self.view.network;
        let mut parts = vec![
            count(network.of_kind(Kind::Node).count(), "node"),
            count(network.of_kind(Kind::Pod).count(), "pod"),
        ];
        if !network.facts.services.is_empty() {
            parts.push(count(network.facts.services.len(), "Service"));
        }
        if self.preface.read.policies > 0 {
            parts.push(count(self.preface.read.policies, "policy"));
        }
        let Built { linux, root, up, .. } = &self.built;
        let who = if *root { "" } else { ", no root" };
        let parts = parts.join(", ");
        format!("{parts} in Linux {linux}{who}, no containers   {:.2} s", up.as_secs_f64())
    }

    fn probed_line(&self) -> String {
        let Asked { coverage, senders, targets, protos, .. } = &self.asked;
        let kind = match coverage {
            Coverage::All => "",
            Coverage::Alike => ", one of each kind,",
        };
        format!(
            "{} from {}{kind} to {} over {}: {}   {:.2} s",
            count(self.comparison.questions, "message"),
            count(*senders, "sender"),
            count(*targets, "target"),
            list(&names(protos)),
            count(self.comparison.probes, "probe"),
            self.built.probing.as_secs_f64(),
        )
    }

    /// The entries that the kernel lacks on purpose.
    fn without_lines(&self) -> impl Iterator<Item = String> + '_ {
        let network = self.view.network;
        self.without.iter().map(|without| {
            let entry = network.entry(without.entry);
            let at = without.at.map_or_else(
                || "every switch".to_owned(),
                |at| format!("{} {}", network.kind(at), self.view.name(at)),
            );
            let (table, index) = (&network.table(without.entry.table).name, without.entry.index);
            let (rule, entry) = (&entry.origin.rule, self.view.entry(entry));
            format!("{table}/{index} at {at}, {rule} {entry}: kept out of the kernel")
        })
    }

    /// The ways in which open choices fall here, and what the network rests on.
    fn assumed_lines(&self) -> Vec<String> {
        let chosen = self.view.network.choices.iter().map(|choice| {
            let says = match Means::of(&choice.id, 0).word() {
                Some(word) => word.to_owned(),
                None => format!("the first of {} ways", choice.values),
            };
            format!("{}: {} {}", choice.id, choice.question, capital(&says))
        });
        chosen.chain(self.preface.assumed_lines()).collect()
    }

    fn missing_lines(&self) -> Vec<String> {
        let lacks = |proto: &Proto| {
            let module = proto.name().to_lowercase();
            format!(
                "{proto}: this kernel does not have it, so it was not tried (modprobe {module})"
            )
        };
        self.asked.missing.iter().map(lacks).chain(self.preface.missing()).collect()
    }

    /// A group of differences: what both say, the model's life, and what was observed.
    fn difference(&self, difference: &Difference, page: &mut Page) {
        let number = thousands(difference.questions.len() as u64);
        let model = format!("model: {}", difference.fate.verdict.name());
        let kernel = format!("kernel: {}", words::fault(self, &difference.fate, &difference.fault));
        let head = Text::new().with(Label::Bad, format!("✗ {number}"));
        page.rows(0, vec![vec![head, model.into(), kernel.into()]]);
        let Some(first) = difference.questions.first() else { return };
        let of = |what: &str, all: BTreeSet<String>| match all.into_iter().collect::<Vec<_>>() {
            some if some.len() <= 3 => list(&some),
            some => count(some.len(), what),
        };
        let senders = difference.questions.iter().map(|q| self.view.name(q.process)).collect();
        let targets = difference.questions.iter().map(|q| target(q.header)).collect();
        let (senders, targets) = (of("sender", senders), of("target", targets));
        let word = |word: &str| Text::from("  ").with(Label::Dim, format!("{word:<6}"));
        let such_as = if difference.questions.len() > 1 { ", such as" } else { "" };
        page.hanging(word("from"), &format!("{senders} to {targets}{such_as}"));
        page.line(word("model"));
        if let Some(Example { life, reply }) = self.example(difference) {
            let lens =
                Lens { view: self.view, source_port_matters: false, why: None, rulings: &[] };
            let mut rows = life::rows(self.view, &life, false);
            rows.extend(reply.iter().flat_map(|r| crate::reply::rows(lens, first.header, r)));
            page.rows(4, rows);
        }
        page.hanging(word("kernel"), &words::observed(self, &difference.fault));
    }

    /// The life of the branch that a difference speaks of, for its first message.
    fn example(&self, difference: &Difference) -> Option<Example> {
        let question = difference.questions.first()?;
        let (network, header) = (self.view.network, question.header);
        let walks = Walks::new(network);
        let (fates, _) = fates(&walks, question.process, header, &[]);
        let branch = fates.iter().position(|fate: &Fate| *fate == difference.fate)?;
        let mut lives = walks.branches(question.process, header, &[], MAX_BRANCHES).lives;
        let life = (branch < lives.len()).then(|| lives.swap_remove(branch))?;
        let reply = walks.reply(&life, &[]);
        Some(Example { life, reply })
    }

    fn verdict(&self) -> Text {
        let Comparison { questions, differences, .. } = self.comparison;
        let all = thousands(*questions as u64);
        if differences.is_empty() {
            let says = format!("✓ model and kernel agree on all {all}.");
            return Text::new().with(Label::Good, says).plain(" Nothing is left behind.");
        }
        let different: usize = differences.iter().map(|group| group.questions.len()).sum();
        let different = thousands(different as u64);
        let groups = count(differences.len(), "group");
        let says = format!("✗ model and kernel differ on {different} of {all}, in {groups}.");
        Text::new().with(Label::Bad, says).plain(" Exit 1.")
    }

    /// A namespace by the name of its switch.
    fn at(&self, space: fibula_lab::plan::SpaceId) -> String {
        let space = self.translation.plan.space(space);
        space.element.map_or_else(|| space.name.to_string(), |id| self.view.name(id))
    }

    /// A process and the switch that hosts it.
    fn whom(&self, process: ElementId) -> String {
        let host = self.view.network.facts.host(process);
        let host = host.filter(|_| self.view.network.kind(process).is_process());
        match host {
            Some(host) => format!(
                "{} of {} {}",
                self.view.last_name(process),
                self.view.network.kind(host),
                self.view.name(host)
            ),
            None => self.view.name(process),
        }
    }
}

/// An address, a port and, unless it is TCP, the protocol.
fn target(header: Header) -> String {
    match header.proto {
        Proto::Tcp => life::target(header),
        proto => format!("{}/{proto}", life::target(header)),
    }
}

fn names(protos: &[Proto]) -> Vec<String> {
    protos.iter().map(Proto::to_string).collect()
}
