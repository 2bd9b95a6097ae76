//! K1 as a network, and pages on screens of all kinds.

use std::path::Path;

use fibula_cluster::{Cluster, Options};
use fibula_intended::{Intent, Listeners, Refinement, network, place};
use fibula_network::{ElementId, Network, PlaceId};
use fibula_report::Screen;
use fibula_source::{Input, Sources, read};

/// A terminal of 80 columns.
pub(crate) const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
/// A terminal of 200 columns.
pub(crate) const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };
/// A terminal with colours.
pub(crate) const COLOUR: Screen = Screen { width: Some(120), color: true, unicode: true };
/// A terminal of another age.
pub(crate) const ASCII: Screen = Screen { width: Some(120), color: false, unicode: false };

/// K1 as it is embedded, and where its objects stand.
pub(crate) struct K1 {
    pub(crate) cluster: Cluster,
    sources: Sources,
}

impl K1 {
    pub(crate) fn new() -> K1 {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fibula/k1.yaml");
        let mut read = read(&[Input::Path(file)]);
        assert_eq!(read.refused, []);
        let objects = std::mem::take(&mut read.objects);
        K1 { cluster: Cluster::new(objects, &Options::default()), sources: read.sources }
    }

    /// The network of K1, in which the declared ports are all that is listened on.
    pub(crate) fn network(&self, without: &[Refinement]) -> Network {
        let listeners = Listeners::Declared;
        network(
            &self.cluster,
            &Intent { without: without.to_vec(), listeners, daemons: vec![], ..Intent::default() },
        )
    }

    /// `k1.yaml:LINE`
    pub(crate) fn place(&self, id: PlaceId) -> Option<String> {
        let place = place(id)?;
        let position = self.sources.position(place.object, &self.cluster.path(place))?;
        Some(format!("k1.yaml:{}", position.line))
    }
}

/// The element with this last name.
pub(crate) fn find(network: &Network, name: &str) -> ElementId {
    let last = |id: &ElementId| network.element(*id).name.rsplit('/').next() == Some(name);
    network.ids().find(last).expect("the element is in the network")
}
