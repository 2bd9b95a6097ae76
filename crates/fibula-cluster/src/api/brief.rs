//! Parts of objects of which one word matters, so that 150,000 pods need not keep the rest.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The annotation that asks for hints by CPU (SVC-44).
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";

/// What it was called before.
const TOPOLOGY_AWARE_HINTS: &str = "service.kubernetes.io/topology-aware-hints";

/// The annotation that the field `loadBalancerSourceRanges` came from (SVC-25).
pub(crate) const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// The annotation of any object that switches findings off (`lint`).
pub(crate) const IGNORE: &str = "fibula.dev/ignore";

const KNOWN: [&str; 4] = [TOPOLOGY_MODE, TOPOLOGY_AWARE_HINTS, SOURCE_RANGES, IGNORE];

/// The annotations that the model reads; by key, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(Box<[(&'static str, String)]>);

/// Whether a time is given; when it was does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(pub bool);

/// The conditions of a pod, of which only Ready matters: whether it is `True`. Nothing where
/// there are no conditions, as in a manifest; false where Ready is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions(pub Option<bool>);

// === impl Annotations ===

impl Annotations {
    /// Whether hints are to be made by CPU, and nothing else decides them (SVC-44).
    pub fn topology_auto(&self) -> bool {
        let mode = self.get(TOPOLOGY_MODE).or_else(|| self.get(TOPOLOGY_AWARE_HINTS));
        matches!(mode, Some("Auto" | "auto"))
    }

    /// The ranges of the older annotation as they are written (SVC-25).
    pub fn source_ranges(&self) -> impl Iterator<Item = &str> {
        let ranges = self.get(SOURCE_RANGES).unwrap_or_default().split(',');
        ranges.map(str::trim).filter(|range| !range.is_empty())
    }

    /// Takes out what switches findings off, and says what it was.
    pub(crate) fn take_ignored(&mut self) -> Option<Box<str>> {
        self.get(IGNORE)?;
        let (ignored, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(key, _)| *key == IGNORE);
        self.0 = rest.into();
        ignored.into_iter().next().map(|(_, value)| value.into())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Annotations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
                let mut pairs: Vec<(&'static str, String)> = Vec::new();
                while let Some(key) = map.next_key_seed(OneOf(&KNOWN))? {
                    let Some(key) = key else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    // The last of equal keys wins, as in a JSON object.
                    pairs.retain(|(other, _)| *other != key);
                    pairs.push((key, map.next_value::<Option<String>>()?.unwrap_or_default()));
                }
                pairs.sort();
                Ok(Annotations(pairs.into()))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

// === impl Stamp ===

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The API wants a time; which one does not matter.
        serializer.serialize_str(if self.0 { "2026-01-01T00:00:00Z" } else { "" })
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Stamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Stamp, E> {
                Ok(Stamp(!text.is_empty()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

// === impl Conditions ===

impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let status = |ready| if ready { "True" } else { "False" };
        let ready =
            self.0.map(|ready| BTreeMap::from([("status", status(ready)), ("type", READY)]));
        serializer.collect_seq(ready)
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Conditions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of conditions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Conditions, A::Error> {
                let mut ready = None;
                while let Some(condition) = list.next_element::<Option<Condition>>()? {
                    let ready = ready.get_or_insert(false);
                    *ready |= condition.is_some_and(|c| c.kind.0 && c.status.0);
                }
                Ok(Conditions(ready))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

const READY: &str = "Ready";

/// One condition: whether it is that of Ready, and whether it holds.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type", deserialize_with = "super::or_default")]
    kind: Ready,
    #[serde(deserialize_with = "super::or_default")]
    status: True,
}

#[derive(Default)]
struct Ready(bool);

#[derive(Default)]
struct True(bool);

impl<'de> Deserialize<'de> for Ready {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOf(&[READY]).deserialize(deserializer).map(|word| Self(word.is_some()))
    }
}

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOf(&["True"]).deserialize(deserializer).map(|word| Self(word.is_some()))
    }
}

/// Reads a string: which of these words it is, or none.
struct OneOf(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for OneOf {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for OneOf {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|word| *word == text))
    }
}
