//! `lab`: the network in this machine's kernel.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};
use std::time::Instant;

use fibula_answers::names::{Asks, NameError, Names, Resolver, ZONE, hosts};
use fibula_lab::compare::{Coverage, compare, questions};
use fibula_lab::kernel::{self, Ground, Lab};
use fibula_lab::plan::Address;
use fibula_lab::size::Size;
use fibula_lab::translate::{Setup, Translation, Without, translate};
use fibula_network::{Addr, ChoiceId, ElementId, Entity, Kind, Network, Port, Ports, Proto};
use fibula_report::{Asked, Built, LabCheck, Page, View, error, lab_check, lab_check_json};

use super::room;
use crate::args::{LabCheckArgs, LabCommand, LabRunArgs, LabShellArgs, LabShowArgs};
use crate::session::Session;
use crate::{Done, Exit, Output, Stop, Streams};

/// Compares, runs, or shows.
pub(crate) fn lab(
    command: &LabCommand,
    default: Option<OsString>,
    streams: &mut Streams<'_>,
) -> Done {
    match command {
        LabCommand::Check(args) => check(args, default, streams),
        LabCommand::Run(args) => run(args, default, streams),
        LabCommand::Shell(args) => shell(args, default, streams),
        LabCommand::Show(args) => show(args, default, streams),
    }
}

/// Do model and kernel agree?
fn check(args: &LabCheckArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    let (ground, root) = enter()?;
    let session = Session::open(&args.input, &args.inputs, default, streams)?;
    let network = &session.network;
    let size = Size::of(network);
    room::enough(size, args.force)?;
    let coverage = if args.all { Coverage::All } else { Coverage::Alike };
    let mut protos = vec![Proto::Tcp, Proto::Udp];
    if speaks_sctp(network) {
        protos.push(Proto::Sctp);
    }
    let mut asked = questions(network, coverage, &protos);
    let named = |name: &String| {
        Without::named(network, name)
            .map_err(|why| Stop::cannot(&why, Some("fibula lab show   names them")))
    };
    let without: Vec<Vec<Without>> =
        args.kernel_without.iter().map(named).collect::<Result<_, _>>()?;
    let without: Vec<Without> = without.into_iter().flatten().collect();
    room::enough(Size { messages: asked.all.len() as u64, ..size }, args.force)?;
    room::doing(streams, "building", size.spaces as usize, "namespace")?;
    let begin = Instant::now();
    let setup = Setup { choices: vec![], targets: asked.targets(), without: without.clone() };
    let translation = plan(network, &setup)?;
    let mut lab = Lab::up(&ground, &translation.plan).map_err(cannot)?;
    let up = begin.elapsed();
    let missing = lab.missing().to_vec();
    if !missing.is_empty() {
        protos.retain(|proto| !missing.contains(proto));
        asked = questions(network, coverage, &protos);
    }
    room::doing(streams, "sending", asked.all.len(), "message")?;
    let begin = Instant::now();
    let comparison = compare(network, &translation, &[], &mut lab, &asked.all).map_err(cannot)?;
    let probing = begin.elapsed();
    room::done(streams)?;
    let place = |id| session.place(id);
    let view = View::new(network, &place);
    let (senders, targets) = (asked.senders, asked.targets);
    let check = LabCheck {
        view: &view,
        translation: &translation,
        comparison: &comparison,
        asked: Asked { coverage, senders, targets, protos, missing },
        built: Built { linux: linux(), root, up, probing },
        without: &without,
        preface: &session.preface,
    };
    Output::new(&args.output, streams)?.print(&|| lab_check(&check), &|| lab_check_json(&check))?;
    Ok(session.exit(if check.agrees() { Exit::Yes } else { Exit::No }))
}

/// A command inside a namespace.
fn run(args: &LabRunArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    let (ground, _) = enter()?;
    let session = Session::open(&args.input, &[], default, streams)?;
    let place = Place::find(&session, args.name.as_deref(), args.namespace.as_deref())?;
    if args.name.is_none() {
        let says = format!("in {}, for no --in says where", place.called(&session));
        error::note(&says).print(&streams.err_screen, streams.err)?;
    }
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Stop::cannot("no command was said", None));
    };
    let mut command = Command::new(program);
    command.args(rest);
    inside(&ground, &session, &place, &mut command, args.force, streams)
}

/// A shell inside a namespace.
fn shell(args: &LabShellArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    let (ground, _) = enter()?;
    let session = Session::open(&args.input, &[], default, streams)?;
    let place = Place::find(&session, Some(&args.name), args.namespace.as_deref())?;
    let says = format!("a shell in {}; exit ends the lab", place.called(&session));
    error::note(&says).print(&streams.err_screen, streams.err)?;
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    let mut command = Command::new(shell.unwrap_or_else(|| "/bin/sh".into()));
    inside(&ground, &session, &place, &mut command, args.force, streams)
}

