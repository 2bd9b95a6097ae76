//! A thousand promises about a thousand workloads.

use std::io::{self, Write};

use fibula_answers::promises::{Asked, Outcome, Strangers, check};
use fibula_answers::trace::Ground;
use fibula_cluster::Cluster;
use fibula_cluster::promise::Promise;
use fibula_network::Network;
use fibula_source::{Input, promises};

use crate::measure::{Sample, measure};
use crate::policies::{Scene, Stage, intended};
use crate::process;

/// How many namespaces of five workloads.
const NAMESPACES: usize = 200;

/// The scene that the promises are about.
const SCENE: Scene = Scene::Workloads { namespaces: NAMESPACES };

/// One promise for each workload, of four kinds in turn; all are kept.
pub fn text() -> String {
    let mut text = "promises:\n".to_owned();
    for number in 0..NAMESPACES * 5 {
        let (team, app) = (number / 5, number % 5);
        let (other, next) = ((team + 1) % NAMESPACES, (app + 1) % 5);
        let name = format!("team-{team}/app-{app}");
        let line = match number % 4 {
            0 => format!("{{to: {name}, only-from: [app=app-{next}, 198.51.0.0/16]}}"),
            1 => format!("{{from: ns/team-{other}, never-reaches: '{name}:5432'}}"),
            2 if app % 2 == 1 => {
                format!("{{from: team-{team}/app-{next}, reaches: ['{name}:8080']}}")
            }
            2 => format!("{{from: 'app=app-{app}', never-reaches: world, ports: [443]}}"),
            _ => format!("{{from: {name}, reaches-only: ['pods:8080', 'pods:53/UDP']}}"),
        };
        text.push_str(&format!("- {line}\n"));
    }
    text
}

fn written() -> Vec<Promise> {
    let input = Input::Text { name: "promises.yaml".into(), text: text() };
    promises(&[input]).all.into_iter().map(|(_, promise)| promise).collect()
}

/// How many of them are kept.
fn kept(ground: Ground<'_>, promises: &[Promise]) -> usize {
    let asked = Asked { promises, ..Asked::default() };
    let checked = check(ground, &asked).map(|checked| checked.written).unwrap_or_default();
    checked.iter().filter(|outcome| **outcome == Outcome::Kept).count()
}

/// The same with a pod of a namespace that is not there, as the command line asks.
fn kept_by_strangers(cluster: &Cluster, network: &Network, promises: &[Promise]) -> usize {
    let ground = Ground { network, cluster: Some(cluster), unread: &[], remake: Some(&intended) };
    match Strangers::new(ground, promises) {
        Some(strangers) => kept(strangers.ground(ground), promises),
        None => kept(ground, promises),
    }
}

/// How many are kept of how many: all, where what is measured is what it seems.
pub fn all_kept() -> (usize, usize) {
    let (cluster, promises) = (SCENE.cluster(), written());
    let network = intended(&cluster);
    (kept_by_strangers(&cluster, &network, &promises), promises.len())
}

/// Measures a stage in this process.
pub fn run(stage: Stage) -> Sample {
    let (cluster, promises) = (SCENE.cluster(), written());
    let network = intended(&cluster);
    let ground = Ground { network: &network, cluster: Some(&cluster), unread: &[], remake: None };
    match stage {
        Stage::Promises => measure(|| (), |()| kept(ground, &promises), 1),
        _ => measure(|| (), |()| kept_by_strangers(&cluster, &network, &promises), 1),
    }
}

/// Measures promises, and prints a table.
///
/// # Errors
/// Where a process cannot be made, or the table cannot be written.
pub fn table(part: &str, out: &mut dyn Write) -> io::Result<()> {
    if !"promises".contains(part) {
        return Ok(());
    }
    writeln!(out, "\n| 1,000 promises, 1,000 workloads | time |\n|---|---|")?;
    for stage in Stage::OF_PROMISES {
        let sample = process::policies(SCENE, stage)?;
        writeln!(out, "| {} | {} |", stage.name(), crate::speed::time(sample.seconds))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_promises_of_the_benchmark_are_kept() {
        assert_eq!(super::all_kept(), (1_000, 1_000));
    }
}
