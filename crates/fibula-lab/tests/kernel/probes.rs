//! What becomes of probes.

use std::net::SocketAddr;

use fibula_lab::kernel::{Outcome, Probe, Seen};
use fibula_lab::plan::{Origin, SpaceId, Via};
use fibula_network::{ElementId, Proto};
use libtest_mimic::Failed;

use super::plans::{Small, small};
use super::{Test, lab};

pub(crate) const TESTS: &[Test] = &[
    ("a_message_arrives_as_it_was_sent", arrives_as_it_was_sent),
    ("closed_ports_refuse_and_missing_routes_are_unreachable", refused_and_unreachable),
    ("dnat_in_turn_visits_every_backend", dnat_in_turn),
    ("a_masquerade_changes_the_source_and_no_port", masquerade),
    ("a_drop_and_a_reject_are_known_by_their_rule", stopped_by_rule),
    ("a_reply_that_does_not_come_home_is_lost", reply_lost),
    ("what_nothing_accounts_for_is_silent", silent),
    ("the_world_has_every_address", world),
    ("ports_come_around_as_strangers", ports_come_around),
    ("a_given_port_is_kept", given_port),
    ("a_fabric_joins_nodes", super::around::fabric),
];

pub(crate) fn probe(space: SpaceId, from: &str, to: &str, proto: Proto) -> Probe {
    let from: SocketAddr = SocketAddr::new(from.parse().unwrap(), 0);
    Probe { space, from, to: to.parse().unwrap(), proto }
}

/// Who accepted it, from which address, sent to what.
fn accepted(seen: &Seen) -> Result<(ElementId, String, String), Failed> {
    match seen.outcome {
        Outcome::Accepted(it) => {
            if it.from.port() != seen.from.port() {
                return Err(format!("its port changed: {seen:?}").into());
            }
            Ok((it.process, it.from.ip().to_string(), it.to.to_string()))
        }
        _ => Err(format!("not accepted: {seen:?}").into()),
    }
}