/// What is built, as text.
fn show(args: &LabShowArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    let session = Session::open(&args.input, &[], default, streams)?;
    let translation = plan(&session.network, &to_live_in(&session.network))?;
    let text = match &args.name {
        None => translation.plan.to_string(),
        Some(name) => {
            let place = Place::find(&session, Some(name), args.namespace.as_deref())?;
            translation.plan.shown(place.space(&session, &translation)?)
        }
    };
    let mut page = Page::new();
    for line in text.lines() {
        page.line(line);
    }
    page.print(&streams.screen, streams.out)?;
    Ok(session.exit(Exit::Yes))
}

/// Builds the lab, runs a command there, and takes its exit code for ours.
fn inside(
    ground: &Ground,
    session: &Session,
    place: &Place,
    command: &mut Command,
    force: bool,
    streams: &mut Streams<'_>,
) -> Done {
    let size = Size::of(&session.network);
    room::enough(size, force)?;
    let mut translation = plan(&session.network, &to_live_in(&session.network))?;
    let space = place.space(session, &translation)?;
    name_the_world(&session.network, &mut translation);
    if let Some(says) = choices(&session.network) {
        error::note(&says).print(&streams.err_screen, streams.err)?;
    }
    room::doing(streams, "building", size.spaces as usize, "namespace")?;
    let lab = Lab::up(ground, &translation.plan).map_err(cannot)?;
    room::done(streams)?;
    for proto in lab.missing() {
        let says = format!("nobody listens over {proto}: this kernel does not have it");
        error::note(&says).print(&streams.err_screen, streams.err)?;
    }
    streams.out.flush()?;
    let names = place.names(session);
    let status = lab.run(space, command, Some(&names)).map_err(cannot)?;
    Ok(Exit::As(code(status)))
}

/// How the open choices fall that something in a network asks for: one line for all.
fn choices(network: &Network) -> Option<String> {
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    let asked = entries.flat_map(|entry| &entry.pattern.when);
    let contested = network.owners.iter().filter_map(|owner| owner.when.as_ref());
    let asked: BTreeSet<ChoiceId> = asked.chain(contested).map(|when| when.choice).collect();
    let mut ids: Vec<&str> = asked.iter().map(|choice| &*network.choice(*choice).id).collect();
    ids.sort_unstable();
    ids.dedup();
    (!ids.is_empty()).then(|| {
        let ids = ids.join(", ");
        format!("assumed the first answer to what is open here: {ids} (fibula explain ID)")
    })
}

/// The exit code of a command, as shells have it: 128 and the signal that ended it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The right to build, and whether root has it.
fn enter() -> Result<(Ground, bool), Stop> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    Ok((Ground::enter().map_err(cannot)?, root))
}

fn cannot(why: kernel::Error) -> Stop {
    Stop::cannot(&why.to_string(), None)
}

fn plan(network: &Network, setup: &Setup) -> Result<Translation, Stop> {
    translate(network, setup)
        .map_err(|refusal| Stop::cannot(&format!("Linux cannot be this network: {refusal}"), None))
}

/// A lab for people: somebody listens wherever a Service leads to, though nothing may declare it.
fn to_live_in(network: &Network) -> Setup {
    let backends = network.backends.iter().flat_map(|list| &list.members);
    let targets = backends.flat_map(|backend| {
        [Proto::Tcp, Proto::Udp].map(|proto| (backend.addr, Port { proto, number: backend.port }))
    });
    let mut targets: Vec<(Addr, Port)> = targets.collect();
    targets.sort_unstable();
    targets.dedup();
    Setup { targets, ..Setup::default() }
}

/// Gives the world an address to send from where a command says none: it has every address that
/// nobody else has, and Linux would take none of them by itself.
fn name_the_world(network: &Network, translation: &mut Translation) {
    let taken = |ip: IpAddr| network.facts.addr.iter().any(|(_, addr)| IpAddr::from(*addr) == ip);
    // Ranges for documentation (RFC 5737, RFC 3849): those that `lab check` sends from, too.
    let v4 = (1..255).map(|n| IpAddr::from([203, 0, 113, n])).find(|ip| !taken(*ip));
    let v6 = (1..255).map(|n| [0x2001, 0xdb8, 0xcb00, 0x7101, 0, 0, 0, n]);
    let v6 = v6.map(IpAddr::from).find(|ip| !taken(*ip));
    for world in network.of_kind(Kind::World) {
        let Some(space) = translation.space(world) else { continue };
        let found = v4.into_iter().chain(v6);
        let addresses = found.map(|ip| Address { ip, dev: "lo".into() });
        translation.plan.spaces[space.index()].addresses.extend(addresses);
    }
}

