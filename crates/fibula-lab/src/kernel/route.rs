//! Interfaces, addresses, neighbours and routes of one namespace: many of them in one message to
//! the kernel.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use ipnet::IpNet;
use netlink_packet_core::{NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{
    InfoBridgePort, InfoData, InfoKind, InfoPortData, InfoPortKind, InfoVeth, LinkAttribute,
    LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::errno::Errno;

use crate::plan::{self, End, Mac, Via};

use super::error::Error;
use super::netlink::{ACK, CREATE, DUMP, REQUEST, Talk};
use super::space::Namespace;

/// The number of `lo` in every namespace.
pub(super) const LO: u32 = 1;
/// The number of the bridge in a fabric. Ends of wires have higher numbers.
pub(super) const FABRIC: u32 = 2;

/// The routing tables.
const LOCAL: u8 = 255;
const MAIN: u8 = 254;

/// The number of the routing table of mark 0: above those that Linux has.
const MARKS: u32 = 1000;

/// The attribute of an interface that says whether it can send, not only whether it is up, and
/// what it is then.
const OPERATING: u16 = 16;
const UP: u8 = 6;

/// How many bytes of requests are sent at once: the kernel takes some 200,000.
const FULL: usize = 64 << 10;

/// What is asked of one namespace, sent when there is much of it.
pub(super) struct Route<'a> {
    talk: Talk,
    bytes: Vec<u8>,
    /// Where in `bytes` the last request starts.
    last: usize,
    /// What was asked for and not yet sent, for people.
    items: Vec<Item<'a>>,
}

/// What a request is about.
#[derive(Clone, Copy)]
enum Item<'a> {
    Device(&'a str),
    Address(IpAddr),
    Neighbour(IpAddr),
    Frames(Mac),
    Route(IpNet),
    Rules,
}

// === impl Route ===

impl<'a> Route<'a> {
    /// Begins with the namespace that the thread is in.
    pub(super) fn open() -> Result<Route<'a>, Error> {
        let talk = Talk::open(NETLINK_ROUTE)?;
        Ok(Route { talk, bytes: Vec::new(), last: 0, items: Vec::new() })
    }

    /// Brings `lo` up.
    pub(super) fn loopback(&mut self) -> Result<(), Error> {
        self.up(LO, "lo")?;
        self.send()
    }

    /// A wire from here to another namespace. This end is up at once, the other not yet.
    pub(super) fn wire(
        &mut self,
        (here, index): (&'a End, u32),
        (there, peer): (&End, u32),
        other: &Namespace,
    ) -> Result<(), Error> {
        let mut far = end(peer, there);
        far.attributes.push(LinkAttribute::NetNsFd(other.file().as_raw_fd()));
        let mut near = end(index, here);
        near.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(far))),
        ]));
        set_up(&mut near);
        self.add(RouteNetlinkMessage::NewLink(near), CREATE, Item::Device(&here.dev))
    }

    /// Brings an interface up.
    pub(super) fn up(&mut self, index: u32, dev: &'a str) -> Result<(), Error> {
        let mut message = link(index, []);
        set_up(&mut message);
        self.add(RouteNetlinkMessage::SetLink(message), 0, Item::Device(dev))
    }

    /// A bridge, up.
    pub(super) fn bridge(&mut self, index: u32) -> Result<(), Error> {
        let mut message = link(index, [name("fabric")]);
        message.attributes.push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]));
        set_up(&mut message);
        self.add(RouteNetlinkMessage::NewLink(message), CREATE, Item::Device("fabric"))
    }

    /// Makes an interface a port of a bridge, behind which there is one hardware address.
    pub(super) fn port(
        &mut self,
        bridge: u32,
        (index, dev): (u32, &'a str),
        behind: Mac,
    ) -> Result<(), Error> {
        let message = link(index, [LinkAttribute::Controller(bridge)]);
        self.add(RouteNetlinkMessage::SetLink(message), 0, Item::Device(dev))?;
        let frames = vec![
            InfoBridgePort::Learning(false),
            InfoBridgePort::UnicastFlood(false),
            InfoBridgePort::MulticastFlood(false),
            InfoBridgePort::BroadcastFlood(false),
        ];
        let message = link(
            index,
            [LinkAttribute::LinkInfo(vec![
                LinkInfo::PortKind(InfoPortKind::Bridge),
                LinkInfo::PortData(InfoPortData::BridgePort(frames)),
            ])],
        );
        self.add(RouteNetlinkMessage::NewLink(message), 0, Item::Device(dev))?;
        let mut message = NeighbourMessage::default();
        message.header.family = AddressFamily::Bridge;
        message.header.ifindex = index;
        message.header.state = NeighbourState::Noarp;
        message.header.flags = NeighbourFlags::Controller;
        message.attributes = vec![NeighbourAttribute::LinkLayerAddress(behind.0.to_vec())];
        self.add(RouteNetlinkMessage::NewNeighbour(message), CREATE, Item::Frames(behind))
    }

    /// An address, alone in its range.
    pub(super) fn address(&mut self, index: u32, ip: IpAddr) -> Result<(), Error> {
        let mut message = AddressMessage::default();
        message.header.family = family(ip);
        message.header.prefix_len = IpNet::from(ip).prefix_len();
        message.header.scope = AddressScope::Universe;
        message.header.index = index;
        message.attributes = vec![AddressAttribute::Address(ip), AddressAttribute::Local(ip)];
        if ip.is_ipv6() {
            message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        self.add(RouteNetlinkMessage::NewAddress(message), CREATE, Item::Address(ip))?;
        // The kernel takes an IPv6 address for its own only a moment later, unless told.
        if ip.is_ipv6() { self.local(IpNet::from(ip)) } else { Ok(()) }
    }

    /// A neighbour, for ever.
    pub(super) fn neighbour(&mut self, index: u32, ip: IpAddr, mac: Mac) -> Result<(), Error> {
        let mut message = NeighbourMessage::default();
        message.header.family = family(ip);
        message.header.ifindex = index;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(match ip {
                IpAddr::V4(ip) => NeighbourAddress::Inet(ip),
                IpAddr::V6(ip) => NeighbourAddress::Inet6(ip),
            }),
            NeighbourAttribute::LinkLayerAddress(mac.0.to_vec()),
        ];
        self.add(RouteNetlinkMessage::NewNeighbour(message), CREATE, Item::Neighbour(ip))
    }

    /// A range whose every address is the namespace's own.
    pub(super) fn local(&mut self, to: IpNet) -> Result<(), Error> {
        let mut message = towards(to, LOCAL);
        message.header.kind = RouteType::Local;
        message.header.scope = RouteScope::Host;
        message.attributes.push(RouteAttribute::Oif(LO));
        self.add(RouteNetlinkMessage::NewRoute(message), CREATE, Item::Route(to))
    }

    /// A route of a plan, in the table of local routes or in the main one; `index` gives the
    /// number of an interface.
    pub(super) fn route(
        &mut self,
        route: &'a plan::Route,
        in_local: bool,
        index: impl FnOnce(&str) -> Result<u32, Error>,
    ) -> Result<(), Error> {
        let table = if in_local { LOCAL } else { MAIN };
        self.route_in(towards(route.to, table), route, index)
    }

    /// A route for messages with a mark, in a table of its own that has the mark's number; and the
    /// rule that leads there.
    pub(super) fn marked(
        &mut self,
        route: &'a plan::Route,
        index: impl FnOnce(&str) -> Result<u32, Error>,
    ) -> Result<(), Error> {
        let mark = MARKS + route.origin.0;
        let mut message = towards(route.to, 0);
        message.attributes.push(RouteAttribute::Table(mark));
        self.route_in(message, route, index)?;
        let mut rule = rule(family(route.to.addr()), 1, 0);
        let asks = [RuleAttribute::FwMark(route.origin.0), RuleAttribute::Table(mark)];
        rule.attributes.extend(asks);
        self.add(RouteNetlinkMessage::NewRule(rule), CREATE, Item::Route(route.to))
    }

    /// Has rules looked up before local routes, which Linux looks up first of all.
    pub(super) fn marks_before_local(&mut self) -> Result<(), Error> {
        let item = Item::Rules;
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let later = rule(family, 2, LOCAL);
            self.add(RouteNetlinkMessage::NewRule(later), CREATE, item)?;
            self.add(RouteNetlinkMessage::DelRule(rule(family, 0, LOCAL)), 0, item)?;
        }
        Ok(())
    }

    fn route_in(
        &mut self,
        mut message: RouteMessage,
        route: &'a plan::Route,
        index: impl FnOnce(&str) -> Result<u32, Error>,
    ) -> Result<(), Error> {
        message.header.kind = match &route.via {
            Via::Next { dev, gateway } => {
                message.header.flags = RouteFlags::Onlink;
                message.attributes.push(RouteAttribute::Gateway(RouteAddress::from(*gateway)));
                message.attributes.push(RouteAttribute::Oif(index(dev)?));
                RouteType::Unicast
            }
            Via::Link { dev } => {
                message.header.scope = RouteScope::Link;
                message.attributes.push(RouteAttribute::Oif(index(dev)?));
                RouteType::Unicast
            }
            Via::Unreachable => RouteType::Unreachable,
            Via::Blackhole => RouteType::BlackHole,
            Via::Prohibit => RouteType::Prohibit,
        };
        if let Some(source) = route.source {
            message.attributes.push(RouteAttribute::PrefSource(RouteAddress::from(source)));
        }
        self.add(RouteNetlinkMessage::NewRoute(message), CREATE, Item::Route(route.to))
    }

    /// Whether every interface that is up can send by now: the kernel sees to that a moment after
    /// both ends of a wire are up.
    pub(super) fn ready(&mut self) -> Result<bool, Error> {
        let message = RouteNetlinkMessage::GetLink(LinkMessage::default());
        let mut request = Vec::new();
        write(&mut request, message, REQUEST | DUMP, 0);
        let mut ready = true;
        self.talk.exchange(&request, 0, |answer| {
            let Ok(link) = answer else { return };
            // What describes an interface begins with 16 bytes: its number is the second of them.
            let end = super::netlink::number(link.body, 4) > Some(FABRIC);
            let mut rest = super::netlink::attributes(link.body.get(16..).unwrap_or_default());
            ready &= !end || rest.any(|attribute| attribute == (OPERATING, &[UP]));
        })?;
        Ok(ready)
    }

    fn add(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
        item: Item<'a>,
    ) -> Result<(), Error> {
        self.last = self.bytes.len();
        write(&mut self.bytes, message, REQUEST | flags, self.items.len() as u32);
        self.items.push(item);
        if self.bytes.len() < FULL { Ok(()) } else { self.send() }
    }

    /// Sends what was asked for.
    ///
    /// # Errors
    ///
    /// The first thing that the kernel refused.
    pub(super) fn send(&mut self) -> Result<(), Error> {
        let Some(last) = self.items.len().checked_sub(1) else { return Ok(()) };
        // The kernel answers what it refuses, and the last one in any case.
        let flags = self.last + 6;
        self.bytes[flags..flags + 2].copy_from_slice(&(REQUEST | ACK | CREATE).to_ne_bytes());
        let mut refused: Option<(u32, Errno)> = None;
        self.talk.exchange(&self.bytes, last as u32, |answer| {
            if let Err(error) = answer {
                refused.get_or_insert(error);
            }
        })?;
        let outcome = match refused {
            None => Ok(()),
            Some((at, why)) => Err(Error::at(match self.items.get(at as usize) {
                Some(item) => format!("make {item}"),
                None => "change the network".to_owned(),
            })(why)),
        };
        self.bytes.clear();
        self.items.clear();
        outcome
    }
}

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Device(dev) => write!(f, "the interface {dev}"),
            Item::Address(ip) => write!(f, "the address {ip}"),
            Item::Neighbour(ip) => write!(f, "the neighbour {ip}"),
            Item::Frames(mac) => write!(f, "the way to {mac}"),
            Item::Route(to) => write!(f, "the route to {to}"),
            Item::Rules => f.write_str("the rules of routing"),
        }
    }
}

