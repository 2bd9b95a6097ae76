//! The grammar of names.

use fibula_network::{Addr, Port};

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// The kind that it names, as [`What::prefix`](super::What::prefix) has it.
    pub(crate) prefix: Option<&'static str>,
    /// The name, with the namespace before it if it was said.
    pub(crate) path: &'a str,
    /// The name and namespace of a DNS name.
    pub(crate) dns: Option<(&'a str, &'a str)>,
    /// The address that it is.
    pub(crate) address: Option<Addr>,
}

/// Kinds as kubectl takes them, after the prefix that we print.
const KINDS: &[(&str, &[&str])] = &[
    ("pod", &["po", "pods"]),
    ("node", &["no", "nodes"]),
    ("svc", &["service", "services"]),
    ("container", &["containers"]),
    ("daemon", &["daemons"]),
    ("deploy", &["deployment", "deployments"]),
    ("rs", &["replicaset", "replicasets"]),
    ("sts", &["statefulset", "statefulsets"]),
    ("ds", &["daemonset", "daemonsets"]),
    ("job", &["jobs"]),
    ("cj", &["cronjob", "cronjobs"]),
    ("rc", &["replicationcontroller", "replicationcontrollers"]),
];

// === impl Said ===

impl<'a> Said<'a> {
    /// Takes a name apart: `[KIND/][NAMESPACE/]NAME`, a DNS name, `localhost`, or an address.
    pub(crate) fn parse(said: &'a str) -> Said<'a> {
        let bare = said.strip_prefix('[').and_then(|s| s.strip_suffix(']')).unwrap_or(said);
        let address = match said {
            "localhost" => Some(Addr::LOOPBACK_V4),
            _ => bare.parse().ok(),
        };
        let kind = |word| KINDS.iter().find(|(short, long)| *short == word || long.contains(&word));
        let (prefix, path) = match said.split_once('/') {
            Some((word, rest)) if kind(word).is_some() => (kind(word).map(|(p, _)| *p), rest),
            _ => (None, said),
        };
        let dns = if prefix.is_none() { dns(path) } else { None };
        let prefix = prefix.or_else(|| dns.filter(|_| path.contains(".svc")).map(|_| "svc"));
        Said { prefix, path, dns, address }
    }

    /// Whether it says which namespace it means.
    pub(crate) fn says_namespace(&self) -> bool {
        self.dns.is_some() || self.path.contains('/')
    }

    /// The namespace that it says.
    pub(crate) fn namespace(&self) -> Option<&'a str> {
        self.dns.map(|(_, namespace)| namespace).or(self.path.split_once('/').map(|(n, _)| n))
    }

    /// Whether it can mean something of this name, which may have more before it: a look that makes
    /// nothing.
    pub(super) fn may_mean(&self, name: &str) -> bool {
        let last = self.path.rsplit('/').next().unwrap_or(self.path);
        name.ends_with(last) || self.dns.is_some_and(|(dns, _)| name.ends_with(dns))
    }

    /// The name itself.
    pub(crate) fn last(&self) -> &'a str {
        let path = self.dns.map_or(self.path, |(name, _)| name);
        path.rsplit('/').next().unwrap_or(path)
    }
}

/// `NAME.NAMESPACE`, `NAME.NAMESPACE.svc`, `NAME.NAMESPACE.svc.cluster.local` (DNS-1).
fn dns(said: &str) -> Option<(&str, &str)> {
    let said = said.strip_suffix('.').unwrap_or(said);
    let short = said.split_once(".svc").map_or(said, |(short, _)| short);
    let (name, namespace) = short.split_once('.')?;
    (!name.is_empty() && !namespace.is_empty() && !namespace.contains(['.', '/']))
        .then_some((name, namespace))
}

/// Splits `TO:PORT`. An IPv6 address needs brackets before a port.
pub(crate) fn split(said: &str) -> (&str, Option<&str>) {
    if said.parse::<Addr>().is_ok() {
        return (said, None);
    }
    match said.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (said, None),
    }
}

/// A port by number: `80`, `53/UDP`.
///
/// # Errors
///
/// What was expected instead.
pub(crate) fn port(said: &str) -> Result<Port, String> {
    let port = said.parse::<Port>().map_err(|_| {
        format!("{said:?} is no port: say a number from 1 to 65535, 53/UDP, or a declared name")
    })?;
    if port.number == 0 {
        return Err("port 0 is no port: say a number from 1 to 65535".to_owned());
    }
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_1_a_name_is_taken_apart_as_people_say_it() {
        let dns = Some(("web", "shop"));
        let cases = [
            ("web", None, "web", None),
            ("shop/web", None, "shop/web", None),
            ("deploy/web", Some("deploy"), "web", None),
            ("deployment/shop/web", Some("deploy"), "shop/web", None),
            ("svc/web", Some("svc"), "web", None),
            ("web.shop", None, "web.shop", dns),
            ("web.shop.svc", Some("svc"), "web.shop.svc", dns),
            ("web.shop.svc.cluster.local", Some("svc"), "web.shop.svc.cluster.local", dns),
            ("node/ip-10-0-0-1.ec2.internal", Some("node"), "ip-10-0-0-1.ec2.internal", None),
        ];
        for (said, prefix, path, dns) in cases {
            let want = Said { prefix, path, dns, address: None };
            assert_eq!(Said::parse(said), want, "{said}");
        }
        assert_eq!(Said::parse("[::1]").address, Some(Addr::LOOPBACK_V6));
    }

    #[test]
    fn a_port_follows_the_last_colon() {
        assert_eq!(split("web:80"), ("web", Some("80")));
        assert_eq!(split("[fd00::1]:53/UDP"), ("[fd00::1]", Some("53/UDP")));
        assert_eq!(split("fd00::1"), ("fd00::1", None));
        assert!(port("0").is_err() && port("x").is_err() && port("70000").is_err());
    }
}
