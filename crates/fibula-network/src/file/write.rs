//! A network to a file, record by record: memory does not grow with the network.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::VERSION;
use super::lines::{
    BackendLine, Brief, ChainLine, ChoiceLine, ElementLine, EntryLine, FibLine, ListenerLine,
    MeshLine, OpenLine, OwnerLine, ServiceLine, Text,
};
use super::names::Names;
use super::words;
use crate::check::check;
use crate::element::{ElementId, PlaceId, ServiceId};
use crate::facts::Entity;
use crate::fib::{
    Backend, BackendsId, Chains, ChoiceId, Entry, Fib, HopsId, PipelineId, Scope, TableId,
};
use crate::links::Mesh;
use crate::network::Network;

/// Writes a network. [`read`](super::read()) gives back the same, but for the numbers of places;
/// `place` says what they mean.
///
/// One record a line; the same network and places give the same bytes. Costs a pass over the
/// network, and sorting its links.
///
/// # Errors
///
/// What `out` refuses; and [`InvalidInput`](io::ErrorKind::InvalidInput) for a network in which
/// [`check`] finds a fault, before anything is written.
pub fn write(
    network: &Network,
    place: &dyn Fn(PlaceId) -> Option<String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(fault) = check(network).first() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, fault.to_string()));
    }
    Writer { network, names: &Names::new(network), place, out }.all()
}

struct Writer<'n, 'o> {
    network: &'n Network,
    names: &'o Names<'n>,
    place: &'o dyn Fn(PlaceId) -> Option<String>,
    out: &'o mut dyn Write,
}

/// One line with a space after each comma and colon.
struct OneLine;

// === impl Writer ===

