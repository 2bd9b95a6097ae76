//! Lines of a file with their numbers, and a caret that says something.

use fibula_source::Snippet;
use unicode_width::UnicodeWidthStr;

use super::{Page, Screen, Text};
use crate::style::Label;

/// The fewest columns of a line that are shown.
const FEWEST: usize = 20;
/// How much of a line before the caret is kept where it has to be cut.
const BEFORE: usize = 3;

/// Prints the lines of a snippet `indent` from the left. Those that are too long for the screen are
/// cut, so that the caret stays on it.
pub(super) fn print(
    screen: &Screen,
    snippet: &Snippet,
    says: &str,
    indent: usize,
    out: &mut String,
) {
    let Snippet { first_line, lines, caret } = snippet;
    let digits = (first_line + lines.len()).to_string().len().max(3) + indent;
    let room = screen.width.map(|width| width.saturating_sub(digits + 3).max(FEWEST));
    let mut page = Page::new();
    for (i, line) in lines.iter().enumerate() {
        let number = first_line + i;
        let gutter = Text::new().with(Label::Dim, format!("{number:>digits$} │ "));
        let line: Vec<char> = line.chars().map(visible).collect();
        if number != caret.line {
            page.line(gutter.plain(cut(screen, &line, 0, room)));
            continue;
        }
        let start = caret.column.saturating_sub(1).min(line.len());
        let end = (start + caret.length).min(line.len()).max(start);
        let from = room.map_or(0, |room| first_shown(screen, &line, start, end, room));
        page.line(gutter.plain(cut(screen, &line, from, room)));
        let lead = if from > 0 { width(screen, &['…']) } else { 0 };
        let pad = lead + width(screen, &line[from..start]);
        let length = width(screen, &line[start..end]).max(1);
        let length = room.map_or(length, |room| length.min(room.saturating_sub(pad).max(1)));
        page.append(pointing(digits, pad, &"^".repeat(length), says));
    }
    out.push_str(&page.render(screen));
}

/// The line below, with what the caret says beside it where that fits, else below.
fn pointing(digits: usize, pad: usize, under: &str, says: &str) -> Page {
    let gutter = Text::new().with(Label::Dim, format!("{:digits$} │ ", ""));
    let caret = |more: &str| {
        let mut page = Page::new();
        let gutter = gutter.clone().plain(" ".repeat(pad));
        page.line(gutter.with(Label::Error, format!("{under}{more}")));
        page
    };
    if says.is_empty() {
        return caret("");
    }
    let (wide, mut narrow, mut page) = (caret(&format!(" {says}")), caret(""), Page::new());
    narrow.hanging(Text::new().with(Label::Dim, format!("{:digits$} │", "")), says);
    page.either(wide, narrow);
    page
}

/// A character as it is shown: a tab is often what is wrong.
fn visible(c: char) -> char {
    if c == '\t' { '→' } else { c }
}

fn width(screen: &Screen, text: &[char]) -> usize {
    screen.shown(&text.iter().collect::<String>()).width()
}

/// The first character to show, so that what is pointed at, or the most of it, can be seen.
fn first_shown(screen: &Screen, line: &[char], start: usize, end: usize, room: usize) -> usize {
    if width(screen, &line[..end]) < room {
        return 0;
    }
    // As much before it as there is room for beside it, but for a few characters at least.
    let shown = width(screen, &line[start..end]).min(room / 2);
    let mut from = start;
    while from > 0 && width(screen, &line[from - 1..start]) + shown + BEFORE < room {
        from -= 1;
    }
    from
}

/// A line from one character on, as far as there is room, with signs for what is left out.
fn cut(screen: &Screen, line: &[char], from: usize, room: Option<usize>) -> String {
    let whole: String = line.iter().collect();
    let Some(room) = room.filter(|room| from > 0 || width(screen, line) > *room) else {
        return whole;
    };
    let mut text = if from > 0 { "…".to_owned() } else { String::new() };
    for (i, c) in line.iter().enumerate().skip(from) {
        let more = if i + 1 < line.len() { "…" } else { "" };
        if screen.shown(&format!("{text}{c}{more}")).width() > room {
            text.push('…');
            break;
        }
        text.push(*c);
    }
    text
}

#[cfg(test)]
mod tests {
    use fibula_source::Caret;

    use super::*;

    fn shown(line: &str, column: usize, length: usize, width: usize) -> String {
        let caret = Caret { line: 7, column, length };
        let snippet = Snippet { first_line: 7, lines: vec![line.to_owned()], caret };
        let mut out = String::new();
        print(&Screen { width: Some(width), ..Screen::PIPE }, &snippet, "", 2, &mut out);
        out
    }

    #[test]
    fn a_line_is_cut_so_that_the_caret_is_seen() {
        assert_eq!(shown("port: http", 7, 4, 40), "    7 │ port: http\n      │       ^^^^\n");
        let long = "a".repeat(30) + "http" + &"b".repeat(30);
        let out = shown(&long, 31, 4, 40);
        assert!(out.contains("http…\n") || out.contains("httpb"), "{out}");
        let caret = out.lines().nth(1).and_then(|line| line.find("^^^^")).expect("a caret");
        let text = out.lines().next().and_then(|line| line.find("http")).expect("the value");
        // The sign of what was cut has three bytes, and one column.
        assert_eq!(caret + 2, text, "{out}");
        for width in [10, 24, 30, 40, 80] {
            for (column, length) in [(1, 1), (1, 64), (31, 4), (40, 25), (64, 1), (65, 1)] {
                let out = shown(&long, column, length, width);
                assert!(out.contains('^'), "{out}");
                let most = out.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
                assert!(most <= width.max(28), "{width}: {out}");
            }
        }
    }

    #[test]
    fn what_is_wide_or_a_tab_is_pointed_at_where_it_stands() {
        assert_eq!(shown("名: x", 4, 1, 80), "    7 │ 名: x\n      │     ^\n");
        assert_eq!(shown("\tx: y", 2, 1, 80), "    7 │ →x: y\n      │  ^\n");
    }
}
