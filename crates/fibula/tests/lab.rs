//! The lab as it is typed. What needs a kernel runs the program itself, for it has to enter a user
//! namespace while it has one thread; where this system lets nobody build a lab, that is skipped,
//! and the reason is printed.

mod common;

use std::io::Write as _;
use std::process::{Command, Output};

use fibula_report::Screen;
use snapbox::{Data, assert_data_eq, file};

use common::{run, run_on};

/// A file among the inputs of these tests.
fn input(name: &str) -> String {
    format!("{}/tests/input/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fibula"));
    command.arg("lab").args(args).env_remove("FIBULA_INPUT").env("LC_ALL", "C.UTF-8");
    command
}

/// What a command prints and exits with; nothing where no lab can be built here.
fn lab(args: &[&str]) -> Option<(i32, String, String)> {
    let Output { status, stdout, stderr } = program(args).output().expect("it is built");
    let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
    let (out, err) = (text(stdout), text(stderr));
    if ["no network namespaces", "the program nft"].iter().any(|why| err.contains(why)) {
        // The report of a test that passes is not printed: this is.
        let said = format!("skipped: {err}");
        let _ = std::io::stderr().write_all(said.as_bytes());
        return None;
    }
    common::answers::check(&out);
    Some((status.code().expect("no signal ends it"), out, err))
}

/// A command line with what it prints, without what differs from machine to machine: versions,
/// times, and who runs it.
fn session(lines: &[&[&str]]) -> Option<String> {
    let mut shown = vec![];
    for words in lines {
        let (code, out, err) = lab(words)?;
        let line = words.iter().map(|word| match word.contains(' ') {
            true => format!("'{word}'"),
            false => (*word).to_owned(),
        });
        let line = line.collect::<Vec<_>>().join(" ").replace(&input(""), "");
        let out: String = out.lines().flat_map(|line| [masked(line), "\n".to_owned()]).collect();
        shown.push(
            format!("$ fibula lab {line}\n{err}{out}[exit {code}]\n").replace(&input(""), ""),
        );
    }
    Some(shown.join("\n"))
}

fn masked(line: &str) -> String {
    let line = match line.strip_suffix(" s").and_then(|line| line.rsplit_once("   ")) {
        Some((line, seconds)) if seconds.parse::<f64>().is_ok() => format!("{line}   TIME"),
        _ => line.to_owned(),
    };
    match line.split_once(" in Linux ") {
        Some((before, after)) => {
            let (_, after) = after.split_once(',').unwrap_or(("", after));
            format!("{before} in Linux VERSION,{}", after.replace(" no root,", ""))
        }
        None => line,
    }
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

#[test]
fn a_plan_is_readable_and_needs_no_kernel() {
    let shown = |args: &[&str]| {
        let ran = run(args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
        ran.out
    };
    let all = shown(&["lab", "show", "-f", "@k1"]);
    let p1 = shown(&["lab", "show", "p1", "-f", "@k1"]);
    let n1 = shown(&["lab", "show", "n1", "-f", "@k1"]);
    check(&format!("{p1}\n{n1}"), file!["snapshots/lab-show.txt"]);
    for part in [&p1, &n1] {
        assert!(all.contains(&format!("\n\n{part}\n")), "{part}");
    }
    // A container stands for the pod that it is in, and the world for what is outside.
    assert_eq!(shown(&["lab", "show", "c1-1", "-f", "@k1"]), p1);
    assert!(shown(&["lab", "show", "world", "-f", "@k1"]).starts_with("outside\n"));
}

#[test]
fn model_and_kernel_agree_and_where_an_entry_is_kept_out_they_differ() {
    let lines: [&[&str]; 3] = [
        &["check", "@k1"],
        &["check", "@k1", "--all"],
        &["check", "@k1", "--kernel-without", "n1/next hop/10"],
    ];
    let Some(text) = session(&lines) else { return };
    check(&text, file!["snapshots/lab-check.txt"]);
}

#[test]
fn an_answer_has_a_form_for_programs_and_an_exit_code() {
    let entry = ["--kernel-without", "next hop/10"];
    let Some((code, out, _)) = lab(&[&["check", "@k1", "-o", "json"], &entry[..]].concat()) else {
        return;
    };
    let json: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(
        (code, &json["fibula"], &json["verdict"]),
        (1, &"lab-check/1".into(), &"differ".into())
    );
    let (asked, groups) = (&json["probed"]["messages"], json["differences"].as_array());
    let differ: usize = groups
        .expect("they are a list")
        .iter()
        .map(|group| group["messages"].as_array().map_or(0, Vec::len))
        .sum();
    let agree: u64 = json["agreements"]
        .as_array()
        .expect("they are a list")
        .iter()
        .filter_map(|agreement| agreement["messages"].as_u64())
        .sum();
    assert!(differ > 0 && asked.as_u64() == Some(agree + differ as u64), "{out}");

    let quiet = |args: &[&str]| lab(args).map(|(code, out, err)| (code, out + &err));
    assert_eq!(quiet(&["check", "-q", "@k1"]), Some((0, String::new())));
    assert_eq!(quiet(&[&["check", "-q", "@k1"], &entry[..]].concat()), Some((1, String::new())));
}

#[test]
fn what_cannot_run_says_why() {
    let policies = input("policies.yaml");
    let lines: [&[&str]; 6] = [
        &["run", "--in", "nosuch", "-f", "@k1", "--", "true"],
        &["run", "--in", "web", "-n", "shop", "-f", &policies, "--", "true"],
        &["check", "@k1", "--kernel-without", "n1"],
        &["run", "--in", "p9", "-f", "@k1", "--", "true"],
        &["run", "--in", "c1-1", "-f", "@k1", "--", "no-such-command"],
        &["shell", "n3", "-f", "@k1"],
    ];
    let Some(text) = session(&lines) else { return };
    check(&text, file!["snapshots/lab-errors.txt"]);
}

#[test]
fn without_nft_it_says_what_to_install() {
    if lab(&["check", "-q", "@k1"]).is_none() {
        return;
    }
    let output = program(&["check", "@k1"]).env("PATH", "/nowhere").output();
    let Output { status, stdout, stderr } = output.expect("it is built");
    let err = String::from_utf8_lossy(&stderr);
    assert_eq!((status.code(), stdout.is_empty()), (Some(2), true), "{err}");
    assert!(err.contains("install the package nftables"), "{err}");
}

/// Whether Linux has SCTP here: a protocol that is there has a line, and one that can be loaded was
/// asked for by whoever ran a lab with it.
fn has_sctp() -> bool {
    let known = std::fs::read_to_string("/proc/net/protocols").unwrap_or_default();
    known.lines().any(|line| line.starts_with("SCTP"))
}

#[test]
fn a_protocol_that_the_kernel_lacks_is_named() {
    let voice = input("voice.yaml");
    let Some((code, out, err)) = lab(&["check", &voice]) else { return };
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let says = "missing  SCTP: this kernel does not have it, so it was not tried (modprobe sctp)\n";
    if has_sctp() {
        let _ = std::io::stderr().write_all(b"skipped: this kernel has SCTP, and it was tried\n");
        assert!(out.contains("over TCP, UDP and SCTP") && !out.contains("missing"), "{out}");
        return;
    }
    assert!(out.contains(" over TCP and UDP:") && out.contains(says), "{out}");
    let (_, json, _) = lab(&["check", "-o", "json", &voice]).expect("it could a moment ago");
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["probed"]["missing"], serde_json::json!(["SCTP"]), "{json}");
    // The rest of the network lives, and who comes to visit is told too.
    let (code, _, err) =
        lab(&["run", "--in", "caller", "-f", &voice, "--", "true"]).expect("it could a moment ago");
    assert_eq!(
        (code, err.as_str()),
        (0, "note: nobody listens over SCTP: this kernel does not have it\n")
    );
}

/// A check of K1 has 824 ends of connections to open: it does so a few at a time.
#[test]
fn few_files_are_enough() {
    let few =
        format!("ulimit -n 200; exec {} lab check -q @k1 --all", env!("CARGO_BIN_EXE_fibula"));
    if lab(&["check", "-q", "@k1"]).is_some() {
        let output = Command::new("sh").args(["-c", &few]).output().expect("there is a shell");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*err), (Some(0), ""));
    }
}

