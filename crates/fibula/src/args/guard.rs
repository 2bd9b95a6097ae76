//! What guards a cluster against mistakes.

use super::InputArgs;
use super::words::DenyArg;
use crate::output::Target;

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
    /// text, json, sarif, github or markdown, to standard output or into a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub(crate) output: Vec<Target>,
    /// Print nothing: the exit code is the answer
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}
