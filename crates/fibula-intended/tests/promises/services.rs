//! Services, asked by `walk`: every connection to their ClusterIPs.

use std::collections::BTreeMap;

use fibula_cluster::promise::{self, Said, Verb};
use fibula_cluster::{Service, ServicePort};
use fibula_network::*;

use crate::brute::{Brute, arrived, process};
use crate::whom::{End, addresses};

impl Brute<'_> {
    /// Every connection to a Service.
    pub(super) fn service(&mut self, from: End, said: &Said, service: &Service) {
        let network = &self.scene.network;
        let (End::Pod(source) | End::Node(source)) = from else {
            self.shared = true;
            return;
        };
        let contested = addresses(network, source).iter().any(|addr| network.is_contested(*addr));
        let Some(process) = process(network, source) else {
            self.mute = true;
            return;
        };
        let offered: Vec<Port> = (0u16..)
            .zip(&service.ports)
            .filter(|(i, p)| self.offers(service, self.ports(said), *i, p))
            .filter_map(|(_, p)| {
                let proto = Proto::ALL.into_iter().find(|q| q.name() == p.protocol.name())?;
                Some(Port { proto, number: p.number })
            })
            .collect();
        if offered.is_empty() || service.cluster_ips.is_empty() {
            return;
        }
        self.contested |= contested;
        let mut met = false;
        for ip in &service.cluster_ips {
            let dst = Addr::from(*ip);
            let own = addresses(network, source);
            let Some(src) = own.iter().copied().find(|addr| addr.family() == dst.family()) else {
                continue;
            };
            met = true;
            for port in &offered {
                let header =
                    Header { src, sport: 41_000, dst, dport: port.number, proto: port.proto };
                let cases = self.lives(process, header, &|lives| {
                    // A Service that has no endpoint refuses everybody; what leads back to its sender
                    // is a connection as any other (DR-4).
                    !lives.iter().all(arrived)
                });
                self.shared |= cases.len() > 1;
                let backends =
                    service.endpoints.iter().any(|end| network.is_contested(Addr::from(end.addr)));
                self.contested |= backends;
                self.cases.push((format!("{header:?}"), cases));
            }
        }
        if !met {
            self.cases.push((format!("{from:?} no family"), vec![(BTreeMap::new(), true)]));
        }
    }

    /// Whether somebody is an endpoint of a Service, at a port of those that are meant.
    pub(super) fn behind(
        &self,
        service: &Service,
        ports: &[promise::Ports],
        end: End,
        wanted: Port,
    ) -> bool {
        let owns = |ip: std::net::IpAddr| match end {
            End::Pod(id) | End::Node(id) => {
                addresses(&self.scene.network, id).contains(&Addr::from(ip))
            }
            End::World(addr) => addr == Addr::from(ip),
        };
        let reach = self.promise.verb == Verb::Reaches;
        (0u16..).zip(&service.ports).filter(|(i, p)| self.offers(service, ports, *i, p)).any(
            |(i, p)| {
                let ends = service.endpoints_of(i).iter().filter(|end| end.ready || !reach);
                let said = |number: u16| {
                    ports.iter().any(|ports| match ports {
                        promise::Ports::Range { protocol, first, last } => {
                            *protocol == p.protocol && (*first..=*last).contains(&number)
                        }
                        promise::Ports::Named(_) => false,
                    })
                };
                let narrow =
                    service.cluster_ips.is_empty() && ends.clone().any(|end| said(end.number));
                p.protocol.name() == wanted.proto.name()
                    && ends.clone().any(|end| {
                        end.number == wanted.number
                            && owns(end.addr)
                            && (!narrow || said(end.number))
                    })
            },
        )
    }

    fn offers(
        &self,
        service: &Service,
        ports: &[promise::Ports],
        index: u16,
        port: &ServicePort,
    ) -> bool {
        let headless = service.cluster_ips.is_empty();
        ports.is_empty()
            || ports.iter().any(|ports| match ports {
                promise::Ports::Named(name) => port.name.as_ref() == Some(name),
                promise::Ports::Range { protocol, first, last } => {
                    let own = service.endpoints_of(index).iter().map(|end| end.number);
                    let mut all = own.filter(|_| headless).chain([port.number]);
                    *protocol == port.protocol && all.any(|n| (*first..=*last).contains(&n))
                }
            })
    }
}
