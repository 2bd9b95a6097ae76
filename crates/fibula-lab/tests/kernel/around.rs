//! What stands around the probes: commands, what is left behind, missing rights.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fibula_lab::kernel::{Lab, Names};
use fibula_lab::plan::{Origin, Route, Via};
use fibula_network::Proto;
use libtest_mimic::Failed;

use super::plans::{Draft, Small, small};
use super::probes::{probe, same};
use super::{GROUND, Test, lab, skip};

pub(crate) const TESTS: &[Test] = &[
    ("a_command_sees_the_network_and_its_names", command),
    ("nothing_stays_after_kill_9", nothing_stays),
    ("nobody_special_is_enough", nobody),
    ("errors_name_what_the_kernel_refused", errors),
    ("a_plan_reads_as_text", text),
];

/// Tells this program to hold a lab and wait to be killed.
pub(crate) const HOLD: &str = "FIBULA_LAB_TEST_HOLD";

/// Holds a lab with a command in it, says so, and waits.
#[allow(clippy::print_stdout)]
pub(crate) fn hold() {
    let Some(Ok(ground)) = GROUND.get() else { return println!("no") };
    let Small { draft, a, .. } = small();
    let mut lab = Lab::up(ground, &draft.0).expect("the lab stands");
    let seen = lab.probe(&[probe(a, "10.0.1.1", "10.0.1.2:8080", Proto::Tcp)]);
    println!("{:?}", seen.map(|seen| seen[0].outcome));
    let script = "readlink /proc/self/ns/net; exec sleep 100";
    let _ = lab.run(a, Command::new("sh").args(["-c", script]), None);
}

/// Starts this program to hold a lab.
fn holder(nobody: bool) -> Result<std::process::Child, Failed> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(HOLD, "1").stdin(Stdio::null()).stdout(Stdio::piped());
    if nobody {
        command.uid(65534).gid(65534);
    }
    Ok(command.spawn()?)
}

