//! The fields of an entry as words, and back.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::names::{Index, Names};
use crate::addr::Addr;
use crate::element::Kind;
use crate::fib::{Action, Addrs, Hop, Mark, Ports, Reason, Receiver, Side, Source, TableId};
use crate::header::Proto;

/// An error is what was expected.
type Result<T> = std::result::Result<T, &'static str>;

const ADDRS: &str = "*, an address, a prefix, a range, the name of a set, own, own in SET, \
                     hosted, elsewhere KIND, or same";
const PORTS: &str = "*, a port, a range such as 8000-8080, or listened";
const PROTO: &str = "TCP, UDP, SCTP or any after the slash";
const ACTION: &str = "deliver ELEMENT, deliver listener, deliver me, deliver caller, \
                      forward SWITCH, forward host, forward owner, forward owner's node, \
                      forward one of HOPS, discard REASON, reject REASON, goto TABLE, \
                      rewrite BACKENDS, masquerade own, masquerade ADDRESS, or undo";
const REASON: &str = "closed port, no route, policy or service as the reason";

/// The kind of this name.
pub(super) fn kind(text: &str) -> Result<Kind> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    kind.ok_or("container, daemon, world, pod, node or outside")
}

/// An address field; none for `*`.
pub(super) fn print_addrs<'n>(addrs: Addrs, names: &Names<'n>) -> Option<Cow<'n, str>> {
    Some(match addrs {
        Addrs::Same => "same".into(),
        Addrs::Any => return None,
        Addrs::In(range) => range.to_string().into(),
        Addrs::Set(set) => names.set(set),
        Addrs::Own => "own".into(),
        Addrs::OwnIn(set) => format!("own in {}", names.set(set)).into(),
        Addrs::Hosted => "hosted".into(),
        Addrs::Elsewhere(kind) => format!("elsewhere {kind}").into(),
    })
}

/// An address field.
pub(super) fn addrs(text: &str, index: &Index<'_>) -> Result<Addrs> {
    match text {
        "*" => return Ok(Addrs::Any),
        "own" => return Ok(Addrs::Own),
        "hosted" => return Ok(Addrs::Hosted),
        "same" => return Ok(Addrs::Same),
        _ => {}
    }
    if let Some(text) = text.strip_prefix("elsewhere ") {
        return kind(text).map(Addrs::Elsewhere);
    }
    let set = |text: &str| {
        let name = text.strip_prefix("set:").unwrap_or(text);
        index.sets.get(name).copied().ok_or(ADDRS)
    };
    if let Some(text) = text.strip_prefix("own in ") {
        return set(text).map(Addrs::OwnIn);
    }
    if let Ok(range) = text.parse() {
        return Ok(Addrs::In(range));
    }
    set(text).map(Addrs::Set)
}

/// Ports without their protocol; none for `*`.
pub(super) fn print_ports(ports: Ports) -> Option<String> {
    match ports {
        Ports::Any => None,
        Ports::In(lo, hi) if lo == hi => Some(lo.to_string()),
        Ports::In(lo, hi) => Some(format!("{lo}-{hi}")),
        Ports::Listened => Some("listened".to_owned()),
    }
}

/// Ports without a protocol.
pub(super) fn ports(text: &str) -> Result<Ports> {
    let number = |text: &str| -> Option<u16> {
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
    };
    let range = |text: &str| {
        let (lo, hi) = text.split_once('-').unwrap_or((text, text));
        let (lo, hi) = (number(lo)?, number(hi)?);
        (lo <= hi).then_some(Ports::In(lo, hi))
    };
    match text {
        "*" => Ok(Ports::Any),
        "listened" => Ok(Ports::Listened),
        _ => range(text).ok_or(PORTS),
    }
}

/// The target port and the protocol, as the article writes them: numbers alone are TCP, and `*`
/// and `listened` alone are any protocol (NM-24). None for `*` of any.
pub(super) fn print_port(ports: Ports, proto: Option<Proto>) -> Option<String> {
    let word = print_ports(ports);
    match (word, proto) {
        (None, None) => None,
        (Some(word), None) if ports == Ports::Listened => Some(word),
        (Some(word), None) => Some(format!("{word}/any")),
        (Some(word), Some(Proto::Tcp)) if ports != Ports::Listened => Some(word),
        (word, Some(proto)) => Some(format!("{}/{proto}", word.as_deref().unwrap_or("*"))),
    }
}

/// The target port and the protocol.
pub(super) fn port(text: &str) -> Result<(Ports, Option<Proto>)> {
    let (word, proto) = match text.split_once('/') {
        Some((word, "any")) => (word, Some(None)),
        Some((word, proto)) => (word, Some(Some(proto.parse().map_err(|_| PROTO)?))),
        None => (text, None),
    };
    let ports = ports(word)?;
    let usual = matches!(ports, Ports::In(..)).then_some(Proto::Tcp);
    Ok((ports, proto.unwrap_or(usual)))
}

/// What an entry does: `do`, `mark` and `then`.
pub(super) struct Doing<T> {
    pub(super) action: T,
    pub(super) mark: Option<T>,
    pub(super) then: Option<T>,
}

