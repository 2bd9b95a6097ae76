//! `--overlay`: manifests laid over what was read.

use std::collections::BTreeMap;

use fibula_cluster::{Laid, More, ObjectId, Overlaid, later, overlay};
use fibula_source::Read;

use super::input;
use crate::args::KubeArgs;
use crate::{Stop, Streams};

/// What overlays did.
#[derive(Default)]
pub(crate) struct Over {
    /// Pods that workloads make beside those that were read.
    pub(crate) more: BTreeMap<ObjectId, More>,
    /// What is told of it; none where nothing was laid over.
    pub(crate) laid: Option<Laid>,
}

impl Over {
    /// Lays inputs over what was read; of several, those that come later over the others.
    pub(crate) fn lay(
        named: &[String],
        read: &mut Read,
        kube: &KubeArgs,
        streams: &mut Streams<'_>,
    ) -> Result<Over, Stop> {
        if named.is_empty() {
            return Ok(Over::default());
        }
        let mut over = vec![];
        for name in named {
            let input = input(name, kube, streams)?;
            over = later(over, read.append(fibula_source::read(&[input])));
        }
        let base = std::mem::take(&mut read.objects);
        let Overlaid { objects, more, laid } = overlay(base, over);
        read.objects = objects;
        Ok(Over { more, laid: Some(laid) })
    }
}
