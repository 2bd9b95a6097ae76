//! A file to a network: names to numbers, lists into their order.

use rustc_hash::FxHashMap;

use super::lines::{EntryLine, FibLine, File, Head, OpenLine, Text};
use super::names::{Index, name_of};
use super::refuse::{Refusals, malformed};
use super::{Read, Refusal, VERSION, path, words};
use crate::addr::{Addr, Range};
use crate::check::check;
use crate::element::{Element, ElementId, Kind, PlaceId, ServiceId};
use crate::facts::{Entity, Facts, Open};
use crate::fib::{
    Action, AddrSetId, ChoiceId, Entry, Fib, Listener, Me, Origin, Owner, Pattern, PipelineId,
    Ports, Reason, Table, TableId,
};
use crate::header::Port;
use crate::links::{Links, Mesh};
use crate::network::{AddrSet, Choice, Network};

/// Reads a network that [`write`](super::write()) or anybody else has written.
///
/// Lists may stand in any order. Costs a pass over the file and memory in proportion to it.
///
/// # Errors
///
/// Every reason why this is no network, in the order of the file: where the JSON itself or the
/// type of a field is wrong, the first such place; else each unknown name and unreadable word;
/// else each fault that [`check`] finds.
pub fn read(bytes: &[u8]) -> Result<Read, Vec<Refusal>> {
    let mut refusals = Refusals::new(bytes);
    let parsed = serde_json::from_slice::<File<'_>>(bytes);
    // A file of another version may well have other fields: say that, and not which.
    let version = match &parsed {
        Ok(file) => Some(file.fibula.clone()),
        Err(_) => serde_json::from_slice::<Head<'_>>(bytes).ok().map(|head| head.fibula),
    };
    if let Some(version) = version.filter(|version| version.0 != VERSION) {
        refusals.refuse(&version, "fibula".to_owned(), VERSION);
        return Err(refusals.finish());
    }
    let file = parsed.map_err(|error| vec![malformed(bytes, &error)])?;
    let mut reader = Reader::new(refusals);
    let network = reader.network(&file);
    let Reader { mut refusals, places, .. } = reader;
    if refusals.is_empty() {
        super::faults::refuse(&file, &check(&network), &mut refusals);
    }
    if !refusals.is_empty() {
        return Err(refusals.finish());
    }
    Ok(Read { network, places })
}

struct Reader<'f, 'b> {
    refusals: Refusals<'b>,
    index: Index<'f>,
    places: Vec<String>,
    /// The number of each of `places`.
    numbers: FxHashMap<&'f str, PlaceId>,
}

fn address(text: &str) -> Result<Addr, &'static str> {
    text.parse().map_err(|_| "an address")
}

fn port(text: &str) -> Result<Port, &'static str> {
    text.parse().map_err(|_| "a port such as 8080 or 53/UDP")
}

// === impl Reader ===

impl<'f, 'b> Reader<'f, 'b> {
    fn new(refusals: Refusals<'b>) -> Reader<'f, 'b> {
        let (index, numbers) = (Index::default(), FxHashMap::default());
        Reader { refusals, index, places: vec![], numbers }
    }

    fn network(&mut self, file: &'f File<'_>) -> Network {
        self.index.reserve(file.elements.len());
        let mut elements = vec![];
        for (i, line) in file.elements.iter().enumerate() {
            let kind =
                self.take(&line.kind, || format!("elements[{i}].kind"), words::kind(&line.kind.0));
            let (kind, name) = (kind.unwrap_or(Kind::Container), &*line.name.0);
            self.index.add(kind, name, ElementId(i as u32));
            elements.push(Element { kind, name: name.into(), place: self.place(&line.at) });
        }
        self.keys(file);
        let sets = file.sets.0.iter().map(|(key, ranges)| {
            let at = || path("sets", &key.0);
            let ranges = ranges.iter().filter_map(|text| {
                let range = text.0.parse::<Range>().map_err(|_| "an address, a prefix or a range");
                self.take(text, at, range)
            });
            let ranges = ranges.collect();
            AddrSet::new(&key.0, ranges)
        });
        let sets = sets.collect();
        let choices = file.choices.iter().map(|line| Choice {
            id: name_of(&line.id.0).into(),
            question: (&*line.question.0).into(),
            values: line.values,
        });
        Network {
            facts: self.facts(file),
            links: self.links(file, elements.len()),
            tables: self.tables(file),
            pipelines: self.pipelines(file),
            fibs: self.fibs(file, elements.len()),
            owners: self.owners(file),
            choices: choices.collect(),
            elements,
            sets,
            backends: vec![],
            hops: vec![],
            zones: vec![],
        }
    }