/// What an entry does.
pub(super) fn print_action<'n>(action: Action, names: &Names<'n>) -> Doing<Cow<'n, str>> {
    let text: Cow<'n, str> = match action {
        Action::Deliver(Receiver::Element(e)) => format!("deliver {}", names.element(e)).into(),
        Action::Deliver(Receiver::Listener) => "deliver listener".into(),
        Action::Deliver(Receiver::Me) => "deliver me".into(),
        Action::Deliver(Receiver::Caller) => "deliver caller".into(),
        Action::Forward(Hop::To(e)) => format!("forward {}", names.element(e)).into(),
        Action::Forward(Hop::Host) => "forward host".into(),
        Action::Forward(Hop::Owner) => "forward owner".into(),
        Action::Forward(Hop::OwnersNode) => "forward owner's node".into(),
        Action::Forward(Hop::OneOf(hops)) => format!("forward one of {}", names.hops(hops)).into(),
        Action::Discard(reason) => format!("discard {}", reason.name()).into(),
        Action::Reject(reason) => format!("reject {}", reason.name()).into(),
        Action::Goto(table) => format!("goto {}", names.table(table)).into(),
        Action::Rewrite { to, .. } => format!("rewrite {}", names.backends(to)).into(),
        Action::Masquerade { by: Source::Own, .. } => "masquerade own".into(),
        Action::Masquerade { by: Source::Is(addr), .. } => format!("masquerade {addr}").into(),
        Action::Undo { .. } => "undo".into(),
    };
    let (mark, then) = match action {
        Action::Goto(_) => (None, None),
        Action::Rewrite { mark, then, .. } => (print_mark(mark), Some(then)),
        _ => (None, action.then()),
    };
    let then = then.map(|table| names.table(table).to_owned().into());
    Doing { action: text, mark: mark.map(Cow::Borrowed), then }
}

fn print_mark(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::Never => None,
        Mark::Hairpin => Some("hairpin"),
        Mark::Always => Some("always"),
    }
}

/// Whom a Rewrite marks.
pub(super) fn mark(text: &str) -> Result<Mark> {
    let all = [Mark::Hairpin, Mark::Always].into_iter();
    let found = all.into_iter().find(|mark| print_mark(*mark) == Some(text));
    found.ok_or("hairpin or always")
}

/// Which address names the Pod of a chain.
pub(super) fn print_side(side: Side) -> &'static str {
    match side {
        Side::Source => "from",
        Side::Target => "to",
    }
}

/// Which address names the Pod of a chain.
pub(super) fn side(text: &str) -> Result<Side> {
    let found = [Side::Source, Side::Target].into_iter().find(|side| print_side(*side) == text);
    found.ok_or("from or to, the field that names the pod")
}

/// The table of a name.
pub(super) fn table(text: &str, index: &Index<'_>) -> Result<TableId> {
    index.tables.get(text).copied().ok_or("the name of a table")
}

/// What an entry does, but for what other fields say of it: it marks nothing, and goes on at the
/// first table.
pub(super) fn action(text: &str, index: &Index<'_>) -> Result<Action> {
    let then = TableId(0);
    if text == "undo" {
        return Ok(Action::Undo { then });
    }
    let (verb, rest) = text.split_once(' ').ok_or(ACTION)?;
    let reason = || Reason::ALL.into_iter().find(|r| r.name() == rest).ok_or(REASON);
    if let ("forward", Some(name)) = (verb, rest.strip_prefix("one of ")) {
        let hops = index.hops.get(name).ok_or("the name of a list of switches")?;
        return Ok(Action::Forward(Hop::OneOf(*hops)));
    }
    Ok(match (verb, rest) {
        ("deliver", "listener") => Action::Deliver(Receiver::Listener),
        ("deliver", "me") => Action::Deliver(Receiver::Me),
        ("deliver", "caller") => Action::Deliver(Receiver::Caller),
        ("deliver", name) => Action::Deliver(Receiver::Element(index.element(name)?)),
        ("forward", "host") => Action::Forward(Hop::Host),
        ("forward", "owner") => Action::Forward(Hop::Owner),
        ("forward", "owner's node") => Action::Forward(Hop::OwnersNode),
        ("forward", name) => Action::Forward(Hop::To(index.element(name)?)),
        ("discard", _) => Action::Discard(reason()?),
        ("reject", _) => Action::Reject(reason()?),
        ("goto", name) => Action::Goto(table(name, index)?),
        ("rewrite", name) => {
            let to = index.backends.get(name).ok_or("the name of a list of backends")?;
            Action::Rewrite { to: *to, mark: Mark::Never, then }
        }
        ("masquerade", "own") => Action::Masquerade { by: Source::Own, then },
        ("masquerade", addr) => {
            let addr = addr.parse().map_err(|_| "own or an address to masquerade by")?;
            Action::Masquerade { by: Source::Is(addr), then }
        }
        _ => return Err(ACTION),
    })
}

/// A target: an address and a port.
pub(super) fn target(text: &str) -> Result<(Addr, u16)> {
    let socket: SocketAddr =
        text.parse().map_err(|_| "an address with a port: 10.0.1.7:8080 or [fd00::7]:8080")?;
    Ok((socket.ip().into(), socket.port()))
}

/// A target.
pub(super) fn print_target(addr: Addr, port: u16) -> String {
    SocketAddr::new(addr.into(), port).to_string()
}
