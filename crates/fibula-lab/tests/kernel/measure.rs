//! How long a lab takes: `cargo test --release -p fibula-lab --test kernel -- --ignored`.

use std::time::Instant;

use fibula_lab::kernel::{Lab, Outcome};
use fibula_network::Proto;
use libtest_mimic::Failed;

use super::GROUND;
use super::plans::Draft;
use super::probes::probe;

/// Nodes in a fabric, each with its pods, and rules on each node.
fn cluster(nodes: u8, pods: u8) -> (Draft, Vec<(fibula_lab::plan::SpaceId, String)>) {
    let mut draft = Draft::new();
    let fabric = draft.space("between nodes", &[]);
    draft.at(fabric).fabric = true;
    let (mut made, mut list) = (Vec::new(), Vec::new());
    for n in 1..=nodes {
        let node = draft.node(&format!("node {n}"), &[&format!("10.0.0.{n}")]);
        let [mac, _] = draft.wire((node, "nodes"), (fabric, &format!("n{n}")));
        draft.rules(
            node,
            "chain services {
                type nat hook prerouting priority dstnat
                ip daddr 10.96.0.1 tcp dport 80 dnat ip to 10.1.1.1:80
            }
            chain forward {
                type filter hook forward priority filter
                tcp dport 81 meta mark set 9 add @stopped \
                    { meta l4proto . th sport . meta mark } drop
            }",
        );
        for p in 1..=pods {
            let (ip, six) = (format!("10.1.{n}.{p}"), format!("fd00:1:{n}::{p}"));
            let pod = draft.pod(node, &format!("pod {n} {p}"), &[&ip, &six]);
            draft.listen(pod, Proto::Tcp, 80, u32::from(p));
            draft.listen(pod, Proto::Udp, 53, u32::from(p));
            list.push((pod, ip));
        }
        made.push((n, node, mac));
    }
    for (n, node, _) in &made {
        for (m, _, mac) in made.iter().filter(|(m, ..)| m != n) {
            draft.neighbour(*node, "nodes", &format!("10.0.0.{m}"), *mac);
            draft.route(*node, &format!("10.1.{m}.0/24"), "nodes", &format!("10.0.0.{m}"));
        }
    }
    (draft, list)
}

#[allow(clippy::print_stdout)]
pub(crate) fn measure() -> Result<(), Failed> {
    let Some(Ok(ground)) = GROUND.get() else { return Ok(()) };
    for (nodes, pods, many) in [(2, 2, 40), (10, 100, 20_000)] {
        let (draft, list) = cluster(nodes, pods);
        for (port, proto) in [(80, Proto::Tcp), (53, Proto::Udp), (81, Proto::Tcp)] {
            let start = Instant::now();
            let mut lab = Lab::up(ground, &draft.0)?;
            let up = start.elapsed();
            let pairs = (0..many).map(|i| (&list[i / 7 % list.len()], &list[i * 31 % list.len()]));
            let probes: Vec<_> = pairs
                .map(|((space, from), (_, to))| probe(*space, from, &format!("{to}:{port}"), proto))
                .collect();
            let start = Instant::now();
            let seen = lab.probe(&probes)?;
            let took = start.elapsed();
            let accepted =
                seen.iter().filter(|seen| matches!(seen.outcome, Outcome::Accepted(_))).count();
            let silent = seen.iter().filter(|seen| seen.outcome == Outcome::Silent).count();
            let start = Instant::now();
            drop(lab);
            println!(
                "{nodes} nodes, {} pods: up {up:?}; {many} probes to {port}/{} {took:?}, {:.0} a \
                 second, {accepted} accepted, {silent} silent; down {:?}",
                list.len(),
                proto.name(),
                many as f64 / took.as_secs_f64(),
                start.elapsed(),
            );
        }
    }
    Ok(())
}
