//! `@kube[:CONTEXT]`: the cluster that kubectl sees, as it is now.
//!
//! ```text
//!  kubectl api-resources ─► what the cluster has ─► of that what is read, or named as unread
//!                                                       │ kubectl get KIND -A -o json, some at once
//!                              forbidden ◄──────────────┴─► lists, as a file would hold them
//! ```
//!
//! By kubectl, so that whatever lets it in lets fibula in: contexts, plugins that log in, proxies. It
//! is asked for a fixed list of kinds and for nothing else: never for Secrets or ConfigMaps, and never
//! to change anything. What may not be listed stays in the answer, as unread (DR-21).

mod error;
mod run;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fibula_cluster::{Listed, Missing, listed};
use fibula_source::{Files, Held};
use serde_json::{Value, json};

use crate::progress;

pub(crate) use error::KubeError;
use run::Kubectl;

/// How such an input begins.
pub(crate) const NAME: &str = "@kube";

/// How many calls run at once: each mostly waits.
const AT_ONCE: usize = 4;

/// Without these there is no network to speak of.
const ESSENTIAL: [&str; 2] = ["pods", "services"];

/// The lists of the cluster, and what stands for those that may not be had.
pub(crate) fn read(context: Option<&str>, patience: Duration) -> Result<Files, KubeError> {
    let kubectl = Kubectl { context, patience };
    let doing = progress::doing("asking kubectl what the cluster has");
    let (has, silent) = kubectl.resources()?;
    let kinds = listed(|resource| has.iter().any(|has| has == resource));
    // Of a group that did not answer any object could be there (DR-21).
    let said = |group: &str| silent.contains(&format!(" {group}/"));
    let mut silent = listed(|_| !silent.is_empty());
    silent.retain(|kind| !kind.group.is_empty() && said(kind.group));
    doing.say(format!("asking kubectl for {} kinds of objects", kinds.len()));
    let mut files = vec![];
    let mut forbidden: Vec<&Listed> = vec![];
    for (kind, list) in kinds.iter().zip(lists(kubectl, &kinds)?) {
        match list {
            Some(bytes) => {
                let name = format!("{NAME} {}", kind.resource);
                files.push(Ok(Held { name, bytes, found: false, live: true }));
            }
            None => forbidden.push(kind),
        }
    }
    let lost = forbidden.iter().map(|kind| kind.resource.as_str());
    let lost: Vec<String> = lost.filter(|r| ESSENTIAL.contains(r)).map(str::to_owned).collect();
    if !lost.is_empty() {
        return Err(KubeError::Forbidden(lost));
    }
    let missing: Vec<_> = forbidden.into_iter().chain(&silent).map(missing).collect();
    if !missing.is_empty() {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": missing });
        let (name, bytes) = (NAME.to_owned(), list.to_string().into_bytes());
        files.push(Ok(Held { name, bytes, found: false, live: true }));
    }
    Ok(Files { name: NAME.to_owned(), files, skipped: 0 })
}

/// The list of each kind, in their order; none where it may not be had.
fn lists(kubectl: Kubectl<'_>, kinds: &[Listed]) -> Result<Vec<Option<Vec<u8>>>, KubeError> {
    let next = AtomicUsize::new(0);
    let lists = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(kind) = kinds.get(i) else { break };
                    let list = kubectl.list(&kind.resource);
                    // The others need not go on: nobody would see what they find.
                    if list.is_err() {
                        next.store(kinds.len(), Ordering::Relaxed);
                    }
                    lists.lock().unwrap_or_else(|poison| poison.into_inner()).push((i, list));
                }
            });
        }
    });
    let mut lists = lists.into_inner().unwrap_or_else(|poison| poison.into_inner());
    lists.sort_by_key(|(i, _)| *i);
    lists.into_iter().map(|(_, list)| list).collect()
}

/// What stands for all objects of a kind.
fn missing(kind: &Listed) -> Value {
    // Versions within a group are alike to the model.
    let api_version = match kind.group {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    };
    Missing { api_version: &api_version, kind: kind.kind, namespace: "", name: "" }.value()
}
