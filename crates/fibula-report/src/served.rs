//! Why a Service has no use for a message, in words.

use fibula_answers::trace::Why;
use fibula_network::{Family, Header};

use crate::preface::{count, list};
use crate::view::View;

/// A reason, in the middle of a sentence, with the ids that say so.
pub(crate) fn why(view: &View<'_>, why: &Why, header: Header) -> String {
    let family = match header.dst.family() {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    match why {
        Why::NoPort(service, has) => {
            let has: Vec<String> = has.iter().map(ToString::to_string).collect();
            format!("svc/{service} has no port {}: it has {}", header.dport, list(&has))
        }
        Why::SelectsNothing(service, labels) => {
            let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("svc/{service} selects {}, and no pod has that (SVC-10)", labels.join(","))
        }
        Why::NoSelector(service) => {
            format!("svc/{service} has no selector, and no EndpointSlice speaks for it (SVC-15)")
        }
        Why::NoSuchTarget(service, name) => {
            format!("no pod behind svc/{service} has a port named {name} (SVC-14)")
        }
        Why::EmptySlices(service) => {
            format!("the EndpointSlices of svc/{service} have no endpoint for this port (SVC-17)")
        }
        Why::NoFamily(service) => {
            format!("no pod behind svc/{service} has an {family} address (SVC-12)")
        }
        Why::Unready(service, 1) => {
            format!("the only endpoint of svc/{service} is not ready (SVC-40)")
        }
        Why::Unready(service, n) => {
            format!("none of the {} of svc/{service} is ready (SVC-40)", count(*n, "endpoint"))
        }
        // The entry beside it has the id of what follows.
        Why::Elsewhere(service, node, field) => {
            let node = view.name(*node);
            format!("svc/{service} has no endpoint on {node}, and {field} is Local")
        }
        Why::OutOfRange(service) => {
            format!("the loadBalancerSourceRanges of svc/{service} leave out {}", header.src)
        }
    }
}
