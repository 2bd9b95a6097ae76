//! What the API server refuses, or takes otherwise than it is written.

use super::{Finding, One, Severity, Told, count};
use crate::cluster::Odd;

/// Selectors that miss their own pods, ranges with bits behind their prefix, and pods that are chosen
/// without a selector.
pub(super) fn tell(told: &mut Told<'_>) {
    let cluster = told.cluster;
    let (mut bits, mut pods) = (Vec::new(), Vec::new());
    for odd in &cluster.oddities {
        let (name, place) = (odd.name.clone(), odd.place);
        match &odd.what {
            Odd::Template(selector) => {
                told.each("selector-misses-template", vec![place], |places| Finding {
                    id: "selector-misses-template",
                    rule: "NP-13",
                    severity: Severity::Warning,
                    message: format!(
                        "{name} selects {selector}, and its own template makes other pods: the API \
                         server refuses it"
                    ),
                    places,
                    subjects: vec![name],
                });
            }
            Odd::HostBits(said, net) => {
                let shown = format!("{name} {said} means {net}");
                bits.push(One::new(shown, place).known_by(format!("{name} {said}")));
            }
            Odd::NoPodSelector => pods.push(One::new(name, place)),
        }
    }
    told.alike(("host-bits", "IP-8", Severity::Note), bits, |n, names| {
        let (s, has) = if n == 1 { ("", "has") } else { ("s", "have") };
        format!(
            "{n} range{s} {has} bits behind the prefix, which are cleared here; an API server warns, \
             or refuses it, and others may take it for one address: {names}"
        )
    });
    told.alike(("pods-without-selector", "CNP-17", Severity::Warning), pods, |n, names| {
        let choose = if n == 1 { "chooses" } else { "choose" };
        format!(
            "{} {choose} pods without a podSelector, which is read as all of them; the API server \
             refuses it: {names}",
            count(n, "place")
        )
    });
}
