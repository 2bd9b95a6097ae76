//! Faults of chains, and of the tables that they are made of.

use rustc_hash::FxHashSet;

use super::{Checker, strictly_sorted};
use crate::element::{ElementId, Kind};
use crate::fib::{Action, Addrs, Chains, Side, TableId};
use crate::file::path;

// === impl Checker ===

impl<'n> Checker<'n> {
    /// Costs a pass over the chains, and one over the entries of each filter for each table whose
    /// chains ask it.
    pub(super) fn chains(&mut self) {
        let network = self.network;
        let containing = self.containing();
        for (i, table) in network.tables.iter().enumerate() {
            let Some(chains) = &table.chains else { continue };
            let id = TableId(i as u32);
            let at = path("chains", self.names().table(id));
            let pods: Vec<ElementId> = chains.of.iter().map(|(pod, _)| *pod).collect();
            if !strictly_sorted(&pods) {
                self.fault(&at, "pods sorted, each in one chain");
            }
            for (pod, chain) in &chains.of {
                if chain.0 as usize >= chains.lists.len() {
                    self.fault(&at, "chains of the table");
                } else if self.kind(*pod) != Some(Kind::Pod) {
                    self.fault(format!("{at}.lists[{}].pods", chain.0), "pods");
                }
            }
            let mut met: FxHashSet<TableId> = FxHashSet::default();
            for (i, filters) in chains.lists.iter().enumerate() {
                for &filter in filters {
                    if !met.insert(filter) {
                        continue;
                    }
                    match self.no_filter(filter, &containing) {
                        Some(what) => self.fault(format!("{at}.lists[{i}].tables"), what),
                        None => self.filter(id, chains, filter, &containing),
                    }
                }
            }
        }
    }

    /// What a table lacks to be one of a chain.
    fn no_filter(&self, filter: TableId, containing: &[Vec<&[TableId]>]) -> Option<&'static str> {
        match self.network.tables.get(filter.0 as usize) {
            None => Some("tables"),
            Some(table) if table.chains.is_some() => Some("tables without chains of their own"),
            // Its entries would be asked of messages that no Pod of a chain sent or gets.
            Some(_) if !containing[filter.0 as usize].is_empty() => {
                Some("tables that are in no pipeline")
            }
            Some(_) => None,
        }
    }

    /// The entries of a filter that is asked after a table.
    fn filter(
        &mut self,
        after: TableId,
        chains: &Chains,
        filter: TableId,
        containing: &[Vec<&[TableId]>],
    ) {
        for (i, entry) in self.network.table(filter).entries.iter().enumerate() {
            let (field, addrs) = match chains.by {
                Side::Source => ("from", entry.pattern.src),
                Side::Target => ("to", entry.pattern.dst),
            };
            let mut bad = vec![];
            if addrs != Addrs::Any {
                bad.push((field, "* for the address that names the pod of the chain"));
            }
            match entry.action {
                Action::Discard(_) | Action::Reject(_) => {}
                Action::Goto(to) if self.leads_on(after, to, &containing[after.0 as usize]) => {}
                Action::Goto(_) => {
                    bad.push(("do", "a table that is later in each pipeline than the chain"));
                }
                _ => bad.push(("do", "goto, discard or reject in a table of a chain")),
            }
            for (field, what) in bad {
                let key = path("tables", self.names().table(filter));
                self.fault(format!("{key}[{i}].{field}"), what);
            }
        }
    }
}