    /// The keys by which other records name these.
    fn keys(&mut self, file: &'f File<'_>) {
        let Index { sets, choices, tables, pipelines, .. } = &mut self.index;
        let refusals = &mut self.refusals;
        let mut twice = |text: &Text<'_>, path: String, before: bool| {
            if before {
                refusals.refuse(text, path, "a name that no other has");
            }
        };
        for (i, (key, _)) in file.sets.0.iter().enumerate() {
            let before = sets.insert(&key.0, AddrSetId(i as u32)).is_some();
            twice(key, path("sets", &key.0), before);
        }
        for (i, (key, _)) in file.tables.0.iter().enumerate() {
            let before = tables.insert(&key.0, TableId(i as u32)).is_some();
            twice(key, path("tables", &key.0), before);
        }
        for (i, (key, _)) in file.pipelines.0.iter().enumerate() {
            let before = pipelines.insert(&key.0, PipelineId(i as u32)).is_some();
            twice(key, path("pipelines", &key.0), before);
        }
        for (i, line) in file.choices.iter().enumerate() {
            let before = choices.insert(&line.id.0, ChoiceId(i as u8)).is_some();
            twice(&line.id, format!("choices[{i}].id"), before);
        }
        let most = Network::MAX_CHOICES;
        if let Some(line) = file.choices.get(most) {
            refusals.refuse(
                &line.id,
                format!("choices[{most}]"),
                &format!("at most {most} choices"),
            );
        }
    }

    fn take<T>(
        &mut self,
        text: &Text<'_>,
        path: impl FnOnce() -> String,
        result: Result<T, &str>,
    ) -> Option<T> {
        self.refusals.take(text, path, result)
    }

    fn element(&mut self, text: &Text<'_>, path: impl FnOnce() -> String) -> Option<ElementId> {
        let found = self.index.element(&text.0);
        self.take(text, path, found)
    }

    fn place(&mut self, at: &'f Option<Text<'_>>) -> PlaceId {
        let Some(text) = at else { return PlaceId::NONE };
        *self.numbers.entry(&text.0).or_insert_with(|| {
            self.places.push(text.0.clone().into_owned());
            PlaceId(self.places.len() as u64 - 1)
        })
    }

    /// Addresses in their order, each once.
    fn addresses(&mut self, texts: &[Text<'_>], path: impl Fn() -> String) -> Vec<Addr> {
        let addrs = texts.iter().filter_map(|text| self.take(text, &path, address(&text.0)));
        let mut addrs: Vec<Addr> = addrs.collect();
        addrs.sort_unstable();
        addrs.dedup();
        addrs
    }

    fn facts(&mut self, file: &'f File<'_>) -> Facts {
        let mut facts = Facts::default();
        for (i, line) in file.elements.iter().enumerate() {
            let id = ElementId(i as u32);
            let host = line.host.as_ref();
            let host = host.and_then(|text| self.element(text, || format!("elements[{i}].host")));
            facts.host.push(host);
            let addrs = self.addresses(&line.addresses, || format!("elements[{i}].addresses"));
            facts.addr.extend(addrs.into_iter().map(|addr| (Entity::Switch(id), addr)));
            let first = facts.open.len();
            for OpenLine { port: text, at } in &line.open {
                let place = self.place(at);
                let found = self.take(text, || format!("elements[{i}].open"), port(&text.0));
                facts.open.extend(found.map(|port| Open { process: id, port, place }));
            }
            facts.open[first..].sort_by_key(|open| open.port);
        }
        for (i, line) in file.services.iter().enumerate() {
            let entity = Entity::Service(ServiceId(i as u32));
            let addrs = self.addresses(&line.addresses, || format!("services[{i}].addresses"));
            facts.addr.extend(addrs.into_iter().map(|addr| (entity, addr)));
            facts.services.push((&*line.name.0).into());
        }
        facts
    }

    fn pair(
        &mut self,
        [a, b]: &[Text<'_>; 2],
        path: impl Fn() -> String,
    ) -> Option<(ElementId, ElementId)> {
        let (first, second) = (self.element(a, &path)?, self.element(b, &path)?);
        let joins = if first == second { Err("another element") } else { Ok(()) };
        self.take(b, path, joins)?;
        Some((first.min(second), first.max(second)))
    }

    fn links(&mut self, file: &'f File<'_>, elements: usize) -> Links {
        let links = file.links.iter().enumerate();
        let pairs: Vec<_> =
            links.filter_map(|(i, pair)| self.pair(pair, || format!("links[{i}]"))).collect();
        let mut meshes = vec![];
        for (i, line) in file.meshes.iter().enumerate() {
            let member = |text| self.element(text, || format!("meshes[{i}].members"));
            let mut members: Vec<_> = line.members.iter().filter_map(member).collect();
            members.sort_unstable();
            members.dedup();
            let except = line.except.iter();
            let except =
                except.filter_map(|pair| self.pair(pair, || format!("meshes[{i}].except")));
            meshes.push(Mesh { members, except: except.collect() });
        }
        Links::new(elements, pairs, meshes)
    }

    fn tables(&mut self, file: &'f File<'_>) -> Vec<Table> {
        let mut tables = vec![];
        for (key, lines) in &file.tables.0 {
            let lines = lines.iter().enumerate();
            let entries = lines.map(|(i, line)| self.entry(&key.0, i, line)).collect();
            tables.push(Table { name: name_of(&key.0).into(), entries });
        }
        tables
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
        let action = words::action(&line.action.0, &self.index);
        let action = self.take(&line.action, || at("do"), action);
        let rule =
            line.rule.as_ref().map_or("file".into(), |rule| rule.0.clone().into_owned().into());
        Entry {
            pattern,
            action: action.unwrap_or(Action::Discard(Reason::NoRoute)),
            origin: Origin { rule, place: self.place(&line.at) },
        }
    }

    fn pipelines(&mut self, file: &'f File<'_>) -> Vec<Vec<TableId>> {
        let mut pipelines = vec![];
        for (key, tables) in &file.pipelines.0 {
            let table = |text: &Text<'_>| {
                let found = self.index.tables.get(&*text.0).copied().ok_or("the name of a table");
                self.take(text, || path("pipelines", &key.0), found)
            };
            pipelines.push(tables.iter().filter_map(table).collect());
        }
        pipelines
    }

    fn fibs(&mut self, file: &'f File<'_>, elements: usize) -> Vec<Option<Fib>> {
        let mut fibs = vec![None; elements];
        for (key, line) in &file.fibs.0 {
            let at = || path("fibs", &key.0);
            let fib = self.fib(&key.0, line);
            let Some(id) = self.element(key, at) else { continue };
            if fibs[id.index()].replace(fib).is_some() {
                self.refusals.refuse(key, at(), "one FIB for a switch");
            }
        }
        fibs
    }

    fn fib(&mut self, switch: &str, line: &'f FibLine<'_>) -> Fib {
        let at = |field: &str| format!("{}.{field}", path("fibs", switch));
        let found = self.index.pipelines.get(&*line.pipeline.0).copied();
        let found = found.ok_or("the name of a pipeline");
        let pipeline = self.take(&line.pipeline, || at("pipeline"), found);
        let mut listeners = vec![];
        for line in &line.listeners {
            let place = self.place(&line.at);
            let port = self.take(&line.port, || at("listeners"), port(&line.port.0));
            let process = self.element(&line.process, || at("listeners"));
            let both = port.zip(process);
            listeners.extend(both.map(|(port, process)| Listener { port, process, place }));
        }
        listeners.sort_by_key(|listener| listener.port);
        let host = line.host.as_ref().and_then(|text| self.element(text, || at("host")));
        let own = self.addresses(&line.own, || at("own"));
        Fib {
            pipeline: pipeline.unwrap_or(PipelineId(0)),
            me: Me { own, listeners, host, ..Me::default() },
        }
    }

    fn owners(&mut self, file: &'f File<'_>) -> Vec<Owner> {
        let mut owners = vec![];
        for (i, line) in file.owners.iter().enumerate() {
            let at = |field: &str| format!("owners[{i}].{field}");
            let addr = self.take(&line.address, || at("address"), address(&line.address.0));
            let when = line.when.as_ref();
            let when = when.and_then(|text| {
                let found = self.index.when(&text.0);
                self.take(text, || at("when"), found)
            });
            let (to, via) =
                (self.element(&line.to, || at("to")), self.element(&line.via, || at("via")));
            if let (Some(addr), Some(to), Some(via)) = (addr, to, via) {
                owners.push(Owner { addr, when, to, via });
            }
        }
        owners.sort_by_key(|owner| (owner.addr, owner.when));
        owners
    }
}
