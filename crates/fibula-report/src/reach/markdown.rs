//! `reach` in Markdown, for a comment on a pull request.

use std::io;

use fibula_answers::reach::Reach;

use super::names::Names;
use super::rows::{self, Doubt, Row, Rows};
use super::{service_head, summary};
use crate::markdown::{code, escaped};
use crate::page::Text;
use crate::preface::Preface;
use crate::view::View;

/// Writes the answer as tables, one for each part of it.
///
/// # Errors
///
/// What writing gives.
pub fn reach_markdown(
    view: &View<'_>,
    reach: &Reach,
    preface: &Preface,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let names = Names::new(view, reach);
    let Rows { workloads, others, undecided } = rows::rows(view, &names, reach);
    writeln!(out, "### Who can reach whom")?;
    if let Some(summary) = summary(reach) {
        writeln!(out, "\n{}", escaped(&summary))?;
    }
    table(&workloads.into_iter().chain(others).collect::<Vec<_>>(), out)?;
    for used in &reach.services {
        let (name, more) = service_head(&names, reach, used);
        writeln!(out, "\n**{}**, {}\n", code(&name), escaped(&more))?;
        let list = |ids: &[_]| names.list(ids).iter().map(|name| code(name)).collect::<Vec<_>>();
        let mut any = false;
        for (head, ids) in [("can use it", &used.all), ("in part", &used.some)] {
            if !ids.is_empty() {
                writeln!(out, "- {head}: {}", list(ids).join(", "))?;
                any = true;
            }
        }
        for (choices, ids) in &used.undecided {
            let why = rows::ids(view, choices);
            writeln!(out, "- undecided ({}): {}", escaped(&why), list(ids).join(", "))?;
            any = true;
        }
        if !any {
            writeln!(out, "- nobody can use it")?;
        }
    }
    for Doubt { asks, rows } in undecided {
        writeln!(out)?;
        for ask in asks {
            writeln!(out, "**undecided**: {}  ", escaped(&ask))?;
        }
        table(&rows, out)?;
    }
    let unread = preface.unread_lines();
    let laid = preface.laid_line().map(|laid| format!("overlay: {laid}"));
    let unread = unread.iter().map(|line| format!("unread: {line}"));
    let notes = laid.into_iter().chain(unread);
    let missing = preface.missing().map(|missing| format!("missing: {missing}"));
    for note in notes.chain(missing) {
        writeln!(out, "\n> {}", escaped(&note))?;
    }
    Ok(())
}

fn table(rows: &[Row], out: &mut dyn io::Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| from | can reach |\n|---|---|")?;
    for Row { from, to } in rows {
        let list = |items: &[Text], between: &str| {
            let item = |item: &Text| match item.is_note() {
                true => escaped(&item.words()),
                false => code(&item.words()),
            };
            let items = items.iter().map(item);
            items.collect::<Vec<_>>().join(between)
        };
        writeln!(out, "| {} | {} |", list(from, ", "), list(to, " "))?;
    }
    Ok(())
}
