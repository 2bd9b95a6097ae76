//! From a plan to namespaces.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::plan::{End, Plan, Space, Sysctl, Wire};

use super::error::Error;
use super::route::{FABRIC, LO, Route};
use super::space::Namespace;

/// How long the kernel may take until every wire can send.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most threads that make namespaces.
const WORKERS: usize = 4;

/// Whether frames that a bridge passes on are shown to rules.
const SHOWN: [&str; 2] = [
    "/proc/sys/net/bridge/bridge-nf-call-iptables",
    "/proc/sys/net/bridge/bridge-nf-call-ip6tables",
];

/// The ends of wires in one namespace: the number of its interface, the end, and the other end.
type Ends<'a> = Vec<(u32, &'a End, &'a End)>;

/// Makes the namespaces of a plan and all that is in them but listeners. Leaves the thread in any
/// of them.
pub(super) fn build(plan: &Plan) -> Result<Vec<Namespace>, Error> {
    if let Some(fault) = plan.fault() {
        return Err(Error::new(fault));
    }
    let mut rulesets = Vec::new();
    let mut namespaces = Vec::with_capacity(plan.spaces.len());
    let mut routes = Vec::with_capacity(plan.spaces.len());
    for (space, Alone { namespace, route, nft }) in plan.spaces.iter().zip(apart(plan)?) {
        namespaces.push(namespace);
        routes.push(route);
        rulesets.extend(nft.map(|nft| (space, nft)));
    }
    let ends = wires(plan, &namespaces, &mut routes)?;
    for ((space, route), ends) in plan.spaces.iter().zip(&mut routes).zip(&ends) {
        up(space, ends, route).map_err(Error::inside(&space.name))?;
    }
    wait(&mut routes)?;
    for ((space, route), ends) in plan.spaces.iter().zip(&mut routes).zip(&ends) {
        furnish(space, ends, route).map_err(Error::inside(&space.name))?;
    }
    for (space, nft) in rulesets {
        nft.finish().map_err(Error::inside(&space.name))?;
    }
    Ok(namespaces)
}

/// A namespace to which no wire leads yet.
struct Alone<'a> {
    namespace: Namespace,
    route: Route<'a>,
    nft: Option<Nft>,
}

/// Makes all namespaces, on all processors: that costs more than all that joins them.
fn apart(plan: &Plan) -> Result<Vec<Alone<'_>>, Error> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(WORKERS);
    let share = plan.spaces.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for spaces in plan.spaces.chunks(share) {
            let thread = thread::Builder::new().spawn_scoped(scope, || alone(plan, spaces));
            threads.push(thread.map_err(Error::at("start a thread"))?);
        }
        let mut all = Vec::with_capacity(plan.spaces.len());
        for thread in threads {
            let made = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.extend(made?);
        }
        Ok(all)
    })
}

/// Makes some namespaces. Leaves the thread in the last of them.
fn alone<'a>(plan: &'a Plan, spaces: &'a [Space]) -> Result<Vec<Alone<'a>>, Error> {
    let mut fresh = Fresh::default();
    let mut make = |space: &'a Space| {
        let namespace = Namespace::make()?;
        for sysctl in &plan.sysctls {
            fresh.set(sysctl)?;
        }
        for sysctl in &space.sysctls {
            set(sysctl)?;
        }
        if space.fabric {
            // It has no rules, and is only slower where frames are shown to them.
            for path in SHOWN {
                let _ = fs::write(path, "0\n");
            }
        }
        let nft = space.ruleset.as_deref().map(Nft::start).transpose()?;
        Ok(Alone { namespace, route: Route::open()?, nft })
    };
    spaces.iter().map(|space| make(space).map_err(Error::inside(&space.name))).collect()
}

/// Makes the wires, each from its first end.
fn wires<'a>(
    plan: &'a Plan,
    namespaces: &[Namespace],
    routes: &mut [Route<'a>],
) -> Result<Vec<Ends<'a>>, Error> {
    let mut ends: Vec<Ends<'a>> = vec![Vec::new(); plan.spaces.len()];
    // No number twice in a plan: where both ends of a wire have the same, the kernel takes up to a
    // second to notice that the wire is up.
    let mut numbers = FABRIC + 1..;
    for Wire { ends: [here, there] } in &plan.wires {
        let (Some(near), Some(far)) = (numbers.next(), numbers.next()) else { break };
        ends[here.space.index()].push((near, here, there));
        ends[there.space.index()].push((far, there, here));
        let other = &namespaces[there.space.index()];
        routes[here.space.index()].wire((here, near), (there, far), other)?;
    }
    for (space, route) in plan.spaces.iter().zip(routes) {
        route.send().map_err(Error::inside(&space.name))?;
    }
    Ok(ends)
}

