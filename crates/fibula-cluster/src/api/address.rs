//! Addresses as objects write them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::sloppy::parse_ip;

/// An address as it is written; the default is absent.
///
/// A plain IPv4 address costs no memory of its own: each of 150,000 pods has four. Any other text
/// is kept as it is, so that a fault can show it, and twins that only read alike still differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Written);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Written {
    /// In the one form that its text can have.
    V4(Ipv4Addr),
    Text(Box<str>),
}

// === impl Address ===

impl Address {
    /// The address, read as the API server does (IP-8); nothing where the text is none.
    pub fn ip(&self) -> Option<IpAddr> {
        match &self.0 {
            Written::V4(ip) => Some(IpAddr::V4(*ip)),
            Written::Text(text) => parse_ip(text),
        }
    }

    /// Whether it is absent.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Written::Text(text) if text.is_empty())
    }
}

impl Default for Address {
    fn default() -> Self {
        Self(Written::Text(Box::default()))
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        // The standard parser takes four decimal numbers without leading zeros, and nothing else.
        let v4 = text.parse().map(Written::V4);
        Self(v4.unwrap_or_else(|_| Written::Text(text.into())))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Written::V4(ip) => ip.fmt(f),
            Written::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Address, E> {
                Ok(text.into())
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ip_8_an_address_keeps_the_form_in_which_it_was_written() {
        for (text, ip) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("010.0.0.1", Some("10.0.0.1")),
            ("0.0.0.0", Some("0.0.0.0")),
            ("::ffff:10.0.0.1", Some("10.0.0.1")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("10.0.0", None),
            ("", None),
        ] {
            let address = Address::from(text);
            assert_eq!(address.to_string(), text);
            assert_eq!(address.is_empty(), text.is_empty());
            assert_eq!(address.ip().map(|ip| ip.to_string()).as_deref(), ip, "{text}");
        }
        assert_ne!(Address::from("10.0.0.1"), Address::from("010.0.0.1"));
    }
}
