//! The benchmark of time and memory: what is measured at which size, and the table of it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use fibula_cluster::generate::{Format, write};

use crate::case::Case;
use crate::lab::Scene;
use crate::measure::{Sample, median};
use crate::process;
use crate::scene::Variant;

/// The sizes, in Nodes of 30 pods each.
const SIZES: [usize; 4] = [10, 100, 1_000, 5_000];

/// What is left out of the smoke run, and what a name has to contain.
pub struct Wanted {
    /// Small sizes only.
    pub smoke: bool,
    /// A part of the names of what is measured; empty for all.
    pub part: String,
}

/// Files that are read, removed at the end.
struct Files {
    folder: PathBuf,
}

/// Measures everything that is wanted and prints a table, a row for each.
///
/// # Errors
/// Where a process or file cannot be made, or the table cannot be written.
pub fn run(wanted: &Wanted, out: &mut dyn Write) -> io::Result<()> {
    let sizes = if wanted.smoke { &SIZES[..2] } else { &SIZES[..] };
    let files =
        Files { folder: std::env::temp_dir().join(format!("fibula-{}", std::process::id())) };
    fs::create_dir_all(&files.folder)?;
    let heads: Vec<String> = sizes.iter().map(|nodes| format!("{nodes} Nodes")).collect();
    writeln!(out, "| what | {} | per tenfold | memory grows by |", heads.join(" | "))?;
    writeln!(out, "|---|{}---|---|", "---|".repeat(sizes.len()))?;

    let of_services = [Case::ToService, Case::Rewritten];
    let usual = |case: &Case| *case != Case::Read && !of_services.contains(case);
    for case in Case::ALL.into_iter().filter(usual) {
        row(wanted, out, case.name(), sizes, |nodes| {
            process::case(case, nodes, Variant::Plain, None, None)
        })?;
    }
    let services = [Variant::Services, Variant::NoServices];
    let other = |variant: &Variant| *variant != Variant::Plain && !services.contains(variant);
    for variant in Variant::ALL.into_iter().filter(other) {
        let name = format!("{}, {}", Case::Verify.name(), variant.name());
        row(wanted, out, &name, sizes, |nodes| {
            process::case(Case::Verify, nodes, variant, None, None)
        })?;
    }
    // What Services cost is what they add to the same cluster without them.
    for case in [Case::Cluster, Case::Network, Case::Verify] {
        for variant in services {
            let name = format!("{}, {}", case.name(), variant.name());
            row(wanted, out, &name, sizes, |nodes| {
                process::case(case, nodes, variant, None, None)
            })?;
        }
    }
    for case in of_services {
        row(wanted, out, case.name(), sizes, |nodes| {
            process::case(case, nodes, Variant::Services, None, None)
        })?;
    }
    for (name, format) in [("JSON", Format::Json), ("YAML", Format::Yaml)] {
        for (cores, threads) in [("one core", Some(1)), ("all cores", None)] {
            let name = format!("read {name}, {cores}");
            // YAML of 5,000 Nodes takes long and tells nothing more.
            let sizes = if format == Format::Yaml { &sizes[..sizes.len().min(3)] } else { sizes };
            row(wanted, out, &name, sizes, |nodes| {
                let file = files.dump(nodes, format)?;
                process::case(Case::Read, nodes, Variant::Plain, Some(&file), threads)
            })?;
        }
    }
    row(wanted, out, "fibula verify dump.json", sizes, |nodes| {
        let file = files.dump(nodes, Format::Json)?;
        middle(3, || process::fibula(&["verify", &file.to_string_lossy()], false))
    })?;
    row(wanted, out, "fibula trace @k1, first line", &sizes[..1], |_| {
        let args = ["trace", "c1-1", "p2:8080", "-f", "@k1"];
        middle(21, || process::fibula(&args, true))
    })?;
    crate::policies::run(&wanted.part, wanted.smoke, &files.folder, out)?;
    crate::promises::table(&wanted.part, out)?;
    labs(wanted, out)
}

fn labs(wanted: &Wanted, out: &mut dyn Write) -> io::Result<()> {
    let pods = if wanted.smoke { 100 } else { 1_000 };
    let scenes = [Scene::K1, Scene::TenNodes { pods }];
    let scenes = scenes.into_iter().filter(|scene| scene.name().contains(&wanted.part));
    for (number, scene) in scenes.enumerate() {
        if number == 0 {
            writeln!(out, "\n| what | measured |\n|---|---|")?;
        }
        write!(out, "{}", process::lab(scene)?)?;
        out.flush()?;
    }
    Ok(())
}

/// The run of the median time.
pub(crate) fn middle(runs: usize, run: impl Fn() -> io::Result<Sample>) -> io::Result<Sample> {
    let samples: Vec<Sample> = (0..runs).map(|_| run()).collect::<io::Result<_>>()?;
    let middle = median(samples.iter().map(|sample| sample.seconds).collect());
    let sample = samples.into_iter().find(|sample| sample.seconds == middle);
    Ok(sample.unwrap_or_default())
}

fn row(
    wanted: &Wanted,
    out: &mut dyn Write,
    name: &str,
    sizes: &[usize],
    run: impl Fn(usize) -> io::Result<Sample>,
) -> io::Result<()> {
    if !name.contains(&wanted.part) {
        return Ok(());
    }
    write!(out, "| {name} |")?;
    let mut samples = vec![];
    for &nodes in sizes {
        let sample = run(nodes)?;
        let speed = sample.bytes as f64 / 1e6 / sample.seconds;
        match sample.bytes {
            0 => write!(out, " {} |", time(sample.seconds))?,
            _ => write!(out, " {} ({speed:.0} MB/s) |", time(sample.seconds))?,
        }
        out.flush()?;
        samples.push((nodes, sample));
    }
    let absent = if sizes.len() < SIZES.len() { SIZES.len() - sizes.len() } else { 0 };
    if !wanted.smoke {
        write!(out, "{}", " |".repeat(absent))?;
    }
    let memory = samples.last().map_or(0, |(_, sample)| sample.grown) as f64 / 1e6;
    writeln!(out, " {} | {memory:.0} MB |", growth(&samples))
}

/// By what factor the time grows for each tenfold of the size: 10 is linear. From 100 Nodes on,
/// where constant costs no longer count, if that was measured.
fn growth(samples: &[(usize, Sample)]) -> String {
    let first = samples.get(1).filter(|_| samples.len() > 2).or(samples.first());
    let (Some((small, before)), Some((large, after))) = (first, samples.last()) else {
        return String::new();
    };
    if small == large {
        return String::new();
    }
    let tenfolds = (*large as f64 / *small as f64).log10();
    format!("× {:.1}", (after.seconds / before.seconds).powf(1.0 / tenfolds))
}

pub(crate) fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.2} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

// === impl Files ===

impl Files {
    /// A dump of a cluster, written when it is first wanted.
    fn dump(&self, nodes: usize, format: Format) -> io::Result<PathBuf> {
        let end = if format == Format::Json { "json" } else { "yaml" };
        let path = self.folder.join(format!("{nodes}.{end}"));
        if !path.exists() {
            let mut out = BufWriter::new(File::create(&path)?);
            write(&Variant::Plain.shape(nodes), format, &mut out)?;
            out.flush()?;
        }
        Ok(path)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
