//! A file to a network: names to numbers, lists into their order.

use rustc_hash::FxHashMap;

use super::lines::{Brief, FibLine, File, Head, Keyed, OpenLine, Text};
use super::names::{Index, name_of};
use super::refuse::{Refusals, malformed};
use super::{Read, Refusal, VERSION, path, words};
use crate::addr::{Addr, Range};
use crate::check::check;
use crate::element::{Element, ElementId, Kind, PlaceId, ServiceId};
use crate::facts::{Entity, Facts, Open};
use crate::fib::{
    AddrSetId, BackendsId, ChoiceId, Fib, HopsId, Listener, Me, Owner, PipelineId, TableId, ZoneId,
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

pub(super) struct Reader<'f, 'b> {
    pub(super) refusals: Refusals<'b>,
    pub(super) index: Index<'f>,
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

const UNIQUE: &str = "a name that no other has";

/// Numbers the keys of a section.
fn keyed<'f, T, Id>(
    section: &str,
    keyed: &'f Keyed<'_, T>,
    index: &mut FxHashMap<&'f str, Id>,
    id: fn(u32) -> Id,
    refusals: &mut Refusals<'_>,
) {
    for (i, (key, _)) in keyed.0.iter().enumerate() {
        if index.insert(&key.0, id(i as u32)).is_some() {
            refusals.refuse(key, path(section, &key.0), UNIQUE);
        }
    }
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
            backends: self.backends(file),
            hops: self.hops(file),
            zones: file.zones.iter().map(|name| (&*name.0).into()).collect(),
        }
    }

    /// The keys by which other records name these.
    fn keys(&mut self, file: &'f File<'_>) {
        let index = &mut self.index;
        let refusals = &mut self.refusals;
        keyed("sets", &file.sets, &mut index.sets, AddrSetId, refusals);
        keyed("backends", &file.backends, &mut index.backends, BackendsId, refusals);
        keyed("hops", &file.hops, &mut index.hops, HopsId, refusals);
        keyed("tables", &file.tables, &mut index.tables, TableId, refusals);
        keyed("pipelines", &file.pipelines, &mut index.pipelines, PipelineId, refusals);
        for (i, name) in file.zones.iter().enumerate() {
            if index.zones.insert(&name.0, ZoneId(i as u32)).is_some() {
                refusals.refuse(name, format!("zones[{i}]"), UNIQUE);
            }
        }
        for (i, line) in file.choices.iter().enumerate() {
            if index.choices.insert(&line.id.0, ChoiceId(i as u8)).is_some() {
                refusals.refuse(&line.id, format!("choices[{i}].id"), UNIQUE);
            }
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

    pub(super) fn take<T>(
        &mut self,
        text: &Text<'_>,
        path: impl FnOnce() -> String,
        result: Result<T, &str>,
    ) -> Option<T> {
        self.refusals.take(text, path, result)
    }

    pub(super) fn element(
        &mut self,
        text: &Text<'_>,
        path: impl FnOnce() -> String,
    ) -> Option<ElementId> {
        let found = self.index.element(&text.0);
        self.take(text, path, found)
    }

    pub(super) fn place(&mut self, at: &'f Option<Text<'_>>) -> PlaceId {
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
            for Brief(OpenLine { port: text, at }) in &line.open {
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
        let zone = line.zone.as_ref().and_then(|text| {
            let zone = self.index.zone(&text.0);
            self.take(text, || at("zone"), zone)
        });
        let by = |text| self.take(text, || at("masquerade"), address(&text.0));
        let masquerade = line.masquerade.iter().filter_map(by).collect();
        Fib {
            pipeline: pipeline.unwrap_or(PipelineId(0)),
            me: Me { own, listeners, host, zone, masquerade },
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
