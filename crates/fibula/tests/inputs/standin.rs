//! A stand-in kubectl that serves a recorded cluster: a script beside a folder of lists.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::stage::{Stage, out};

/// Notes what it is asked, and answers with `cluster/RESOURCE.json`; as `.says` wants, where that is
/// there. `api-resources` tells the names of both.
const SCRIPT: &str = r#"
cluster=${0%/*}/cluster
words=
for arg; do
  case $arg in
    --context=*) echo "${arg#--context=}" >> "$cluster/.contexts" ;;
    --request-timeout=*) ;;
    *) words="$words $arg" ;;
  esac
done
set -- $words
echo "$*" >> "$cluster/.calls"
case $1 in
  api-resources)
    [ -f "$cluster/.says" ] && . "$cluster/.says"
    for list in "$cluster"/*; do
      name=${list##*/}
      name=${name%.json}
      echo "${name%.says}"
    done
    echo secrets
    echo configmaps ;;
  get)
    [ -f "$cluster/$2.says" ] && . "$cluster/$2.says"
    while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done < "$cluster/$2.json" ;;
esac
"#;

/// What the API calls the objects of the lists that tests serve.
const RESOURCES: [(&str, &str); 18] = [
    ("Namespace", "namespaces"),
    ("Node", "nodes"),
    ("Pod", "pods"),
    ("Service", "services"),
    ("Deployment", "deployments.apps"),
    ("ReplicaSet", "replicasets.apps"),
    ("StatefulSet", "statefulsets.apps"),
    ("DaemonSet", "daemonsets.apps"),
    ("Job", "jobs.batch"),
    ("CronJob", "cronjobs.batch"),
    ("ServiceCIDR", "servicecidrs.networking.k8s.io"),
    ("NetworkPolicy", "networkpolicies.networking.k8s.io"),
    ("EndpointSlice", "endpointslices.discovery.k8s.io"),
    ("Ingress", "ingresses.networking.k8s.io"),
    ("ReplicationController", "replicationcontrollers"),
    ("Endpoints", "endpoints"),
    ("Network", "networks.config.openshift.io"),
    ("Route", "routes.route.openshift.io"),
];

impl Stage {
    /// Puts a stand-in on the PATH that serves these objects.
    pub(crate) fn serve(&self, objects: &[Value]) {
        self.program("kubectl", SCRIPT);
        let mut lists: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for essential in ["pods", "services"] {
            lists.insert(essential, vec![]);
        }
        for object in objects {
            let resource = RESOURCES.iter().find(|(kind, _)| object["kind"] == *kind);
            let (_, resource) = resource.unwrap_or_else(|| panic!("not served: {object}"));
            lists.entry(resource).or_default().push(object);
        }
        for (resource, items) in lists {
            let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
            self.write(&format!(".programs/cluster/{resource}.json"), &format!("{list:#}\n"));
        }
    }

    /// Serves a generated cluster.
    pub(crate) fn serve_generated(&self, args: &[&str]) {
        let made = self.run(&[&["generate", "-o", "json"], args].concat());
        self.write("cluster.json", &out(&made));
        let list: Value = serde_json::from_str(&out(&made)).expect("generate makes JSON");
        self.serve(list["items"].as_array().expect("it is a List"));
    }

    /// Lets the stand-in say this, in the words of a shell, where a resource is asked for; or where
    /// all of them are.
    pub(crate) fn says(&self, resource: &str, script: &str) {
        self.write(&format!(".programs/cluster/{resource}.says"), script);
    }

    /// Lets a resource be one that may not be listed.
    pub(crate) fn forbid(&self, resource: &str) {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        self.says(
            resource,
            &format!(
                "echo 'Error from server (Forbidden): {resource} is forbidden: User \"dev\" cannot \
                 list resource \"{plural}\" in API group \"{group}\" at the cluster scope' >&2\nexit 1\n"
            ),
        );
    }

    /// What the stand-in was asked, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path(".programs/cluster/.calls")).unwrap_or_default();
        let mut calls: Vec<String> = calls.lines().map(str::to_owned).collect();
        calls.sort();
        calls
    }

    /// The contexts that it was given.
    pub(crate) fn contexts(&self) -> Vec<String> {
        let file = self.path(".programs/cluster/.contexts");
        let contexts = fs::read_to_string(file).unwrap_or_default();
        let mut contexts: Vec<String> = contexts.lines().map(str::to_owned).collect();
        contexts.dedup();
        contexts
    }
}
