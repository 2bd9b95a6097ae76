//! What guards a cluster against mistakes.

use super::values::finding;
use super::words::DenyArg;
use super::{InputArgs, OutputArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// What to read, as with -f
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Exit with 1 if there is a finding this bad, or worse
    #[arg(long, value_name = "error|warning|note", hide_possible_values = true)]
    pub(crate) deny: Option<DenyArg>,
    /// Only findings of this id; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = finding)]
    pub(crate) only: Vec<String>,
    /// No findings of this id; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = finding)]
    pub(crate) off: Vec<String>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
