//! XML Schema, as far as the schema of JUnit goes: elements that hold some others in any number and
//! order, or text, and have attributes. Whatever else a schema says is a panic.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

/// What is known of the elements, by name.
pub(crate) struct Xsd {
    elements: BTreeMap<String, Content>,
}

/// What an element may have.
#[derive(Default)]
struct Content {
    children: Vec<String>,
    text: bool,
    /// The attributes, and whether each must be there.
    attributes: BTreeMap<String, bool>,
}

/// Types of values that anything is.
const STRING: &str = "xs:string";

// === impl Xsd ===

impl Xsd {
    pub(crate) fn read(text: &str) -> Xsd {
        let document = Document::parse(text).expect("a schema is XML");
        let top = parts(document.root_element());
        let elements = top.filter(|part| is(*part, "element"));
        Xsd { elements: elements.map(|e| (attribute(e, "name"), content(e))).collect() }
    }

    /// What is wrong with a document: a line for each fault.
    pub(crate) fn faults(&self, text: &str) -> Vec<String> {
        match Document::parse(text) {
            Ok(document) => self.check(document.root_element()),
            Err(error) => vec![format!("no XML: {error}")],
        }
    }

    fn check(&self, node: Node<'_, '_>) -> Vec<String> {
        let name = node.tag_name().name();
        let Some(content) = self.elements.get(name) else {
            return vec![format!("<{name}> is not known")];
        };
        let mut faults = vec![];
        for at in node.attributes() {
            if !content.attributes.contains_key(at.name()) {
                faults.push(format!("<{name}> has no {}", at.name()));
            }
        }
        for (at, _) in content.attributes.iter().filter(|(_, must)| **must) {
            if node.attribute(at.as_str()).is_none() {
                faults.push(format!("<{name}> must have {at}"));
            }
        }
        for child in node.children() {
            let inner = child.tag_name().name();
            if child.is_text() && !content.text && !child.text().unwrap_or("").trim().is_empty() {
                faults.push(format!("<{name}> holds text"));
            } else if child.is_element() && !content.children.iter().any(|may| may == inner) {
                faults.push(format!("<{name}> holds <{inner}>"));
            } else if child.is_element() {
                faults.extend(self.check(child));
            }
        }
        faults
    }
}

fn content(element: Node<'_, '_>) -> Content {
    let mut content = Content::default();
    let Some(complex) = parts(element).find(|part| is(*part, "complexType")) else {
        // Text, or a type that is told elsewhere and that nothing of ours uses.
        content.text = element.attribute("type") == Some(STRING);
        return content;
    };
    content.text = complex.attribute("mixed") == Some("true");
    for part in parts(complex) {
        match part.tag_name().name() {
            "attribute" => {
                // Values of another type would have to be checked.
                if element_type(part) == STRING {
                    let must = part.attribute("use") == Some("required");
                    content.attributes.insert(attribute(part, "name"), must);
                }
            }
            "sequence" | "choice" => any_of(part, &mut content.children),
            other => panic!("<{other}> is not known"),
        }
    }
    content
}

/// Elements in any number and order; a sequence of one part is no order.
fn any_of(group: Node<'_, '_>, children: &mut Vec<String>) {
    assert!(is(group, "choice") || parts(group).count() == 1, "an order");
    for part in parts(group) {
        match part.tag_name().name() {
            "element" => children.push(attribute(part, "ref")),
            "choice" => any_of(part, children),
            other => panic!("<{other}> is not known"),
        }
    }
}

fn parts<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name
}

fn element_type<'a>(node: Node<'a, '_>) -> &'a str {
    node.attribute("type").unwrap_or_default()
}

fn attribute(node: Node<'_, '_>, name: &str) -> String {
    node.attribute(name).unwrap_or_else(|| panic!("no {name}")).to_owned()
}
