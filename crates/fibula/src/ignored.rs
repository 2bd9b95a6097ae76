//! Kinds that `--ignore` names and that it accepts nothing by.

use std::cmp::Reverse;

use fibula_cluster::{is_read, unread_kinds};
use fibula_report::{Page, error};
use fibula_source::Read;

/// A warning where `--ignore` names no kind that was left unread. A kind that fibula knows, does not
/// read, and the input lacks is no mistake: scripts name it for all of their inputs.
pub(crate) fn ignores_nothing(ignored: &str, read: &Read) -> Option<Page> {
    let objects = &read.unread;
    let forbidden = read.forbidden.iter().map(|kind| &kind.kind);
    let mut accepted = objects.iter().map(|object| &object.kind).chain(forbidden);
    if accepted.any(|kind| kind.eq_ignore_ascii_case(ignored)) {
        return None;
    }
    let what = format!("--ignore {ignored} accepts nothing here");
    // Before what is known: a plugin may have a kind of the same name.
    if is_read(ignored) {
        let why = format!("{what}: every {ignored} of Kubernetes is read");
        return Some(error::warning(&why, Some("to leave some out, leave out their files")));
    }
    if unread_kinds().any(|kind| kind.eq_ignore_ascii_case(ignored)) {
        return None;
    }
    let said = ignored.to_lowercase();
    let mut kinds: Vec<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
    for kind in unread_kinds() {
        kinds.push(kind);
    }
    let distance = |kind: &str| strsim::damerau_levenshtein(&said, &kind.to_lowercase());
    let known = kinds.into_iter().map(|kind| (Reverse(distance(kind)), kind));
    let near = known.filter(|(Reverse(far), _)| *far <= said.len().div_ceil(4)).max();
    Some(match near {
        Some((_, near)) => error::warning(&what, error::meant(&[near]).as_deref()),
        None => error::warning(&format!("{what}: fibula knows no kind of that name"), None),
    })
}
