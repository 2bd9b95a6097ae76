//! The tables of a file and what their entries choose from, to numbers.

use super::lines::{Brief, ChainsLine, EntryLine, File, Text};
use super::names::name_of;
use super::read::Reader;
use super::{path, words};
use crate::element::ElementId;
use crate::fib::{
    Action, Backend, ChainId, Chains, Entry, Origin, Pattern, Ports, Reason, Scope, Side, Table,
    TableId,
};
use crate::network::Backends;

// === impl Reader ===

impl<'f> Reader<'f, '_> {
    pub(super) fn tables(&mut self, file: &'f File<'_>) -> Vec<Table> {
        let mut tables = vec![];
        for (key, lines) in &file.tables.0 {
            let lines = lines.iter().enumerate();
            let entries = lines.map(|(i, line)| self.entry(&key.0, i, line)).collect();
            tables.push(Table::new(name_of(&key.0), entries));
        }
        for (key, line) in &file.chains.0 {
            let found = words::table(&key.0, &self.index);
            let Some(id) = self.take(key, || path("chains", &key.0), found) else { continue };
            let chains = self.chains(&key.0, line);
            // A key that stands twice among the tables was refused, and has a number too many.
            let Some(table) = tables.get_mut(id.0 as usize) else { continue };
            if table.chains.replace(Box::new(chains)).is_some() {
                let what = "a table that has no other chains";
                self.refusals.refuse(key, path("chains", &key.0), what);
            }
        }
        tables
    }

    fn chains(&mut self, table: &str, line: &'f ChainsLine<'_>) -> Chains {
        let at = |field: &str| format!("{}.{field}", path("chains", table));
        let by = self.take(&line.by, || at("by"), words::side(&line.by.0)).unwrap_or(Side::Source);
        let mut chains = Chains { by, of: vec![], lists: vec![] };
        for (i, line) in line.lists.iter().enumerate() {
            let mut filters = vec![];
            for text in &line.tables {
                let found = words::table(&text.0, &self.index);
                filters.extend(self.take(text, || at(&format!("lists[{i}].tables")), found));
            }
            chains.lists.push(filters);
            for text in &line.pods {
                let pod = self.element(text, || at(&format!("lists[{i}].pods")));
                chains.of.extend(pod.map(|pod| (pod, ChainId(i as u32))));
            }
        }
        chains.of.sort_unstable();
        chains
    }

    fn entry(&mut self, table: &str, i: usize, line: &'f EntryLine<'_>) -> Entry {
        let at = |field: &str| format!("{}[{i}].{field}", path("tables", table));
        let mut pattern = Pattern::ANY;
        if let Some(text) = &line.arrived {
            pattern.from = self.take(text, || at("arrived"), words::kind(&text.0));
        }
        if let Some(text) = &line.from {
            let addrs = words::addrs(&text.0, &self.index);
            pattern.src = self.take(text, || at("from"), addrs).unwrap_or(pattern.src);
        }
        if let Some(text) = &line.from_port {
            let ports = words::ports(&text.0);
            pattern.sport = self.take(text, || at("from_port"), ports).unwrap_or(Ports::Any);
        }
        if let Some(text) = &line.to {
            let addrs = words::addrs(&text.0, &self.index);
            pattern.dst = self.take(text, || at("to"), addrs).unwrap_or(pattern.dst);
        }
        if let Some(text) = &line.port {
            let port = self.take(text, || at("port"), words::port(&text.0));
            (pattern.dport, pattern.proto) = port.unwrap_or((Ports::Any, None));
        }
        for text in &line.when {
            let when = self.index.when(&text.0);
            pattern.when.extend(self.take(text, || at("when"), when));
        }
        (pattern.marked, pattern.reply) = (line.marked, line.reply);
        let action = self.action(line, at);
        let rule =
            line.rule.as_ref().map_or("file".into(), |rule| rule.0.clone().into_owned().into());
        Entry {
            pattern,
            action: action.unwrap_or(Action::Discard(Reason::NoRoute)),
            origin: Origin { rule, place: self.place(&line.at) },
        }
    }

    fn action(&mut self, line: &EntryLine<'_>, at: impl Fn(&str) -> String) -> Option<Action> {
        let action = words::action(&line.action.0, &self.index);
        let mut action = self.take(&line.action, || at("do"), action)?;
        if let Some(text) = &line.mark {
            let said = self.take(text, || at("mark"), words::mark(&text.0))?;
            match &mut action {
                Action::Rewrite { mark, .. } => *mark = said,
                _ => self.refusals.refuse(text, at("mark"), "a mark beside rewrite only"),
            }
        }
        let goes_on = action.then().is_some() && !matches!(action, Action::Goto(_));
        match (&line.then, goes_on) {
            (None, false) => Some(action),
            (Some(text), true) => {
                let table = words::table(&text.0, &self.index);
                Some(action.going_on_at(self.take(text, || at("then"), table)?))
            }
            (None, true) => {
                let what = "the field then beside rewrite, masquerade and undo";
                self.take(&line.action, || at("do"), Err(what))
            }
            (Some(text), false) => {
                let what = "then beside rewrite, masquerade and undo only";
                self.take(text, || at("then"), Err(what))
            }
        }
    }

    pub(super) fn backends(&mut self, file: &'f File<'_>) -> Vec<Backends> {
        let mut lists = vec![];
        for (key, lines) in &file.backends.0 {
            let mut members = vec![];
            for (i, Brief(line)) in lines.iter().enumerate() {
                let at = |field: &str| format!("{}[{i}].{field}", path("backends", &key.0));
                let place = self.place(&line.at);
                let target = self.take(&line.to, || at("to"), words::target(&line.to.0));
                let scope = match (&line.zone, &line.switch) {
                    (None, None) => Some(Scope::Everywhere),
                    (Some(text), None) => {
                        let zone = self.index.zone(&text.0);
                        self.take(text, || at("zone"), zone).map(Scope::Zone)
                    }
                    (None, Some(text)) => {
                        self.switch(file, text, || at("switch")).map(Scope::Switch)
                    }
                    (Some(_), Some(text)) => {
                        self.take(text, || at("switch"), Err("a zone or a switch, not both"))
                    }
                };
                if let (Some((addr, port)), Some(at)) = (target, scope) {
                    members.push(Backend { at, addr, port, place });
                }
            }
            lists.push(Backends::new(name_of(&key.0), members));
        }
        lists
    }

    pub(super) fn hops(&mut self, file: &'f File<'_>) -> Vec<Vec<ElementId>> {
        let mut lists = vec![];
        for (key, switches) in &file.hops.0 {
            let switch = |text| self.switch(file, text, || path("hops", &key.0));
            lists.push(switches.iter().filter_map(switch).collect());
        }
        lists
    }

    fn switch(
        &mut self,
        file: &File<'_>,
        text: &Text<'_>,
        path: impl Fn() -> String,
    ) -> Option<ElementId> {
        let id = self.element(text, &path)?;
        let kind = words::kind(&file.elements[id.index()].kind.0);
        let switch = kind.map(|kind| !kind.is_process()).unwrap_or(true);
        self.take(text, path, if switch { Ok(id) } else { Err("a switch") })
    }

    pub(super) fn pipelines(&mut self, file: &'f File<'_>) -> Vec<Vec<TableId>> {
        let mut pipelines = vec![];
        for (key, tables) in &file.pipelines.0 {
            let table = |text: &Text<'_>| {
                let found = words::table(&text.0, &self.index);
                self.take(text, || path("pipelines", &key.0), found)
            };
            pipelines.push(tables.iter().filter_map(table).collect());
        }
        pipelines
    }
}
