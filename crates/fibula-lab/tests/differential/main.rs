//! Random clusters with random Services and policies, in the model and in the kernel: they agree on every probe
//! and every reply.
//!
//! `FIBULA_CLUSTERS=1000 cargo test --release -p fibula-lab --test differential` is the long form;
//! `FIBULA_SEED` is the first seed, and `FIBULA_PRINT=1` prints the objects of that one instead.

mod dice;
mod objects;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Intent, Listeners, network};
use fibula_lab::compare::{Comparison, Coverage, Difference, Questions, compare, questions};
use fibula_lab::kernel::{Ground, Lab};
use fibula_lab::translate::{Setup, translate};
use fibula_network::walk::Verdict;
use fibula_network::{Network, Proto};
use fibula_source::Input;

use dice::Dice;

/// How many clusters a test run has, unless it is told otherwise.
const CLUSTERS: u64 = 24;

#[allow(clippy::print_stdout, reason = "a program of its own, to be read")]
fn main() {
    // Before there is a second thread.
    let ground = Ground::enter();
    let seed = number("FIBULA_SEED", 1);
    if std::env::var_os("FIBULA_PRINT").is_some() {
        return println!("{}", objects::cluster(seed));
    }
    if std::env::args().any(|arg| arg == "--list") {
        return;
    }
    let ground = match ground {
        Ok(ground) => ground,
        Err(why) => return println!("model and kernel were not compared: skipped, {why}"),
    };
    let (mut messages, mut probes, mut different) = (0, 0, 0);
    let mut ends: BTreeMap<Verdict, usize> = BTreeMap::new();
    let clusters = number("FIBULA_CLUSTERS", CLUSTERS);
    for seed in seed..seed + clusters {
        match try_cluster(&ground, seed) {
            Err(why) if why.contains("install the package nftables") => {
                return println!("model and kernel were not compared: skipped, {why}");
            }
            Err(why) => {
                different += 1;
                println!("seed {seed}: {why}");
            }
            Ok((network, _, comparison)) => {
                messages += comparison.questions;
                probes += comparison.probes;
                for agreement in &comparison.agreements {
                    *ends.entry(agreement.verdict).or_default() += agreement.messages;
                }
                for difference in &comparison.differences {
                    println!("seed {seed}: {}", describe(&network, difference));
                }
                different += usize::from(!comparison.differences.is_empty());
            }
        }
    }
    println!("{clusters} clusters from seed {seed}: {messages} messages in {probes} probes");
    let ends = ends.iter().map(|(verdict, count)| format!("{count} {}", verdict.name()));
    println!("both say of them: {}", ends.collect::<Vec<_>>().join(", "));
    assert_eq!(different, 0, "clusters on which model and kernel differ");
}

fn number<T: FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// What comes of one cluster.
fn try_cluster(ground: &Ground, seed: u64) -> Result<(Network, Questions, Comparison), String> {
    let text = objects::cluster(seed).to_string();
    let read = fibula_source::read(&[Input::Text { name: format!("seed {seed}"), text }]);
    if let Some(refusal) = read.refused.first() {
        return Err(format!("a random object was refused: {refusal:?}"));
    }
    let cluster = Cluster::new(read.objects, &Options::default());
    let mut dice = Dice::new(!seed);
    let listeners = *dice.one(&[Listeners::Declared, Listeners::Unknown]);
    let daemons = vec![Daemon::kubelet()];
    let intent = Intent { listeners, daemons, ..Intent::default() };
    let network = network(&cluster, &intent);
    // One way in which the choices can fall, which both must follow.
    let choices: Vec<u8> = network
        .choices
        .iter()
        .map(|choice| dice.below(usize::from(choice.values.max(1))) as u8)
        .collect();
    let coverage = if dice.once_in(4) { Coverage::All } else { Coverage::Alike };
    let questions = questions(&network, coverage, &[Proto::Tcp, Proto::Udp]);
    let targets = questions.targets();
    let setup = Setup { choices: choices.clone(), targets, without: vec![] };
    let translation = translate(&network, &setup).map_err(|refusal| refusal.to_string())?;
    let mut lab = Lab::up(ground, &translation.plan).map_err(|error| error.to_string())?;
    let comparison = compare(&network, &translation, &choices, &mut lab, &questions.all)
        .map_err(|error| error.to_string())?;
    Ok((network, questions, comparison))
}

/// A difference, for whoever has to find its reason.
fn describe(network: &Network, difference: &Difference) -> String {
    let mut text = format!("{} messages\n", difference.questions.len());
    let fate = &difference.fate;
    if let Some(question) = difference.questions.first() {
        let process = &network.element(question.process).name;
        let _ = writeln!(text, "  e.g. {process} sends {:?}", question.header);
    }
    let at = &network.element(fate.at).name;
    let _ = writeln!(text, "  model: {} at {at}, {:?}", fate.verdict.name(), fate.header);
    if let Some(id) = fate.entry {
        let _ = writeln!(text, "  by {:?}", network.entry(id));
    }
    let _ = write!(text, "  kernel: {:?}", difference.fault);
    text
}