/// Brings interfaces up.
fn up<'a>(space: &Space, ends: &Ends<'a>, route: &mut Route<'a>) -> Result<(), Error> {
    route.up(LO, "lo")?;
    if space.fabric {
        route.bridge(FABRIC)?;
    }
    for (index, here, there) in ends {
        if space.fabric {
            route.port(FABRIC, (*index, &here.dev), there.mac)?;
        }
        route.up(*index, &here.dev)?;
    }
    route.send()
}

/// Addresses, neighbours and routes.
fn furnish<'a>(space: &'a Space, ends: &Ends<'a>, route: &mut Route<'a>) -> Result<(), Error> {
    let numbers: HashMap<&str, u32> =
        ends.iter().map(|(index, end, _)| (&*end.dev, *index)).collect();
    let number = |dev: &str| match (dev, numbers.get(dev)) {
        ("lo", _) => Ok(LO),
        (_, Some(index)) => Ok(*index),
        (_, None) => Err(Error::new(format!("there is no interface {dev}"))),
    };
    for address in &space.addresses {
        route.address(number(&address.dev)?, address.ip)?;
    }
    for neighbour in &space.neighbours {
        route.neighbour(number(&neighbour.dev)?, neighbour.ip, neighbour.mac)?;
    }
    for item in &space.routes {
        route.route(item, !space.local.is_empty(), number)?;
    }
    if !space.marked.is_empty() {
        route.marks_before_local()?;
    }
    for item in &space.marked {
        route.marked(item, number)?;
    }
    // After the routes: the kernel takes no gateway that is an address of its own.
    for range in &space.local {
        route.local(*range)?;
    }
    route.send()
}

/// Waits until all interfaces can send.
fn wait(routes: &mut [Route<'_>]) -> Result<(), Error> {
    let start = Instant::now();
    for route in routes {
        while !route.ready()? {
            if start.elapsed() > PATIENCE {
                return Err(Error::new("the kernel does not get the wires ready"));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    Ok(())
}

/// What new namespaces have set: all new ones are alike, and what they have already is not written.
#[derive(Default)]
struct Fresh<'a>(HashMap<&'a str, String>);

impl<'a> Fresh<'a> {
    /// Sets what nothing has changed before in the thread's namespace.
    fn set(&mut self, sysctl: &'a Sysctl) -> Result<(), Error> {
        let fresh = match self.0.entry(&sysctl.path) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(match fs::read_to_string(path(sysctl)) {
                Ok(fresh) => fresh.trim().to_owned(),
                Err(_) => return set(sysctl),
            }),
        };
        if *fresh == *sysctl.value { Ok(()) } else { set(sysctl) }
    }
}

/// Sets something in the namespace that the thread is in.
fn set(sysctl: &Sysctl) -> Result<(), Error> {
    match fs::write(path(sysctl), format!("{}\n", sysctl.value)) {
        // A kernel without the setting is a kernel without what it would change.
        Err(why) if why.kind() != io::ErrorKind::NotFound => {
            Err(Error::at(format!("set {} to {:?}", sysctl.path, &*sysctl.value))(why))
        }
        _ => Ok(()),
    }
}

fn path(sysctl: &Sysctl) -> String {
    format!("/proc/sys/{}", sysctl.path)
}

/// The program nft while it loads a ruleset: several can do so at the same time.
struct Nft {
    child: Child,
    written: io::Result<()>,
}

impl Nft {
    /// Starts to load a ruleset in the namespace that the thread is in.
    fn start(ruleset: &str) -> Result<Nft, Error> {
        let mut child = Command::new("nft")
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|why| match why.kind() {
                io::ErrorKind::NotFound => Error::new(
                    "the lab needs the program nft for rules, and it is not there: \
                     install the package nftables",
                ),
                _ => Error::at("start nft")(why),
            })?;
        let stdin = child.stdin.take();
        let written = stdin.map_or(Ok(()), |mut stdin| stdin.write_all(ruleset.as_bytes()));
        Ok(Nft { child, written })
    }

    fn finish(self) -> Result<(), Error> {
        let output = self.child.wait_with_output().map_err(Error::at("wait for nft"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::at("load the ruleset with nft")(said.trim()));
        }
        self.written.map_err(Error::at("give nft a ruleset"))
    }
}
