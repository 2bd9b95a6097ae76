//! What can be typed.

mod ask;
mod guard;
mod help;
mod lab;
mod make;
mod values;
mod words;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use fibula_intended::{Daemon, Profile, Refinement};
use ipnet::IpNet;

use crate::output::Target;
pub(crate) use ask::{GraphArgs, ReachArgs, TraceArgs, VerifyArgs, WhyArgs};
pub(crate) use guard::{CheckArgs, DiffArgs, LintArgs, OnlyPromises};
use help::{
    CHECK_HELP, DIFF_HELP, DUMP_HELP, GRAPH_HELP, LAB_HELP, LINT_HELP, REACH_HELP, TRACE_HELP,
    VERIFY_HELP, WHY_HELP,
};
pub(crate) use lab::{LabCheckArgs, LabCommand, LabRunArgs, LabShellArgs, LabShowArgs};
pub(crate) use make::{DemoArgs, DumpArgs, ExplainArgs, GenerateArgs};
pub(crate) use values::{Decided, OnlyArg};
use values::{daemon, nodes, profile, range};
pub(crate) use words::{ColorArg, DenyArg, ListenersArg, ObjectsFormat};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// What a Kubernetes network does with a message, and why. Reads YAML, dumps and clusters; changes
/// nothing.
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
    /// What decides whether a message arrives, and the smallest change that turns it
    #[command(after_help = WHY_HELP)]
    Why(WhyArgs),
    /// Who can reach whom
    #[command(after_help = REACH_HELP)]
    Reach(ReachArgs),
    /// Is this a Kubernetes network? Prove the constraints for all messages, or show one that fails
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// What looks wrong in the objects
    #[command(after_help = LINT_HELP)]
    Lint(LintArgs),
    /// What a change opens and closes, and the line that did it
    #[command(after_help = DIFF_HELP)]
    Diff(DiffArgs),
    /// Does the cluster keep what was promised of it, and what its pods name in their environment?
    #[command(after_help = CHECK_HELP)]
    Check(CheckArgs),
    /// The network itself: elements, links, and the forwarding table of each switch
    #[command(after_help = GRAPH_HELP)]
    Graph(GraphArgs),
    /// The same network in this machine's kernel: compare, look around, without root
    #[command(subcommand, after_help = LAB_HELP)]
    Lab(LabCommand),
    /// What an id means: F4, C3, POD-7, same-port
    #[command(after_help = "Examples:\n  fibula explain F5\n  fibula explain       all ids")]
    Explain(ExplainArgs),
    /// Save a cluster: what fibula reads of it, and nothing else
    #[command(after_help = DUMP_HELP)]
    Dump(DumpArgs),
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
const OF_OBJECTS: [&str; 13] = [
    "file",
    "overlay",
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
    /// Read FILE, DIR, - (standard input), @kube[:CONTEXT] (the cluster that kubectl sees),
    /// git:REV[:PATH] or @k1 (the example); repeatable [env: FIBULA_INPUT]
    #[arg(short = 'f', long = "file", value_name = "INPUT")]
    pub(crate) file: Vec<String>,
    /// Lay the manifests of INPUT over what is read, as `kubectl apply` would; repeatable
    #[arg(long, value_name = "INPUT")]
    pub(crate) overlay: Vec<String>,
    /// Read a whole network, as `graph -o json` writes one, instead of objects
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_OBJECTS)]
    pub(crate) network: Option<String>,
    #[command(flatten)]
    pub(crate) kube: KubeArgs,
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
    /// Read profile, decide, ignore and lint from FILE; by default from fibula.toml, where it is there
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
    #[arg(long, value_name = "N", value_parser = nodes, help_heading = "Assumptions")]
    pub(crate) nodes: Option<usize>,
}

/// How kubectl is run for @kube.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct KubeArgs {
    /// The context of kubectl to read from: as -f @kube:NAME, where no -f is given
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// How long a call of kubectl may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) kube_timeout: u64,
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
