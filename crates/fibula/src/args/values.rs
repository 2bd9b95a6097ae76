//! Values of options, as they are typed.

use std::str::FromStr;

use clap::ValueEnum;
use fibula_answers::lint;
use fibula_intended::{Daemon, Decision, Profile};
use fibula_report::error;
use ipnet::IpNet;

/// Which part of who can reach whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnlyArg {
    /// What is open between workloads, and no manifest names
    Unused,
    /// What goes into a namespace
    In,
    /// What goes out of one
    Out,
}

/// A decision and its answer, as they are typed: `DR-3=yes`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) value: u8,
}

impl FromStr for Decided {
    type Err = String;

    fn from_str(text: &str) -> Result<Decided, String> {
        let (id, word) = text.split_once('=').unwrap_or((text, ""));
        let decision: Decision = id.trim().parse()?;
        let [first, second] = decision.values();
        let value = decision.value(word.trim()).ok_or_else(|| {
            format!("{}\nsay {decision}={first} or {decision}={second}", decision.question())
        })?;
        Ok(Decided { decision, value })
    }
}

pub(super) fn profile(text: &str) -> Result<Profile, String> {
    text.parse()
}

/// The id of a finding.
pub(super) fn finding(text: &str) -> Result<String, String> {
    if lint::ids().contains(&text) {
        return Ok(text.to_owned());
    }
    let near = error::meant(lint::near_id(text).as_slice());
    let near = near.unwrap_or_else(|| "`fibula explain` lists them".to_owned());
    Err(format!("no finding has that id: {near}"))
}

pub(super) fn daemon(text: &str) -> Result<Option<Daemon>, String> {
    match text {
        "none" => Ok(None),
        _ => text.parse().map(Some),
    }
}

pub(super) fn range(text: &str) -> Result<IpNet, String> {
    text.parse().map_err(|_| "it is no range: say 10.0.0.0/16, or fd00::/48".to_owned())
}

/// The number of a change that `why` offers.
pub(super) fn offer(text: &str) -> Result<usize, String> {
    counted(text).ok_or_else(|| "the changes are numbered: say --patch 1".to_owned())
}

/// How many nodes there are: pods run somewhere.
pub(super) fn nodes(text: &str) -> Result<usize, String> {
    counted(text).ok_or_else(|| "pods run on nodes: say how many there are, 1 or more".to_owned())
}

fn counted(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number| *number > 0)
}
