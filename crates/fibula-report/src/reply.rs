//! The reply to a message: what is set back on its way, and how it ends.

use fibula_answers::trace::header_before;
use fibula_network::walk::{Life, Step, Verdict};
use fibula_network::{Action, Header};

use crate::life::{self, Lens, decided};
use crate::page::Text;
use crate::style::Label;
use crate::view::host;

/// The rows of the reply to a message that was sent with this header: where it is rewritten, and
/// its end.
pub(crate) fn rows(lens: Lens<'_>, sent: Header, reply: &Life) -> Vec<Vec<Text>> {
    let mut says: Vec<Text> = vec![];
    for (i, step) in reply.steps.iter().enumerate() {
        if let Step::Decide { at, becomes: Some(after), .. } = *step
            && let Some(before) = header_before(reply, i).filter(|before| *before != after)
        {
            let back = match decided(lens.view, reply, i).map(|entry| entry.action) {
                Some(Action::Undo { .. }) => " back",
                _ => "",
            };
            let sets = set(lens, before, after, back);
            says.push(life::element(lens.view, at).plain(format!(" sets {sets}")));
        }
    }
    let lost = reply.ending.verdict == Verdict::ReplyLost;
    if lost {
        says.push(lost_how(lens, sent, reply).into());
    } else if says.is_empty() {
        says.push("comes back as it is".into());
    }
    let last = says.len() - 1;
    let rows = says.into_iter().enumerate().map(|(i, says)| {
        let mark = if i == 0 { "↩ reply" } else { "↩" };
        let label = if lost && i == last { Label::Bad } else { Label::Plain };
        let end = if i == last { life::verdict(reply.ending.verdict) } else { Text::new() };
        vec![Text::new().with(label, mark), says, end]
    });
    rows.collect()
}

/// What of a header was set to what.
fn set(lens: Lens<'_>, before: Header, after: Header, back: &str) -> String {
    let source = format!("{}:{}", host(after.src), after.sport);
    // Which port a client sends from makes no difference, as a rule.
    let target = match lens.source_port_matters {
        true => life::target(after),
        false => after.dst.to_string(),
    };
    let (src, dst) = (
        (before.src, before.sport) != (after.src, after.sport),
        (before.dst, before.dport) != (after.dst, after.dport),
    );
    match (src, dst) {
        (true, true) => format!("the source{back} to {source}, the target to {target}"),
        (true, false) => format!("the source{back} to {source}"),
        _ => format!("the target{back} to {target}"),
    }
}

/// How a reply is lost, where it is.
fn lost_how(lens: Lens<'_>, sent: Header, reply: &Life) -> String {
    let view = lens.view;
    let at = reply.ending.at;
    let here = view.name(at);
    let action = reply.steps.len().checked_sub(1).and_then(|last| decided(view, reply, last));
    match (action.map(|entry| entry.action), reply.steps.last()) {
        (Some(Action::Discard(reason)), _) => {
            format!("ends at {here}: {}", Verdict::of(reason).name())
        }
        (Some(Action::Reject(_)), _) => format!("ends at {here}: rejected"),
        (Some(Action::Deliver(_)), _) => format!("ends at {here}, where nobody waits for it"),
        (None, Some(Step::Recv { at, header, .. })) if view.network.kind(*at).is_process() => {
            let expected = life::target(sent);
            let from = format!("{}:{}", host(header.src), header.sport);
            match from == expected {
                true => format!("reaches {here}, where nobody waits for it"),
                false => format!("reaches {here} from {from}, not from {expected}"),
            }
        }
        _ => format!("goes no further than {here}"),
    }
}

/// Why a reply is lost, for several messages at once.
pub(crate) fn lost_why(lens: Lens<'_>, sent: Header, reply: &Life) -> String {
    match reply.steps.last() {
        Some(Step::Recv { at, header, .. })
            if lens.view.network.kind(*at).is_process() && header.src != sent.dst =>
        {
            format!("it does not come from {}", life::target(sent))
        }
        _ => format!("it {}", lost_how(lens, sent, reply)),
    }
}
