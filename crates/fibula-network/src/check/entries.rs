//! Faults of entries, and of the tables that chains are made of.

use super::Checker;
use crate::element::{ElementId, Kind};
use crate::fib::{Action, Addrs, Entry, Hop, Pattern, Ports, Receiver, TableId};
use crate::file::path;

/// Who uses a table.
#[derive(Clone, Copy)]
enum User {
    Nobody,
    One(ElementId),
    Many,
}

// === impl Checker ===

impl<'n> Checker<'n> {
    /// The switches that use each table.
    fn users(&self) -> Vec<User> {
        let mut users = vec![User::Nobody; self.network.tables.len()];
        for id in self.network.ids() {
            let pipeline = self.network.fib(id).map(|fib| fib.pipeline.0 as usize);
            let tables = pipeline.and_then(|pipeline| self.network.pipelines.get(pipeline));
            for table in tables.into_iter().flatten() {
                let Some(user) = users.get_mut(table.0 as usize) else { continue };
                *user = match *user {
                    User::Nobody => User::One(id),
                    User::One(one) if one == id => *user,
                    User::One(_) | User::Many => User::Many,
                };
            }
        }
        users
    }

    /// The pipelines that contain each table.
    pub(super) fn containing(&self) -> Vec<Vec<&'n [TableId]>> {
        let mut containing = vec![vec![]; self.network.tables.len()];
        for tables in &self.network.pipelines {
            for table in tables {
                if let Some(list) = containing.get_mut(table.0 as usize) {
                    list.push(tables.as_slice());
                }
            }
        }
        containing
    }

    pub(super) fn tables(&mut self) {
        let (users, containing) = (self.users(), self.containing());
        for (t, table) in self.network.tables.iter().enumerate() {
            let id = TableId(t as u32);
            for (i, entry) in table.entries.iter().enumerate() {
                let mut bad = self.pattern(&entry.pattern);
                bad.extend(self.action(id, entry, users[t], &containing[t]));
                for (field, what) in bad {
                    let key = path("tables", self.names().table(id));
                    self.fault(format!("{key}[{i}].{field}"), what);
                }
            }
        }
    }

    fn pattern(&self, pattern: &Pattern) -> Vec<(&'static str, &'static str)> {
        let mut bad = vec![];
        for (field, addrs) in [("from", pattern.src), ("to", pattern.dst)] {
            match addrs {
                Addrs::Set(set) | Addrs::OwnIn(set)
                    if set.0 as usize >= self.network.sets.len() =>
                {
                    bad.push((field, "a set"));
                }
                Addrs::In(range) if range.lo > range.hi => bad.push((field, "a range")),
                _ => {}
            }
        }
        for (field, ports) in [("from_port", pattern.sport), ("port", pattern.dport)] {
            if matches!(ports, Ports::In(lo, hi) if lo > hi) {
                bad.push((field, "a range of ports"));
            }
        }
        if !pattern.when.iter().all(|when| self.value(*when)) {
            bad.push(("when", "values that the choices have"));
        }
        bad
    }

    fn action(
        &self,
        table: TableId,
        entry: &Entry,
        user: User,
        containing: &[&[TableId]],
    ) -> Vec<(&'static str, &'static str)> {
        let pattern = &entry.pattern;
        let (holds, what) = match entry.action {
            Action::Deliver(Receiver::Element(e)) => {
                let itself = matches!(user, User::One(one) if one == e);
                let process = self.kind(e).is_some_and(Kind::is_process);
                (process || itself, "a process, or the only switch that uses the table")
            }
            Action::Deliver(Receiver::Listener) => {
                (pattern.dport == Ports::Listened, "deliver listener beside the port listened only")
            }
            Action::Deliver(Receiver::Caller) => {
                (pattern.reply == Some(true), "deliver caller beside replies only")
            }
            Action::Forward(Hop::To(e)) => (self.is_switch(e), "a switch to forward to"),
            Action::Forward(Hop::Owner) => {
                (pattern.dst == Addrs::Hosted, "forward owner beside the target hosted only")
            }
            Action::Forward(Hop::OwnersNode) => (
                matches!(pattern.dst, Addrs::Elsewhere(_)),
                "forward owner's node beside the target elsewhere only",
            ),
            Action::Forward(Hop::OneOf(hops)) => {
                ((hops.0 as usize) < self.network.hops.len(), "a list of switches to forward to")
            }
            Action::Rewrite { to, .. } => {
                ((to.0 as usize) < self.network.backends.len(), "a list of backends")
            }
            Action::Undo { .. } => (pattern.reply == Some(true), "undo beside replies only"),
            Action::Deliver(Receiver::Me)
            | Action::Forward(Hop::Host)
            | Action::Discard(_)
            | Action::Reject(_)
            | Action::Goto(_)
            | Action::Masquerade { .. } => (true, ""),
        };
        let field = if matches!(entry.action, Action::Goto(_)) { "do" } else { "then" };
        let leads_on =
            entry.action.then().is_none_or(|then| self.leads_on(table, then, containing));
        let faults =
            [(holds, ("do", what)), (leads_on, (field, "a table that is later in each pipeline"))];
        faults.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
    }

    /// Whether a table of the network comes after this one in each pipeline that contains it.
    pub(super) fn leads_on(
        &self,
        table: TableId,
        then: TableId,
        containing: &[&[TableId]],
    ) -> bool {
        let after = |tables: &&[TableId]| {
            let last = tables.iter().rposition(|t| *t == table);
            last.is_none_or(|last| tables[last + 1..].contains(&then))
        };
        (then.0 as usize) < self.network.tables.len() && containing.iter().all(after)
    }
}
