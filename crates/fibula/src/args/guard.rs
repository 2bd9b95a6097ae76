//! What guards a cluster against mistakes.

use clap::ValueEnum;

use super::InputArgs;
use super::values::finding;
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
    /// Only findings of this id; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = finding)]
    pub(crate) only: Vec<String>,
    /// No findings of this id; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = finding)]
    pub(crate) off: Vec<String>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// text, json, sarif, github or markdown, to standard output or into a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub(crate) output: Vec<Target>,
    /// Print nothing: the exit code is the answer
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// What was, and what is to be, each whatever -f takes; git:A...B[:PATH] is both
    #[arg(value_name = "OLD NEW", num_args = 0..=2)]
    pub(crate) inputs: Vec<String>,
    /// Exit with 0 where something differs too: for jobs that only comment
    #[arg(long)]
    pub(crate) exit_zero: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// text, json, markdown, sarif or github, to standard output or into a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub(crate) output: Vec<Target>,
    /// Print nothing: the exit code is the answer
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}

/// Which promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnlyPromises {
    /// Those of the files
    Written,
    /// Those that pods make by whom they name
    Implied,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Files or folders of promises; without one, what pods name in their environment, commands and
    /// arguments is checked
    #[arg(value_name = "PROMISES")]
    pub(crate) promises: Vec<String>,
    /// The namespace that a name without one means; else it means all of that name
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Only what was written, or only what pods imply by whom they name
    #[arg(long, value_name = "written|implied", hide_possible_values = true)]
    pub(crate) only: Option<OnlyPromises>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// text, json, junit, markdown, sarif or github, to standard output or into a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", help_heading = "Output")]
    pub(crate) output: Vec<Target>,
    /// Print nothing: the exit code is the answer
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Show the promises that are kept, too
    #[arg(short = 'v', long, help_heading = "Output")]
    pub(crate) all: bool,
}
