//! Strings that are nearly always one of a few.

use std::borrow::Cow;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// The words that cost no memory of their own.
const KNOWN: [&str; 29] = [
    "",
    "TCP",
    "Running",
    "ClusterFirst",
    "ReplicaSet",
    "UDP",
    "SCTP",
    "Pending",
    "Succeeded",
    "Failed",
    "Unknown",
    "DaemonSet",
    "StatefulSet",
    "Job",
    "Node",
    "Pod",
    "IPv4",
    "IPv6",
    "ClusterFirstWithHostNet",
    // Keys of labels that most pods have.
    "app",
    "pod-template-hash",
    "k8s-app",
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
];

/// A string that is nearly always one of a few: 150,000 pods say `Running`, and their ports `TCP`.
/// Any other is kept as it is, so that a fault can show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Cow<'static, str>);

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        let known = KNOWN.into_iter().find(|known| *known == text);
        Self(known.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed))
    }
}

impl From<String> for Word {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Word {
    fn eq(&self, text: &str) -> bool {
        self.0 == text
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Word;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
                Ok(text.into())
            }
        }
        deserializer.deserialize_str(Text)
    }
}
