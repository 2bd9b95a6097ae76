//! What all printers share: the network, the names of its elements, and the places of its objects.

use fibula_answers::trace::Means;
use fibula_cluster::{Cluster, ObjectId};
use fibula_network::{
    Action, Addr, Addrs, ElementId, Entity, Entry, Header, Hop, Kind, Mark, Network, Pattern,
    PlaceId, Ports, Proto, Receiver, Source,
};
use fibula_source::Snippet;
use rustc_hash::FxHashMap;

use crate::page::Text;
use crate::style::Label;

/// A network as it is printed.
pub struct View<'a> {
    /// The network.
    pub network: &'a Network,
    /// Says where something is declared, as `file:line`.
    pub place: &'a dyn Fn(PlaceId) -> Option<String>,
    /// Shows lines of an object: from that of one value to that of another.
    pub excerpt: &'a Excerpts<'a>,
    /// The cluster, where objects have names that no element has.
    pub cluster: Option<&'a Cluster>,
    ambiguous: Ambiguous<'a>,
}

/// Lines of an object, from that of a value to that of another, by their API paths.
pub type Excerpts<'a> = dyn Fn(ObjectId, &str, &str) -> Option<Excerpt> + 'a;

/// Lines of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Where the value stands that is pointed at, as `file:line`.
    pub at: String,
    /// The lines.
    pub snippet: Snippet,
}

/// Which short names mean more than one thing.
struct Ambiguous<'a> {
    /// How many Pods, Nodes and pods of daemons have a last name.
    switches: FxHashMap<&'a str, usize>,
    /// How many processes have a last name.
    processes: FxHashMap<&'a str, usize>,
}

// === impl View ===