impl<'n> Writer<'n, '_> {
    fn all(mut self) -> io::Result<()> {
        let (n, names) = (self.network, self.names);
        write!(self.out, "{{\n\"fibula\": \"{VERSION}\"")?;
        self.list("elements", n.ids().map(ElementId::index), Self::element)?;
        self.list("services", 0..n.facts.services.len(), Self::service)?;
        self.list("links", n.links.pairs(), |w, (a, b)| [w.name(a), w.name(b)])?;
        self.list("meshes", n.links.meshes().iter(), Self::mesh)?;
        self.list("choices", 0..n.choices.len(), Self::choice)?;
        self.object("sets", n.sets.iter(), |w, set| {
            w.key(&set.name)?;
            let ranges: Vec<Text<'_>> = set.ranges.iter().map(|r| r.to_string().into()).collect();
            w.record(&ranges)
        })?;
        self.list("zones", n.zones.iter(), |_, zone| Text::from(&**zone))?;
        self.object("backends", 0..n.backends.len(), |w, i| {
            w.key(names.backends(BackendsId(i as u32)))?;
            w.records(n.backends[i].members.iter(), Self::backend)
        })?;
        self.object("hops", 0..n.hops.len(), |w, i| {
            w.key(names.hops(HopsId(i as u32)))?;
            let switches: Vec<_> = n.hops[i].iter().map(|id| w.name(*id)).collect();
            w.record(&switches)
        })?;
        self.object("tables", 0..n.tables.len(), Self::table)?;
        let chains = n.tables.iter().enumerate();
        let chains = chains.filter_map(|(i, table)| Some((i, table.chains.as_deref()?)));
        self.object("chains", chains, Self::chains)?;
        self.object("pipelines", 0..n.pipelines.len(), |w, i| {
            w.key(names.pipeline(PipelineId(i as u32)))?;
            let tables = n.pipelines[i].iter();
            let tables: Vec<_> = tables.map(|t| names.table(*t)).collect();
            w.record(&tables)
        })?;
        let fibs = n.ids().filter_map(|id| Some((id, n.fib(id)?)));
        self.object("fibs", fibs, |w, (id, fib)| {
            w.key(&names.element(id))?;
            w.record(&w.fib(fib))
        })?;
        self.list("owners", n.owners.iter(), |w, owner| OwnerLine {
            address: owner.addr.to_string().into(),
            when: owner.when.map(|when| w.names.when(when).into()),
            to: w.name(owner.to),
            via: w.name(owner.via),
        })?;
        self.out.write_all(b"\n}\n")
    }

    /// A list with a record on each line; nothing for none.
    fn list<T, R: Serialize>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        line: impl Fn(&Self, T) -> R,
    ) -> io::Result<()> {
        self.lines(name, b"[", b"]", items, |w, item| {
            w.out.write_all(b"  ")?;
            let record = line(w, item);
            w.record(&record)
        })
    }

    /// An object with a record on each line; nothing for none.
    fn object<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        line: impl Fn(&mut Self, T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.lines(name, b"{", b"}", items, line)
    }

    fn lines<T>(
        &mut self,
        name: &str,
        open: &[u8],
        close: &[u8],
        items: impl Iterator<Item = T>,
        line: impl Fn(&mut Self, T) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut any = false;
        for item in items {
            match any {
                true => self.out.write_all(b",\n")?,
                false => {
                    write!(self.out, ",\n\"{name}\": ")?;
                    self.out.write_all(open)?;
                    self.out.write_all(b"\n")?;
                }
            }
            any = true;
            line(self, item)?;
        }
        if any {
            self.out.write_all(b"\n")?;
            self.out.write_all(close)?;
        }
        Ok(())
    }

    fn key(&mut self, key: &str) -> io::Result<()> {
        self.out.write_all(b"  ")?;
        self.record(&key)?;
        self.out.write_all(b": ")
    }

    fn record(&mut self, record: &impl Serialize) -> io::Result<()> {
        let mut to = serde_json::Serializer::with_formatter(&mut *self.out, OneLine);
        Ok(record.serialize(&mut to)?)
    }

    fn name(&self, id: ElementId) -> Text<'n> {
        self.names.element(id).into()
    }

    fn at(&self, place: PlaceId) -> Option<Text<'n>> {
        if place == PlaceId::NONE { None } else { Some((self.place)(place)?.into()) }
    }

    fn addresses(&self, entity: Entity) -> Vec<Text<'n>> {
        self.network.facts.addresses(entity).map(|addr| addr.to_string().into()).collect()
    }

    fn element(&self, i: usize) -> ElementLine<'n> {
        let id = ElementId(i as u32);
        let element = self.network.element(id);
        let open = self.network.facts.ports(id).iter();
        ElementLine {
            kind: element.kind.name().into(),
            name: (&*element.name).into(),
            host: self.network.facts.host(id).map(|host| self.name(host)),
            addresses: self.addresses(Entity::Switch(id)),
            open: open
                .map(|o| OpenLine { port: o.port.to_string().into(), at: self.at(o.place) })
                .map(Brief)
                .collect(),
            at: self.at(element.place),
        }
    }

    fn service(&self, i: usize) -> ServiceLine<'n> {
        ServiceLine {
            name: (&*self.network.facts.services[i]).into(),
            addresses: self.addresses(Entity::Service(ServiceId(i as u32))),
        }
    }

    fn mesh(&self, mesh: &Mesh) -> MeshLine<'n> {
        MeshLine {
            members: mesh.members.iter().map(|id| self.name(*id)).collect(),
            except: mesh.except.iter().map(|(a, b)| [self.name(*a), self.name(*b)]).collect(),
        }
    }

    fn choice(&self, i: usize) -> ChoiceLine<'n> {
        let choice = &self.network.choices[i];
        ChoiceLine {
            id: self.names.choice(ChoiceId(i as u8)).to_owned().into(),
            question: (&*choice.question).into(),
            values: choice.values,
        }
    }

    fn table(&mut self, i: usize) -> io::Result<()> {
        let names = self.names;
        self.key(names.table(TableId(i as u32)))?;
        self.records(self.network.tables[i].entries.iter(), Self::entry)
    }

    fn chains(&mut self, (i, chains): (usize, &Chains)) -> io::Result<()> {
        let names = self.names;
        self.key(names.table(TableId(i as u32)))?;
        write!(self.out, "{{\"by\": \"{}\", \"lists\": ", words::print_side(chains.by))?;
        let mut pods = vec![vec![]; chains.lists.len()];
        for (pod, chain) in &chains.of {
            pods[chain.0 as usize].push(self.name(*pod));
        }
        self.records(chains.lists.iter().zip(pods), |_, (tables, pods)| ChainLine {
            tables: tables.iter().map(|table| names.table(*table).into()).collect(),
            pods,
        })?;
        self.out.write_all(b"}")
    }

    /// A list inside a record, with a line for each of its own.
    fn records<T, R: Serialize>(
        &mut self,
        items: impl Iterator<Item = T>,
        line: impl Fn(&Self, T) -> R,
    ) -> io::Result<()> {
        self.out.write_all(b"[")?;
        for (i, item) in items.enumerate() {
            self.out.write_all(if i == 0 { b"\n    " } else { b",\n    " })?;
            let record = line(self, item);
            self.record(&record)?;
        }
        self.out.write_all(b"]")
    }

    fn backend(&self, backend: &Backend) -> Brief<BackendLine<'n>> {
        let (zone, switch) = match backend.at {
            Scope::Everywhere => (None, None),
            Scope::Zone(zone) => (Some(self.names.zone(zone).into()), None),
            Scope::Switch(switch) => (None, Some(self.name(switch))),
        };
        let to = words::print_target(backend.addr, backend.port).into();
        Brief(BackendLine { to, zone, switch, at: self.at(backend.place) })
    }

    fn entry(&self, entry: &'n Entry) -> EntryLine<'n> {
        let pattern = &entry.pattern;
        let doing = words::print_action(entry.action, self.names);
        EntryLine {
            arrived: pattern.from.map(|kind| kind.name().into()),
            from: words::print_addrs(pattern.src, self.names).map(Text),
            from_port: words::print_ports(pattern.sport).map(Text::from),
            to: words::print_addrs(pattern.dst, self.names).map(Text),
            port: words::print_port(pattern.dport, pattern.proto).map(Text::from),
            when: pattern.when.iter().map(|when| self.names.when(*when).into()).collect(),
            marked: pattern.marked,
            reply: pattern.reply,
            action: Text(doing.action),
            mark: doing.mark.map(Text),
            then: doing.then.map(Text),
            rule: Some((&*entry.origin.rule).into()),
            at: self.at(entry.origin.place),
        }
    }

    fn fib(&self, fib: &Fib) -> FibLine<'n> {
        let listeners = fib.me.listeners.iter();
        FibLine {
            pipeline: self.names.pipeline(fib.pipeline).to_owned().into(),
            own: fib.me.own.iter().map(|addr| addr.to_string().into()).collect(),
            host: fib.me.host.map(|host| self.name(host)),
            listeners: listeners
                .map(|l| ListenerLine {
                    port: l.port.to_string().into(),
                    process: self.name(l.process),
                    at: self.at(l.place),
                })
                .collect(),
            zone: fib.me.zone.map(|zone| self.names.zone(zone).into()),
            masquerade: fib.me.masquerade.iter().map(|addr| addr.to_string().into()).collect(),
        }
    }
}

// === impl OneLine ===

impl Formatter for OneLine {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }
}
