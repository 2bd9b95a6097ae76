//! What the containers of a pod name: addresses in the values of their environment, in commands and
//! in arguments.
//!
//! A pod says there whom it will talk to, and nobody checks that. Only what looks like an address
//! with a port is kept, because of 150,000 pods most say nothing of the kind. References to Secrets,
//! ConfigMaps and fields are not followed: what they hold is not the manifest's to say.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::ser::{Serialize, Serializer};

/// An address that a container names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mention {
    /// The variable of its environment that does; empty for a command or an argument.
    pub by: String,
    /// A name, or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The addresses that a list names, sorted, each once.
///
/// All are equal: what a pod names decides no message, so objects that differ in nothing else are
/// repeats of one another, and no contradiction.
#[derive(Clone, Debug, Default, Eq)]
pub struct Mentions(pub Box<[Mention]>);

/// What the names of two variables end with that together are an address.
const HOSTS: [&str; 5] = ["_HOST", "_HOSTNAME", "_SERVER", "_ADDR", "_ADDRESS"];
const PORT: &str = "_PORT";
/// The ports that a URL without one means.
const SCHEMES: [(&str, u16); 4] = [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)];
/// How long a name can be.
const MOST_NAME: usize = 253;

// === impl Mentions ===

impl PartialEq for Mentions {
    fn eq(&self, _: &Mentions) -> bool {
        true
    }
}

impl Mentions {
    fn new(mut all: Vec<Mention>) -> Mentions {
        all.sort_unstable();
        all.dedup();
        Mentions(all.into())
    }

    /// Both lists as one.
    #[must_use]
    pub fn and(self, other: Mentions) -> Mentions {
        match (self.0.is_empty(), other.0.is_empty()) {
            (_, true) => self,
            (true, _) => other,
            _ => Mentions::new(self.0.into_iter().chain(other.0).collect()),
        }
    }
}

impl Serialize for Mentions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |mention: &Mention| format!("{}:{}", mention.host, mention.port);
        serializer.collect_seq(self.0.iter().map(text))
    }
}

impl<'de> Deserialize<'de> for Mentions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Mentions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Mentions, A::Error> {
                let mut found = Found::default();
                while list.next_element_seed(Item(&mut found))?.is_some() {}
                Ok(found.mentions())
            }

            // No list, no addresses: whoever reads manifests for a network need not mind.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mentions, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Mentions::default())
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Mentions, E> {
                Ok(Mentions::default())
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    mentions: Vec<Mention>,
    /// Halves of addresses, by what the names of their variables begin with.
    hosts: Vec<(String, Mention)>,
    ports: Vec<(String, u16)>,
}

impl Found {
    fn variable(&mut self, name: &str, value: &str) {
        let before = self.mentions.len();
        self.text(name, value);
        if self.mentions.len() > before {
            return;
        }
        if let Some(prefix) = name.strip_suffix(PORT).filter(|prefix| !prefix.is_empty()) {
            let port = value.parse().ok().filter(|port| *port != 0);
            self.ports.extend(port.map(|port| (prefix.to_owned(), port)));
            return;
        }
        let prefix = HOSTS.iter().find_map(|end| name.strip_suffix(end));
        if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty() && is_host(value)) {
            let mention = Mention { by: name.to_owned(), host: value.to_owned(), port: 0 };
            self.hosts.push((prefix.to_owned(), mention));
        }
    }

    /// Every `host:port` in a text, and every URL whose scheme says the port.
    fn text(&mut self, by: &str, text: &str) {
        let mut from = 0;
        while let Some(at) = text[from..].find(':').map(|at| at + from) {
            from = at + 1;
            let rest = &text[at + 1..];
            let found = match rest.strip_prefix("//") {
                Some(rest) => url(&text[..at], rest),
                None => host_and_port(&text[..at], rest),
            };
            if let Some((host, port)) = found {
                let (by, host) = (by.to_owned(), host.to_owned());
                self.mentions.push(Mention { by, host, port });
            }
        }
    }

    fn mentions(mut self) -> Mentions {
        for (prefix, mention) in self.hosts {
            let port = self.ports.iter().find(|(other, _)| *other == prefix);
            self.mentions.extend(port.map(|(_, port)| Mention { port: *port, ..mention }));
        }
        Mentions::new(self.mentions)
    }
}

/// The host before a colon and the port behind it.
fn host_and_port<'t>(before: &'t str, rest: &str) -> Option<(&'t str, u16)> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    // `12:30:45`, `user:1@host` and `a:80b` are none.
    let ends = rest[digits..].bytes().next().is_none_or(|b| {
        !(b.is_ascii_alphanumeric() || matches!(b, b':' | b'@' | b'.' | b'-' | b'_'))
    });
    let port: u16 = rest[..digits].parse().ok().filter(|port| ends && *port != 0)?;
    let start = before.bytes().rposition(|b| !is_of_host(b)).map_or(0, |at| at + 1);
    let host = &before[start..];
    let after = before[..start].bytes().next_back();
    // What stands in `[` is an address of which this is the end.
    (is_host(host) && !matches!(after, Some(b':' | b'_'))).then_some((host, port))
}

