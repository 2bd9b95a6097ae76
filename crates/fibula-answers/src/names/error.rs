//! Names that mean nothing here, too much, or nothing to who asks.

/// Why a name means nothing here, or too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing has that name.
    Unknown {
        /// The name.
        said: String,
        /// What could have it, in words: "no Service, workload or pod".
        wanted: &'static str,
        /// The namespace that was searched, if it was only one.
        namespace: Option<String>,
        /// Names that look like it, best first.
        near: Vec<String>,
    },
    /// Several things have it.
    Ambiguous {
        /// The name.
        said: String,
        /// Them, as names that mean only one.
        candidates: Vec<String>,
    },
    /// It names something that has no process to send from, or no address to send to.
    Mute {
        /// The name.
        said: String,
        /// Why, in words.
        why: String,
    },
    /// Objects of that name contradict each other, so that all were kept out.
    KeptOut {
        /// The name.
        said: String,
        /// Them, such as `Pod shop/web`.
        object: String,
        /// The field in which they differ.
        differ: String,
    },
    /// DNS gives nothing to the sender under this name (DNS-8). That is an answer, and no mistake
    /// of who asks: the message is not sent.
    NoSuchName {
        /// The name.
        said: String,
        /// Why, in words.
        why: String,
        /// The statement that says so, such as `DNS-8`.
        by: &'static str,
        /// Names that look like it and would be found, best first.
        near: Vec<String>,
    },
    /// The name has its addresses from somebody whom the input says nothing of: it leads out of
    /// the cluster, or the sender asks a resolver of its own. An answer too, an undecided one.
    Elsewhere {
        /// The name.
        said: String,
        /// The full names that it leads to, each an alias of the next (DNS-5); empty where it was
        /// asked for as it is.
        names: Vec<String>,
        /// Why nobody here knows, in words.
        why: String,
        /// The statement that says so.
        by: &'static str,
        /// Names that look like it and would be found, best first.
        near: Vec<String>,
    },
    /// The target needs a port.
    NoPort {
        /// The name.
        said: String,
        /// The ports that are declared there.
        declared: Vec<String>,
    },
    /// The port makes no sense.
    BadPort {
        /// The name.
        said: String,
        /// What was expected.
        expected: String,
    },
}
