//! Text with meaning that goes on in the next line, between words, where the screen is narrow.

use unicode_width::UnicodeWidthStr;

use super::{Screen, Text, trim};
use crate::style::{Label, paint};

/// Prints a text; its further lines begin `hang` from the left. What has no spaces is not broken.
pub(super) fn print(screen: &Screen, text: &Text, hang: usize, out: &mut String) {
    let mut column = 0;
    for word in words(text) {
        let width: usize = word.iter().map(|(_, part)| screen.shown(part).width()).sum();
        let blank = word.iter().all(|(_, part)| part.trim().is_empty());
        let ends = word.iter().map(|(_, part)| screen.shown(part)).collect::<String>();
        let needed = ends.trim_end().width();
        let full = screen.width.is_some_and(|most| column + needed > most);
        if full && column > hang && !blank {
            trim(out);
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hang));
            column = hang;
        }
        for (label, part) in &word {
            paint(*label, &screen.shown(part), screen.color, out);
        }
        column += width;
    }
    trim(out);
    out.push('\n');
}

/// The words of a text, each with the spaces behind it, and with the parts that mean something.
fn words(text: &Text) -> Vec<Vec<(Label, &str)>> {
    let mut words: Vec<Vec<(Label, &str)>> = vec![];
    let mut open = false;
    for (label, span) in &text.spans {
        let mut rest = span.as_str();
        while !rest.is_empty() {
            let word = rest.find(' ').unwrap_or(rest.len());
            let space = rest[word..].find(|c| c != ' ').unwrap_or(rest.len() - word);
            let (part, more) = rest.split_at(word + space);
            match words.last_mut().filter(|_| open) {
                Some(last) => last.push((*label, part)),
                None => words.push(vec![(*label, part)]),
            }
            open = space == 0;
            rest = more;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: Option<usize>, color: bool) -> String {
        let text = Text::new().with(Label::Error, "error").plain(": ");
        let text = text.with(Label::Place, "a b.yaml:3").plain(": expected a port, got http");
        let mut out = String::new();
        print(&Screen { width, color, unicode: true }, &text, 2, &mut out);
        out
    }

    #[test]
    fn lines_break_between_words_and_hang() {
        assert_eq!(shown(None, false), "error: a b.yaml:3: expected a port, got http\n");
        let narrow = "error: a b.yaml:3:\n  expected a port,\n  got http\n";
        assert_eq!(shown(Some(20), false), narrow);
        assert_eq!(shown(Some(1), false).lines().count(), 9 - 1);
    }

    #[test]
    fn words_keep_their_meaning() {
        let colour = shown(Some(20), true);
        assert!(colour.starts_with("\u{1b}[1m\u{1b}[31merror"), "{colour:?}");
    }
}
