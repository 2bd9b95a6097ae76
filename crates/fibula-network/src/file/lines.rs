//! The records of a file, as serde reads and writes them. What their words mean is not known here.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// A text or a number of a file. Borrowed from the file where it can be, so that its address says
/// where it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// An object whose keys are names, in the order of the file.
#[derive(Debug)]
pub(super) struct Keyed<'a, T>(pub(super) Vec<(Text<'a>, T)>);

/// A record that is a text alone where no more is said of it, and an object where there is.
#[derive(Debug)]
pub(super) struct Brief<T>(pub(super) T);

/// What can be [`Brief`], to read.
trait Alone<'de>: Sized {
    /// What is expected in its place.
    const EXPECTED: &'static str;

    /// The record of which no more is said.
    fn alone(text: Text<'de>) -> Self;
}

/// What can be [`Brief`], to write.
trait Shortened {
    /// The text, if no more is said.
    fn text(&self) -> Option<&Text<'_>>;
}

/// The whole file, as it is read; it is written record by record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub(super) fibula: Text<'a>,
    #[serde(default)]
    pub(super) elements: Vec<ElementLine<'a>>,
    #[serde(default)]
    pub(super) services: Vec<ServiceLine<'a>>,
    #[serde(default)]
    pub(super) links: Vec<[Text<'a>; 2]>,
    #[serde(default)]
    pub(super) meshes: Vec<MeshLine<'a>>,
    #[serde(default)]
    pub(super) choices: Vec<ChoiceLine<'a>>,
    #[serde(default)]
    pub(super) sets: Keyed<'a, Vec<Text<'a>>>,
    #[serde(default)]
    pub(super) zones: Vec<Text<'a>>,
    #[serde(default)]
    pub(super) backends: Keyed<'a, Vec<Brief<BackendLine<'a>>>>,
    #[serde(default)]
    pub(super) hops: Keyed<'a, Vec<Text<'a>>>,
    #[serde(default)]
    pub(super) tables: Keyed<'a, Vec<EntryLine<'a>>>,
    #[serde(default)]
    pub(super) chains: Keyed<'a, ChainsLine<'a>>,
    #[serde(default)]
    pub(super) pipelines: Keyed<'a, Vec<Text<'a>>>,
    #[serde(default)]
    pub(super) fibs: Keyed<'a, FibLine<'a>>,
    #[serde(default)]
    pub(super) owners: Vec<OwnerLine<'a>>,
}

/// The one field that tells what a file is.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) fibula: Text<'a>,
}

/// An element and its facts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ElementLine<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    pub(super) name: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) addresses: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) open: Vec<Brief<OpenLine<'a>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Text<'a>>,
}

/// An open port.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenLine<'a> {
    #[serde(borrow)]
    pub(super) port: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Text<'a>>,
}

/// A Service and its addresses.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceLine<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(default)]
    pub(super) addresses: Vec<Text<'a>>,
}

/// A mesh of links.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MeshLine<'a> {
    #[serde(borrow)]
    pub(super) members: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) except: Vec<[Text<'a>; 2]>,
}

/// A choice that is left open.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChoiceLine<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(default)]
    pub(super) question: Text<'a>,
    pub(super) values: u8,
}

/// A backend.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackendLine<'a> {
    #[serde(borrow)]
    pub(super) to: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) zone: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) switch: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Text<'a>>,
}

/// An entry: an omitted field is `*`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryLine<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) arrived: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from_port: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) when: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) marked: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<bool>,
    #[serde(rename = "do")]
    pub(super) action: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) then: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Text<'a>>,
}

/// The chains of a table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainsLine<'a> {
    #[serde(borrow)]
    pub(super) by: Text<'a>,
    pub(super) lists: Vec<ChainLine<'a>>,
}

/// A chain, and the pods that have it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainLine<'a> {
    #[serde(borrow)]
    pub(super) tables: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pods: Vec<Text<'a>>,
}

/// The FIB of a switch.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FibLine<'a> {
    #[serde(borrow)]
    pub(super) pipeline: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) own: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) listeners: Vec<ListenerLine<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) zone: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) masquerade: Vec<Text<'a>>,
}

/// A listener of a switch.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListenerLine<'a> {
    #[serde(borrow)]
    pub(super) port: Text<'a>,
    pub(super) process: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Text<'a>>,
}

/// An owner of an address.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnerLine<'a> {
    #[serde(borrow)]
    pub(super) address: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<Text<'a>>,
    pub(super) to: Text<'a>,
    pub(super) via: Text<'a>,
}

// === impl Text ===

impl<'a, T: Into<Cow<'a, str>>> From<T> for Text<'a> {
    fn from(text: T) -> Text<'a> {
        Text(text.into())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(text.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(text.to_owned().into())
    }

    // A port is a number to whoever edits by hand.
    fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(number.to_string().into())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text<'a>, D::Error> {
        from.deserialize_any(TextVisitor)
    }
}

// === impl Keyed ===

impl<T> Default for Keyed<'_, T> {
    fn default() -> Self {
        Keyed(Vec::new())
    }
}

struct KeyedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for KeyedVisitor<T> {
    type Value = Keyed<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of named records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keyed<'de, T>, A::Error> {
        let mut all = vec![];
        while let Some(pair) = map.next_entry()? {
            all.push(pair);
        }
        Ok(Keyed(all))
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Keyed<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Keyed<'a, T>, D::Error> {
        from.deserialize_map(KeyedVisitor(PhantomData))
    }
}

// === impl Brief ===

impl<'de: 'a, 'a> Alone<'de> for OpenLine<'a> {
    const EXPECTED: &'static str = "a port, or an object with a port";

    fn alone(port: Text<'de>) -> OpenLine<'a> {
        OpenLine { port, at: None }
    }
}

impl Shortened for OpenLine<'_> {
    fn text(&self) -> Option<&Text<'_>> {
        self.at.is_none().then_some(&self.port)
    }
}

impl<'de: 'a, 'a> Alone<'de> for BackendLine<'a> {
    const EXPECTED: &'static str = "an address with a port, or an object with the field to";

    fn alone(to: Text<'de>) -> BackendLine<'a> {
        BackendLine { to, zone: None, switch: None, at: None }
    }
}

impl Shortened for BackendLine<'_> {
    fn text(&self) -> Option<&Text<'_>> {
        let more = self.zone.is_some() || self.switch.is_some() || self.at.is_some();
        (!more).then_some(&self.to)
    }
}

impl<T: Shortened + Serialize> Serialize for Brief<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.text() {
            Some(text) => text.serialize(to),
            None => self.0.serialize(to),
        }
    }
}

struct BriefVisitor<T>(PhantomData<T>);

impl<'de, T: Alone<'de> + Deserialize<'de>> Visitor<'de> for BriefVisitor<T> {
    type Value = Brief<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Brief<T>, E> {
        Ok(Brief(T::alone(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Brief<T>, E> {
        Ok(Brief(T::alone(text.to_owned().into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Brief<T>, E> {
        Ok(Brief(T::alone(number.to_string().into())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Brief<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Brief)
    }
}

impl<'de, T: Alone<'de> + Deserialize<'de>> Deserialize<'de> for Brief<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Brief<T>, D::Error> {
        from.deserialize_any(BriefVisitor(PhantomData))
    }
}
