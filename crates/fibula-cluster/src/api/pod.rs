//! Pods and what is in them.

use super::{Address, Conditions, Mentions, Metadata, Word, slim};

slim! {
    /// A pod.
    pub struct Pod {
        /// Name, labels, owners.
        pub metadata: Metadata,
        /// What it is meant to be.
        pub spec: PodSpec,
        /// What it is; empty in a manifest.
        pub status: PodStatus,
    }

    /// What a pod runs, and where.
    pub struct PodSpec {
        /// The Node that runs it; empty where none does yet.
        pub node_name: String,
        /// Whether it uses its Node's network (NM-14).
        pub host_network: bool,
        /// The name that it gives itself; its own where it is empty.
        pub hostname: Word,
        /// The headless Service below whose name it is known (DNS-6).
        pub subdomain: Word,
        /// Where it looks names up; `ClusterFirst` where it is empty (DNS-11).
        pub dns_policy: Word,
        /// Its containers.
        pub containers: Vec<Container>,
        /// Containers that run before these; with `restartPolicy: Always` beside them (POD-1).
        pub init_containers: Vec<Container>,
        /// Containers that were added for debugging.
        pub ephemeral_containers: Vec<Container>,
    }

    /// A container.
    pub struct Container {
        /// Its name.
        pub name: String,
        /// `Always` makes an init container a sidecar (POD-1).
        pub restart_policy: String,
        /// The ports that it declares (POD-2).
        pub ports: Vec<ContainerPort>,
        /// The addresses that values of its environment name.
        pub env: Mentions,
        /// The addresses that its command names.
        pub command: Mentions,
        /// The addresses that the arguments of that name.
        pub args: Mentions,
    }

    /// A declared port.
    pub struct ContainerPort {
        /// Its name, which Services and policies can use (POD-3).
        pub name: String,
        /// The port; 0 where it is absent.
        pub container_port: i64,
        /// The port of the Node that leads to it (POD-9); 0 where none does.
        pub host_port: i64,
        /// The address of the Node at which `host_port` stands (POD-9); at all where it is empty.
        #[serde(rename = "hostIP")]
        pub host_ip: Address,
        /// `TCP`, `UDP` or `SCTP`; TCP where it is empty.
        pub protocol: Word,
    }

    /// The state of a pod.
    pub struct PodStatus {
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; empty in a manifest.
        pub phase: Word,
        /// Whether it is ready.
        pub conditions: Conditions,
        /// The first of `pod_ips` (NM-13).
        #[serde(rename = "podIP")]
        pub pod_ip: Address,
        /// Its addresses, at most one per family.
        #[serde(rename = "podIPs")]
        pub pod_ips: Vec<Ip>,
        /// The first of `host_ips`.
        #[serde(rename = "hostIP")]
        pub host_ip: Address,
        /// The addresses of its Node.
        #[serde(rename = "hostIPs")]
        pub host_ips: Vec<Ip>,
    }

    /// An address in a list of a status.
    pub struct Ip {
        /// The address.
        pub ip: Address,
    }
}

impl Container {
    /// Takes the addresses that it names.
    pub fn take_mentions(&mut self) -> Mentions {
        let [env, command, args] =
            [&mut self.env, &mut self.command, &mut self.args].map(std::mem::take);
        env.and(command).and(args)
    }
}

impl PodSpec {
    /// Takes over the addresses that the containers of another name, which are like its own.
    pub(crate) fn mention(&mut self, other: &mut PodSpec) {
        let all = |spec: &mut PodSpec| -> Vec<Mentions> {
            let lists = [&mut spec.containers, &mut spec.init_containers];
            let lists = lists.into_iter().chain([&mut spec.ephemeral_containers]);
            lists.flatten().map(Container::take_mentions).collect()
        };
        let taken = all(self).into_iter().zip(all(other)).map(|(a, b)| a.and(b));
        let taken: Vec<Mentions> = taken.collect();
        let lists = [&mut self.containers, &mut self.init_containers];
        let lists = lists.into_iter().chain([&mut self.ephemeral_containers]);
        for (container, mentions) in lists.flatten().zip(taken) {
            container.env = mentions;
        }
    }
}

impl PodStatus {
    /// Its addresses as they are written: `podIPs`, else `podIP` (NM-13).
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        either(&self.pod_ips, &self.pod_ip)
    }

    /// The addresses of its Node, by the same choice.
    pub fn host_addresses(&self) -> impl Iterator<Item = &Address> {
        either(&self.host_ips, &self.host_ip)
    }
}

fn either<'a>(list: &'a [Ip], single: &'a Address) -> impl Iterator<Item = &'a Address> {
    let single = list.is_empty().then_some(single);
    let all = list.iter().map(|entry| &entry.ip);
    all.chain(single).filter(|ip| !ip.is_empty())
}
