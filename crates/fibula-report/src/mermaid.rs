//! A network as a flowchart for Mermaid, which code hosts draw in Markdown.

use std::fmt::Write as _;
use std::io;

use crate::picture::{Group, Looks, Picture, Vertex, picture};
use crate::view::View;

/// Writes a network as a Mermaid flowchart: containers in Pods in Nodes as nested subgraphs, links
/// as edges.
///
/// Beyond some 500 elements the Pods of a Node are one vertex, unless `all` are asked for; beyond
/// 12 Nodes their mesh (G8) is one. Costs the length of what it writes.
///
/// # Errors
///
/// What writing gives.
pub fn mermaid(view: &View<'_>, all: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let Picture { root, edges } = picture(view, all);
    writeln!(out, "flowchart TB")?;
    content(&root, 1, out)?;
    for (a, b) in &edges {
        writeln!(out, "  {a} --- {b}")?;
    }
    Ok(())
}

fn content(group: &Group, depth: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let pad = "  ".repeat(depth);
    for Vertex { id, label, looks } in &group.vertices {
        let (open, close) = match looks {
            Looks::Process => ("([", "])"),
            Looks::Switch => ("[", "]"),
            Looks::Many => ("[[", "]]"),
        };
        writeln!(out, "{pad}{id}{open}{}{close}", quoted(label))?;
    }
    for inner in &group.groups {
        writeln!(out, "{pad}subgraph {}[{}]", inner.id, quoted(&inner.label))?;
        content(inner, depth + 1, out)?;
        writeln!(out, "{pad}end")?;
    }
    Ok(())
}

/// Lines of text as one quoted string. Whatever could end it, or mean HTML, Markdown or a
/// reference to a character, is a reference itself.
pub(crate) fn quoted(lines: &[String]) -> String {
    let mut out = String::from("\"");
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push_str("<br>");
        }
        for c in line.chars() {
            match c {
                '"' | '#' | '<' | '>' | '&' | '`' | '\\' => {
                    let _ = write!(out, "#{};", u32::from(c));
                }
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let lines = ["a \"b\"".to_owned(), "<c>\n".to_owned()];
        assert_eq!(quoted(&lines), r##""a #34;b#34;<br>#60;c#62; ""##);
    }
}
