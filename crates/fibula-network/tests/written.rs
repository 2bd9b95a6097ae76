//! A FIB written out without relative words means what the shared one does.

mod random;

use fibula_network::walk::{Branches, Life, Step, branches, reply, walk};
use fibula_network::*;
use proptest::prelude::*;
use random::{Drawn, Samples, networks};

/// Headers that are tried from each process of a network.
const HEADERS: usize = 60;

/// Branches of a message that are followed.
const BRANCHES: usize = 8;

/// What is left of an entry's relative words. A Forward to the host of a switch that has none is
/// the one word that cannot be written out.
fn relative(network: &Network, switch: ElementId, entry: &Entry) -> Vec<String> {
    let pattern = &entry.pattern;
    let host = network.fib(switch).and_then(|fib| fib.me.host);
    let addrs = [pattern.src, pattern.dst].into_iter().filter(|addrs| {
        matches!(addrs, Addrs::Own | Addrs::OwnIn(_) | Addrs::Hosted | Addrs::Elsewhere(_))
    });
    let ports = [pattern.sport, pattern.dport].into_iter().filter(|p| *p == Ports::Listened);
    let action = Some(entry.action).filter(|action| match action {
        Action::Forward(Hop::Host) => host.is_some(),
        Action::Forward(hop) => !matches!(hop, Hop::To(_) | Hop::OneOf(_)),
        Action::Deliver(receiver) => !matches!(receiver, Receiver::Element(_) | Receiver::Caller),
        Action::Masquerade { by, .. } => *by == Source::Own,
        _ => false,
    });
    addrs
        .map(|addrs| format!("{addrs:?}"))
        .chain(ports.map(|ports| format!("{ports:?}")))
        .chain(action.map(|action| format!("{action:?}")))
        .collect()
}

const NONE: EntryId = EntryId { table: TableId(0), index: 0 };

/// A life without the entries that decided, which have other numbers where they are written out,
/// and without the choices that were asked.
fn outside_of_entries(life: &Life) -> Life {
    let mut life = life.clone();
    for step in &mut life.steps {
        if let Step::Decide { entry, owner, listener, .. } = step {
            (*entry, *owner, *listener) = (NONE, None, None);
        } else if let Step::Pass { entry, .. } = step {
            *entry = NONE;
        }
    }
    // Relative words can ask a choice in vain.
    life.asked.clear();
    life
}

/// The same of all branches.
fn seen(branches: &Branches) -> (Vec<Life>, bool) {
    (branches.lives.iter().map(outside_of_entries).collect(), branches.all)
}

/// The lists of backends that the entries of a switch choose from.
fn lists(network: &Network, switch: ElementId) -> impl Iterator<Item = &Backends> {
    let tables = network.fib(switch).map(|fib| network.pipeline(fib.pipeline));
    let entries = tables.into_iter().flatten().flat_map(|table| &network.table(*table).entries);
    entries.filter_map(|entry| match entry.action {
        Action::Rewrite { to, .. } => Some(network.backends(to)),
        _ => None,
    })
}

