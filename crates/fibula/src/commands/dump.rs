//! `dump`: a cluster, saved.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};

use fibula_answers::names::Hosts;
use fibula_cluster::generate::Format;
use fibula_cluster::{Cluster, Dump, Keep, Missing, Options};
use fibula_report::error;
use fibula_source::Read;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::args::{DumpArgs, ObjectsFormat};
use crate::inputs::{CLUSTER, forbidden, input, named};
use crate::{Done, Exit, Stop, Streams, progress};

/// Saves what is read of a cluster. What was refused is told, and is not in it: then the answer is
/// that it could not be done as a whole.
pub(crate) fn dump(args: &DumpArgs, default: Option<OsString>, streams: &mut Streams<'_>) -> Done {
    let default = default.or_else(|| Some(CLUSTER.into()));
    let named = named(args.file.iter().chain(&args.inputs), &args.kube, default)?;
    let inputs = named.iter().map(|name| input(name, &args.kube, streams));
    let inputs = inputs.collect::<Result<Vec<_>, Stop>>()?;
    let doing = progress::doing(format!("reading {}", named.join(", ")));
    let read = fibula_source::read(&inputs);
    drop(doing);
    for refusal in &read.refused {
        error::refusal(refusal).print(&streams.err_screen, streams.err)?;
    }
    if read.objects.is_empty() && !read.refused.is_empty() {
        return Ok(Exit::Cannot);
    }
    if read.objects.is_empty() && read.unread.is_empty() {
        let what = format!("no Kubernetes objects that fibula reads in {}", named.join(", "));
        return Err(Stop::cannot(&what, None));
    }
    if let Some(note) = forbidden(&read.forbidden) {
        note.print(&streams.err_screen, streams.err)?;
    }
    let cluster = args.with_env.then(|| Cluster::new(read.objects.clone(), &Options::default()));
    let hosts = cluster.as_ref().map(Hosts::new);
    let keep = hosts.as_ref().map(|hosts| |namespace: &str, host: &str| hosts.has(namespace, host));
    let keep = keep.as_ref().map(|keep| keep as Keep<'_>);
    let mut missing = missing(&read);
    let dump = Dump { objects: &read.objects, missing: &[], keep };
    let naming = dump.naming();
    if read.without_env || naming > 0 && !args.with_env {
        missing.push(Missing::ENVIRONMENTS);
    }
    let dump = Dump { missing: &missing, ..dump };
    let format = match args.output.format {
        ObjectsFormat::Json => Format::Json,
        ObjectsFormat::Yaml => Format::Yaml,
    };
    match &args.output.file {
        None => dump.write(format, streams.out)?,
        Some(name) if name == "-" => dump.write(format, streams.out)?,
        Some(name) => write(&dump, format, name)
            .map_err(|error| Stop::cannot(&format!("cannot write {name}: {error}"), None))?,
    }
    if naming > 0 && !args.with_env {
        let names = match naming {
            1 => "1 container names".to_owned(),
            n => format!("{n} containers name"),
        };
        let says = format!(
            "{names} addresses in their environment, commands or arguments; these \
             are left out, so that check and reach --only unused know of none. --with-env keeps them"
        );
        error::note(&says).print(&streams.err_screen, streams.err)?;
    }
    Ok(if read.refused.is_empty() { Exit::Yes } else { Exit::Cannot })
}

fn write(dump: &Dump<'_>, format: Format, name: &str) -> io::Result<()> {
    let mut file = io::BufWriter::new(File::create(name)?);
    if name.ends_with(".gz") {
        let mut packer = GzEncoder::new(file, Compression::default());
        dump.write(format, &mut packer)?;
        packer.finish()?.flush()
    } else {
        dump.write(format, &mut file)?;
        file.flush()
    }
}

/// What stands for objects that decide traffic and were not read.
fn missing(read: &Read) -> Vec<Missing<'_>> {
    let objects = read.unread.iter().map(|object| Missing {
        api_version: &object.api_version,
        kind: &object.kind,
        namespace: &object.namespace,
        name: &object.name,
    });
    let kinds = read.forbidden.iter().map(|kind| Missing {
        api_version: &kind.api_version,
        kind: &kind.kind,
        namespace: "",
        name: "",
    });
    objects.chain(kinds).collect()
}