impl<'a> View<'a> {
    /// Prints a network. Costs a pass over its elements.
    pub fn new(network: &'a Network, place: &'a dyn Fn(PlaceId) -> Option<String>) -> View<'a> {
        let mut ambiguous =
            Ambiguous { switches: FxHashMap::default(), processes: FxHashMap::default() };
        for element in &network.elements {
            let names = match element.kind.is_process() {
                true => &mut ambiguous.processes,
                false => &mut ambiguous.switches,
            };
            *names.entry(last(&element.name)).or_default() += 1;
        }
        View { network, place, excerpt: &|_, _, _| None, cluster: None, ambiguous }
    }

    /// Names objects of a cluster too.
    #[must_use]
    pub fn with_cluster(self, cluster: Option<&'a Cluster>) -> View<'a> {
        View { cluster, ..self }
    }

    /// Shows lines of objects where they explain something.
    #[must_use]
    pub fn with_excerpts(self, excerpt: &'a Excerpts<'a>) -> View<'a> {
        View { excerpt, ..self }
    }

    /// The shortest name of an element that means nothing else: `c1-1`, else `web/server`, else
    /// `shop/web/server`.
    pub fn name(&self, id: ElementId) -> String {
        let element = self.network.element(id);
        let name = &*element.name;
        let one = |names: &FxHashMap<&str, usize>| names.get(last(name)) == Some(&1);
        match element.kind {
            Kind::Node | Kind::Outside | Kind::World => name.to_owned(),
            Kind::Pod if one(&self.ambiguous.switches) => last(name).to_owned(),
            Kind::Pod => name.to_owned(),
            Kind::Container | Kind::Daemon if one(&self.ambiguous.processes) => {
                last(name).to_owned()
            }
            Kind::Container | Kind::Daemon => {
                let (path, process) = name.rsplit_once('/').unwrap_or(("", name));
                match self.ambiguous.switches.get(last(path)) {
                    Some(1) => format!("{}/{process}", last(path)),
                    _ => name.to_owned(),
                }
            }
        }
    }

    /// The last part of an element's name, for where it stands inside of what hosts it.
    pub(crate) fn last_name(&self, id: ElementId) -> &'a str {
        last(&self.network.element(id).name)
    }

    /// Whether somebody has the target's address, by the facts.
    pub(crate) fn has_owner(&self, header: Option<Header>) -> bool {
        let addr = header.map(|header| header.dst);
        self.network.facts.addr.iter().any(|(_, owned)| Some(*owned) == addr)
    }

    /// The name of an entity of the facts: `pod p1`, `node n1`, `svc shop/web`.
    pub fn entity(&self, entity: Entity) -> String {
        match entity {
            Entity::Switch(id) => format!("{} {}", self.network.kind(id), self.name(id)),
            Entity::Service(id) => {
                let name = self.network.facts.services.get(id.0 as usize);
                format!("svc {}", name.map_or("?", |name| name))
            }
        }
    }

    /// Where something is declared, or else the rule that made it.
    pub fn origin(&self, rule: &str, place: PlaceId) -> Text {
        match (self.place)(place) {
            Some(place) => Text::new().with(Label::Dim, rule).plain("  ").with(Label::Place, place),
            None => Text::new().with(Label::Dim, rule),
        }
    }

    /// An entry in the article's own form, `[* * 10.0.2.1 8080 Deliver(c2-1)]`, with what we add
    /// before and after the four fields: the kind of link, the value of a choice.
    pub fn entry(&self, entry: &Entry) -> String {
        let Pattern { from, src, sport, dst, dport, proto, when, marked, reply } = &entry.pattern;
        let from = from.map_or(String::new(), |kind| format!("from {kind}: "));
        let is = |name: &str, is: Option<bool>| match is {
            Some(true) => format!("{name}: "),
            Some(false) => format!("not {name}: "),
            None => String::new(),
        };
        let from = is("reply", *reply) + &is("marked", *marked) + &from;
        let when: String = when
            .iter()
            .map(|w| {
                let id = &self.network.choice(w.choice).id;
                match Means::of(id, w.value).word() {
                    Some(word) => format!(" if {id}={word}"),
                    None => format!(" if {id}={}", w.value),
                }
            })
            .collect();
        // The protocol belongs to the target port; a source port has it from there.
        let ports = |ports: &Ports, proto: Option<Proto>| match (ports, proto) {
            (Ports::Any, Some(proto)) => format!("*/{proto}"),
            (Ports::Any, None) => "*".to_owned(),
            (Ports::Listened, _) => "listened".to_owned(),
            (Ports::In(lo, hi), proto) => {
                let number = if lo == hi { lo.to_string() } else { format!("{lo}-{hi}") };
                match proto {
                    Some(Proto::Tcp) => number,
                    Some(proto) => format!("{number}/{proto}"),
                    None => format!("{number}/any"),
                }
            }
        };
        let sport = match sport {
            Ports::In(lo, hi) if lo == hi => lo.to_string(),
            Ports::In(lo, hi) => format!("{lo}-{hi}"),
            other => ports(other, None),
        };
        format!(
            "[{from}{} {sport} {} {} {}{when}]",
            self.addrs(*src),
            self.addrs(*dst),
            ports(dport, *proto),
            self.action(entry.action),
        )
    }

    fn addrs(&self, addrs: Addrs) -> String {
        match addrs {
            Addrs::Any => "*".to_owned(),
            Addrs::In(range) => range.to_string(),
            Addrs::Set(set) => self.network.set(set).name.to_string(),
            Addrs::Own => "own".to_owned(),
            Addrs::OwnIn(set) => format!("own in {}", self.network.set(set).name),
            Addrs::Hosted => "hosted".to_owned(),
            Addrs::Same => "same".to_owned(),
            Addrs::Elsewhere(Kind::Pod) => "elsewhere".to_owned(),
            Addrs::Elsewhere(kind) => format!("other-{kind}"),
        }
    }

    /// An action in the article's own form: `Forward(n2)`.
    pub fn action(&self, action: Action) -> String {
        match action {
            Action::Deliver(Receiver::Element(id)) => format!("Deliver({})", self.name(id)),
            Action::Deliver(Receiver::Listener) => "Deliver(listener)".to_owned(),
            Action::Deliver(Receiver::Me) => "Deliver(me)".to_owned(),
            Action::Forward(Hop::To(id)) => format!("Forward({})", self.name(id)),
            Action::Forward(Hop::Host) => "Forward(host)".to_owned(),
            Action::Forward(Hop::Owner) => "Forward(owner)".to_owned(),
            Action::Forward(Hop::OwnersNode) => "Forward(owner's node)".to_owned(),
            Action::Discard(reason) => format!("Discard({})", reason.name()),
            Action::Reject(reason) => format!("Reject({})", reason.name()),
            Action::Deliver(Receiver::Caller) => "Deliver(caller)".to_owned(),
            Action::Forward(Hop::OneOf(hops)) => {
                let names = self.network.hops(hops).iter().map(|id| self.name(*id));
                format!("Forward(one of {})", names.collect::<Vec<_>>().join(", "))
            }
            Action::Goto(table) => format!("Goto({})", self.network.table(table).name),
            Action::Rewrite { to, mark, .. } => {
                let mark = match mark {
                    Mark::Never => "",
                    Mark::Hairpin => ", mark a hairpin",
                    Mark::Always => ", mark",
                };
                format!("Rewrite({}{mark})", self.network.backends(to).name)
            }
            Action::Masquerade { by: Source::Own, .. } => "Masquerade(own)".to_owned(),
            Action::Masquerade { by: Source::Is(addr), .. } => format!("Masquerade({addr})"),
            Action::Undo { .. } => "Undo".to_owned(),
        }
    }

    /// Source and target of a message: `10.0.1.1:* → 10.0.2.1:8080`.
    pub fn header(&self, header: Header, source_port_matters: bool) -> String {
        let sport = if source_port_matters { header.sport.to_string() } else { "*".to_owned() };
        let proto = match header.proto {
            Proto::Tcp => String::new(),
            proto => format!("/{proto}"),
        };
        format!("{}:{sport} → {}:{}{proto}", host(header.src), host(header.dst), header.dport)
    }
}

/// An address before a port: in brackets if it has colons of its own.
pub(crate) fn host(addr: Addr) -> String {
    match addr.family() {
        fibula_network::Family::V4 => addr.to_string(),
        fibula_network::Family::V6 => format!("[{addr}]"),
    }
}

/// The part of a name after the last slash.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
