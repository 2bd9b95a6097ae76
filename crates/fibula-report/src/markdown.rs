//! Text in Markdown, as whoever shows a comment reads it.

/// A word as code: nothing in it means anything to Markdown, but what would end it or the cell.
pub(crate) fn code(text: &str) -> String {
    let plain = |c: char| match c {
        '`' => '\'',
        c if c.is_control() => ' ',
        c => c,
    };
    let text: String = text.chars().map(plain).collect();
    format!("`{}`", text.replace('|', "\\|"))
}

/// Text in which nothing means anything to Markdown.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '@' => {
                out.extend(['\\', c])
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Text inside of an element of HTML.
pub(crate) fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_nothing_to_markdown() {
        assert_eq!(code("a|b`c"), "`a\\|b'c`");
        assert_eq!(escaped("<b> *x*"), "\\<b\\> \\*x\\*");
    }
}
