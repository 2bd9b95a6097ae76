//! The entry that decides where no policy and no Service of the input does: out in the world, at a
//! Node, at a port on which nobody listens.

use fibula_answers::trace::Branch;
use fibula_network::ElementId;
use fibula_network::walk::{Life, Step, Verdict};

use crate::life::{Lens, decided, element, origin};
use crate::view::View;

/// Why a message ends that nobody gets, and by which entry.
pub(super) fn end(view: &View<'_>, branch: &Branch) -> String {
    let verdict = branch.verdict();
    let life = match (verdict, &branch.reply) {
        (Verdict::ReplyLost, Some(reply)) => reply,
        _ => &branch.life,
    };
    let lens = lens(view);
    let says = match verdict {
        Verdict::NoRoute | Verdict::Loop | Verdict::NoLink | Verdict::NoEntry => lens.because(life),
        _ => None,
    };
    let says = says.unwrap_or_else(|| ended(verdict).to_owned());
    match last(life) {
        Some((step, at)) => {
            let entry = decided(view, life, step).map(|entry| origin(view, &entry).words());
            let entry = entry.map_or_else(String::new, |entry| format!(" ({entry})"));
            format!("{says}, at {}{entry}", element(view, at).words())
        }
        None => says,
    }
}

/// Who lets a message arrive, and by which entry.
pub(super) fn arrival(view: &View<'_>, branch: &Branch) -> Option<String> {
    let life = &branch.life;
    let (step, at) = last(life)?;
    let rows = lens(view).rows(life, step..step + 1);
    let [_, happens, entry] = &rows.first()?[..] else { return None };
    Some(format!("{} {} ({})", element(view, at).words(), happens.words(), entry.words()))
}

fn lens<'a>(view: &'a View<'_>) -> Lens<'a> {
    Lens { view, source_port_matters: false, why: None, rulings: &[] }
}

/// The last step in which an entry decided, and whose.
fn last(life: &Life) -> Option<(usize, ElementId)> {
    let mut steps = life.steps.iter().enumerate().rev();
    steps.find_map(|(step, what)| match what {
        Step::Decide { at, .. } => Some((step, *at)),
        _ => None,
    })
}

/// What ends a message that no policy or Service does.
fn ended(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Closed => "nobody listens on this port (POD-2)",
        Verdict::NoRoute => "nobody has this address",
        Verdict::ReplyLost => "it arrives, and its reply does not come home",
        Verdict::Loop => "it goes in a circle",
        Verdict::NoLink | Verdict::NoEntry => "a switch does not know where to send it",
        Verdict::Delivered => "somebody else gets it",
        Verdict::Rejected | Verdict::DroppedByPolicy | Verdict::DroppedByService => {
            "this is not for a policy or a Service of the input to say"
        }
    }
}
