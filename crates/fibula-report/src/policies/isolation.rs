//! Why no rule allows a message: for each policy that isolates the Pod, what it wants and what it met.

use fibula_answers::trace::policies::{Direction, Isolation, Miss, Missed, Ruling, Says, What};

use super::{called, miss, place};
use crate::error::lines;
use crate::page::{Page, Text};
use crate::preface::{count, list};
use crate::style::Label;
use crate::view::View;

/// How many policies are shown with their rules.
const MOST_POLICIES: usize = 4;
/// How many rules of a policy are shown.
const MOST_RULES: usize = 3;
/// How many peers of a rule are told, after the first, which is shown.
const MOST_PEERS: usize = 3;

/// What is worth knowing of a ruling below the life: nothing but of isolation.
pub(crate) fn explained(view: &View<'_>, ruling: &Ruling) -> Page {
    let mut page = Page::new();
    let Says::Isolated(all) = &ruling.says else { return page };
    let (shown, more) = all.split_at(all.len().min(MOST_POLICIES));
    let heads: Vec<String> = shown.iter().flat_map(|one| heads(one, ruling.direction)).collect();
    let width = heads.iter().map(String::len).max().unwrap_or(0);
    for one in shown {
        policy(view, ruling.direction, one, width, &mut page);
    }
    if !more.is_empty() {
        let names: Vec<String> = more.iter().take(3).map(|one| called(&one.policy)).collect();
        let names = match more.len() {
            n if n > names.len() => format!("{}, …", names.join(", ")),
            _ => list(&names),
        };
        let text = format!("  and {}: {names}", count(more.len(), "further policy"));
        page.line(Text::new().with(Label::Dim, text));
    }
    page
}

/// Why a policy does not allow a message, in a few words; nothing where it has no rule.
pub(super) fn in_short(view: &View<'_>, ruling: &Ruling, one: &Isolation) -> Option<String> {
    let rule = one.rules.iter().min_by_key(|rule| distance(rule))?;
    let miss = rule.peers.first().or(rule.port.as_ref())?;
    let (name, has) = (head(one, rule, ruling.direction), miss::has(view, miss));
    Some(format!("{name} wants {}; {has}", miss::wants(miss)))
}

fn distance(rule: &Missed) -> usize {
    usize::from(rule.port.is_some()) + usize::from(!rule.peers.is_empty())
}

fn head(one: &Isolation, rule: &Missed, direction: Direction) -> String {
    format!("{} {}[{}]", called(&one.policy), direction.name(), rule.rule)
}

fn heads(one: &Isolation, direction: Direction) -> Vec<String> {
    match &one.rules[..] {
        [] => vec![called(&one.policy)],
        rules => rules.iter().take(MOST_RULES).map(|rule| head(one, rule, direction)).collect(),
    }
}

fn policy(view: &View<'_>, direction: Direction, one: &Isolation, width: usize, page: &mut Page) {
    let name = |name: String| Text::new().with(Label::Name, format!("{name:<width$}"));
    let object = one.policy.place.object;
    if one.rules.is_empty() {
        let says = format!("has no {} rule", direction.name());
        let at = (view.place)(place(one.policy.place)).unwrap_or_default();
        page.rows(
            2,
            vec![vec![name(called(&one.policy)), says.into(), Text::new().with(Label::Place, at)]],
        );
        return;
    }
    // The nearest first.
    let mut rules: Vec<&Missed> = one.rules.iter().collect();
    rules.sort_by_key(|rule| distance(rule));
    for rule in rules.iter().take(MOST_RULES) {
        let (says, points) = missed(rule, direction);
        let says = Text::from(says);
        let shown = points
            .first()
            .and_then(|miss| Some((*miss, (view.excerpt)(object, &from(miss), &miss.path)?)));
        let at = match &shown {
            Some((_, excerpt)) => excerpt.at.clone(),
            None => (view.place)(place(one.policy.place)).unwrap_or_default(),
        };
        let at = Text::new().with(Label::Place, at);
        page.rows(2, vec![vec![name(head(one, rule, direction)), says, at]]);
        let mut said = String::new();
        if let Some((miss, excerpt)) = &shown {
            said = miss::has(view, miss);
            page.append(lines(&excerpt.snippet, &said, 4));
        }
        // Of what is no pod nothing more is to be said.
        let pods = |miss: &&&Miss| shown.is_none() || !matches!(miss.what, What::Pod(_));
        let rest = points.iter().skip(usize::from(shown.is_some())).filter(pods);
        let rest: Vec<&&Miss> = rest.collect();
        for miss in rest.iter().take(MOST_PEERS) {
            let has = miss::has(view, miss);
            let has = if has == said { String::new() } else { format!(": {has}") };
            let word = if shown.is_some() { "nor" } else { "not" };
            let text = format!("    {word} {}{has}", miss::wants(miss));
            page.line(Text::from(text));
        }
        if rest.len() > MOST_PEERS {
            let text = format!("    nor {} more", rest.len() - MOST_PEERS);
            page.line(Text::new().with(Label::Dim, text));
        }
    }
    if rules.len() > MOST_RULES {
        let more = count(rules.len() - MOST_RULES, "further rule");
        let text = format!("  {:width$}  and {more}, none of which matches", "");
        page.line(Text::new().with(Label::Dim, text));
    }
}

/// What matched of a rule and what did not; and what is worth pointing at.
fn missed(rule: &Missed, direction: Direction) -> (String, Vec<&Miss>) {
    let peers = direction.peers();
    match (&rule.port, &rule.peers[..]) {
        (None, []) => ("matches only if what is open falls otherwise".to_owned(), vec![]),
        (None, missed) => {
            let says = match rule.of_port {
                Some(port) => {
                    format!("port {} {} matches, `{peers}` does not", port.proto, port.number)
                }
                None => format!("`{peers}` does not match"),
            };
            (says, missed.iter().collect())
        }
        (Some(port), []) => {
            let says = match rule.has_peers {
                true => format!("`{peers}` matches, the port does not"),
                false => "the port does not match".to_owned(),
            };
            (says, vec![port])
        }
        (Some(port), missed) => {
            let says = format!("neither the port, {}, nor `{peers}` matches", miss::wants(port));
            (says, missed.iter().collect())
        }
    }
}

/// From where on the lines of a value are shown: the rule, or the peer where it is not the first.
fn from(miss: &Miss) -> String {
    let path = &miss.path;
    let parts: Vec<&str> = path.split('.').collect();
    match &parts[..] {
        [spec, rule, peer, ..] if !peer.ends_with("[0]") => format!("{spec}.{rule}.{peer}"),
        [spec, rule, ..] => format!("{spec}.{rule}"),
        _ => path.clone(),
    }
}