fn write(bytes: &mut Vec<u8>, message: RouteNetlinkMessage, flags: u16, sequence: u32) {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    message.finalize();
    let start = bytes.len();
    bytes.resize(start + message.buffer_len().next_multiple_of(4), 0);
    message.serialize(&mut bytes[start..]);
}

fn link<const N: usize>(index: u32, attributes: [LinkAttribute; N]) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes = attributes.into();
    message
}

/// One end of a wire. The kernel would give it a queue for each processor.
fn end(index: u32, end: &End) -> LinkMessage {
    let queues = [LinkAttribute::NumTxQueues(1), LinkAttribute::NumRxQueues(1)];
    let mut message = link(index, queues);
    message.attributes.extend([name(&end.dev), LinkAttribute::Address(end.mac.0.to_vec())]);
    message
}

fn set_up(message: &mut LinkMessage) {
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
}

fn name(dev: &str) -> LinkAttribute {
    LinkAttribute::IfName(dev.to_owned())
}

fn family(ip: IpAddr) -> AddressFamily {
    if ip.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

fn rule(family: AddressFamily, priority: u32, table: u8) -> RuleMessage {
    let mut message = RuleMessage::default();
    message.header.family = family;
    message.header.table = table;
    message.header.action = RuleAction::ToTable;
    message.attributes = vec![RuleAttribute::Priority(priority)];
    message
}

fn towards(to: IpNet, table: u8) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(to.addr());
    message.header.destination_prefix_length = to.prefix_len();
    message.header.table = table;
    message.header.protocol = RouteProtocol::Static;
    message.header.scope = RouteScope::Universe;
    if !to.network().is_unspecified() {
        message.attributes.push(RouteAttribute::Destination(RouteAddress::from(to.network())));
    }
    message
}

/// The address of nobody in particular.
pub(super) fn anybody(v4: bool) -> IpAddr {
    if v4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}
