//! What is taken for granted beside the objects, and how that is said.

use fibula_intended::{Daemon, Decisions, Intent, Listeners};
use fibula_report::Taken;

use crate::args::{InputArgs, ListenersArg};
use crate::config::Config;

/// What is taken for granted beside the objects, and how that is said.
///
/// K1 is the article's example: its listeners are all known, and d1 and d2 are its only daemons.
pub(crate) fn intent(args: &InputArgs, k1: bool) -> (Intent, Vec<Taken>) {
    let mut taken = vec![];
    let mut daemons: Vec<Daemon> = vec![];
    for daemon in args.daemon.iter().flatten() {
        if !daemons.contains(daemon) {
            daemons.push(daemon.clone());
        }
    }
    if args.daemon.is_empty() && !k1 {
        daemons.push(Daemon::kubelet());
        taken.push(Taken::Daemon("kubelet:10250".to_owned()));
    }
    let listeners = match args.listeners {
        Some(ListenersArg::Declared) => Listeners::Declared,
        Some(ListenersArg::Unknown) => Listeners::Unknown,
        None if k1 => Listeners::Declared,
        None => Listeners::Unknown,
    };
    if listeners == Listeners::Declared && !k1 {
        taken.push(Taken::Listeners);
    }
    let mut without = args.without.clone();
    without.sort();
    without.dedup();
    if !without.is_empty() {
        taken.push(Taken::Without(without.iter().map(|r| r.id().to_owned()).collect()));
    }
    (Intent { without, listeners, daemons, ..Intent::default() }, taken)
}

/// How it is said what was decided.
pub(super) fn decided(config: &Config) -> Option<Taken> {
    let by_profile = config.profile.map(Decisions::from);
    let mut taken = (vec![], vec![]);
    for (decision, value) in config.decisions.all() {
        let answer = decision.values()[usize::from(value).min(1)];
        let as_profile =
            by_profile.as_ref().is_none_or(|profile| profile.taken(decision) == Some(value));
        let list = if as_profile { &mut taken.0 } else { &mut taken.1 };
        list.push(format!("{decision}={answer}"));
    }
    let (answers, over) = taken;
    let profile = config.profile.map(|profile| profile.name().to_owned());
    let some = !answers.is_empty() || !over.is_empty();
    some.then_some(Taken::Decided { profile, answers, over })
}