proptest! {
    #[test]
    fn f4_f5_written_out_have_no_relative_words(Drawn(network) in networks()) {
        for switch in network.ids() {
            for (id, entry) in network.written(switch).iter().flatten() {
                prop_assert_eq!(relative(&network, switch, entry), Vec::<String>::new());
                prop_assert_eq!(&entry.origin.rule, &network.entry(*id).origin.rule);
            }
        }
    }

    #[test]
    fn n6_a_fib_written_out_decides_as_the_shared_one(Drawn(network) in networks()) {
        let mut unshared = network.clone();
        for switch in network.ids() {
            unshared.unshare(switch);
        }
        for list in unshared.ids().flat_map(|id| lists(&unshared, id)) {
            prop_assert!(list.members.iter().all(|backend| backend.at == Scope::Everywhere));
            prop_assert!(!list.members.is_empty(), "an entry that matches nothing");
        }
        let samples = Samples::of(&network);
        for process in network.ids().filter(|id| network.kind(*id).is_process()) {
            for (header, choices) in samples.take(HEADERS, process.0.into()) {
                let [shared, written] =
                    [&network, &unshared].map(|n| branches(n, process, header, choices, BRANCHES));
                prop_assert_eq!(
                    seen(&shared), seen(&written),
                    "{:?} from {:?} under {:?}", header, process, choices
                );
                for (one, other) in shared.lives.iter().zip(&written.lives) {
                    let [one, other] = [(&network, one), (&unshared, other)]
                        .map(|(n, life)| reply(n, life, choices).as_ref().map(outside_of_entries));
                    prop_assert_eq!(one, other);
                }
            }
        }
    }

    #[test]
    fn n6_what_decided_is_an_entry_of_the_fib_written_out(Drawn(network) in networks()) {
        let samples = Samples::of(&network);
        for process in network.ids().filter(|id| network.kind(*id).is_process()) {
            for (header, choices) in samples.take(HEADERS / 4, process.0.into()) {
                let mut now = header;
                for step in walk(&network, process, header, choices).steps {
                    let Step::Decide { at, entry: id, owner, listener, becomes, .. } = step else {
                        continue;
                    };
                    let header = now;
                    now = becomes.unwrap_or(now);
                    let entry = network.decided(at, id, owner, listener, header);
                    let is = |written: &Entry| {
                        let (a, b) = (&written.pattern, &entry.pattern);
                        let ports = b.sport == Ports::Listened || a.proto == b.proto;
                        (a.dst, a.dport, written.action) == (b.dst, b.dport, entry.action) && ports
                    };
                    let written = network.written(at);
                    let mut of = written.iter().flatten().filter(|(other, _)| *other == id);
                    prop_assert!(of.any(|(_, written)| is(written)), "{:?} at {:?}", entry, at);
                }
            }
        }
    }

    #[test]
    fn unshare_changes_no_other_switch(Drawn(network) in networks(), which: prop::sample::Index) {
        let switch = ElementId(which.index(network.elements.len()) as u32);
        let mut unshared = network.clone();
        unshared.unshare(switch);
        for other in network.ids().filter(|id| *id != switch) {
            prop_assert_eq!(network.fib(other), unshared.fib(other));
            prop_assert_eq!(network.written(other), unshared.written(other));
        }
    }
}

#[test]
fn n6_a_goto_written_out_leads_on_where_a_table_comes_twice() {
    let discard = Entry::new("random", Pattern::ANY, Action::Discard(Reason::Policy));
    let to = |table| Entry::new("random", Pattern::ANY, Action::Goto(TableId(table)));
    let first =
        Entry { pattern: Pattern { proto: Some(Proto::Udp), ..Pattern::ANY }, ..discard.clone() };
    let tables = [vec![first], vec![to(0)], vec![discard]];
    let me = Me::default();
    let element = |kind, name: &str| Element { kind, name: name.into(), place: PlaceId::NONE };
    let mut network = Network {
        elements: vec![element(Kind::Node, "n1"), element(Kind::Daemon, "d1")],
        facts: Facts { host: vec![None, Some(ElementId(0))], ..Facts::default() },
        links: Links::new(2, [(ElementId(0), ElementId(1))], vec![]),
        tables: tables.map(|entries| Table::new("t", entries)).into(),
        pipelines: vec![[0, 1, 0, 2].map(TableId).into()],
        fibs: vec![Some(Fib { pipeline: PipelineId(0), me }), None],
        ..Network::default()
    };
    let header = Header { src: Addr::MIN, sport: 0, dst: Addr::MAX, dport: 0, proto: Proto::Tcp };
    let shared = walk(&network, ElementId(1), header, &[]);
    network.unshare(ElementId(0));
    assert_eq!(shared.ending, walk(&network, ElementId(1), header, &[]).ending);
}
