//! The fields of an entry as words, and back.

use std::borrow::Cow;

use super::names::{Index, Names};
use crate::element::Kind;
use crate::fib::{Action, Addrs, Hop, Ports, Reason, Receiver};
use crate::header::Proto;

/// An error is what was expected.
type Result<T> = std::result::Result<T, &'static str>;

const ADDRS: &str =
    "*, an address, a prefix, a range, the name of a set, own, hosted, or elsewhere KIND";
const PORTS: &str = "*, a port, a range such as 8000-8080, or listened";
const PROTO: &str = "TCP, UDP, SCTP or any after the slash";
const ACTION: &str = "deliver ELEMENT, deliver listener, deliver me, forward SWITCH, forward host, \
                      forward owner, forward owner's node, discard REASON, reject REASON, or goto TABLE";
const REASON: &str = "closed port, no route, policy or service as the reason";

/// The kind of this name.
pub(super) fn kind(text: &str) -> Result<Kind> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    kind.ok_or("container, daemon, world, pod, node or outside")
}

/// An address field; none for `*`.
pub(super) fn print_addrs<'n>(addrs: Addrs, names: &Names<'n>) -> Option<Cow<'n, str>> {
    Some(match addrs {
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
        _ => {}
    }
    if let Some(text) = text.strip_prefix("elsewhere ") {
        return kind(text).map(Addrs::Elsewhere);
    }
    if let Ok(range) = text.parse() {
        return Ok(Addrs::In(range));
    }
    let name = text.strip_prefix("set:").unwrap_or(text);
    index.sets.get(name).map(|set| Addrs::Set(*set)).ok_or(ADDRS)
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

/// What an entry does.
pub(super) fn print_action(action: Action, names: &Names<'_>) -> Cow<'static, str> {
    match action {
        Action::Deliver(Receiver::Element(e)) => format!("deliver {}", names.element(e)).into(),
        Action::Deliver(Receiver::Listener) => "deliver listener".into(),
        Action::Deliver(Receiver::Me) => "deliver me".into(),
        Action::Forward(Hop::To(e)) => format!("forward {}", names.element(e)).into(),
        Action::Forward(Hop::Host) => "forward host".into(),
        Action::Forward(Hop::Owner) => "forward owner".into(),
        Action::Forward(Hop::OwnersNode) => "forward owner's node".into(),
        Action::Discard(reason) => format!("discard {}", reason.name()).into(),
        Action::Reject(reason) => format!("reject {}", reason.name()).into(),
        Action::Goto(table) => format!("goto {}", names.table(table)).into(),
        Action::Deliver(Receiver::Caller) => "deliver caller".into(),
        Action::Undo { then } => format!("undo, then {}", names.table(then)).into(),
        Action::Forward(Hop::OneOf(_)) | Action::Rewrite { .. } | Action::Masquerade { .. } => {
            "".into()
        }
    }
}

/// What an entry does.
pub(super) fn action(text: &str, index: &Index<'_>) -> Result<Action> {
    let (verb, rest) = text.split_once(' ').ok_or(ACTION)?;
    let reason = || Reason::ALL.into_iter().find(|r| r.name() == rest).ok_or(REASON);
    Ok(match (verb, rest) {
        ("deliver", "listener") => Action::Deliver(Receiver::Listener),
        ("deliver", "me") => Action::Deliver(Receiver::Me),
        ("deliver", name) => Action::Deliver(Receiver::Element(index.element(name)?)),
        ("forward", "host") => Action::Forward(Hop::Host),
        ("forward", "owner") => Action::Forward(Hop::Owner),
        ("forward", "owner's node") => Action::Forward(Hop::OwnersNode),
        ("forward", name) => Action::Forward(Hop::To(index.element(name)?)),
        ("discard", _) => Action::Discard(reason()?),
        ("reject", _) => Action::Reject(reason()?),
        ("goto", table) => Action::Goto(*index.tables.get(table).ok_or("the name of a table")?),
        _ => return Err(ACTION),
    })
}
