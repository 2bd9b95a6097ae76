//! Promises about who reaches whom, as people write them. What they mean in a cluster is for others
//! to say: here is only what was written.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;

use crate::cluster::Protocol;
use crate::selector::Selector;

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What it is called.
    pub name: Option<String>,
    /// Why it was made.
    pub because: Option<String>,
    /// The namespace that a name without one means.
    pub namespace: Option<String>,
    /// Whom it is about: `from`, or `to` of what is only for some.
    pub about: Vec<Said>,
    /// What it says of them.
    pub verb: Verb,
    /// Of whom it says that.
    pub others: Vec<Said>,
    /// At which ports; of a target that says its own, at those.
    pub ports: Vec<Ports>,
}

/// What a promise says of those that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Each of them reaches each of the others.
    Reaches,
    /// None of them reaches any of the others.
    NeverReaches,
    /// Nobody but the others reaches them.
    OnlyFrom,
    /// They reach nobody but the others.
    ReachesOnly,
}

/// Some of a cluster, as a promise says them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where in the promise it stands, as an API path: `only-from[1]`.
    pub path: String,
    /// Who.
    pub who: Named,
    /// The ports that are said with it: `cart:7070`.
    pub port: Option<Ports>,
}

/// Whom a promise names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By a name, as questions take it: `web`, `ns/shop`, `app=web`, `10.0.0.0/8`, `world`.
    Name(String),
    /// By what they are.
    Selected(Selected),
}

/// Pods by their namespaces and labels, or whoever has an address in a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Pods of the namespace of this name.
    pub namespace: Option<String>,
    /// Pods of namespaces with such labels.
    pub namespaces: Option<Selector>,
    /// Pods with such labels.
    pub pods: Option<Selector>,
    /// Whoever has an address in it.
    pub cidr: Option<IpNet>,
    /// But for these ranges.
    pub except: Vec<IpNet>,
}

/// Some ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ports {
    /// By number.
    Range {
        /// Their protocol.
        protocol: Protocol,
        /// The first.
        first: u16,
        /// The last.
        last: u16,
    },
    /// What a target calls so.
    Named(String),
}

// === impl Verb ===

impl Verb {
    /// All of them.
    pub const ALL: [Verb; 4] =
        [Verb::Reaches, Verb::NeverReaches, Verb::OnlyFrom, Verb::ReachesOnly];

    /// The field that says it.
    pub fn field(self) -> &'static str {
        match self {
            Verb::Reaches => "reaches",
            Verb::NeverReaches => "never-reaches",
            Verb::OnlyFrom => "only-from",
            Verb::ReachesOnly => "reaches-only",
        }
    }

    /// The field that says whom it is about.
    pub fn about(self) -> &'static str {
        match self {
            Verb::OnlyFrom => "to",
            Verb::Reaches | Verb::NeverReaches | Verb::ReachesOnly => "from",
        }
    }
}

// === impl Ports ===

impl FromStr for Ports {
    type Err = String;

    /// `8080`, `53/UDP`, `8000-8010`, or a name.
    fn from_str(text: &str) -> Result<Ports, String> {
        let wrong = || {
            "a port: a number from 1 to 65535 (8080, 53/UDP), a range (8000-8010), or the name of a \
             declared port"
                .to_owned()
        };
        let (numbers, protocol) = match text.split_once('/') {
            Some((numbers, protocol)) => {
                let known = Protocol::ALL.into_iter().find(|p| p.name() == protocol);
                (numbers, known.ok_or("a protocol: TCP, UDP or SCTP")?)
            }
            None => (text, Protocol::Tcp),
        };
        let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0);
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => {
                Ok(Ports::Range { protocol, first, last })
            }
            (Some(_), Some(_)) => Err("a range that begins with its lowest port".to_owned()),
            _ if is_name(text) => Ok(Ports::Named(text.to_owned())),
            _ => Err(wrong()),
        }
    }
}

/// As it is written; TCP is not said.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ports::Named(name) => f.write_str(name),
            Ports::Range { protocol, first, last } => {
                write!(f, "{first}")?;
                if first != last {
                    write!(f, "-{last}")?;
                }
                match protocol {
                    Protocol::Tcp => Ok(()),
                    other => write!(f, "/{}", other.name()),
                }
            }
        }
    }
}

/// Whether a text can be the name of a port (POD-3).
fn is_name(text: &str) -> bool {
    (1..=15).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// As it is written: a name, or what is selected.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selected { namespace, namespaces, pods, cidr, except } = match self {
            Named::Name(name) => return f.write_str(name),
            Named::Selected(selected) => selected,
        };
        if let Some(cidr) = cidr {
            let except = except.iter().map(|net| format!(" but {net}")).collect::<String>();
            return write!(f, "{cidr}{except}");
        }
        match pods.as_ref().filter(|pods| !pods.is_empty()) {
            Some(pods) => write!(f, "pods with {pods}")?,
            None => f.write_str("all pods")?,
        }
        match (namespace, namespaces.as_ref().filter(|by| !by.is_empty())) {
            (Some(name), _) => write!(f, " of {name}"),
            (None, Some(by)) => write!(f, " of namespaces with {by}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.port {
            Some(port) => write!(f, "{}:{port}", self.who),
            None => self.who.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbers_ranges_or_names() {
        for text in ["8080", "53/UDP", "8000-8010", "1-65535/SCTP", "http", "grpc-web"] {
            let ports: Ports = text.parse().expect(text);
            assert_eq!(ports.to_string(), text);
        }
        for text in ["", "0", "70000", "8010-8000", "80/tcp", "HTTP", "-", "80-", "a b", "53/ICMP"]
        {
            assert!(text.parse::<Ports>().is_err(), "{text}");
        }
    }
}