/// Whether anything in a network is about SCTP.
fn speaks_sctp(network: &Network) -> bool {
    let listeners = network.fibs.iter().flatten().flat_map(|fib| &fib.me.listeners);
    let entries = network.tables.iter().flat_map(|table| &table.entries);
    listeners.map(|listener| listener.port.proto).any(|proto| proto == Proto::Sctp)
        || entries
            .filter(|entry| entry.pattern.dport != Ports::Any)
            .any(|entry| entry.pattern.proto == Some(Proto::Sctp))
}

/// The version of Linux: `6.18`.
fn linux() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim().split('.').take(2).collect::<Vec<_>>().join(".")
}

/// How many pods are offered where no name is like the one that was said.
const SOME: usize = 3;

/// Where a command runs: at a switch, perhaps as a process there.
struct Place {
    switch: ElementId,
    /// Whom it asks for names; unknown where no process was found.
    resolver: Option<Resolver>,
    /// How many others the name could have meant.
    others: usize,
}

// === impl Place ===

impl Place {
    /// What a name means; without one the first pod.
    fn find(session: &Session, said: Option<&str>, namespace: Option<&str>) -> Result<Place, Stop> {
        let network = &session.network;
        let names = Names::new(network, session.cluster.as_ref(), namespace);
        let Some(said) = said else {
            let Some(first) = network.of_kind(Kind::Pod).next() else {
                return Err(Stop::cannot("there is no pod", Some("say --in NODE or --in world")));
            };
            let said = format!("pod/{}", network.element(first).name);
            let resolver = names.from(&said).ok().map(|from| from.resolver);
            return Ok(Place { switch: first, resolver, others: 0 });
        };
        let refused = |mut why| {
            // Where no name is like it, some that there are.
            if let NameError::Unknown { near, .. } = &mut why
                && near.is_empty()
            {
                let pods = network.of_kind(Kind::Pod).take(SOME);
                near.extend(pods.map(|pod| network.element(pod).name.to_string()));
            }
            Stop::with(vec![error::name(&why)], Exit::Cannot)
        };
        match names.from(said) {
            Ok(from) => {
                let switch = network.facts.host(from.process).unwrap_or(from.process);
                let others = names.switches(said).map_or(0, |all| all.len().saturating_sub(1));
                Ok(Place { switch, resolver: Some(from.resolver), others })
            }
            // A Node where nothing runs has a namespace too.
            Err(why) => match names.switches(said).ok().and_then(|all| all.first().copied()) {
                Some(switch) => Ok(Place { switch, resolver: None, others: 0 }),
                None => Err(refused(why)),
            },
        }
    }

    /// For people: `pod p1 10.0.1.1, one of 3`.
    fn called(&self, session: &Session) -> String {
        let network = &session.network;
        let no_place = |_| None;
        let name = View::new(network, &no_place).entity(Entity::Switch(self.switch));
        let addresses = network.facts.addresses(Entity::Switch(self.switch));
        let addresses: String = addresses.map(|addr| format!(" {addr}")).collect();
        let others = match self.others {
            0 => String::new(),
            n => format!(", the first of {}", n + 1),
        };
        format!("{name}{addresses}{others}")
    }

    fn space(
        &self,
        session: &Session,
        translation: &Translation,
    ) -> Result<fibula_lab::plan::SpaceId, Stop> {
        let none = || Stop::cannot(&format!("{} is not built", self.called(session)), None);
        translation.space(self.switch).ok_or_else(none)
    }

    /// What a command there finds where names are looked up: itself, and the names of the cluster
    /// where it asks the cluster for them (DNS-9, DNS-11).
    fn names(&self, session: &Session) -> kernel::Names {
        let network = &session.network;
        let mut rows = vec!["127.0.0.1\tlocalhost".to_owned(), "::1\tlocalhost".to_owned()];
        let name = &network.element(self.switch).name;
        let name = name.rsplit('/').next().unwrap_or(name);
        let own = network.facts.addresses(Entity::Switch(self.switch));
        rows.extend(own.map(|addr| format!("{addr}\t{name}")));
        let mut resolv = "# The lab has no DNS server: names stand in /etc/hosts.\n".to_owned();
        if let (Some(Resolver { namespace: Some(namespace), asks: Asks::Cluster }), Some(cluster)) =
            (&self.resolver, &session.cluster)
        {
            let known = hosts(cluster, namespace).into_iter();
            rows.extend(known.map(|(addr, names)| format!("{addr}\t{}", names.join(" "))));
            resolv +=
                &format!("search {namespace}.svc.{ZONE} svc.{ZONE} {ZONE}\noptions ndots:5\n");
        }
        kernel::Names { hosts: rows.join("\n") + "\n", resolv }
    }
}
