//! Objects as text, slimmed to what the model reads: read again, they say the same.
//!
//! What containers name in their environment, commands and arguments is left out unless it is asked
//! for: a dump is made to be given away. Even then only addresses are there that the model finds in it
//! (`db:5432`) and that mean something of the cluster, never what stands around them: `hunter:42` can
//! be a password.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::api::{Container, Mention, PodSpec};
use crate::generate::{Format, write_all};
use crate::object::{Kind, Object};
use crate::place::ObjectId;
use crate::reading::{ENVIRONMENTS, MISSING};

/// What the uid of an object is that has one: that it has says that it was read from a cluster.
const UID: &str = "00000000-0000-0000-0000-000000000000";

/// What stands for objects that were not read, so that answers from a dump know of them (DR-21).
#[derive(Clone, Copy, Debug)]
pub struct Missing<'a> {
    /// Their `apiVersion`.
    pub api_version: &'a str,
    /// Their kind.
    pub kind: &'a str,
    /// The namespace of the one that is meant.
    pub namespace: &'a str,
    /// Its name; empty for all that there may be of a kind that nobody may list.
    pub name: &'a str,
}

/// Of a namespace and a host that a container there names: whether it is to be kept.
pub type Keep<'a> = &'a dyn Fn(&str, &str) -> bool;

/// What a dump holds.
#[derive(Clone, Copy)]
pub struct Dump<'a> {
    /// The objects.
    pub objects: &'a [(ObjectId, Object)],
    /// What stands for others.
    pub missing: &'a [Missing<'a>],
    /// Which of the addresses that containers name are there; none of them without it.
    pub keep: Option<Keep<'a>>,
}

impl Dump<'_> {
    /// Writes all of it. Holds one object at a time. Give a buffered writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let objects = self.objects.iter().map(|(_, object)| value(object, self.keep));
        let missing = self.missing.iter().map(Missing::value);
        write_all(objects.chain(missing), format, out)
    }

    /// How many containers name addresses.
    pub fn naming(&self) -> usize {
        let specs = self.objects.iter().filter_map(|(_, object)| object.spec());
        let names = |c: &&Container| ![&c.env, &c.command, &c.args].iter().all(|m| m.0.is_empty());
        specs
            .flat_map(|spec| lists(spec).into_iter().flat_map(|(_, list)| list).filter(names))
            .count()
    }
}

impl Missing<'_> {
    /// What containers name: where it is missing, nobody can say whom pods mean to talk to.
    pub const ENVIRONMENTS: Missing<'static> =
        Missing { api_version: ENVIRONMENTS.0, kind: ENVIRONMENTS.1, namespace: "", name: "" };

    /// As an object of its own, which stands for what it names.
    pub fn value(&self) -> Value {
        let (api_version, kind) = MISSING;
        let names = [("namespace", self.namespace), ("name", self.name)];
        let names = names.iter().filter(|(_, name)| !name.is_empty());
        let metadata: Map<String, Value> =
            names.map(|(key, name)| ((*key).to_owned(), (*name).into())).collect();
        json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": metadata,
            "of": { "apiVersion": self.api_version, "kind": self.kind },
        })
    }
}

/// An object as the API has it, of which the model reads all.
fn value(object: &Object, keep: Option<Keep<'_>>) -> Value {
    let mut value = object.value();
    value["apiVersion"] = object.kind().api_version().into();
    value["kind"] = object.kind().name().into();
    if object.metadata().uid.0 {
        value["metadata"]["uid"] = UID.into();
    }
    let Some(spec) = object.spec() else { return value };
    let at = match object.kind() {
        Kind::Pod => "/spec",
        Kind::CronJob => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    let Some(json) = value.pointer_mut(at) else { return value };
    let namespace = object.metadata().namespace();
    let keep = keep.map(|keep| move |host: &str| keep(namespace, host));
    let keep = keep.as_ref().map(|keep| keep as &dyn Fn(&str) -> bool);
    for (key, list) in lists(spec) {
        let Some(written) = json.get_mut(key).and_then(Value::as_array_mut) else { continue };
        for (container, written) in list.iter().zip(written) {
            if let Value::Object(written) = written {
                name(container, keep, written);
            }
        }
    }
    value
}

/// Writes what a container names in place of what stands there, which nobody else could read.
fn name(
    container: &Container,
    keep: Option<&dyn Fn(&str) -> bool>,
    written: &mut Map<String, Value>,
) {
    for key in ["env", "command", "args"] {
        written.remove(key);
    }
    let address = |mention: &Mention| format!("{}:{}", mention.host, mention.port);
    let all = [&container.env, &container.command, &container.args];
    let all = all.iter().flat_map(|mentions| mentions.0.iter());
    let all = all.filter(|mention| keep.is_none_or(|keep| keep(&mention.host)));
    // What is named by no variable stands in an argument.
    let (args, env): (Vec<&Mention>, Vec<&Mention>) = all.partition(|m| m.by.is_empty());
    let mut variables: Vec<(&str, Vec<String>)> = vec![];
    for mention in env {
        match variables.iter_mut().find(|(name, _)| *name == mention.by) {
            Some((_, addresses)) => addresses.push(address(mention)),
            None => variables.push((&mention.by, vec![address(mention)])),
        }
    }
    let variable = |(name, addresses): &(&str, Vec<String>)| match keep.is_some() {
        true => json!({ "name": name, "value": addresses.join(",") }),
        false => json!({ "name": name }),
    };
    let variables: Vec<Value> = variables.iter().map(variable).collect();
    if !variables.is_empty() {
        written.insert("env".to_owned(), variables.into());
    }
    if keep.is_some() && !args.is_empty() {
        let args: Vec<String> = args.into_iter().map(address).collect();
        written.insert("args".to_owned(), args.into());
    }
}

fn lists(spec: &PodSpec) -> [(&'static str, &[Container]); 3] {
    [
        ("containers", &spec.containers),
        ("initContainers", &spec.init_containers),
        ("ephemeralContainers", &spec.ephemeral_containers),
    ]
}
