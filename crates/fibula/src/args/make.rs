//! What needs no input.

use std::str::FromStr;

use fibula_report::error;

use super::words::ObjectsFormat;
use super::{KubeArgs, OutputArgs};
use crate::words::near;

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The id; without one, all of them
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    /// What chance decides follows from this alone
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many nodes
    #[arg(long, default_value_t = 3)]
    pub(crate) nodes: usize,
    /// How many pods; by default 30 for each node
    #[arg(long)]
    pub(crate) pods: Option<usize>,
    /// How many namespaces
    #[arg(long)]
    pub(crate) namespaces: Option<usize>,
    /// The most containers in a pod
    #[arg(long)]
    pub(crate) containers: Option<usize>,
    /// The most ports of a container
    #[arg(long)]
    pub(crate) ports: Option<usize>,
    /// How many Services
    #[arg(long)]
    pub(crate) services: Option<usize>,
    /// Give everything an IPv6 address too
    #[arg(long)]
    pub(crate) dual_stack: bool,
    /// How many in 100 apps use their node's network
    #[arg(long, value_name = "PERCENT")]
    pub(crate) host_network: Option<u8>,
    /// Write manifests of workloads, without nodes and addresses, instead of a dump
    #[arg(long)]
    pub(crate) workloads: bool,
    /// Write what a real dump holds beside, some 4 KB a pod
    #[arg(long)]
    pub(crate) padding: bool,
    /// yaml or json
    #[arg(short = 'o', long = "output", value_name = "yaml|json", default_value = "yaml")]
    #[arg(hide_possible_values = true)]
    pub(crate) format: ObjectsFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DumpArgs {
    /// What to read, as with -f
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Read INPUT, as for any other command; by default @kube; repeatable
    #[arg(short = 'f', long = "file", value_name = "INPUT", help_heading = "Input")]
    pub(crate) file: Vec<String>,
    #[command(flatten)]
    pub(crate) kube: KubeArgs,
    /// Keep the addresses that containers name in their environment, commands and arguments
    #[arg(long, help_heading = "Output")]
    pub(crate) with_env: bool,
    /// json, yaml, or a FILE: its name says which (.json, .yaml), and whether it is packed (.gz)
    #[arg(short = 'o', long = "output", value_name = "FORMAT|FILE", default_value = "json")]
    #[arg(help_heading = "Output")]
    pub(crate) output: DumpTarget,
}

/// Where a dump goes, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DumpTarget {
    pub(crate) format: ObjectsFormat,
    /// Standard output, where there is none.
    pub(crate) file: Option<String>,
}

impl FromStr for DumpTarget {
    type Err = String;

    fn from_str(said: &str) -> Result<DumpTarget, String> {
        let target = |format, file: Option<&str>| match file {
            Some("") => Err("the file has no name".to_owned()),
            file => Ok(DumpTarget { format, file: file.map(str::to_owned) }),
        };
        match said.split_once('=') {
            Some(("json", file)) => return target(ObjectsFormat::Json, Some(file)),
            Some(("yaml", file)) => return target(ObjectsFormat::Yaml, Some(file)),
            Some((format, _)) if is_word(format) => return Err(no_format(format)),
            _ => {}
        }
        let name = said.strip_suffix(".gz").unwrap_or(said);
        match said {
            "json" => target(ObjectsFormat::Json, None),
            "yaml" => target(ObjectsFormat::Yaml, None),
            "-" => target(ObjectsFormat::Json, Some(said)),
            _ if is_word(said) => Err(no_format(said)),
            _ if name.ends_with(".yaml") || name.ends_with(".yml") => {
                target(ObjectsFormat::Yaml, Some(said))
            }
            _ => target(ObjectsFormat::Json, Some(said)),
        }
    }
}

/// Whether something can only be meant as the name of a format: files have folders or endings.
fn is_word(said: &str) -> bool {
    !said.contains(['/', '.', std::path::MAIN_SEPARATOR])
}

/// That this is the name of no format.
fn no_format(said: &str) -> String {
    let near = near(said, &["json", "yaml"]);
    let near = error::meant(near.as_slice());
    let near = near.map_or_else(String::new, |near| format!(" ({near})"));
    format!("it is no format{near}: say json, yaml, or a file with an ending, or ./{said}")
}