fn expect(seen: &Seen, process: u32, from: &str, to: &str) -> Result<(), Failed> {
    same(accepted(seen)?, (ElementId(process), from.to_owned(), to.to_owned()))
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(left: T, right: T) -> Result<(), Failed> {
    if left == right { Ok(()) } else { Err(format!("{left:?} is not {right:?}").into()) }
}

fn arrives_as_it_was_sent() -> Result<(), Failed> {
    let Small { draft, node, a, b, .. } = small();
    let Some(mut lab) = lab("arrives", &draft.0)? else { return Ok(()) };
    let cases = [
        (a, "10.0.1.1", "10.0.1.2:8080", Proto::Tcp, 2),
        (b, "10.0.1.2", "10.0.1.1:53", Proto::Udp, 1),
        (a, "fd00:1::1", "[fd00:1::2]:8080", Proto::Tcp, 2),
        (a, "fd00:1::1", "[fd00:1::2]:53", Proto::Udp, 2),
        (node, "10.0.0.1", "10.0.1.2:8080", Proto::Tcp, 2),
        (a, "127.0.0.1", "127.0.0.1:8080", Proto::Tcp, 1),
        (a, "::1", "[::1]:53", Proto::Udp, 1),
        (a, "10.0.1.1", "10.0.1.1:53", Proto::Udp, 1),
    ];
    let probes = cases.map(|(space, from, to, proto, _)| probe(space, from, to, proto));
    for (seen, (_, from, to, _, process)) in lab.probe(&probes)?.iter().zip(cases) {
        expect(seen, process, from, to)?;
    }
    Ok(())
}

fn refused_and_unreachable() -> Result<(), Failed> {
    let Small { mut draft, node, a, .. } = small();
    for (to, via) in [("10.9.1.0/24", Via::Unreachable), ("10.9.2.0/24", Via::Prohibit)] {
        draft.route(node, to, "", super::plans::WAY[0]);
        draft.at(node).routes.last_mut().unwrap().via = via;
    }
    let Some(mut lab) = lab("refused", &draft.0)? else { return Ok(()) };
    let (tcp, udp) = (Proto::Tcp, Proto::Udp);
    let refused = Outcome::Refused { by: None };
    let by = |ip: &str| ip.parse().ok();
    let told = Outcome::Refused { by: by("10.0.1.2") };
    let unreachable = |errno| Outcome::Unreachable { errno, by: by("10.0.0.1") };
    let cases = [
        ("10.0.1.1", "10.0.1.2:81", tcp, refused),
        ("fd00:1::1", "[fd00:1::2]:81", tcp, refused),
        ("10.0.1.1", "10.0.1.2:81", udp, told),
        ("fd00:1::1", "[fd00:1::2]:81", udp, Outcome::Refused { by: by("fd00:1::2") }),
        ("10.0.1.1", "10.9.1.1:80", tcp, unreachable(libc::EHOSTUNREACH)),
        ("10.0.1.1", "10.9.1.1:80", udp, unreachable(libc::EHOSTUNREACH)),
        ("10.0.1.1", "10.9.2.1:80", tcp, unreachable(libc::EHOSTUNREACH)),
        ("10.0.1.1", "10.9.2.1:80", udp, unreachable(libc::EHOSTUNREACH)),
    ];
    let probes = cases.map(|(from, to, proto, _)| probe(a, from, to, proto));
    for (seen, (_, to, _, outcome)) in lab.probe(&probes)?.iter().zip(cases) {
        same((to, seen.outcome), (to, outcome))?;
    }
    Ok(())
}

fn dnat_in_turn() -> Result<(), Failed> {
    let Small { mut draft, node, a, world, .. } = small();
    let c = draft.pod(node, "pod c", &["10.0.1.3"]);
    draft.listen(c, Proto::Tcp, 8080, 4);
    draft.rules(
        node,
        "chain services {
            type nat hook prerouting priority dstnat
            ip daddr 10.96.0.1 tcp dport 80 dnat ip to numgen inc mod 2 map \
                { 0 : 10.0.1.2 . 8080, 1 : 10.0.1.3 . 8080 }
        }",
    );
    let Some(mut lab) = lab("dnat", &draft.0)? else { return Ok(()) };
    for (space, from) in [(a, "10.0.1.1"), (world, "203.0.113.7")] {
        let probes = [probe(space, from, "10.96.0.1:80", Proto::Tcp); 6];
        let seen = lab.probe(&probes)?;
        let turns = [2, 4, 2, 4, 2, 4];
        for (seen, process) in seen.iter().zip(turns) {
            let to = format!("10.0.1.{}:8080", if process == 2 { 2 } else { 3 });
            expect(seen, process, from, &to)?;
        }
    }
    Ok(())
}

fn masquerade() -> Result<(), Failed> {
    let Small { mut draft, node, a, .. } = small();
    draft.rules(
        node,
        "chain source {
            type nat hook postrouting priority srcnat
            oifname world meta nfproto ipv4 snat ip to 10.0.0.1
            oifname world meta nfproto ipv6 snat ip6 to fd00::1
        }",
    );
    let Some(mut lab) = lab("masquerade", &draft.0)? else { return Ok(()) };
    let cases = [
        ("10.0.1.1", "198.51.100.1:8080", Proto::Tcp, "10.0.0.1"),
        ("10.0.1.1", "198.51.100.1:53", Proto::Udp, "10.0.0.1"),
        ("fd00:1::1", "[2001:db8::1]:8080", Proto::Tcp, "fd00::1"),
        ("fd00:1::1", "[2001:db8::1]:53", Proto::Udp, "fd00::1"),
    ];
    let probes = cases.map(|(from, to, proto, _)| probe(a, from, to, proto));
    for (seen, (_, to, _, by)) in lab.probe(&probes)?.iter().zip(cases) {
        expect(seen, 3, by, to)?;
    }
    Ok(())
}

