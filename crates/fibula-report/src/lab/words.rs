//! What model and kernel say of a message, in words.

use fibula_lab::compare::{Fate, Fault};
use fibula_lab::kernel::{Arrived, Outcome};
use fibula_lab::plan::{Origin, SpaceId};
use fibula_network::walk::Verdict;

use super::LabCheck;

/// What the kernel was seen to do where it agrees with a verdict of the model.
pub(super) fn agreed(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "accepted by that process, from that address, and replied",
        Verdict::ReplyLost => "arrived at that process, and no reply came home",
        Verdict::Closed => "refused: nobody listens there",
        Verdict::Rejected => "rejected by that rule",
        Verdict::DroppedByPolicy | Verdict::DroppedByService | Verdict::NoRoute => {
            "dropped by that rule"
        }
        Verdict::NoEntry | Verdict::NoLink | Verdict::Loop => "unreachable",
    }
}

/// How a group of differences differs in the kernel, in a few words. Its messages have many
/// receivers: only one that the model does not mean is named.
pub(super) fn fault(check: &LabCheck<'_>, fate: &Fate, fault: &Fault) -> String {
    let seen = match fault {
        Fault::NeverSeen => return "this branch was never seen".to_owned(),
        Fault::TooMany => return "more branches than were followed".to_owned(),
        Fault::Otherwise(seen) => seen,
    };
    let whom = |process| match process == fate.at {
        true => "that process".to_owned(),
        false => check.view.name(process),
    };
    match seen.outcome {
        Outcome::Accepted(arrived) if arrived.process == fate.at => {
            "accepted by that process, with another header".to_owned()
        }
        Outcome::Accepted(arrived) => format!("accepted by {}", whom(arrived.process)),
        Outcome::ReplyLost(arrived) => format!("arrived at {}, reply lost", whom(arrived.process)),
        Outcome::Refused { .. } => "refused".to_owned(),
        Outcome::Unreachable { .. } => "unreachable".to_owned(),
        Outcome::Dropped { space, .. } => format!("dropped at {}", check.at(space)),
        Outcome::Rejected { space, .. } => format!("rejected at {}", check.at(space)),
        Outcome::Silent => "silent".to_owned(),
    }
}

/// What was observed in the kernel, in full.
pub(super) fn observed(check: &LabCheck<'_>, fault: &Fault) -> String {
    let seen = match fault {
        Fault::NeverSeen => {
            return "sent again and again, it took other branches only".to_owned();
        }
        Fault::TooMany => {
            return "the message has more branches than were followed: nothing was sent".to_owned();
        }
        Fault::Otherwise(seen) => seen,
    };
    let by = |by: Option<std::net::IpAddr>| by.map_or(String::new(), |by| format!(", says {by}"));
    match seen.outcome {
        Outcome::Accepted(arrived) => format!("delivered to {}", arrival(check, &arrived)),
        Outcome::ReplyLost(arrived) => {
            format!("delivered to {}; no reply came home", arrival(check, &arrived))
        }
        Outcome::Refused { by: who } => format!("refused: nobody listens there{}", by(who)),
        Outcome::Unreachable { errno, by: who } => format!("{}{}", heard(errno), by(who)),
        Outcome::Dropped { space, origin } => format!("dropped {}", rule(check, space, origin)),
        Outcome::Rejected { space, origin, errno } => {
            format!("rejected {}; the sender hears {:?}", rule(check, space, origin), heard(errno))
        }
        Outcome::Silent => "silent: no rule, no listener and no error tells of it".to_owned(),
    }
}

/// What Linux calls an error.
pub(super) fn heard(errno: i32) -> String {
    let words = std::io::Error::from_raw_os_error(errno).to_string();
    words.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// The words of the rule that stopped a message: `F4 next hop/3`.
pub(super) fn rule_name<'a>(check: &'a LabCheck<'_>, origin: Origin) -> &'a str {
    check.translation.plan.origin(origin).unwrap_or("no entry")
}

fn rule(check: &LabCheck<'_>, space: SpaceId, origin: Origin) -> String {
    format!("at {} by the rule for {}", check.at(space), rule_name(check, origin))
}

/// To whom, from where, and to which target as it was seen there.
fn arrival(check: &LabCheck<'_>, arrived: &Arrived) -> String {
    // The source port tells probes apart, and says nothing else.
    let from = arrived.from.ip();
    format!("{}, from {from}, sent to {}", check.whom(arrived.process), arrived.to)
}
