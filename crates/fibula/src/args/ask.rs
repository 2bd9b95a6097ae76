//! Questions put to a network.

use fibula_network::Port;

use super::values::{OnlyArg, offer};
use super::{InputArgs, OutputArgs};
use crate::output::Target;

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
pub(crate) struct WhyArgs {
    /// Who sends
    pub(crate) from: String,
    /// Where to: TO[:PORT]
    pub(crate) to: String,
    /// The namespace that a name without one means
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// The smallest changes that would close a connection that works
    #[arg(long)]
    pub(crate) close: bool,
    /// Print what is to be applied for the change of this number, and nothing else
    #[arg(long, value_name = "N", value_parser = offer, conflicts_with = "output")]
    pub(crate) patch: Option<usize>,
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
