//! `verify`: is this a Kubernetes network?

use fibula_answers::{Constraint, Counterexample, Outcome, Proof, Scope, Withheld};
use fibula_cluster::{Finding, Severity};
use fibula_network::ElementId;
use fibula_network::walk::{Life, Verdict};

use crate::life;
use crate::notices::counts;
use crate::page::{Page, Text};
use crate::preface::{Preface, count, list, thousands};
use crate::style::Label;
use crate::view::View;

/// What the proof rests on, a line for each constraint, what breaks them, and what is worth
/// knowing besides. `hint` is the command that shows the findings.
pub fn verify(
    view: &View<'_>,
    proof: &Proof,
    counted: Option<Withheld>,
    findings: &[Finding],
    preface: &Preface,
    hint: &str,
) -> Page {
    let mut page = preface.page();
    page.blank();
    let mut rows = constraint_rows(proof);
    if let Some(withheld) = withheld(view, counted, preface)
        && let Some(about) = rows.get_mut(2).and_then(|row| row.last_mut())
    {
        *about = std::mem::take(about).plain(withheld);
    }
    page.rows(2, rows);
    for constraint in &proof.constraints {
        page.append(broken(view, constraint));
    }
    let worth = findings.iter().filter(|finding| finding.severity != Severity::Note).take(MOST);
    for (i, finding) in worth.enumerate() {
        if i == 0 {
            page.blank();
        }
        let says = format!("{} ({})", finding.message, finding.rule);
        page.hanging(Text::from("  ").then(finding_head(finding)), &says);
    }
    page.blank();
    let (sign, text) = last_line(proof, findings, preface, hint);
    page.headed(sign, text);
    page
}

/// What policies take from C3, which is meant up to segmentation (NM-3); nothing where there are
/// none.
fn withheld(view: &View<'_>, counted: Option<Withheld>, preface: &Preface) -> Option<String> {
    let filters = view.network.tables.iter().any(|table| table.chains.is_some());
    match counted.filter(|_| !preface.has_unread_policies()) {
        Some(Withheld { pairs: 0, .. }) => Some("; policies withhold none (NM-3)".to_owned()),
        Some(Withheld { pairs, groups }) => Some(format!(
            "; policies withhold {} of {} pairs of groups of pods (NM-3)",
            thousands(pairs),
            thousands(groups.saturating_mul(groups))
        )),
        None => (filters || preface.has_unread_policies())
            .then(|| ", up to what policies withhold (NM-3)".to_owned()),
    }
}

/// How many findings `verify` shows; `lint` shows them all.
const MOST: usize = 5;

/// The lines of the constraints, in columns.
pub(crate) fn constraint_rows(proof: &Proof) -> Vec<Vec<Text>> {
    proof.constraints.iter().map(constraint_row).collect()
}

fn constraint_row(constraint: &Constraint) -> Vec<Text> {
    let name = Text::new().with(Label::Dim, format!("{}  ", constraint.id)).plain(constraint.name);
    let whole = scope(constraint);
    let (sign, about) = match &constraint.outcome {
        Outcome::Proved => (Text::new().with(Label::Good, "✓ proved"), whole),
        Outcome::Violated { broken, at_least, .. } => {
            (Text::new().with(Label::Bad, "✗ violated"), part(constraint, *broken, *at_least))
        }
        Outcome::Undecided { open, at_least, .. } => {
            (Text::new().with(Label::Open, "? undecided"), part(constraint, *open, *at_least))
        }
    };
    vec![name, sign, about.into()]
}

fn scope(constraint: &Constraint) -> String {
    match constraint.scope {
        Scope::Addresses { all, pods, nodes, services } => {
            let of = [(pods, "pod"), (nodes, "node"), (services, "Service")];
            let some = of.iter().filter(|(n, _)| *n > 0);
            let some: Vec<String> =
                some.map(|(n, what)| format!("{} of {what}s", thousands(*n))).collect();
            format!("{}: {}", count(all as usize, "address"), some.join(", "))
        }
        Scope::Pairs(n) => format!("{} × 65,536 source ports", count(n as usize, "pair")),
        Scope::Processes(n) => {
            format!("every header that any of {} can send", count(n as usize, "process"))
        }
    }
}

