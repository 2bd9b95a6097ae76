//! Promises and what breaks them, in words.

use fibula_answers::promises::{Breach, By, Checked, Doubt, Member, Outcome};
use fibula_answers::reach::{At, PartyId, Ports, Reach, Who};
use fibula_answers::trace::Unread;
use fibula_cluster::promise::{Named, Promise, Said, Verb};
use fibula_network::Range;

use super::{Check, Made, shown, unread};
use crate::notices::Spot;
use crate::page::Text;
use crate::preface::{count, list, unread_kind};
use crate::reach::names::{Names, RANGES};
use crate::reach::rows;
use crate::style::Label;
use crate::view::View;

/// How many names are said before they are counted.
const MOST: usize = 3;
/// How many ranges of the world are written out where they are counted.
const MOST_RANGES: usize = 6;
/// How many breaches of a promise are told in the text.
const MOST_BREACHES: usize = 8;

/// What names and breaches are said with.
pub(crate) struct Words<'a> {
    pub(super) view: &'a View<'a>,
    check: &'a Check<'a>,
    pub(super) names: Names<'a, 'a>,
}

/// A line, and where it comes from.
pub(crate) type Line = (Text, Text);

/// The parties of an answer, as `reach` names them.
pub(crate) fn reach(checked: &Checked) -> Reach {
    let (parties, families) = (checked.parties.clone(), checked.families.clone());
    Reach { parties, families, ..Reach::default() }
}

/// A place without its column.
pub(super) fn place(spot: &Spot) -> String {
    Spot { column: None, ..spot.clone() }.to_string()
}

/// What is promised, in a sentence.
pub(crate) fn sentence(promise: &Promise) -> String {
    let names = |said: &[Said]| -> String {
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        said.join(", ")
    };
    let verb = match (promise.verb, is_plural(&promise.about)) {
        (Verb::Reaches, false) => "reaches",
        (Verb::Reaches, true) => "reach",
        (Verb::NeverReaches, false) => "never reaches",
        (Verb::NeverReaches, true) => "never reach",
        (Verb::OnlyFrom, _) => "only from",
        (Verb::ReachesOnly, false) => "reaches only",
        (Verb::ReachesOnly, true) => "reach only",
    };
    let ports: Vec<String> = promise.ports.iter().map(ToString::to_string).collect();
    let at = if ports.is_empty() { String::new() } else { format!(" at {}", ports.join(", ")) };
    format!("{} {verb} {}{at}", names(&promise.about), names(&promise.others))
}

/// Whether several are said.
fn is_plural(said: &[Said]) -> bool {
    match said {
        [one] => match &one.who {
            Named::Name(name) => matches!(&**name, "nodes" | "pods" | "all" | "any"),
            Named::Selected(selected) => selected.cidr.is_none(),
        },
        _ => true,
    }
}

// === impl Words ===