fn stopped_by_rule() -> Result<(), Failed> {
    let Small { mut draft, node, a, b, .. } = small();
    draft.rules(
        node,
        "chain forward {
            type filter hook forward priority filter
            tcp dport 1001 meta mark set 11 add @stopped { meta l4proto . th sport . meta mark } drop
            udp dport 1001 meta mark set 12 add @stopped { meta l4proto . th sport . meta mark } drop
            tcp dport 1002 meta mark set 13 add @stopped { meta l4proto . th sport . meta mark } \
                reject with tcp reset
            meta l4proto { tcp, udp } th dport 1003 meta mark set 14 \
                add @stopped { meta l4proto . th sport . meta mark } reject
        }",
    );
    // The sender's own rules.
    draft.rules(
        b,
        "chain output {
            type filter hook output priority filter
            meta l4proto { tcp, udp } th dport 1004 meta mark set 15 \
                add @stopped { meta l4proto . th sport . meta mark } drop
        }",
    );
    let Some(mut lab) = lab("stopped", &draft.0)? else { return Ok(()) };
    let dropped = |origin, space| Outcome::Dropped { space, origin: Origin(origin) };
    let rejected = |origin| Outcome::Rejected {
        space: node,
        origin: Origin(origin),
        errno: libc::ECONNREFUSED,
    };
    let cases = [
        (a, "10.0.1.1", "10.0.1.2:1001", Proto::Tcp, dropped(11, node)),
        (a, "fd00:1::1", "[fd00:1::2]:1001", Proto::Tcp, dropped(11, node)),
        (a, "10.0.1.1", "10.0.1.2:1001", Proto::Udp, dropped(12, node)),
        (a, "10.0.1.1", "10.0.1.2:1002", Proto::Tcp, rejected(13)),
        (a, "fd00:1::1", "[fd00:1::2]:1002", Proto::Tcp, rejected(13)),
        (a, "10.0.1.1", "10.0.1.2:1003", Proto::Tcp, rejected(14)),
        (a, "10.0.1.1", "10.0.1.2:1003", Proto::Udp, rejected(14)),
        (a, "fd00:1::1", "[fd00:1::2]:1003", Proto::Tcp, rejected(14)),
        (a, "fd00:1::1", "[fd00:1::2]:1003", Proto::Udp, rejected(14)),
        (b, "10.0.1.2", "10.0.1.1:1004", Proto::Tcp, dropped(15, b)),
        (b, "10.0.1.2", "10.0.1.1:1004", Proto::Udp, dropped(15, b)),
    ];
    let probes = cases.map(|(space, from, to, proto, _)| probe(space, from, to, proto));
    // Twice: what was known of the first ones is forgotten.
    for _ in 0..2 {
        let start = std::time::Instant::now();
        for (seen, (_, to, proto, _, outcome)) in
            lab.probe(&probes)?.iter().zip(cases.map(|(a, b, c, d, e)| (a, c, d, b, e)))
        {
            same((to, proto, seen.outcome), (to, proto, outcome))?;
        }
        if start.elapsed().as_millis() > 200 {
            return Err("a drop was waited for".into());
        }
    }
    Ok(())
}

