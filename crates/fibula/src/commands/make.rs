//! `generate` and `completions`: things to use elsewhere.

use clap::CommandFactory;
use clap_complete::Shell;
use fibula_cluster::generate::{Format, Shape, write};

use crate::args::{Args, GenerateArgs, ObjectsFormat};
use crate::{Done, Exit, Streams};

/// A cluster of any size from a seed.
pub(crate) fn generate(args: &GenerateArgs, streams: &mut Streams<'_>) -> Done {
    let usual = Shape::of_nodes(args.nodes);
    let shape = Shape {
        seed: args.seed,
        pods: args.pods.unwrap_or(usual.pods),
        namespaces: args.namespaces.unwrap_or(usual.namespaces),
        containers: args.containers.unwrap_or(usual.containers),
        ports: args.ports.unwrap_or(usual.ports),
        services: args.services.unwrap_or(usual.services),
        dual_stack: args.dual_stack,
        host_network: args.host_network.unwrap_or(usual.host_network),
        workloads: args.workloads,
        padding: args.padding,
        ..usual
    };
    let format = match args.format {
        ObjectsFormat::Yaml => Format::Yaml,
        ObjectsFormat::Json => Format::Json,
    };
    write(&shape, format, streams.out)?;
    Ok(Exit::Yes)
}

/// The completions for a shell.
pub(crate) fn completions(shell: Shell, streams: &mut Streams<'_>) -> Done {
    let mut script = vec![];
    clap_complete::generate(shell, &mut Args::command(), "fibula", &mut script);
    streams.out.write_all(&script)?;
    Ok(Exit::Yes)
}
