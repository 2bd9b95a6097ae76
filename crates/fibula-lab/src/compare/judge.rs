//! Probes in the kernel, as often as it takes, held against the model.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use fibula_network::walk::{Choices, Verdict, Walks};
use fibula_network::{ElementId, EntryId, Network};

use crate::kernel::{Error, Lab, Outcome, Probe, Seen};
use crate::translate::Translation;

use super::fate::{Fate, fates};
use super::probes::Question;

/// Where model and kernel agree, and where they differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many messages were asked about.
    pub questions: usize,
    /// How many probes that took.
    pub probes: usize,
    /// What both say, by how the messages end, in the order of verdicts.
    pub agreements: Vec<Agreement>,
    /// Where they differ, those that are alike together.
    pub differences: Vec<Difference>,
}

/// Messages of which model and kernel say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// How they end, by the worst of the branches of each.
    pub verdict: Verdict,
    /// How many there are.
    pub messages: usize,
}

/// Messages of which model and kernel say different things in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What the model says of the first of them.
    pub fate: Fate,
    /// What is different.
    pub fault: Fault,
    /// The messages.
    pub questions: Vec<Question>,
}

/// How the kernel differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This was seen, and is on no branch.
    Otherwise(Seen),
    /// The branch was never seen, however often the message was sent.
    NeverSeen,
    /// There are too many branches to tell.
    TooMany,
}

/// How often a message is sent again, at most, while one of its branches was not seen.
const ROUNDS: usize = 12;

/// What a message is known of.
struct Case {
    question: Question,
    fates: Vec<Fate>,
    all: bool,
    seen: Vec<bool>,
    other: Option<Seen>,
}

/// Sends the messages through the kernel until every branch was seen, and compares.
///
/// # Errors
///
/// The lab fails.
pub fn compare(
    network: &Network,
    translation: &Translation,
    choices: &Choices,
    lab: &mut Lab,
    questions: &[Question],
) -> Result<Comparison, Error> {
    let walks = Walks::new(network);
    let mut cases: Vec<Case> = questions
        .iter()
        .map(|&question| {
            let (fates, all) = fates(&walks, question.process, question.header, choices);
            let seen = vec![false; fates.len()];
            Case { question, fates, all, seen, other: None }
        })
        .collect();
    let (mut sent, mut branching) = (0, others(&cases));
    for round in 0..ROUNDS {
        let mut of = vec![];
        for (number, case) in cases.iter().enumerate().filter(|(_, case)| case.is_open()) {
            // In turn, one after the other: each branch once, if nobody comes between. But rules that
            // a message meets one behind the other take turns in step, and then some of its branches
            // never come up, until others come between that meet only one of these rules.
            for _ in 0..case.fates.len() {
                of.push(number);
                of.extend(branching.next().filter(|_| round % 2 == 1));
            }
        }
        let asked = |number: usize| Some((number, probe(translation, &cases[number].question)?));
        let (of, probes): (Vec<usize>, Vec<Probe>) = of.into_iter().filter_map(asked).unzip();
        if probes.is_empty() {
            break;
        }
        sent += probes.len();
        // Whose turns others took meanwhile, on their way from elsewhere, has them all next time.
        let seen = if round == 0 { lab.probe(&probes) } else { lab.probe_in_turn(&probes) };
        for (number, seen) in of.into_iter().zip(seen?) {
            cases[number].see(translation, seen);
        }
    }
    Ok(judge(&cases, sent))
}

/// Messages with several branches, in an order without a pattern, for ever; nothing where there are
/// none.
fn others(cases: &[Case]) -> impl Iterator<Item = usize> + use<> {
    let many =
        |(number, case): (usize, &Case)| (case.all && case.fates.len() > 1).then_some(number);
    let all: Vec<usize> = cases.iter().enumerate().filter_map(many).collect();
    let mut state = 1_u64;
    std::iter::from_fn(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.get((state >> 33) as usize % all.len().max(1)).copied()
    })
}

/// The probe that asks a question of the kernel.
fn probe(translation: &Translation, question: &Question) -> Option<Probe> {
    let header = question.header;
    Some(Probe {
        space: translation.space(question.process)?,
        from: SocketAddr::new(IpAddr::from(header.src), 0),
        to: SocketAddr::new(IpAddr::from(header.dst), header.dport),
        proto: header.proto,
    })
}

fn judge(cases: &[Case], probes: usize) -> Comparison {
    let mut agreements: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut differences: BTreeMap<Kind, Difference> = BTreeMap::new();
    for case in cases {
        let Some((fate, fault)) = case.fault() else {
            let verdict = case.fates.iter().map(|fate| fate.verdict).max();
            *agreements.entry(verdict.unwrap_or(Verdict::Delivered)).or_default() += 1;
            continue;
        };
        let kind = (fate.verdict as u8, fate.entry, outcome_kind(&fate, &fault));
        let new = || Difference { fate, fault, questions: vec![] };
        differences.entry(kind).or_insert_with(new).questions.push(case.question);
    }
    let agreement = |(verdict, messages)| Agreement { verdict, messages };
    Comparison {
        questions: cases.len(),
        probes,
        agreements: agreements.into_iter().map(agreement).collect(),
        differences: differences.into_values().collect(),
    }
}

/// What makes differences alike: what decided in the model, and what was seen in the kernel.
type Kind = (u8, Option<EntryId>, (u8, Option<ElementId>, u32));

fn outcome_kind(fate: &Fate, fault: &Fault) -> (u8, Option<ElementId>, u32) {
    // Who received it makes a difference only where the model says somebody else.
    let wrong = |process: ElementId| Some(process).filter(|process| *process != fate.at);
    match fault {
        Fault::NeverSeen => (0, None, 0),
        Fault::TooMany => (1, None, 0),
        Fault::Otherwise(seen) => match seen.outcome {
            Outcome::Accepted(arrived) => (2, wrong(arrived.process), 0),
            Outcome::ReplyLost(arrived) => (3, wrong(arrived.process), 0),
            Outcome::Refused { .. } => (4, None, 0),
            Outcome::Unreachable { errno, .. } => (5, None, errno.unsigned_abs()),
            Outcome::Dropped { origin, .. } => (6, None, origin.0),
            Outcome::Rejected { origin, .. } => (7, None, origin.0),
            Outcome::Silent => (8, None, 0),
        },
    }
}

// === impl Case ===

impl Case {
    /// Whether there is something left to see.
    fn is_open(&self) -> bool {
        self.all && self.other.is_none() && self.seen.iter().any(|seen| !seen)
    }

    fn see(&mut self, translation: &Translation, seen: Seen) {
        let mut known = false;
        for (fate, was) in self.fates.iter().zip(&mut self.seen) {
            if fate.is(translation, &seen) {
                (*was, known) = (true, true);
            }
        }
        if !known {
            self.other.get_or_insert(seen);
        }
    }

    fn fault(&self) -> Option<(Fate, Fault)> {
        // Of several branches, the one that was not seen is the one to speak of.
        let unseen = self.seen.iter().position(|seen| !seen);
        let fate = *self.fates.get(unseen.unwrap_or(0))?;
        match (self.other, unseen) {
            _ if !self.all => Some((fate, Fault::TooMany)),
            (Some(seen), _) => Some((fate, Fault::Otherwise(seen))),
            (None, Some(_)) => Some((fate, Fault::NeverSeen)),
            (None, None) => None,
        }
    }
}
