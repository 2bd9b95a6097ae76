//! What follows from some facts once more, after one of them was changed: so that it can be tried
//! what a change would come to, without the objects that the facts were read from.

use super::endpoints::Around;
use super::policies::order;
use crate::cluster::{Cluster, Pod};
use crate::service::{Endpoint, Service, ServiceKind};

impl Cluster {
    /// Puts policies into their order of evaluation.
    pub fn sort_policies(&mut self) {
        self.policies.sort_by(order);
    }

    /// Finds again which pods a Service selects, and what stands behind it (SVC-10 to SVC-14), after
    /// its selector or ports, or the labels or ports of a pod were changed.
    ///
    /// Of a Service that slices speak for, those endpoints stay that are still selected, as the slice
    /// controller would leave them: a slice says more of an endpoint than its pod does.
    ///
    /// Costs a look at each pod.
    pub fn reselect(&mut self, service: usize) {
        let Some(before) = self.services.get(service) else { return };
        if before.selector.is_empty() || before.kind == ServiceKind::ExternalName {
            return;
        }
        let mut after = before.clone();
        let takes_part = |pod: &Pod| pod.live && (pod.host_network || !pod.addresses.is_empty());
        let selected = self.pods.iter().enumerate().filter(|(_, pod)| {
            pod.namespace == after.namespace
                && takes_part(pod)
                && pod.labels.matches(&after.selector)
        });
        after.selects = selected.map(|(index, _)| index).collect();
        let families = families(before, &self.pods);
        let around = Around::new(&self.pods, &self.nodes, &self.twins);
        let implied = around.implied(&after, |ip| families[usize::from(ip.is_ipv6())]);
        let endpoints = match before.sliced {
            false => implied,
            true => {
                let known = |endpoint: &Endpoint| {
                    let mut all = before.standing();
                    all.find(|own| own.pod == endpoint.pod && own.addr == endpoint.addr)
                };
                let mut all = implied;
                for endpoint in &mut all {
                    if let Some(known) = known(endpoint) {
                        endpoint.ready = known.ready;
                        endpoint.serving = known.serving;
                        endpoint.terminating = known.terminating;
                        endpoint.hints.clone_from(&known.hints);
                        endpoint.object = known.object;
                    }
                }
                all
            }
        };
        match after.is_portless() {
            true => after.portless = endpoints,
            false => after.endpoints = endpoints,
        }
        self.services[service] = after;
    }
}

/// Of which families a Service has endpoints, IPv4 first (SVC-12): those of its ClusterIPs; of a
/// headless one those that it has some of, else all that its pods have.
fn families(service: &Service, pods: &[Pod]) -> [bool; 2] {
    let of = |mut all: Box<dyn Iterator<Item = bool> + '_>| {
        all.by_ref().fold([false; 2], |mut has, v4| {
            has[usize::from(!v4)] = true;
            has
        })
    };
    let own = of(Box::new(service.cluster_ips.iter().map(std::net::IpAddr::is_ipv4)));
    if own != [false; 2] {
        return own;
    }
    match of(Box::new(service.standing().map(|endpoint| endpoint.addr.is_ipv4()))) {
        [false, false] => {
            of(Box::new(pods.iter().flat_map(|pod| &pod.addresses).map(std::net::IpAddr::is_ipv4)))
        }
        some => some,
    }
}
