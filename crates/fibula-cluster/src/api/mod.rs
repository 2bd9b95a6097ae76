//! Slim objects: of each kind only the fields that the model reads.
//!
//! Unknown fields are ignored and `null` is an absent field, as `kubectl` and Helm write it. No
//! default of the API server is applied here; [`Cluster::new`](crate::Cluster::new) does that.
//! Equality is equality of what the model reads, so that a repeat is recognised although its
//! `resourceVersion` differs.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

mod address;
mod brief;
mod cluster;
mod cluster_policy;
mod endpoints;
mod fields;
mod mention;
mod pod;
mod policy;
mod service;
mod word;
mod workload;

pub use address::Address;
pub(crate) use brief::SOURCE_RANGES;
pub use brief::{Annotations, Conditions, Stamp};
pub use cluster::*;
pub use cluster_policy::*;
pub use endpoints::*;
pub(crate) use endpoints::{MANAGED_BY, SERVICE_NAME, SKIP_MIRROR};
pub use fields::Fields;
pub use mention::{Mention, Mentions};
pub use pod::*;
pub use policy::*;
pub use service::*;
pub(crate) use service::{HEADLESS, PROXY_NAME};
pub use word::Word;
pub use workload::*;

/// Reads a value, and `null` as the default.
fn or_default<'de, T, D>(d: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// Whether a field says nothing.
fn absent<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares slim structs: every field may be absent or `null`, and is then the default.
macro_rules! slim {
    ($($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {$(
            $(#[$field_meta])*
            #[serde(
                deserialize_with = "crate::api::or_default",
                skip_serializing_if = "crate::api::absent"
            )]
            pub $field: $type,
        )*}
    )*};
}
pub(crate) use slim;

/// The label of a namespace that is its name (NP-14).
pub(crate) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// The label of a Node that names its zone (SVC-13).
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";

slim! {
    /// What every object has.
    pub struct Metadata {
        /// The name; empty where the object has none yet.
        pub name: String,
        /// What the API server would complete to a name.
        pub generate_name: String,
        /// The namespace; empty means `default`, where the kind has one.
        pub namespace: String,
        /// Labels.
        pub labels: Labels,
        /// The annotations that the model reads.
        pub annotations: Annotations,
        /// Which findings the annotations switch off, here or in the template of pods.
        pub ignored: Ignored,
        /// Whether a pod is being deleted (SVC-11).
        pub deletion_timestamp: Stamp,
        /// Whether it has a `uid`: then it was read from a cluster.
        pub uid: Given,
        /// Who made the object.
        pub owner_references: Vec<OwnerReference>,
    }

    /// A reference to an owner, in the same namespace.
    pub struct OwnerReference {
        /// Its kind.
        pub kind: Word,
        /// Its name.
        pub name: String,
        /// Whether the owner is the managing controller.
        pub controller: bool,
    }
}

/// Labels, or the labels that a selector wants: sorted by key, each key once.
///
/// A sorted list rather than a map: a pod has a handful, and there are 150,000 pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels(Vec<(Word, String)>);

/// Whether a string is given; what it says does not matter.
///
/// All are equal: an object and its copy from a cluster contradict each other no more than two
/// copies do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given(pub bool);

/// Ids of findings that an object switches off, as they are written in its annotations. No field of
/// the API, and no part of what an object means: all are equal.
#[derive(Clone, Debug, Default)]
pub struct Ignored(pub Option<Box<str>>);

// === impl Metadata ===

impl Metadata {
    /// The name to tell the object by: `generateName` where there is no name yet.
    pub fn name(&self) -> &str {
        if self.name.is_empty() { &self.generate_name } else { &self.name }
    }

    /// The namespace of a kind that has one: `default` where the object does not say.
    pub fn namespace(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }

    /// The namespace and the name, as above, and the labels.
    pub(crate) fn into_names(self) -> (String, String, Labels) {
        let namespace = match self.namespace.is_empty() {
            true => "default".to_owned(),
            false => self.namespace,
        };
        let name = if self.name.is_empty() { self.generate_name } else { self.name };
        (namespace, name, self.labels)
    }

    /// The managing controller: the owner that says so, else the only owner where it is of a
    /// kind that makes pods. A static pod names its Node as the owner; that is none.
    pub fn controller(&self) -> Option<&OwnerReference> {
        let owners = &self.owner_references;
        let says_so = owners.iter().find(|owner| owner.controller);
        let only = owners.first().filter(|only| owners.len() == 1 && only.makes_pods());
        let named = |owner: &&OwnerReference| !owner.kind.is_empty() && !owner.name.is_empty();
        says_so.or(only).filter(named).filter(|owner| owner.kind != *"Node")
    }
}

impl OwnerReference {
    fn makes_pods(&self) -> bool {
        let kinds = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "ReplicationController"];
        matches!(&*self.kind, "ReplicaSet" | "Job") || kinds.contains(&&*self.kind)
    }
}

// === impl Labels ===

impl Labels {
    /// The value of a key. Costs a look at each label, which are few.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all but these keys.
    pub(crate) fn keep(&mut self, keys: &[&str]) {
        if !self.0.is_empty() {
            self.0.retain(|(key, _)| keys.contains(&&**key));
        }
    }

    /// Whether these labels have every pair of `selector` (equality, SVC-10).
    pub fn matches(&self, selector: &[(String, String)]) -> bool {
        selector.iter().all(|(key, value)| self.get(key) == Some(value))
    }

    /// The pairs, by key.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
    }
}

impl IntoIterator for Labels {
    type Item = (Word, String);
    type IntoIter = std::vec::IntoIter<(Word, String)>;

    /// The pairs, by key.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Into<Word>> FromIterator<(K, String)> for Labels {
    /// The last of equal keys wins, as in a JSON object.
    fn from_iter<I: IntoIterator<Item = (K, String)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value));
        let mut pairs: Vec<(Word, String)> = pairs.collect();
        // Sorted, with each key once, as nearly all come.
        if !pairs.is_sorted_by(|a, b| *a.0 < *b.0) {
            pairs.reverse();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            pairs.dedup_by(|later, first| later.0 == first.0);
        }
        pairs.shrink_to_fit();
        Self(pairs)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(&**key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<Word, Option<String>>()? {
                    pairs.push((key, value.unwrap_or_default()));
                }
                Ok(pairs.into_iter().collect())
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

// === impl Ignored ===

impl Ignored {
    /// The ids, each by itself.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let said = self.0.as_deref().unwrap_or_default();
        said.split([',', ' ', '\n']).filter(|id| !id.is_empty())
    }

    /// Adds what another place says.
    pub(crate) fn add(&mut self, more: Option<Box<str>>) {
        self.0 = match (self.0.take(), more) {
            (Some(one), Some(other)) => Some(format!("{one},{other}").into()),
            (one, other) => one.or(other),
        };
    }
}

impl PartialEq for Ignored {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Serialize for Ignored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

// === impl Given ===

impl PartialEq for Given {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Given;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Given, E> {
                Ok(Given(!text.is_empty()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
