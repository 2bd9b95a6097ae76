//! Which texts can be names, labels and their values, as the API server has it.

use crate::object::Kind;

/// The longest name of a port, in characters.
const LONGEST_PORT_NAME: usize = 15;

/// The longest part of a label, in characters: the value, or the key behind its prefix. The same of a
/// part of a domain.
const LONGEST_LABEL: usize = 63;

/// The longest domain, such as the name of most objects, or the prefix of a label's key.
const LONGEST_DOMAIN: usize = 253;

/// What was expected where the name of an object is none.
const NAME: &str = "a name: lowercase letters, digits, and - and . within";

/// What was expected where a name may have no dots.
pub(super) const PLAIN_NAME: &str = "a name: at most 63 lowercase letters, digits, and - within";

/// What was expected where the name of a port is none.
pub(super) const PORT_NAME: &str =
    "the name of a port: at most 15 of a-z, 0-9 and single dashes, with a letter";
/// What was expected where the key of a label is none.
pub(super) const LABEL_KEY: &str = "the key of a label, such as app or example.com/app";
/// What was expected where the value of a label is none.
pub(super) const LABEL_VALUE: &str =
    "the value of a label: at most 63 letters, digits and -_. within";

/// Whether a text can be the name of a port.
pub(super) fn port_name(name: &str) -> bool {
    (1..=LONGEST_PORT_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && name.bytes().any(|b| b.is_ascii_lowercase())
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Whether a text can be the key of a label: a name, and a domain with a slash before some.
pub(super) fn label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    prefix.is_none_or(domain)
        && !name.is_empty()
        && name.len() <= LONGEST_LABEL
        && word(name, b"-_.")
}

/// Whether a text can be the value of a label; it may be empty.
pub(super) fn label_value(value: &str) -> bool {
    value.len() <= LONGEST_LABEL && word(value, b"-_.")
}

/// Whether a text has only letters and digits, and these marks between them.
pub(super) fn word(text: &str, marks: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let plain = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    plain(bytes.first())
        && plain(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(byte))
}

/// Whether a text can be a name without dots.
pub(super) fn plain_name(name: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&name.len()) && part(name)
}

/// Whether a text can be a domain.
pub(super) fn domain(name: &str) -> bool {
    name.len() <= LONGEST_DOMAIN && name.split('.').all(|name| !name.is_empty() && part(name))
}

/// Whether a text is lowercase, and has dashes only within.
fn part(text: &str) -> bool {
    word(text, b"-") && text.bytes().all(|byte| !byte.is_ascii_uppercase())
}

/// What was expected of the name of an object, if this is none: Namespaces, Services and what makes
/// pods by number have no dots in theirs.
pub(super) fn object_name(kind: Kind, name: &str) -> Option<&'static str> {
    match kind {
        Kind::Namespace | Kind::Service | Kind::StatefulSet => {
            (!plain_name(name)).then_some(PLAIN_NAME)
        }
        _ => (!domain(name)).then_some(NAME),
    }
}