fn nothing_stays() -> Result<(), Failed> {
    let mut holder = holder(false)?;
    let mut said = BufReader::new(holder.stdout.take().unwrap()).lines();
    let first = said.next().unwrap()?;
    same(first.contains("Accepted"), true)?;
    let namespace = said.next().unwrap()?;
    same(inside(&namespace) > 0, true)?;
    // SIGKILL.
    holder.kill()?;
    holder.wait()?;
    let start = Instant::now();
    while inside(&namespace) > 0 {
        if start.elapsed() > Duration::from_secs(5) {
            return Err(format!("somebody is still in {namespace}").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// How many processes are in a namespace or hold it.
fn inside(namespace: &str) -> usize {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let leads = |path: &std::path::Path| {
        fs::read_link(path).is_ok_and(|link| link.as_os_str() == namespace)
    };
    let holds = |process: &fs::DirEntry| {
        let held = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        leads(&process.path().join("ns/net")) || held.into_iter().any(|fd| leads(&fd.path()))
    };
    processes.filter(holds).count()
}

/// Without any privilege, in a user namespace.
fn nobody() -> Result<(), Failed> {
    // Only root can become nobody; anybody else is nobody special already.
    let root =
        fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    let mut holder = match holder(root) {
        Ok(holder) => holder,
        Err(_) => {
            skip("nobody_special_is_enough", "nobody cannot start this program");
            return Ok(());
        }
    };
    let mut first = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut first)?;
    holder.kill()?;
    holder.wait()?;
    if first.trim() == "no" {
        skip("nobody_special_is_enough", "user namespaces are not allowed");
        return Ok(());
    }
    same((first.contains("Accepted"), &first).0, true)
}

fn command() -> Result<(), Failed> {
    let Small { draft, a, .. } = small();
    let Some(lab) = lab("command", &draft.0)? else { return Ok(()) };
    let names =
        Names { hosts: "10.0.1.2 b.default.svc\n".into(), resolv: "search default.svc\n".into() };
    let before = fs::read_to_string("/etc/hosts")?;
    let out = std::env::temp_dir().join(format!("fibula-lab-{}", std::process::id()));
    let script = "cat /etc/hosts /etc/resolv.conf; exec 3<>/dev/tcp/b.default.svc/8080; \
                  printf 'GET / HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3; exit 7";
    let file = fs::File::create(&out)?;
    let mut bash = Command::new("bash");
    let status = lab.run(a, bash.args(["-c", script]).stdout(file), Some(&names));
    let said = fs::read_to_string(&out);
    fs::remove_file(&out)?;
    let said = said?;
    same((status?.code(), &*said), (Some(7), &*said))?;
    for words in
        [&*names.hosts, &names.resolv, "HTTP/1.0 200 OK", "process 2 received this from 10.0.1.1:"]
    {
        same((words, said.contains(words)), (words, true))?;
    }
    same(fs::read_to_string("/etc/hosts")?, before)
}

/// Nodes that a bridge joins: each reaches the pods of the others.
pub(crate) fn fabric() -> Result<(), Failed> {
    let mut draft = Draft::new();
    let fabric = draft.space("between nodes", &[]);
    draft.at(fabric).fabric = true;
    let numbers = 1..=4_u8;
    let mut macs = Vec::new();
    let mut pods = Vec::new();
    for n in numbers.clone() {
        let node = draft.node(&format!("node {n}"), &[&format!("10.0.0.{n}")]);
        let [mac, _] = draft.wire((node, "nodes"), (fabric, &format!("n{n}")));
        let pod = draft.pod(node, &format!("pod {n}"), &[&format!("10.1.{n}.1")]);
        draft.listen(pod, Proto::Tcp, 80, n.into());
        macs.push((n, node, mac));
        pods.push((n, pod));
    }
    for (n, node, _) in &macs {
        for (m, _, mac) in macs.iter().filter(|(m, ..)| m != n) {
            draft.neighbour(*node, "nodes", &format!("10.0.0.{m}"), *mac);
            draft.route(*node, &format!("10.1.{m}.0/24"), "nodes", &format!("10.0.0.{m}"));
        }
    }
    let Some(mut lab) = lab("fabric", &draft.0)? else { return Ok(()) };
    let probes: Vec<_> = pods
        .iter()
        .flat_map(|(n, pod)| {
            numbers.clone().map(move |m| {
                probe(*pod, &format!("10.1.{n}.1"), &format!("10.1.{m}.1:80"), Proto::Tcp)
            })
        })
        .collect();
    for seen in lab.probe(&probes)? {
        let accepted = matches!(seen.outcome, fibula_lab::kernel::Outcome::Accepted(_));
        same((accepted, seen), (true, seen))?;
    }
    Ok(())
}

fn errors() -> Result<(), Failed> {
    let Some(Ok(ground)) = GROUND.get() else { return Ok(()) };
    let Small { mut draft, node, .. } = small();
    let via = Via::Next { dev: "eth9".into(), gateway: "10.0.0.9".parse().unwrap() };
    let to = "10.7.0.0/16".parse().unwrap();
    draft.at(node).routes.push(Route { to, via, source: None, origin: Origin(0) });
    let error = Lab::up(ground, &draft.0).err().map(|error| error.to_string());
    same(error.as_deref(), Some("node n: there is no interface eth9"))?;

    let Small { mut draft, node, .. } = small();
    let twice = draft.at(node).routes[0].clone();
    draft.at(node).routes.push(Route { source: "10.1.2.3".parse().ok(), ..twice });
    let error = Lab::up(ground, &draft.0).err().map(|error| error.to_string());
    let says = "node n: cannot make the route to 10.0.1.1/32";
    same((error.as_ref().map(|error| error.starts_with(says)), &error), (Some(true), &error))?;

    let Small { mut draft, node, .. } = small();
    draft.at(node).ruleset = Some("table inet x { nonsense }\n".into());
    let error = Lab::up(ground, &draft.0).err().map(|error| error.to_string());
    let says = "node n: ";
    same((error.as_ref().map(|error| error.starts_with(says)), &error), (Some(true), &error))
}

fn text() -> Result<(), Failed> {
    let Small { mut draft, node, .. } = small();
    draft.0.origins.push("F4 of pod a".into());
    draft.rules(node, "chain c { type filter hook forward priority filter; }");
    let shown = draft.0.to_string();
    for line in [
        "4 network namespaces, 3 wires between them",
        "  net.ipv4.conf.all.rp_filter = 0",
        "  link eth0 02:00:00:00:00:00 to pod1 of node n",
        "  route 10.0.1.1/32 via 169.254.1.1 dev pod1  # F4 of pod a",
        "  neighbour fe80::1 02:01:00:00:00:00 dev eth0",
        "  listen 8080/TCP process 1",
        "  route local ::/0 dev lo",
        "  nft -f -",
    ] {
        same((line, shown.lines().any(|it| it == line), &*shown), (line, true, &*shown))?;
    }
    let mut sink = Vec::new();
    sink.write_all(shown.as_bytes())?;
    let mut again = String::new();
    (&*sink).read_to_string(&mut again)?;
    same(again, draft.0.to_string())
}