impl<'a> Words<'a> {
    pub(crate) fn new(view: &'a View<'a>, check: &'a Check<'a>, reach: &'a Reach) -> Words<'a> {
        Words { view, check, names: Names::new(view, reach) }
    }

    /// What a promise is called, and why it was made.
    pub(super) fn title(&self, made: Made<'_>) -> Text {
        match made {
            Made::Written(written) => {
                let promise = written.promise;
                let name = promise.name.clone().unwrap_or_else(|| sentence(promise));
                let text = Text::new().with(Label::Name, name);
                match &promise.because {
                    Some(because) => text.with(Label::Dim, format!("   ({because})")),
                    None => text,
                }
            }
            Made::Implied(implied) => {
                let name = self.says(made);
                let by = match &*implied.by {
                    "" => "command or argument".to_owned(),
                    by => format!("env {by}"),
                };
                Text::new().with(Label::Name, name).with(Label::Dim, format!("   {by}"))
            }
        }
    }

    /// What is promised, in a sentence.
    pub(crate) fn says(&self, made: Made<'_>) -> String {
        match made {
            Made::Written(written) => sentence(written.promise),
            Made::Implied(implied) => {
                format!("{} → {}", self.names.one(implied.from), implied.text)
            }
        }
    }

    /// What there is to say of a promise, line by line.
    pub(super) fn lines(&self, made: Made<'_>, outcome: &Outcome) -> Vec<Line> {
        let none = Text::new;
        match outcome {
            Outcome::Kept => match made {
                Made::Written(w) if w.promise.name.is_some() => {
                    vec![(Text::new().with(Label::Dim, sentence(w.promise)), none())]
                }
                _ => vec![],
            },
            Outcome::Wrong(_) => vec![],
            Outcome::Undecided(doubts) => {
                doubts.iter().flat_map(|doubt| self.doubt(doubt)).map(|t| (t, none())).collect()
            }
            Outcome::Broken(breaches) => {
                let shown = breaches.iter().take(MOST_BREACHES);
                let mut lines: Vec<Line> =
                    shown.flat_map(|breach| self.breach(made, breach)).collect();
                if breaches.len() > MOST_BREACHES {
                    let more = count(breaches.len() - MOST_BREACHES, "more breach");
                    lines.push((Text::new().with(Label::Dim, format!("and {more}")), none()));
                }
                lines
            }
        }
    }

    /// Why nobody knows.
    pub(super) fn doubt(&self, doubt: &Doubt) -> Vec<Text> {
        match doubt {
            Doubt::Choices(choices) => {
                let question = |id| {
                    let choice = self.view.network.choice(id);
                    let text = Text::from(choice.question.to_string());
                    text.with(Label::Dim, format!(" ({})", choice.id))
                };
                choices.iter().map(|id| question(*id)).collect()
            }
            Doubt::Unread => {
                let kinds = unread(self.check.checked);
                vec![Text::from(format!("{kinds} could change it, which is not read (DR-21)"))]
            }
            Doubt::Services(unread) => {
                let kinds = list(&unread.iter().map(unread_kind).collect::<Vec<_>>());
                let says = format!("{kinds} could change what a Service leads to");
                let are =
                    if unread.iter().map(Unread::count).sum::<usize>() == 1 { "is" } else { "are" };
                vec![Text::from(format!("{says}, and {are} not read (DR-21)"))]
            }
            Doubt::Labels(name) => {
                vec![Text::from(format!("the labels of namespace {name} were not read (DR-22)"))]
            }
            Doubt::Awaited(name) => {
                let name = self.names.service(name);
                vec![Text::from(format!(
                    "the load balancer of svc/{name} has no address yet (SVC-24)"
                ))]
            }
            Doubt::Outside(why) => vec![Text::from(why.clone())],
        }
    }

    fn breach(&self, made: Made<'_>, breach: &Breach) -> Vec<Line> {
        let mut lines = vec![];
        let says = self.who(made, breach);
        if !says.is_empty() {
            lines.push((Text::from(says), Text::new()));
        }
        lines.extend(shown::line(self, breach));
        if !breach.choices.is_empty() {
            let ids = rows::ids(self.view, &breach.choices);
            let says = format!("which of this is so depends on {ids}");
            lines.push((Text::new().with(Label::Open, says), Text::new()));
        }
        lines
    }

    /// Who breaks it, and how; nothing where the message that shows it says as much.
    pub(crate) fn who(&self, made: Made<'_>, breach: &Breach) -> String {
        let (from, to) = (self.some(&breach.from), self.at(breach));
        let verb = match made {
            Made::Written(written) => written.promise.verb,
            Made::Implied(_) => Verb::Reaches,
        };
        let [strange_from, strange_to] = breach.strangers;
        let strangers = |also: bool, so_far: String| match (also, so_far.is_empty()) {
            (false, _) => so_far,
            (true, true) => STRANGER.to_owned(),
            (true, false) => format!("{so_far}, and to {STRANGER}"),
        };
        if let By::Name(why, by) = &breach.by {
            return format!("no such name: {why} ({by})");
        }
        if let By::Door(door) = &breach.by {
            let also = if verb == Verb::ReachesOnly { "also " } else { "" };
            let way = rows::way(&self.names, door);
            let ranges = self.ranges(&breach.from);
            let from = from + ranges.as_deref().unwrap_or_default();
            let from = match (strange_from, from.is_empty()) {
                (true, true) => STRANGER.to_owned(),
                (true, false) => format!("{from}, and {STRANGER}"),
                (false, _) => from,
            };
            let several = breach.from.len() + usize::from(strange_from) > 1;
            let verb = if several || ranges.is_some() { "reach" } else { "reaches" };
            return format!("{from} {also}{verb} {to} by {way}");
        }
        match (verb, breach.open) {
            (Verb::OnlyFrom, _) => {
                let whom = if self.is_one(&breach.to) {
                    String::new()
                } else {
                    format!("{} is ", self.some(&breach.to))
                };
                let at = self.also_at(breach);
                format!("{whom}also open{at} to {}", strangers(strange_from, from))
            }
            (Verb::ReachesOnly, _) => {
                let who = if self.is_one(&breach.from) { String::new() } else { from + " " };
                let to = match (strange_to, breach.to.is_empty()) {
                    (true, true) => format!("{STRANGER}{}", self.ports(&breach.ports)),
                    (true, false) => format!("{to}, and {STRANGER}"),
                    (false, _) => to,
                };
                let verb = if breach.from.len() > 1 { "reach" } else { "reaches" };
                format!("{who}also {verb} {to}")
            }
            (Verb::NeverReaches, _) => {
                let from = match (strange_from, breach.from.is_empty()) {
                    (true, true) => STRANGER.to_owned(),
                    (true, false) => format!("{from}, and {STRANGER}"),
                    (false, _) => from,
                };
                match self.is_pair(breach) && !strange_from {
                    true => String::new(),
                    false => format!("{from} → {to}: open"),
                }
            }
            (Verb::Reaches, _) => match (&breach.by, breach.witness.is_some()) {
                (By::NoFamily, _) => {
                    format!("{from} → {to}: no address of one family (NM-12)")
                }
                (By::Service(name, port), false) => {
                    let name = self.names.service(name);
                    format!("{from} → svc/{name}:{port}: no way in for every connection")
                }
                (By::Service(name, port), true) if !self.is_one(&breach.from) => {
                    format!(
                        "{from} → svc/{}:{port}: not every connection",
                        self.names.service(name)
                    )
                }
                (By::Service(..), true) => String::new(),
                (_, false) => format!("{from} → {to}: no way in leads there"),
                (_, true) if self.is_pair(breach) => String::new(),
                (_, true) => format!("{from} → {to}: closed"),
            },
        }
    }

    /// Where ranges of the world are only counted, which they are, as far as they are few.
    fn ranges(&self, members: &[Member]) -> Option<String> {
        let [one] = members else { return None };
        let Who::World(ranges) = &self.check.checked.party(one.party).who else { return None };
        if !self.names.one(one.party).contains(RANGES) {
            return None;
        }
        let all: Vec<String> = ranges.iter().map(Range::to_string).collect();
        Some(match all.len() > MOST_RANGES {
            true => format!(" ({}, …; -o json lists them)", all[..MOST].join(", ")),
            false => format!(" ({})", all.join(", ")),
        })
    }

    /// Whether one party is meant, and all of it.
    fn is_one(&self, members: &[Member]) -> bool {
        matches!(members, [one] if one.some == one.of)
    }

    fn is_pair(&self, breach: &Breach) -> bool {
        self.is_one(&breach.from) && self.is_one(&breach.to)
    }

    /// Some parties by name, or counted where they are many.
    pub(super) fn some(&self, members: &[Member]) -> String {
        let (parts, whole): (Vec<Member>, Vec<Member>) =
            members.iter().partition(|member| member.some < member.of);
        let part = |member: &Member| {
            format!("{} of {} pods of {}", member.some, member.of, self.names.one(member.party))
        };
        if members.len() <= MOST {
            let ids: Vec<PartyId> = whole.iter().map(|member| member.party).collect();
            let whole = ids.iter().map(|id| self.names.one(*id));
            return list(&whole.chain(parts.iter().map(part)).collect::<Vec<_>>());
        }
        let of = |is: &dyn Fn(&Who) -> bool| {
            members.iter().filter(|member| is(&self.check.checked.party(member.party).who)).count()
        };
        let workloads = of(&|who| matches!(who, Who::Workload { .. }));
        let nodes = of(&|who| matches!(who, Who::Node(_)));
        let world = members
            .iter()
            .find(|member| matches!(self.check.checked.party(member.party).who, Who::World(_)));
        let mut said = vec![];
        if workloads > 0 {
            said.push(count(workloads, "workload"));
        }
        if nodes > 0 {
            said.push(count(nodes, "node"));
        }
        said.extend(world.map(|member| self.names.one(member.party)));
        list(&said)
    }

    /// The targets of a breach, with the ports.
    fn at(&self, breach: &Breach) -> String {
        let some = self.some(&breach.to);
        match &breach.by {
            By::Door(door) if matches!(door.at, At::Awaited) || breach.open => {
                format!("{some}{}", self.ports(&breach.ports))
            }
            _ => format!("{some}{}", self.ports(&breach.ports)),
        }
    }

    fn ports(&self, ports: &Ports) -> String {
        match ports.is_empty() {
            true => String::new(),
            false => self.names.ports(ports, &[]).words(),
        }
    }

    /// At which ports, where the message that is shown does not say it.
    fn also_at(&self, breach: &Breach) -> String {
        match &breach.ports.0[..] {
            [(_, (lo, hi))] if lo == hi => String::new(),
            _ if breach.ports.any() => String::new(),
            _ => format!(" at {}", self.ports(&breach.ports).trim_start_matches(':')),
        }
    }
}

/// A pod that is not here.
const STRANGER: &str = "any pod of a namespace that is not read here";
