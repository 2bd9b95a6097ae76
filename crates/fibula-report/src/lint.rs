//! `lint`: what looks wrong.

use fibula_answers::lint::Lint;
use fibula_cluster::{Finding, Place};

use crate::page::{Page, Text};
use crate::preface::{Preface, count, list, unread_kind};
use crate::style::Label;
use crate::verify::{finding_counts, finding_head};

/// Each finding with where it is, errors first; then how many there are, and how many are switched
/// off.
pub fn lint(lint: &Lint, place: &dyn Fn(Place) -> Option<String>, preface: &Preface) -> Page {
    let mut page = Page::new();
    let findings = &lint.findings[..];
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.severity);
    for finding in sorted {
        let says = format!("{} ({})", finding.message, finding.rule);
        page.hanging(finding_head(finding), &says);
        let mut places: Vec<String> = finding.places.iter().filter_map(|at| place(*at)).collect();
        places.dedup();
        let more = places.len().saturating_sub(MOST);
        places.truncate(MOST);
        for at in places {
            page.line(Text::from("         ").with(Label::Place, at));
        }
        if more > 0 {
            page.line(format!("         and {}", count(more, "more place")));
        }
    }
    if !findings.is_empty() {
        page.blank();
    }
    if let Some(laid) = preface.laid_line() {
        page.paragraph("overlay", &laid);
    }
    let unread: Vec<String> = preface.unread.iter().map(unread_kind).collect();
    if !unread.is_empty() {
        page.paragraph("unread", &format!("{}, which decide traffic (DR-21)", list(&unread)));
    }
    if let Some(missing) = preface.missing() {
        page.paragraph("missing", &missing);
    }
    let counts = finding_counts(findings);
    let off = match lint.off {
        0 => String::new(),
        n => format!("; {n} switched off"),
    };
    // What `--only` leaves out is not taken for what is not there.
    if lint.left_out > 0 {
        let (s, are) = if lint.left_out == 1 { ("", "is") } else { ("s", "are") };
        let n = lint.left_out;
        page.paragraph("left out", &format!("{n} finding{s} of other kinds {are} not shown"));
    }
    page.line(match counts.is_empty() {
        true if preface.missing().is_some() => {
            Text::from(format!("nothing else looks wrong{off}."))
        }
        true => {
            let what = if lint.left_out > 0 { "nothing of what was asked for" } else { "nothing" };
            Text::new().with(Label::Good, "✓").plain(format!(" {what} looks wrong{off}."))
        }
        false => Text::from(format!("{counts}{off}.")),
    });
    page
}

/// How many places of one finding are shown.
const MOST: usize = 4;
