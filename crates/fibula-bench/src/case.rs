//! The pieces of work that are measured, by name.

use std::hint::black_box;
use std::path::PathBuf;

use fibula_answers::constraints::verify;
use fibula_cluster::{Cluster, Options};
use fibula_network::flow::Ground;
use fibula_network::walk::{Walks, walk};
use fibula_network::{Kind, Network};
use fibula_source::{Input, read};

use crate::measure::{Sample, measure};
use crate::scene::{Variant, message};
use crate::services::{rewritten, to_service};

/// A piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Objects to the facts of a cluster.
    Cluster,
    /// A cluster to its network.
    Network,
    /// What all questions to a network share.
    Ground,
    /// C1 to C4 and R5 of a network.
    Verify,
    /// A cluster to its network, and C1 to C4 and R5 of that.
    Prove,
    /// The life of one message between Pods of two Nodes.
    Walk,
    /// The life of one message to a Service, among others that were followed before.
    ToService,
    /// The headers that a Node's Services rewrite, of what Pods send: by entry, and all of them.
    Rewritten,
    /// The FIB of one Node, in the article's form.
    Written,
    /// A file to objects.
    Read,
}

// === impl Case ===

impl Case {
    /// Each case.
    pub const ALL: [Case; 10] = [
        Case::Cluster,
        Case::Network,
        Case::Ground,
        Case::Verify,
        Case::Prove,
        Case::Walk,
        Case::ToService,
        Case::Rewritten,
        Case::Written,
        Case::Read,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Case::Cluster => "objects to cluster",
            Case::Network => "cluster to network",
            Case::Ground => "ground of a proof",
            Case::Verify => "network to proof",
            Case::Prove => "cluster to proof",
            Case::Walk => "one walk",
            Case::ToService => "one walk to a Service",
            Case::Rewritten => "headers that are rewritten",
            Case::Written => "a Node's FIB, written",
            Case::Read => "read",
        }
    }

    /// Measures it in this process; `file` is what [`Case::Read`] reads.
    pub fn run(self, nodes: usize, variant: Variant, file: Option<PathBuf>) -> Sample {
        match self {
            Case::Cluster => {
                let work = |objects| Cluster::new(objects, &Options::default());
                measure(|| variant.objects(nodes), work, 1)
            }
            Case::Network => {
                let cluster = variant.cluster(nodes);
                measure(|| (), |()| variant.network(&cluster), 1)
            }
            Case::Prove => {
                let cluster = variant.cluster(nodes);
                let prove = |()| {
                    let network = variant.network(&cluster);
                    (verify(&network), network)
                };
                measure(|| (), prove, 1)
            }
            Case::Ground
            | Case::Verify
            | Case::Walk
            | Case::ToService
            | Case::Rewritten
            | Case::Written => {
                let cluster = variant.cluster(nodes);
                let network = variant.network(&cluster);
                drop(cluster);
                self.on(&network)
            }
            Case::Read => {
                let path = file.unwrap_or_default();
                let bytes = std::fs::metadata(&path).map(|file| file.len()).unwrap_or_default();
                let inputs = [Input::Path(path)];
                Sample { bytes, ..measure(|| (), |()| read(&inputs), 1) }
            }
        }
    }

    fn on(self, network: &Network) -> Sample {
        const WALKS: u32 = 10_000;
        match self {
            Case::Ground => measure(|| (), |()| Ground::new(network), 1),
            Case::Walk => {
                let Some((from, header)) = message(network) else { return Sample::default() };
                let walks = |()| {
                    for _ in 0..WALKS {
                        black_box(walk(network, black_box(from), header, &[]));
                    }
                };
                measure(|| (), walks, WALKS)
            }
            Case::ToService => {
                let walks = Walks::new(network);
                let Some((from, header)) = to_service(&walks, network) else {
                    return Sample::default();
                };
                let many = |()| {
                    for _ in 0..WALKS {
                        black_box(walks.walk(black_box(from), header, &[]));
                    }
                };
                measure(|| (), many, WALKS)
            }
            Case::Rewritten => {
                let ground = Ground::new(network);
                let Some(node) = network.of_kind(Kind::Node).next() else {
                    return Sample::default();
                };
                measure(|| (), |()| rewritten(&ground, node, Kind::Pod), 1)
            }
            Case::Written => {
                let Some(node) = network.of_kind(Kind::Node).next() else {
                    return Sample::default();
                };
                measure(|| (), |()| network.written(node), 1)
            }
            _ => measure(|| (), |()| verify(network), 1),
        }
    }
}
