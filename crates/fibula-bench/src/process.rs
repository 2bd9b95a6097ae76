//! Measurements in fresh processes: each has its memory for itself.
//!
//! The benchmark starts its own program again: with `child CASE NODES VARIANT FILE` it measures one
//! case and prints the sample, with `policies SCENE STAGE` likewise, with `lab SCENE` it puts a network
//! into the kernel, with `fibula ARGS` it is fibula.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use fibula_report::Screen;

use crate::case::Case;
use crate::lab::Scene;
use crate::measure::{Sample, peak};
use crate::policies::{self, Stage};
use crate::promises;
use crate::scene::Variant;

/// If this process was started to measure something or to be fibula, does so: the exit code.
pub fn child() -> Option<u8> {
    let mut args = std::env::args_os().skip(1);
    match args.next()?.to_str()? {
        "child" => {
            let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
            let [case, nodes, variant, file] = args.try_into().ok()?;
            let case = Case::ALL.into_iter().find(|known| known.name() == case)?;
            let variant = Variant::ALL.into_iter().find(|known| known.name() == variant)?;
            tell(case.run(nodes.parse().ok()?, variant, Some(PathBuf::from(file))));
            Some(0)
        }
        "policies" => {
            let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
            let [scene, stage] = args.try_into().ok()?;
            let all = Stage::ALL.into_iter().chain(Stage::OF_PROMISES);
            let stage = all.into_iter().find(|known| known.name() == stage)?;
            tell(match Stage::OF_PROMISES.contains(&stage) {
                true => promises::run(stage),
                false => policies::Scene::named(&scene)?.run(stage),
            });
            Some(0)
        }
        "lab" => {
            let name = args.next()?;
            let scene = Scene::named(name.to_str()?)?;
            Some(u8::from(scene.run(&mut io::stdout().lock()).is_err()))
        }
        "fibula" => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            let mut err = io::stderr().lock();
            let screen = Screen { width: None, color: false, unicode: true };
            let mut streams = fibula::Streams {
                input: &mut || Ok(vec![]),
                screen,
                out: &mut out,
                err_screen: screen,
                err: &mut err,
            };
            let args = [OsString::from("fibula")].into_iter().chain(args);
            let code = fibula::run(args, None, &mut streams);
            let _ = writeln!(io::stderr(), "{}", peak());
            Some(code)
        }
        _ => None,
    }
}

/// Measures a case in a process of its own, on so many threads, or on all cores.
pub fn case(
    case: Case,
    nodes: usize,
    variant: Variant,
    file: Option<&Path>,
    threads: Option<usize>,
) -> io::Result<Sample> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["child", case.name(), &nodes.to_string(), variant.name()]);
    command.arg(file.unwrap_or(Path::new("")));
    if let Some(threads) = threads {
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    sample(command)
}

/// Measures a stage of a scene with policies in a process of its own.
pub fn policies(scene: policies::Scene, stage: Stage) -> io::Result<Sample> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["policies", &scene.name(), stage.name()]);
    sample(command)
}

/// Says what was measured to whoever started this process.
fn tell(sample: Sample) {
    let Sample { seconds, peak, grown, bytes } = sample;
    let _ = writeln!(io::stdout(), "{seconds} {peak} {grown} {bytes}");
}

/// What a process says that it measured.
fn sample(mut command: Command) -> io::Result<Sample> {
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<f64>().ok());
    let mut next = || number().ok_or_else(|| io::Error::other("a measurement broke off"));
    Ok(Sample {
        seconds: next()?,
        peak: next()? as u64,
        grown: next()? as u64,
        bytes: next()? as u64,
    })
}

/// Measures a scene of the lab in a process of its own: rows of a table.
pub fn lab(scene: Scene) -> io::Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.args(["lab", &scene.name()]).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other("a measurement broke off"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs fibula as a process: to the first line of its output if `first`, else to its end.
pub fn fibula(args: &[&str], first: bool) -> io::Result<Sample> {
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("fibula")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("a process without streams"));
    };
    let mut out = BufReader::new(out);
    let mut line = String::new();
    out.read_line(&mut line)?;
    let to_first = start.elapsed().as_secs_f64();
    out.read_to_string(&mut line)?;
    let status = child.wait()?;
    let seconds = if first { to_first } else { start.elapsed().as_secs_f64() };
    let mut text = String::new();
    BufReader::new(err).read_to_string(&mut text)?;
    let last = text.lines().next_back().unwrap_or_default();
    let peak = last.parse().map_err(|_| io::Error::other(format!("{status}: {text}")))?;
    Ok(Sample { seconds, peak, grown: peak, bytes: 0 })
}
