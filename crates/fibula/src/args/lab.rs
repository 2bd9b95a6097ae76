//! The lab.

use std::ffi::OsString;

use clap::Subcommand;

use super::help::{LAB_CHECK_HELP, LAB_RUN_HELP};
use super::{InputArgs, OutputArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// Send what the model tells apart through the kernel, and say where the two differ
    #[command(after_help = LAB_CHECK_HELP)]
    Check(LabCheckArgs),
    /// Run a command inside a pod, a node or the world
    #[command(after_help = LAB_RUN_HELP)]
    Run(LabRunArgs),
    /// Open a shell inside a pod, a node or the world
    #[command(after_help = "Example:\n  fibula lab shell web -f deploy/")]
    Shell(LabShellArgs),
    /// Print what the lab builds: namespaces, wires, routes, rules. Needs no kernel
    #[command(after_help = "Examples:\n  fibula lab show -f @k1\n  fibula lab show n1 -f @k1")]
    Show(LabShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabCheckArgs {
    /// What to read, as with -f
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Let every process send, instead of one of each kind that entries tell apart
    #[arg(long)]
    pub(crate) all: bool,
    /// Keep an entry out of the kernel: [SWITCH/]TABLE/NUMBER, as `lab show` names it; repeatable
    #[arg(long, value_name = "ENTRY")]
    pub(crate) kernel_without: Vec<String>,
    /// Build it even where it seems to take more memory than is free
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabRunArgs {
    /// Where; by default the first pod
    #[arg(long = "in", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The namespace that a name without one means
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Build it even where it seems to take more memory than is free
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabShellArgs {
    /// Where: a pod, workload, node, container or world
    pub(crate) name: String,
    /// The namespace that a name without one means
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Build it even where it seems to take more memory than is free
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabShowArgs {
    /// Only this pod, node or world
    pub(crate) name: Option<String>,
    /// The namespace that a name without one means
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}