/// The host of a URL that names no port.
fn url<'t>(before: &str, rest: &'t str) -> Option<(&'t str, u16)> {
    let port = SCHEMES.iter().find_map(|(scheme, port)| {
        let before = before.strip_suffix(scheme)?;
        let whole = !before.bytes().next_back().is_some_and(|b| b.is_ascii_alphanumeric());
        whole.then_some(*port)
    })?;
    let end = rest.bytes().position(|b| !is_of_host(b)).unwrap_or(rest.len());
    let named = rest[end..].bytes().next().is_some_and(|b| matches!(b, b':' | b'@' | b'_' | b'$'));
    let host = &rest[..end];
    (is_host(host) && !named).then_some((host, port))
}

fn is_of_host(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')
}

/// Whether a text could be a name or an IPv4 address, and is no truth.
fn is_host(text: &str) -> bool {
    let ends = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    (1..=MOST_NAME).contains(&text.len())
        && !matches!(text, "true" | "false")
        && text.bytes().all(is_of_host)
        && ends(text.bytes().next())
        && (ends(text.bytes().next_back()) || text.ends_with('.'))
        && (text.bytes().any(|b| b.is_ascii_alphabetic()) || text.matches('.').count() == 3)
}

/// One of a list: a string, or a variable with its value. Whatever else it is says nothing.
struct Item<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or a variable")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.text("", text);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut name, mut value) = (String::new(), String::new());
        while let Some(Key(key)) = map.next_key()? {
            match key {
                Some(true) => name = map.next_value::<Plain>()?.0,
                Some(false) => value = map.next_value::<Plain>()?.0,
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        self.0.variable(&name, &value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key of a variable: whether it is `name`, or `value`; nothing where it is another.
struct Key(Option<bool>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
                Ok(Key(match text {
                    "name" => Some(true),
                    "value" => Some(false),
                    _ => None,
                }))
            }
        }
        deserializer.deserialize_identifier(Text)
    }
}

/// A string, or a number or truth as one, as `Y` without quotes is; anything else is empty.
#[derive(Default)]
struct Plain(String);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Plain::default())
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Plain, E> {
        Ok(Plain(text))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Plain, E> {
        Ok(Plain(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Plain, E> {
        Ok(Plain(number.to_string()))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Plain, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Plain, E> {
        Ok(Plain(truth.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Plain, E> {
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Plain, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(json: &str) -> Vec<String> {
        let mentions: Mentions = serde_json::from_str(json).expect("it is a list");
        let text = |m: &Mention| format!("{}={}:{}", m.by, m.host, m.port);
        mentions.0.iter().map(text).collect()
    }

    #[test]
    fn addresses_are_found_in_values_commands_and_arguments() {
        let env = r#"[
            {"name": "CART_ADDR", "value": "cart:7070"},
            {"name": "URL", "value": "http://zipkin.jaeger.svc.cluster.local:9411/api/v1/spans"},
            {"name": "WEB", "value": "https://web.shop/index"},
            {"name": "BROKERS", "value": "k-0.k:9092,k-1.k:9092"},
            {"name": "DSN", "value": "postgres://me:secret@db:5432/main"},
            {"name": "CACHE_HOST", "value": "cache"}, {"name": "CACHE_PORT", "value": "6379"},
            {"name": "IP", "value": "10.0.0.1:80"}
        ]"#;
        let expected = [
            "BROKERS=k-0.k:9092",
            "BROKERS=k-1.k:9092",
            "CACHE_HOST=cache:6379",
            "CART_ADDR=cart:7070",
            "DSN=db:5432",
            "IP=10.0.0.1:80",
            "URL=zipkin.jaeger.svc.cluster.local:9411",
            "WEB=web.shop:443",
        ];
        assert_eq!(named(env), expected);
        let args = r#"["--store=http://db:80/x", "sh -c 'nc cart 7070'", "-a", "a:1 b:2"]"#;
        assert_eq!(named(args), ["=a:1", "=b:2", "=db:80"]);
    }

    #[test]
    fn a_variable_whose_name_is_no_text_is_one_all_the_same() {
        let env = r#"[{"name": true, "value": "web:80"}, {"name": "A_HOST", "value": true}]"#;
        let found: Mentions = serde_json::from_str(env).expect("a list");
        assert_eq!(found.0.iter().map(|one| &*one.by).collect::<Vec<_>>(), ["true"]);
    }

    #[test]
    fn what_only_looks_like_an_address_is_left() {
        let env = r#"[
            {"name": "A", "value": ":8080"}, {"name": "B", "value": "12:30:45"},
            {"name": "C", "value": "$(HOST):80"}, {"name": "D", "value": "a:99999"},
            {"name": "E", "value": "[fd00::1]:80"}, {"name": "F", "value": "user:1@x"},
            {"name": "DB_HOST", "value": "db"}, {"name": "OTHER_PORT", "value": "5432"},
            {"name": "G", "valueFrom": {"secretKeyRef": {"name": "a:80", "key": "b:80"}}},
            {"name": "H", "value": 5}, {"name": "I", "value": null}, 7, null, ["a:80"]
        ]"#;
        assert_eq!(named(env), [] as [&str; 0]);
    }
}
