//! What would be done to the kernel: pure data, and readable text (`fibula lab show`).
//!
//! A plan knows nothing of networks and FIBs. What an item realises is an [`Origin`]: a number
//! whose words stand in [`Plan::origins`], so that a difference can name the entry.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use fibula_network::{ElementId, Proto};
use ipnet::IpNet;

mod show;

/// Namespaces and what joins them. Names are unique, and every number leads somewhere:
/// [`Plan::fault`] says where not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The namespaces.
    pub spaces: Vec<Space>,
    /// The links between them.
    pub wires: Vec<Wire>,
    /// What is set in every namespace, before its own settings.
    pub sysctls: Vec<Sysctl>,
    /// What the items of the plan realise, in words, by [`Origin`].
    pub origins: Vec<Box<str>>,
}

/// A network namespace of a plan: an index into its list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpaceId(pub u32);

/// What an item of a plan realises: an index into [`Plan::origins`]. Rules use the same number as
/// the mark that they record in the set [`STOPPED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(pub u32);

/// A network namespace: one switch with all its processes, or a fabric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Its name, for people.
    pub name: Box<str>,
    /// The switch that it is; none for a fabric.
    pub element: Option<ElementId>,
    /// Whether it is a fabric: a Linux bridge joins all its interfaces, and it has no addresses.
    /// A fabric is a mesh of links (G8) among at most 1,023 switches. It passes a frame on by its
    /// target, learns nothing and floods nothing.
    pub fabric: bool,
    /// Its addresses, each as a single one: /32 or /128.
    pub addresses: Vec<Address>,
    /// Ranges whose every address it takes for its own, except where a longer route leads away.
    pub local: Vec<IpNet>,
    /// Its routes. The longest prefix decides, among `local` too: where that is not empty, all
    /// routes are in the table `local`.
    pub routes: Vec<Route>,
    /// Routes for messages that a rule marked with the number of the route's origin: such a message
    /// is led by them before all other routes, `local` ones too.
    pub marked: Vec<Route>,
    /// Where the addresses are that routes go by, so that nothing ever waits for an answer.
    pub neighbours: Vec<Neighbour>,
    /// Kernel settings, in their order, made before there is any interface.
    pub sysctls: Vec<Sysctl>,
    /// What `nft -f -` reads, if the switch rewrites or stops anything.
    pub ruleset: Option<String>,
    /// Who listens.
    pub listeners: Vec<Listener>,
}

/// A kernel setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sysctl {
    /// Its path with slashes, such as `net/ipv4/ip_forward`.
    pub path: Cow<'static, str>,
    /// What is written there.
    pub value: Cow<'static, str>,
}

/// An address of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// The interface that has it, `lo` or the end of a wire.
    pub dev: Box<str>,
}

/// A route of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where to.
    pub to: IpNet,
    /// Which way.
    pub via: Via,
    /// The source address of what the namespace itself sends this way, where the sender leaves it
    /// open.
    pub source: Option<IpAddr>,
    /// What it realises.
    pub origin: Origin,
}

/// Which way a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// By an interface to a neighbour, whose address need not be in any range of the interface.
    Next {
        /// The interface.
        dev: Box<str>,
        /// The neighbour's address, of the family of the route.
        gateway: IpAddr,
    },
    /// By an interface, to the neighbour that has the target address itself.
    Link {
        /// The interface.
        dev: Box<str>,
    },
    /// Nowhere: the sender hears that the host is unreachable.
    Unreachable,
    /// Nowhere, without a word.
    Blackhole,
    /// Nowhere: the sender hears that it is prohibited.
    Prohibit,
}

/// Where a neighbour is, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// By which interface.
    pub dev: Box<str>,
    /// Its address.
    pub ip: IpAddr,
    /// Its interface.
    pub mac: Mac,
}

/// An open port. It is open on every address that the namespace takes for its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The protocol.
    pub proto: Proto,
    /// The port.
    pub port: u16,
    /// Who listens.
    pub process: ElementId,
    /// The name of who listens, for people.
    pub name: Box<str>,
}

/// A pair of interfaces, one for each of two namespaces: what one sends, the other receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Both ends.
    pub ends: [End; 2],
}