/// How much of its scope breaks a constraint, or leaves it open.
fn part(constraint: &Constraint, n: u64, at_least: bool) -> String {
    let least = if at_least { "at least " } else { "" };
    let some = thousands(n);
    match constraint.scope {
        Scope::Addresses { all, .. } => format!("{some} of {}", count(all as usize, "address")),
        Scope::Pairs(all) => format!("{least}{some} of {}", count(all as usize, "pair")),
        Scope::Processes(_) => format!("messages to {}", count(n as usize, "kind of target"))
            .replace("kind of targets", "kinds of target"),
    }
}

/// What breaks a constraint, as lives.
fn broken(view: &View<'_>, constraint: &Constraint) -> Page {
    let mut page = Page::new();
    let (label, sign, shown) = match &constraint.outcome {
        Outcome::Proved => return page,
        Outcome::Violated { shown, .. } => (Label::Bad, "✗ ", shown),
        Outcome::Undecided { shown, .. } => (Label::Open, "? ", shown),
    };
    for example in shown {
        page.blank();
        let head = Text::new().with(label, format!("{sign}{}  ", constraint.id));
        match example {
            Counterexample::Shared { addr, by } => {
                let by: Vec<String> = by.iter().map(|entity| view.entity(*entity)).collect();
                page.line(head.plain(format!("{addr} belongs to {}", list(&by))));
            }
            Counterexample::Message { from, header, expected, life, .. } => {
                let message = format!("{} sends {}", view.name(*from), view.header(*header, true));
                page.line(head.plain(format!("{message}: {}", should(view, expected, life))));
                page.rows(2, life::rows(view, life, true));
            }
        }
    }
    page
}

fn should(view: &View<'_>, expected: &[ElementId], life: &Life) -> String {
    let verdict = life.ending.verdict.name();
    let names: Vec<String> = expected.iter().map(|id| view.name(*id)).collect();
    match &names[..] {
        [] => match life.ending.verdict {
            Verdict::Loop => "it goes round for ever".to_owned(),
            _ => format!("it is lost: {verdict}"),
        },
        names => {
            let wanted = names.join(" or ");
            match life.ending.verdict {
                Verdict::Delivered => {
                    format!("{wanted} should receive it, {} does", view.name(life.ending.at))
                }
                _ => format!("{wanted} should receive it; {verdict}"),
            }
        }
    }
}

/// How bad a finding is, and which it is.
pub(crate) fn finding_head(finding: &Finding) -> Text {
    let severity = match finding.severity {
        Severity::Error => Text::new().with(Label::Error, "error"),
        Severity::Warning => Text::new().with(Label::Warning, "warn "),
        Severity::Note => Text::new().with(Label::Dim, "note "),
    };
    severity.plain("  ").with(Label::Name, finding.id)
}

/// The sign of the verdict, and the verdict with what else there is to know.
fn last_line(proof: &Proof, findings: &[Finding], preface: &Preface, hint: &str) -> (Text, Text) {
    let verdict = |label, sign: &str, text: &str| {
        (Text::new().with(label, sign), Text::new().with(label, text))
    };
    let (sign, verdict) = if proof.violated() {
        verdict(Label::Bad, "✗", "not a Kubernetes network")
    } else if let Some(missing) = preface.missing() {
        let (sign, text) = verdict(Label::Open, "?", "undecided");
        (sign, text.plain(format!(": {missing}")))
    } else if proof.holds() {
        verdict(Label::Good, "✓", "a Kubernetes network")
    } else {
        verdict(Label::Open, "?", "undecided")
    };
    let counts = finding_counts(findings);
    let text = match counts.is_empty() {
        true => verdict.plain("."),
        // Standard input can be read only once.
        false if hint.ends_with(" -") => verdict.plain(format!(". {counts}.")),
        false => verdict.plain(format!(". {counts}: ")).with(Label::Command, hint),
    };
    (sign, text)
}

/// `1 error, 2 warnings, 3 notes`; empty for none.
pub(crate) fn finding_counts(findings: &[Finding]) -> String {
    counts(findings.iter().map(|finding| finding.severity))
}
