//! Rows of two lists, each broken between items.

use super::{Screen, Text, trim};

/// How wide the first list is at most, of a screen of 100.
const FIRST: usize = 34;
/// What stands between the two lists, and between the items of the second.
const GAP: usize = 2;

/// Prints rows of two lists.
pub(super) fn print(screen: &Screen, rows: &[[Vec<Text>; 2]], out: &mut String) {
    let firsts = rows.iter().map(|[first, _]| commas(first));
    let widest = firsts.map(|first| first.width(screen)).max().unwrap_or(0);
    let most = screen.width.map_or(FIRST, |width| width * FIRST / 100);
    let first = widest.min(most);
    for [from, to] in rows {
        let Some(width) = screen.width else {
            row(screen, &commas(from), &apart(to), first, out);
            continue;
        };
        let room = width.saturating_sub(first + GAP).max(1);
        let left = lines(screen, from, first, true);
        let right = lines(screen, to, room, false);
        for i in 0..left.len().max(right.len()) {
            let [left, right] =
                [&left, &right].map(|lines| lines.get(i).cloned().unwrap_or_default());
            row(screen, &left, &right, first, out);
        }
    }
}

fn row(screen: &Screen, left: &Text, right: &Text, first: usize, out: &mut String) {
    left.paint(screen, out);
    let pad = first.saturating_sub(left.width(screen)) + GAP;
    out.extend(std::iter::repeat_n(' ', pad));
    right.paint(screen, out);
    trim(out);
    out.push('\n');
}

/// Items with commas between them.
fn commas(items: &[Text]) -> Text {
    let mut all = Text::new();
    for (i, item) in items.iter().enumerate() {
        all = if i > 0 { all.plain(", ") } else { all };
        all = all.then(item.clone());
    }
    all
}

/// Items apart.
fn apart(items: &[Text]) -> Text {
    let mut all = Text::new();
    for (i, item) in items.iter().enumerate() {
        let gap = if i > 0 { gap_behind(&items[i - 1]) } else { 0 };
        all = all.plain(" ".repeat(gap)).then(item.clone());
    }
    all
}

/// How far the next item stands behind one: nearer where that ends in a comma.
fn gap_behind(item: &Text) -> usize {
    if item.words().ends_with(',') { 1 } else { GAP }
}

/// Items in lines of a width; the lines after the first are set in.
fn lines(screen: &Screen, items: &[Text], width: usize, with_commas: bool) -> Vec<Text> {
    let mut lines: Vec<Vec<Text>> = vec![vec![]];
    let mut used = 0;
    for (i, item) in items.iter().enumerate() {
        let mut item = item.clone();
        if with_commas && i + 1 < items.len() {
            item = item.plain(",");
        }
        let gap = match i.checked_sub(1).map(|before| &items[before]) {
            Some(before) if !with_commas => gap_behind(before),
            _ => 1,
        };
        let needs = item.width(screen) + if used > 0 { gap } else { 0 };
        if used > 0 && used + needs > width {
            lines.push(vec![Text::from("  ").then(item.clone())]);
            used = 2 + item.width(screen);
            continue;
        }
        if let Some(line) = lines.last_mut() {
            line.push(item);
        }
        used += needs;
    }
    let join = |line: &Vec<Text>| match with_commas {
        true => {
            let mut all = Text::new();
            for (i, item) in line.iter().enumerate() {
                all = if i > 0 { all.plain(" ") } else { all };
                all = all.then(item.clone());
            }
            all
        }
        false => apart(line),
    };
    lines.iter().map(join).collect()
}
