//! The check of the checker: a fault in the kernel is seen as a difference, each by its kind, and
//! without one there is none.

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Daemon, Intent, Listeners, network};
use fibula_lab::compare::{Comparison, Coverage, Damage, Fault, compare, questions};
use fibula_lab::kernel::{Ground, Lab, Outcome};
use fibula_lab::plan::Plan;
use fibula_lab::translate::{Setup, Translation, Without, translate};
use fibula_network::walk::Verdict;
use fibula_network::{Network, Proto};
use fibula_source::Input;

const OBJECTS: &str = include_str!("objects.yaml");
const POLICIES: &str = include_str!("policies.yaml");

#[allow(clippy::print_stdout, reason = "a program of its own, to be read")]
fn main() {
    // Before there is a second thread.
    let ground = Ground::enter();
    if std::env::args().any(|arg| arg == "--list") {
        return;
    }
    let ground = match ground {
        Ok(ground) => ground,
        Err(why) => return println!("no fault was tried: skipped, {why}"),
    };
    let (network, policies) = (cluster(&[OBJECTS]), cluster(&[OBJECTS, POLICIES]));
    let tried: [(&str, Try<'_>); 7] = [
        ("no fault", &no_fault),
        ("a deleted route", &deleted_route),
        ("a wrong rewrite", &wrong_rewrite),
        ("forwarding off", &forwarding_off),
        ("a lost masquerade", &lost_masquerade),
        ("a swapped endpoint", &swapped_endpoint),
        ("an entry kept out", &entry_kept_out),
    ];
    let filtered: [(&str, Try<'_>); 4] = [
        ("policies and no fault", &policies_hold),
        ("an allowing filter kept out", &allow_kept_out),
        ("a swapped peer", &swapped_peer),
        ("isolation lost", &isolation_lost),
    ];
    let tried = tried.into_iter().map(|(name, test)| (name, test, &network));
    let filtered = filtered.into_iter().map(|(name, test)| (name, test, &policies));
    for (name, test, network) in tried.chain(filtered) {
        match test(network, &ground) {
            Err(why) if why.contains("install the package nftables") => {
                return println!("no fault was tried: skipped, {why}");
            }
            Err(why) => panic!("{name}: {why}"),
            Ok(()) => println!("{name}: seen as it should be"),
        }
    }
}

type Try<'a> = &'a dyn Fn(&Network, &Ground) -> Result<(), String>;

fn cluster(texts: &[&str]) -> Network {
    let input = |text: &&str| Input::Text { name: "objects".into(), text: (*text).into() };
    let read = fibula_source::read(&texts.iter().map(input).collect::<Vec<_>>());
    assert!(read.refused.is_empty(), "{:?}", read.refused);
    let cluster = Cluster::new(read.objects, &Options::default());
    let daemons = vec![Daemon::kubelet()];
    let intent = Intent { listeners: Listeners::Declared, daemons, ..Intent::default() };
    network(&cluster, &intent)
}

/// What comes of a plan after something was done to it.
fn run(
    network: &Network,
    ground: &Ground,
    without: Vec<Without>,
    damage: impl FnOnce(&Translation, &mut Plan) -> bool,
) -> Result<Comparison, String> {
    let questions = questions(network, Coverage::Alike, &[Proto::Tcp, Proto::Udp]);
    let setup = Setup { choices: vec![], targets: questions.targets(), without };
    let translation = translate(network, &setup).map_err(|refusal| refusal.to_string())?;
    let mut plan = translation.plan.clone();
    if !damage(&translation, &mut plan) {
        return Err("there was nothing to damage".into());
    }
    let mut lab = Lab::up(ground, &plan).map_err(|error| error.to_string())?;
    compare(network, &translation, &[], &mut lab, &questions.all).map_err(|e| e.to_string())
}

/// What comes of damage at the Node n1.
fn damaged(network: &Network, ground: &Ground, damage: Damage) -> Result<Comparison, String> {
    let n1 = network.ids().find(|id| *network.element(*id).name == *"n1");
    run(network, ground, vec![], |translation, plan| {
        n1.and_then(|n1| translation.space(n1)).is_some_and(|n1| damage.apply(plan, n1))
    })
}

/// Every difference is as expected, and there is one.
fn all(
    comparison: &Comparison,
    expected: impl Fn(Verdict, &Outcome) -> bool,
) -> Result<(), String> {
    let as_expected = comparison.differences.iter().all(|difference| match &difference.fault {
        Fault::Otherwise(seen) => expected(difference.fate.verdict, &seen.outcome),
        Fault::NeverSeen | Fault::TooMany => false,
    });
    match as_expected && !comparison.differences.is_empty() {
        true => Ok(()),
        false => Err(format!("{:#?}", comparison.differences)),
    }
}

fn no_fault(network: &Network, ground: &Ground) -> Result<(), String> {
    let comparison = run(network, ground, vec![], |_, _| true)?;
    let agreed: usize = comparison.agreements.iter().map(|a| a.messages).sum();
    let verdicts: Vec<Verdict> = comparison.agreements.iter().map(|a| a.verdict).collect();
    for verdict in [Verdict::Delivered, Verdict::Closed, Verdict::Rejected, Verdict::NoRoute] {
        assert!(verdicts.contains(&verdict), "nothing ends as {verdict:?}: {verdicts:?}");
    }
    match comparison.differences.is_empty() && agreed == comparison.questions {
        true => Ok(()),
        false => Err(format!("{:#?}", comparison.differences)),
    }
}

fn deleted_route(network: &Network, ground: &Ground) -> Result<(), String> {
    let route = "10.1.2.1/32".parse().map_err(|_| "no prefix")?;
    let comparison = damaged(network, ground, Damage::NoRoute(route))?;
    // What is for web2 goes outside, where it may not.
    all(&comparison, |verdict, outcome| {
        verdict != Verdict::NoRoute && !matches!(outcome, Outcome::Accepted(_))
    })
}

fn wrong_rewrite(network: &Network, ground: &Ground) -> Result<(), String> {
    let backend = "10.1.2.1".parse().map_err(|_| "no address")?;
    let comparison = damaged(network, ground, Damage::WrongPort(backend))?;
    all(&comparison, |verdict, outcome| {
        verdict == Verdict::Delivered && matches!(outcome, Outcome::Refused { .. })
    })
}

fn forwarding_off(network: &Network, ground: &Ground) -> Result<(), String> {
    let comparison = damaged(network, ground, Damage::NoForwarding)?;
    all(&comparison, |_, outcome| !matches!(outcome, Outcome::Accepted(_)))
}

fn lost_masquerade(network: &Network, ground: &Ground) -> Result<(), String> {
    let comparison = damaged(network, ground, Damage::NoMasquerade)?;
    all(&comparison, |verdict, _| verdict == Verdict::Delivered)
}

fn swapped_endpoint(network: &Network, ground: &Ground) -> Result<(), String> {
    let parse = |text: &str| text.parse().map_err(|_| "no address");
    let damage = Damage::WrongBackend(parse("10.1.2.1")?, parse("10.1.1.9")?);
    let comparison = damaged(network, ground, damage)?;
    all(&comparison, |verdict, _| verdict == Verdict::Delivered)
}

fn entry_kept_out(network: &Network, ground: &Ground) -> Result<(), String> {
    // The Service without endpoints is no longer rejected, but for its wrong ports.
    let table = network.tables.iter().find(|table| *table.name == *"services");
    let rejects = |entry: &fibula_network::Entry| {
        matches!(entry.action, fibula_network::Action::Reject(_)) && entry.pattern.proto.is_some()
    };
    let index = table.and_then(|table| table.entries.iter().position(rejects));
    let name = format!("n1/services/{}", index.ok_or("there is no such entry")?);
    let without = Without::named(network, &name)?;
    let comparison = run(network, ground, without, |_, _| true)?;
    all(&comparison, |verdict, outcome| {
        verdict == Verdict::Rejected && !matches!(outcome, Outcome::Accepted(_))
    })
}

fn policies_hold(network: &Network, ground: &Ground) -> Result<(), String> {
    let comparison = run(network, ground, vec![], |_, _| true)?;
    let dropped = Verdict::DroppedByPolicy;
    assert!(comparison.agreements.iter().any(|a| a.verdict == dropped), "nothing is dropped");
    match comparison.differences.is_empty() {
        true => Ok(()),
        false => Err(format!("{:#?}", comparison.differences)),
    }
}

fn allow_kept_out(network: &Network, ground: &Ground) -> Result<(), String> {
    let without = Without::named(network, "netpol/shop/web ingress/0")?;
    let comparison = run(network, ground, without, |_, _| true)?;
    all(&comparison, |verdict, outcome| {
        verdict == Verdict::Delivered && matches!(outcome, Outcome::Dropped { .. })
    })
}

/// What web1 lets in from the client comes in from web2 instead.
fn swapped_peer(network: &Network, ground: &Ground) -> Result<(), String> {
    let parse = |text: &str| text.parse().map_err(|_| "no address");
    let damage = Damage::WrongPeer(parse("10.1.1.9")?, parse("10.1.2.1")?);
    let comparison = damaged(network, ground, damage)?;
    let kinds: Vec<Verdict> = comparison.differences.iter().map(|d| d.fate.verdict).collect();
    for verdict in [Verdict::Delivered, Verdict::DroppedByPolicy] {
        assert!(
            kinds.contains(&verdict),
            "no difference where a message is {verdict:?}: {kinds:?}"
        );
    }
    all(&comparison, |verdict, outcome| match verdict {
        Verdict::Delivered => matches!(outcome, Outcome::Dropped { .. }),
        _ => verdict == Verdict::DroppedByPolicy && !matches!(outcome, Outcome::Dropped { .. }),
    })
}

fn isolation_lost(network: &Network, ground: &Ground) -> Result<(), String> {
    let without = Without::named(network, "isolation/0")?;
    let comparison = run(network, ground, without, |_, _| true)?;
    let kinds: Vec<Verdict> = comparison.differences.iter().map(|d| d.fate.verdict).collect();
    assert!(kinds.contains(&Verdict::DroppedByPolicy), "nothing should be dropped: {kinds:?}");
    // What arrives on one branch of several is told beside whichever of them comes first.
    all(&comparison, |verdict, outcome| {
        verdict == Verdict::DroppedByPolicy || !matches!(outcome, Outcome::Dropped { .. })
    })
}
