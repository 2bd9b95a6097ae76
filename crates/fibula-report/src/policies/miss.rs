//! What of a rule a message misses, in words.

use fibula_answers::trace::policies::{Instead, Labelled, Miss, What};

use crate::view::View;

/// The label that has a namespace's name (NP-14).
const NAME: &str = "kubernetes.io/metadata.name";

/// What the message has instead: it stands beside the caret.
pub(super) fn has(view: &View<'_>, miss: &Miss) -> String {
    match &miss.what {
        What::Label { of: Labelled::Namespace(name), key, .. } if key == NAME => {
            format!("namespace {name} is another")
        }
        What::Label { of, key, has, .. } => {
            let whose = match of {
                Labelled::Pod(pod) => view.name(*pod),
                Labelled::Namespace(name) => format!("namespace {name}"),
            };
            match has {
                Some(value) => format!("{whose} has {key}={value}"),
                None => format!("{whose} has no label {key}"),
            }
        }
        What::Unread { namespace, .. } => {
            format!("namespace {namespace} was not read, so who knows its labels (DR-22)")
        }
        What::Namespace { wants, pod, has } => {
            let pod = view.name(*pod);
            format!("pods of namespace {wants} alone (NP-11): {pod} is in {has}")
        }
        What::Pod(Instead::Node(node)) => format!("{node} is a node, and no pod (NP-34)"),
        What::Pod(Instead::HostNetwork(pod)) => {
            let pod = super::short(pod);
            format!("{pod} uses its node's network, so policies see no pod (DR-1)")
        }
        What::Pod(Instead::Outside(addr)) => format!("{addr} is no pod (NP-12)"),
        What::Block { addr, .. } => format!("{addr} is not in it"),
        What::Elsewhere { addr, .. } => {
            format!("{addr} was invented, and here it is taken to be elsewhere (DR-19)")
        }
        What::Except { addr, .. } => format!("{addr} is excepted here (NP-16)"),
        What::NoPodsByBlock { addr, .. } => {
            format!("{addr} is a pod's, and ipBlocks match no pods here (DR-2b)")
        }
        What::Port { has, of_service: true, .. } => {
            format!(
                "that is the Service's port: policies ask for the pod's, {} (NP-40)",
                has.number
            )
        }
        What::Port { has, .. } => format!("this is for {} {}", has.proto, has.number),
        What::NamedPort { means: Some(means), has, .. } => {
            let is = means.number;
            format!("of the target that is {is}, and this is for {} {}", has.proto, has.number)
        }
        What::NamedPort { means: None, .. } => "the target calls no port so (NP-42)".to_owned(),
    }
}

/// What the rule wants.
pub(super) fn wants(miss: &Miss) -> String {
    match &miss.what {
        What::Label { of: Labelled::Pod(_), wants, .. } => wants.clone(),
        What::Label { of: Labelled::Namespace(_), wants, .. } | What::Unread { wants, .. } => {
            format!("namespaces with {wants}")
        }
        What::Namespace { wants, .. } => format!("pods of namespace {wants}"),
        What::Pod(_) => "pods".to_owned(),
        What::Block { net, .. } | What::Elsewhere { net, .. } | What::NoPodsByBlock { net, .. } => {
            net.to_string()
        }
        What::Except { net, .. } => format!("not {net}"),
        What::Port { wants, .. } => wants.clone(),
        What::NamedPort { wants, .. } => wants.clone(),
    }
}
