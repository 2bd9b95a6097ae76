//! What needs no input.

use super::OutputArgs;
use super::words::ObjectsFormat;

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