fn reply_lost() -> Result<(), Failed> {
    let Small { mut draft, node, a, .. } = small();
    draft.rules(
        node,
        "chain forward {
            type filter hook forward priority filter
            meta l4proto { tcp, udp } th sport { 8080, 53 } drop
        }",
    );
    let Some(mut lab) = lab("reply lost", &draft.0)? else { return Ok(()) };
    let cases = [
        ("10.0.1.1", "10.0.1.2:8080", Proto::Tcp),
        ("fd00:1::1", "[fd00:1::2]:8080", Proto::Tcp),
        ("10.0.1.1", "10.0.1.2:53", Proto::Udp),
        ("fd00:1::1", "[fd00:1::2]:53", Proto::Udp),
    ];
    let probes = cases.map(|(from, to, proto)| probe(a, from, to, proto));
    for (seen, (from, to, _)) in lab.probe(&probes)?.iter().zip(cases) {
        match seen.outcome {
            Outcome::ReplyLost(it) => {
                same(it.process, ElementId(2))?;
                same((it.from.ip().to_string(), it.to.to_string()), (from.into(), to.into()))?;
            }
            other => return Err(format!("{from} to {to}: {other:?}").into()),
        }
    }
    Ok(())
}

fn silent() -> Result<(), Failed> {
    let Small { mut draft, node, a, .. } = small();
    draft.route(node, "10.9.0.0/16", "", super::plans::WAY[0]);
    draft.at(node).routes.last_mut().unwrap().via = Via::Blackhole;
    let Some(mut lab) = lab("silent", &draft.0)? else { return Ok(()) };
    lab.set_deadline(std::time::Duration::from_millis(60));
    for proto in [Proto::Tcp, Proto::Udp] {
        let seen = lab.probe(&[probe(a, "10.0.1.1", "10.9.1.1:80", proto)])?;
        same(seen[0].outcome, Outcome::Silent)?;
    }
    Ok(())
}

fn world() -> Result<(), Failed> {
    let Small { draft, a, world, .. } = small();
    let Some(mut lab) = lab("world", &draft.0)? else { return Ok(()) };
    let cases = [
        (a, "10.0.1.1", "198.51.100.1:8080", Proto::Tcp, 3),
        (a, "10.0.1.1", "8.8.8.8:53", Proto::Udp, 3),
        (a, "fd00:1::1", "[2001:db8::8]:53", Proto::Udp, 3),
        (world, "198.51.100.9", "10.0.1.1:8080", Proto::Tcp, 1),
        (world, "2001:db8::9", "[fd00:1::2]:8080", Proto::Tcp, 2),
        (world, "2001:db8::9", "[fd00:1::2]:53", Proto::Udp, 2),
    ];
    let probes = cases.map(|(space, from, to, proto, _)| probe(space, from, to, proto));
    for (seen, (_, from, to, _, process)) in lab.probe(&probes)?.iter().zip(cases) {
        expect(seen, process, from, to)?;
    }
    Ok(())
}

/// More probes than there are ports: connections of the first are known to the rules still.
fn ports_come_around() -> Result<(), Failed> {
    let Small { mut draft, node, a, .. } = small();
    draft.rules(
        node,
        "chain services {
            type nat hook prerouting priority dstnat
            ip daddr 10.96.0.1 udp dport 80 dnat ip to numgen inc mod 2 map \
                { 0 : 10.0.1.2 . 53, 1 : 10.0.1.1 . 53 }
        }
        chain source { type nat hook postrouting priority srcnat; ct status dnat snat ip to 10.0.0.1; }",
    );
    let Some(mut lab) = lab("ports", &draft.0)? else { return Ok(()) };
    let probes = vec![probe(a, "10.0.1.1", "10.96.0.1:80", Proto::Udp); 33_001];
    for (seen, process) in lab.probe(&probes)?.iter().zip([2, 1].into_iter().cycle()) {
        same(accepted(seen)?.0, ElementId(process))?;
    }
    Ok(())
}

fn given_port() -> Result<(), Failed> {
    let Small { draft, a, .. } = small();
    let Some(mut lab) = lab("given port", &draft.0)? else { return Ok(()) };
    let mut given = probe(a, "10.0.1.1", "10.0.1.2:8080", Proto::Tcp);
    given.from.set_port(40_000);
    for seen in lab.probe(&[given; 3])? {
        same(seen.from, given.from)?;
        expect(&seen, 2, "10.0.1.1", "10.0.1.2:8080")?;
    }
    Ok(())
}
