//! What can be typed.

mod help;
mod values;
mod words;

use std::ffi::OsString;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use fibula_intended::{Daemon, Profile, Refinement};
use fibula_network::Port;
use ipnet::IpNet;

use crate::output::Target;
use help::{
    GRAPH_HELP, LAB_CHECK_HELP, LAB_HELP, LAB_RUN_HELP, REACH_HELP, TRACE_HELP, VERIFY_HELP,
};
pub(crate) use values::{Decided, OnlyArg};
use values::{daemon, profile, range};
pub(crate) use words::{ColorArg, DenyArg, ListenersArg, ObjectsFormat};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// What a Kubernetes network does with a message, and why. Reads YAML and dumps; changes nothing.
#[derive(Debug, Parser)]
#[command(name = "fibula", version, styles = STYLES)]
#[command(after_help = "Exit codes: 0 yes, 1 no, 2 cannot run, 3 undecided.\n\
    Start with: fibula demo")]
pub(crate) struct Args {
    /// Colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "auto|always|never", default_value = "auto")]
    #[arg(hide_default_value = true, hide_possible_values = true, display_order = 1000)]
    pub(crate) color: ColorArg,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all of it on K1, the example of the model
    Demo(DemoArgs),
    /// Follow a message, hop by hop
    #[command(after_help = TRACE_HELP)]
    Trace(TraceArgs),
    /// Who can reach whom
    #[command(after_help = REACH_HELP)]
    Reach(ReachArgs),
    /// Is this a Kubernetes network? Prove the constraints for all messages, or show one that fails
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// What looks wrong in the objects
    #[command(after_help = "Findings alone exit with 0: say --deny to fail on them.\n\n\
        Example:\n  fibula lint deploy/ --deny warning")]
    Lint(LintArgs),
    /// The network itself: elements, links, and the forwarding table of each switch
    #[command(after_help = GRAPH_HELP)]
    Graph(GraphArgs),
    /// The same network in this machine's kernel: compare, look around, without root
    #[command(subcommand, after_help = LAB_HELP)]
    Lab(LabCommand),
    /// What an id means: F4, C3, POD-7, same-port
    #[command(after_help = "Examples:\n  fibula explain F5\n  fibula explain       all ids")]
    Explain(ExplainArgs),
    /// Make a cluster of any size from a seed
    #[command(after_help = "Example:\n  fibula generate --nodes 100 -o json | fibula verify -")]
    Generate(GenerateArgs),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What says nothing of a network that is read as such.
const OF_OBJECTS: [&str; 12] = [
    "file",
    "ignore",
    "profile",
    "decide",
    "config",
    "without",
    "listeners",
    "daemon",
    "pod_cidr",
    "service_cidr",
    "node_cidr",
    "nodes",
];

/// Where the objects come from, and what is taken for granted beside them.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// Read FILE, DIR, - (standard input) or @k1 (the example); repeatable [env: FIBULA_INPUT]
    #[arg(short = 'f', long = "file", value_name = "INPUT")]
    pub(crate) file: Vec<String>,
    /// Read a whole network, as `graph -o json` writes one, instead of objects
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_OBJECTS)]
    pub(crate) network: Option<String>,
    /// Accept that objects of this kind are not read, though they decide traffic; repeatable
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Decide as a plugin does what Kubernetes leaves open: reference, or cilium
    #[arg(long, value_name = "reference|cilium", value_parser = profile)]
    #[arg(help_heading = "Assumptions")]
    pub(crate) profile: Option<Profile>,
    /// Decide one thing that is open, such as DR-3=yes, over the profile; repeatable
    #[arg(long, value_name = "ID=ANSWER", value_delimiter = ',', help_heading = "Assumptions")]
    pub(crate) decide: Vec<Decided>,
    /// Read profile, decide and ignore from FILE; by default from fibula.toml, where it is there
    #[arg(long, value_name = "FILE", help_heading = "Assumptions")]
    pub(crate) config: Option<String>,
    /// Switch off a refinement of the article's network: R1, R2, R3, R4
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = "Assumptions")]
    pub(crate) without: Vec<Refinement>,
    /// Whether declared ports are all that listen; by default unknown, on @k1 declared
    #[arg(long, value_name = "declared|unknown", hide_possible_values = true)]
    #[arg(help_heading = "Assumptions")]
    pub(crate) listeners: Option<ListenersArg>,
    /// A process of every node that is in no object, or `none`; by default kubelet:10250, on @k1 none
    #[arg(long, value_name = "NAME:PORT", value_parser = daemon, help_heading = "Assumptions")]
    pub(crate) daemon: Vec<Option<Daemon>>,
    /// A range that pods take their addresses from, where no object says
    #[arg(long, value_name = "CIDR", value_parser = range, help_heading = "Assumptions")]
    pub(crate) pod_cidr: Vec<IpNet>,
    /// A range that Services take their addresses from, where no object says
    #[arg(long, value_name = "CIDR", value_parser = range, help_heading = "Assumptions")]
    pub(crate) service_cidr: Vec<IpNet>,
    /// A range that nodes take their addresses from
    #[arg(long, value_name = "CIDR", value_parser = range, help_heading = "Assumptions")]
    pub(crate) node_cidr: Vec<IpNet>,
    /// How many nodes to assume where the input has none
    #[arg(long, value_name = "N", help_heading = "Assumptions")]
    pub(crate) nodes: Option<usize>,
}

/// How the answer is printed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// text or json, to standard output or into a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<Target>,
    /// Print nothing: the exit code is the answer
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    /// Who sends
    pub(crate) from: String,
    /// Where to: TO[:PORT]
    pub(crate) to: String,
    /// The namespace that a name without one means
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReachArgs {
    /// Sources; all where it is not given
    pub(crate) from: Option<String>,
    /// Targets; all where it is not given
    pub(crate) to: Option<String>,
    /// The namespace that a name without one means; alone, what goes in and out of it
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Only connections to this port: 8080, 53/UDP
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<Port>,
    /// Only what no env, command or argument names (unused); of a namespace what goes in, or out
    #[arg(long, value_name = "unused|in|out", hide_possible_values = true)]
    pub(crate) only: Option<OnlyArg>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// text, json, markdown, dot or mermaid, to standard output or into a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub(crate) output: Vec<Target>,
    /// Print nothing: the exit code is the answer
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// What to read, as with -f
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// What to read, as with -f
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Exit with 1 if there is a finding this bad, or worse
    #[arg(long, value_name = "error|warning|note", hide_possible_values = true)]
    pub(crate) deny: Option<DenyArg>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GraphArgs {
    /// Write out the FIBs of these switches: pods and nodes by name
    #[arg(value_name = "SWITCH")]
    pub(crate) switches: Vec<String>,
    /// The namespace that a name without one means
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Print tables as they are shared, with relative words, instead of written out
    #[arg(long)]
    pub(crate) shared: bool,
    /// Draw everything, however much it is
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// text, json, dot or mermaid, to standard output or into a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub(crate) output: Vec<Target>,
    /// Print nothing: the exit code says whether it could be read
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}

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