#[test]
fn a_command_finds_names_there_and_its_exit_code_is_ours() {
    let script = "grep -v localhost /etc/hosts; grep search /etc/resolv.conf; exit 7";
    let Some((code, out, err)) = lab(&["run", "-f", "@k1", "--", "sh", "-c", script]) else {
        return;
    };
    assert_eq!(code, 7, "{out}{err}");
    assert_eq!(
        out,
        "10.0.1.1\tp1\nsearch default.svc.cluster.local svc.cluster.local cluster.local\n"
    );
    assert_eq!(err, "note: in pod p1 10.0.1.1, for no --in says where\n");

    let shop = input("shop.yaml");
    let names = ["run", "--in", "web", "-n", "shop", "-f", &shop, "--", "cat", "/etc/hosts"];
    let (code, out, _) = lab(&names).expect("it could a moment ago");
    let service = "10.96.0.10\tdb db.shop db.shop.svc db.shop.svc.cluster.local\n";
    assert!(code == 0 && out.ends_with(service), "{out}");
}

/// A line that a process of the network says to whoever sends it one.
fn says(inside: &str, target: &str) -> Option<String> {
    let script = format!("exec 3<>/dev/tcp/{target}; echo hello >&3; cat <&3");
    let (code, out, err) = lab(&["run", "--in", inside, "-f", "@k1", "--", "bash", "-c", &script])?;
    if err.contains("cannot run bash") {
        let _ = std::io::stderr().write_all(b"skipped: no bash\n");
        return None;
    }
    assert_eq!(code, 0, "{out}{err}");
    let (who, from) = out.split_once(" received this from ").expect("it says who");
    let (from, _) = from.split_once(':').expect("it says from where");
    Some(format!("{who} hears {from}"))
}

#[test]
fn l1_to_l4_live_in_the_kernel() {
    for (inside, target, hears) in [
        ("c1-1", "127.0.0.1/9090", "default/p1/c1-2 hears 127.0.0.1"),
        ("c1-1", "10.0.1.2/8080", "default/p3/c3-1 hears 10.0.1.1"),
        ("c1-1", "10.0.2.1/8080", "default/p2/c2-1 hears 10.0.1.1"),
        ("d1", "10.0.1.1/8080", "default/p1/c1-1 hears 10.0.0.1"),
    ] {
        let Some(line) = says(inside, target) else { return };
        assert_eq!(line, hears);
    }
}

#[test]
fn a_narrow_screen_shows_all_of_it() {
    let help = |command: &str| {
        let screen = Screen { width: Some(80), ..Screen::PIPE };
        run_on(screen, &["lab", command, "--help"], b"").out
    };
    for command in ["check", "run", "shell", "show"] {
        assert!(help(command).contains("\nExample"), "help teaches by examples");
    }
}
