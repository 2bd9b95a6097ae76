//! Numbers, plurals and lists as people write them.

use fibula_answers::trace::Unread;
use fibula_cluster::Decides;

/// How many there are of a kind that was not read, `2 Ingresses`; or that nobody may tell.
pub(crate) fn unread_kind(unread: &Unread) -> String {
    match unread.is_forbidden() {
        true => format!("{} (forbidden)", many(&unread.kind)),
        false => count(unread.count(), &unread.kind),
    }
}

/// What was not read and could change what Services lead to, `EndpointSlices and VirtualServices`.
pub(crate) fn of_services<'u>(unread: impl IntoIterator<Item = &'u Unread>) -> String {
    let own = unread.into_iter().filter(|unread| unread.decides == Decides::Service);
    let mut kinds: Vec<String> = own.map(|unread| many(&unread.kind)).collect();
    kinds.dedup();
    list(&kinds)
}

/// `1 pod`, `2 pods`, `26,950 pairs`.
pub(crate) fn count(n: usize, what: &str) -> String {
    let number = thousands(n as u64);
    match n {
        1 => format!("{number} {what}"),
        _ => format!("{number} {}", many(what)),
    }
}

/// `pods`, `policies`, `addresses`.
fn many(what: &str) -> String {
    match what.as_bytes() {
        [.., b't', b's'] => what.to_owned(),
        [.., b's' | b'x'] => format!("{what}es"),
        [.., b'c' | b'r', b'y'] => format!("{}ies", &what[..what.len() - 1]),
        _ => format!("{what}s"),
    }
}

/// `26,950`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(1, "pod"), "1 pod");
        assert_eq!(count(0, "node address"), "0 node addresses");
        assert_eq!(count(13, "NetworkPolicy"), "13 NetworkPolicies");
        assert_eq!(thousands(26950), "26,950");
        assert_eq!(thousands(150000000), "150,000,000");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
