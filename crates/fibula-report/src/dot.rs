//! A network as a graph for Graphviz.

use std::io;

use crate::picture::{Group, Looks, Picture, Vertex, picture};
use crate::view::View;

/// Writes a network in DOT: containers in Pods in Nodes as nested clusters, links as edges.
///
/// Beyond some 500 elements the Pods of a Node are one vertex, unless `all` are asked for; beyond
/// 12 Nodes their mesh (G8) is one. Costs the length of what it writes.
///
/// # Errors
///
/// What writing gives.
pub fn dot(view: &View<'_>, all: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let Picture { root, edges } = picture(view, all);
    writeln!(out, "graph network {{")?;
    writeln!(out, "  fontname=\"sans-serif\";")?;
    writeln!(out, "  node [fontname=\"sans-serif\"];")?;
    content(&root, 1, out)?;
    for (a, b) in &edges {
        writeln!(out, "  {a} -- {b};")?;
    }
    writeln!(out, "}}")
}

fn content(group: &Group, depth: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let pad = "  ".repeat(depth);
    for Vertex { id, label, looks } in &group.vertices {
        let shape = match looks {
            Looks::Process => "ellipse",
            Looks::Switch => "box",
            Looks::Many => "box3d",
        };
        writeln!(out, "{pad}{id} [label={}, shape={shape}];", quoted(label))?;
    }
    for inner in &group.groups {
        writeln!(out, "{pad}subgraph cluster_{} {{", inner.id)?;
        writeln!(out, "{pad}  label={}; style=rounded;", quoted(&inner.label))?;
        content(inner, depth + 1, out)?;
        writeln!(out, "{pad}}}")?;
    }
    Ok(())
}

/// Lines of text as one quoted string, in which a backslash begins an escape and an ampersand a
/// reference to a character.
pub(crate) fn quoted(lines: &[String]) -> String {
    let mut out = String::from("\"");
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push_str("\\n");
        }
        for c in line.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '&' => out.push_str("&amp;"),
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
        let lines = ["a \"b\"".to_owned(), "c\\n&lt;\n".to_owned()];
        assert_eq!(quoted(&lines), r#""a \"b\"\nc\\n&amp;lt; ""#);
    }
}
