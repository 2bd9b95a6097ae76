//! What the API server refuses in EndpointSlices and Endpoints.

use std::net::IpAddr;

use super::service::local;
use super::words::{PLAIN_NAME, plain_name};
use super::{Faults, port_number};
use crate::api;
use crate::cluster::Protocol;

impl Faults {
    pub(super) fn slice(&mut self, slice: &api::EndpointSlice) {
        let family: fn(&IpAddr) -> bool = match &*slice.address_type {
            "IPv4" => IpAddr::is_ipv4,
            "IPv6" => IpAddr::is_ipv6,
            // Names are nobody's addresses (SVC-16).
            "FQDN" => return,
            other => return self.add("addressType", other, "IPv4, IPv6 or FQDN"),
        };
        for (i, endpoint) in slice.endpoints.iter().enumerate() {
            let address = &endpoint.addresses.0;
            let ip = address.ip();
            // The path is written only where it is shown.
            if ip.is_none_or(local) {
                self.reachable(&format!("endpoints[{i}].addresses[0]"), address, ip);
            } else if !ip.is_some_and(|ip| family(&ip)) {
                let expected = format!("an {} address, as addressType says", &*slice.address_type);
                self.add(format!("endpoints[{i}].addresses[0]"), address, &expected);
            }
        }
        self.endpoint_ports("ports", &slice.ports);
    }

    pub(super) fn endpoints(&mut self, endpoints: &api::Endpoints) {
        for (i, subset) in endpoints.subsets.iter().enumerate() {
            let lists = [
                ("addresses", &subset.addresses),
                ("notReadyAddresses", &subset.not_ready_addresses),
            ];
            for (list, addresses) in lists {
                for (j, entry) in addresses.iter().enumerate() {
                    if entry.ip.ip().is_none_or(local) {
                        let path = format!("subsets[{i}].{list}[{j}].ip");
                        self.reachable(&path, &entry.ip, entry.ip.ip());
                    }
                }
            }
            self.endpoint_ports(&format!("subsets[{i}].ports"), &subset.ports);
        }
    }

    fn endpoint_ports(&mut self, at: &str, ports: &[api::EndpointPort]) {
        for (i, port) in ports.iter().enumerate() {
            if port.port != 0 && port_number(port.port).is_none() {
                self.port(format!("{at}[{i}].port"), port.port);
            }
            if Protocol::read(&port.protocol).is_none() {
                self.protocol(format!("{at}[{i}].protocol"), &port.protocol);
            }
            if ports[..i].iter().any(|before| before.name == port.name) {
                let expected = match port.name.as_str() {
                    "" => "a name, since there are several ports",
                    _ => "a name that no other port has",
                };
                self.add(format!("{at}[{i}].name"), &port.name, expected);
            } else if !port.name.is_empty() && !plain_name(&port.name) {
                self.add(format!("{at}[{i}].name"), &port.name, PLAIN_NAME);
            }
        }
    }
}
