//! Words that an option takes one of.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorArg {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectsFormat {
    Yaml,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ListenersArg {
    /// A port that is not declared is closed
    Declared,
    /// A port that is not declared may be listened on (POD-2)
    Unknown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DenyArg {
    Error,
    Warning,
    Note,
}