/// One end of a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The namespace.
    pub space: SpaceId,
    /// The interface's name, at most 15 bytes, unique in its namespace.
    pub dev: Box<str>,
    /// Its hardware address, unique in the plan.
    pub mac: Mac,
}

/// A hardware address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

/// The table, of family `inet`, in which a ruleset declares [`STOPPED_SET`].
pub const TABLE: &str = "fibula";

/// The set into which a rule puts what it is about to stop, by protocol and source port, with its
/// own origin as the mark. Source ports are unique among the probes of a moment and no rule may
/// change them, so they tell which probe it was:
///
/// ```text
/// meta mark set 17 add @stopped { meta l4proto . th sport . meta mark } drop
/// ```
///
/// A TCP connection is best rejected `with tcp reset`: the kernel overlooks an ICMP error that
/// comes while the sender is still sending, and says it only after the next attempt, a second
/// later.
pub const STOPPED: &str = "stopped";

/// How a ruleset declares the set [`STOPPED`], in the table [`TABLE`]: a line of its own.
pub const STOPPED_SET: &str =
    "set stopped { typeof meta l4proto . th sport . meta mark; flags dynamic; size 65535; }\n";

/// What every namespace of a lab needs so that nothing but its routes and rules decides: no
/// filter by return path, no forwarding unless it is said, no invented addresses (without one of
/// these, IPv6 knows no redirects and no advertisements either), no limit on ICMP errors. Each of
/// them is written in each namespace, so it is those that the kernel does not have already and
/// no more.
pub const PLAIN: &[(&str, &str)] = &[
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv4/ip_forward", "0"),
    ("net/ipv4/icmp_ratemask", "0"),
    ("net/ipv6/conf/default/addr_gen_mode", "1"),
    ("net/ipv6/icmp/ratemask", ""),
];

/// What a namespace needs beside [`PLAIN`] to forward what it receives, and to tell nobody of a
/// shorter way.
pub const FORWARDS: &[(&str, &str)] = &[
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
    ("net/ipv6/conf/all/forwarding", "1"),
];

// === impl Plan ===

impl Plan {
    /// A namespace.
    pub fn space(&self, id: SpaceId) -> &Space {
        &self.spaces[id.index()]
    }

    /// The words of an origin; of one that the plan does not have, none.
    pub fn origin(&self, origin: Origin) -> Option<&str> {
        self.origins.get(origin.0 as usize).map(|words| &**words)
    }

    /// The ends of wires in a namespace, each with the one at the other side, in their order.
    /// Costs a look at every wire.
    pub fn ends(&self, space: SpaceId) -> impl Iterator<Item = (&End, &End)> {
        self.wires
            .iter()
            .flat_map(|Wire { ends: [a, b] }| [(a, b), (b, a)])
            .filter(move |(here, _)| here.space == space)
    }

    /// What is wrong with the plan itself, in words, if anything is: a wire that leads to no
    /// namespace, or a name that Linux does not take for an interface.
    pub fn fault(&self) -> Option<String> {
        for end in self.wires.iter().flat_map(|wire| &wire.ends) {
            let End { space, dev, .. } = end;
            if space.index() >= self.spaces.len() {
                return Some(format!("{dev} is in namespace {}, which is not there", space.0));
            }
            if dev.is_empty() || dev.len() > 15 || dev.contains(['/', ':', ' ', '\0']) {
                return Some(format!("Linux takes no interface name like {dev:?}"));
            }
        }
        None
    }
}

// === impl SpaceId ===

impl SpaceId {
    /// Its place in a list that has one item for each namespace.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

// === impl Sysctl ===

impl Sysctl {
    /// Settings from a list such as [`PLAIN`].
    pub fn all(list: &[(&'static str, &'static str)]) -> Vec<Sysctl> {
        let sysctl = |(path, value): &(&'static str, &'static str)| Sysctl {
            path: Cow::Borrowed(path),
            value: Cow::Borrowed(value),
        };
        list.iter().map(sysctl).collect()
    }
}

// === impl Mac ===

impl Mac {
    /// The hardware address of one end, 0 or 1, of the wire of a number: always the same, and no
    /// other's.
    pub const fn of(wire: u32, end: u8) -> Mac {
        let [a, b, c, d] = wire.to_be_bytes();
        // 02: given by hand, and not a group.
        Mac([0x02, end, a, b, c, d])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
