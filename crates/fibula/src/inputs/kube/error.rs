//! Why a cluster could not be read, for people.

use std::time::Duration;

use crate::Stop;

/// Why a cluster could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KubeError {
    /// There is no program `kubectl`.
    NotInstalled,
    /// It knows no such context.
    NoContext(String),
    /// It knows no cluster at all.
    NoCluster(String),
    /// It does not reach the cluster.
    Unreachable(String),
    /// The cluster does not know who asks.
    Unknown(String),
    /// What no network can do without may not be listed.
    Forbidden(Vec<String>),
    /// It did not end.
    Timeout {
        /// What was asked.
        what: String,
        /// How long it was waited.
        after: Duration,
    },
    /// It ended well and said something else.
    NoAnswer {
        /// What was asked.
        what: String,
        /// What it said.
        says: String,
    },
    /// It failed otherwise.
    Failed {
        /// What was asked.
        what: String,
        /// What it said.
        says: String,
    },
}

impl KubeError {
    /// What kubectl told on standard error, by the words that it has for it.
    pub(super) fn told(what: &str, err: &str) -> KubeError {
        let mut lines = err.lines().map(str::trim);
        let last = lines.rfind(|line| !line.is_empty() && !is_log(line));
        let says = last.unwrap_or("nothing, and gives no reason");
        let says = says.strip_prefix("error: ").unwrap_or(says);
        // What was asked for and never came stands before what it says.
        let says = says.strip_prefix("Please enter Username: error: ").unwrap_or(says);
        let low = err.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| low.contains(word));
        let says = says.to_owned();
        if has(&["context was not found", "does not exist"]) && low.contains("context") {
            return KubeError::NoContext(says);
        }
        if has(&["localhost:8080", "no configuration has been provided"]) {
            return KubeError::NoCluster(says);
        }
        if has(&["unauthorized", "must be logged in", "please enter username"]) {
            return KubeError::Unknown(says);
        }
        let unreachable = ["was refused", "unable to connect", "i/o timeout", "no such host"];
        if has(&unreachable) || has(&["deadline exceeded", "connection reset", "no route to host"])
        {
            return KubeError::Unreachable(says);
        }
        KubeError::Failed { what: what.to_owned(), says }
    }

    /// What is wrong, and what to do.
    pub(crate) fn stop(&self) -> Stop {
        let (message, hint) = match self {
            KubeError::NotInstalled => (
                "the program kubectl is not here, by which @kube reads a cluster".to_owned(),
                "install it, or read a dump that somebody else made: fibula dump -o FILE"
                    .to_owned(),
            ),
            KubeError::NoContext(says) => {
                (format!("kubectl: {says}"), "kubectl config get-contexts   lists them".to_owned())
            }
            KubeError::NoCluster(says) => (
                format!("kubectl knows no cluster: {says}"),
                "kubectl config get-contexts   lists those that it knows".to_owned(),
            ),
            KubeError::Unreachable(says) => (
                format!("kubectl does not reach the cluster: {says}"),
                "kubectl cluster-info   tries it alone".to_owned(),
            ),
            KubeError::Unknown(says) => (
                format!("the cluster does not know who asks: {says}"),
                "log in as for kubectl, then say it again".to_owned(),
            ),
            KubeError::Forbidden(what) => {
                let some = what.join(" and ");
                (
                    format!(
                        "you may not list {some} of all namespaces, and without them there is no \
                         network"
                    ),
                    "kubectl get pods,services,networkpolicies -n NAMESPACE -o json | fibula \
                     verify -   reads what you may"
                        .to_owned(),
                )
            }
            KubeError::Timeout { what, after } => (
                format!("kubectl {what} has not ended after {} s", after.as_secs()),
                "--kube-timeout SECONDS waits longer".to_owned(),
            ),
            KubeError::NoAnswer { what, says } => (
                format!("kubectl {what} gave no list of objects, but: {says}"),
                "is it the kubectl that you mean? kubectl version".to_owned(),
            ),
            KubeError::Failed { what, says } => {
                (format!("kubectl {what} says: {says}"), format!("kubectl {what}   tries it alone"))
            }
        };
        Stop::cannot(&message, Some(&hint))
    }
}

/// Whether a line is of a log (`E1130 02:13:05.515741 …`) or a warning, beside what is said.
fn is_log(line: &str) -> bool {
    let mut bytes = line.bytes();
    let severity = bytes.next().is_some_and(|b| b"EWIF".contains(&b));
    let date = bytes.by_ref().take(4).filter(u8::is_ascii_digit).count() == 4;
    (severity && date && bytes.next() == Some(b' ')) || line.starts_with("Warning: ")
}

#[cfg(test)]
mod tests {
    use super::KubeError;

    /// As the program says it, word for word.
    #[test]
    fn what_kubectl_says_is_understood() {
        let told = |err: &str| match KubeError::told("get pods", err) {
            KubeError::NoContext(says) => format!("no context: {says}"),
            KubeError::NoCluster(says) => format!("no cluster: {says}"),
            KubeError::Unreachable(says) => format!("unreachable: {says}"),
            KubeError::Unknown(says) => format!("unknown: {says}"),
            other => format!("{other:?}"),
        };
        let log = "E1130 02:13:05.515741   19555 memcache.go:265] \"Unhandled Error\" err=\"x\"\n";
        let refused = "The connection to the server localhost:8080 was refused - did you specify \
                       the right host or port?";
        assert_eq!(told(&format!("{log}{refused}\n")), format!("no cluster: {refused}"));
        let cases = [
            ("Error in configuration: context was not found for specified context: nope", "no con"),
            ("error: context \"nope\" does not exist", "no context: context \"nope\""),
            ("Please enter Username: error: EOF", "unknown: EOF"),
            ("error: You must be logged in to the server (Unauthorized)", "unknown: You must"),
            ("Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout", "unreachable"),
            ("The connection to the server 10.0.0.1:6443 was refused", "unreachable: The conn"),
            ("error: the server was unable to return a response", "Failed"),
            ("", "Failed { what: \"get pods\", says: \"nothing"),
        ];
        for (err, expected) in cases {
            assert!(told(err).starts_with(expected), "{err}: {}", told(err));
        }
    }
}
