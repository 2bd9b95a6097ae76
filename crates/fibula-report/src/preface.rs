//! What an answer rests on: what was read, what it is about, and what was assumed.

use fibula_answers::trace::Unread;
use fibula_cluster::{Assumption, Cluster, Decides, Laid};

use crate::page::Page;
pub(crate) use crate::words::{count, list, thousands, unread_kind};

/// What an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preface {
    /// What was read.
    pub read: Reading,
    /// Where the network comes from.
    pub about: About,
    /// What was taken for granted of the cluster.
    pub assumptions: Vec<Assumption>,
    /// What was taken for granted beside that.
    pub taken: Vec<Taken>,
    /// What decides traffic and was not read.
    pub unread: Vec<Unread>,
    /// How many objects were refused.
    pub refused: usize,
    /// How many names have objects that contradict each other, which were kept out.
    pub kept_out: usize,
    /// What was laid over the input, if anything was.
    pub laid: Option<Laid>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// How many files.
    pub files: usize,
    /// Whether it was a cluster as it runs, or some of it was.
    pub live: bool,
    /// How many Nodes the cluster has.
    pub nodes: usize,
    /// How many namespaces.
    pub namespaces: usize,
    /// How many pods.
    pub pods: usize,
    /// How many of them take no part: finished, or not started.
    pub finished: usize,
    /// How many Services.
    pub services: usize,
    /// How many policies.
    pub policies: usize,
    /// How many objects were left, because they decide nothing about the network.
    pub left: usize,
    /// Files of folders, with their lines, that are no YAML at all, and were left.
    pub garbled: Vec<String>,
}

/// Where a network comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum About {
    /// It is what Kubernetes intends for objects.
    #[default]
    Intended,
    /// It was read, from a file of this name.
    Read(String),
}

/// What was taken for granted beside the objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A daemon on every Node that is in no object, such as `kubelet:10250`.
    Daemon(String),
    /// Declared ports are all that listen (POD-2).
    Listeners,
    /// Refinements are switched off: their ids.
    Without(Vec<String>),
    /// What Kubernetes leaves open was decided: by a profile, and each answer, `DR-3=yes`.
    Decided {
        /// The name of the profile, if one was taken.
        profile: Option<String>,
        /// Each decision, with its answer: of those that were taken over the profile, none.
        answers: Vec<String>,
        /// Those that were taken over the profile, with their answers.
        over: Vec<String>,
    },
}

/// What an answer about one message is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Whether it left the cluster.
    pub(crate) outside: bool,
    /// Whether a daemon of ours had part in it.
    pub(crate) daemon: bool,
    /// Whether a policy had a say.
    pub(crate) policies: bool,
    /// Whether it depends on what was invented.
    pub(crate) open: bool,
}

// === impl Reading ===

impl Reading {
    /// Counts a cluster that was read from so many files.
    pub fn new(cluster: &Cluster, files: usize, left: usize) -> Reading {
        Reading {
            files,
            live: false,
            nodes: cluster.nodes.len(),
            namespaces: cluster.namespaces.len(),
            pods: cluster.pods.len(),
            finished: cluster.pods.iter().filter(|pod| !pod.live).count(),
            services: cluster.services.len(),
            policies: cluster.policies.len(),
            left,
            garbled: vec![],
        }
    }
}

// === impl Preface ===

impl Preface {
    /// `read`, `about` and `assumed`, a line each, wrapped where a screen is narrow.
    pub fn page(&self) -> Page {
        let mut page = Page::new();
        if self.about == About::Intended {
            page.paragraph("read", &self.read_line());
        }
        if let Some(laid) = self.laid_line() {
            page.paragraph("overlay", &laid);
        }
        page.paragraph("about", &self.about_line());
        for line in self.assumed_lines() {
            page.paragraph("assumed", &line);
        }
        if let Some(missing) = self.missing() {
            page.paragraph("missing", &missing);
        }
        page
    }

    /// What should be in the network and is not: whatever it could change is undecided.
    pub(crate) fn missing(&self) -> Option<String> {
        let parts = [(self.refused, "refused piece"), (self.kept_out, "contradicting name")];
        let some = parts.iter().filter(|(n, _)| *n > 0);
        let some: Vec<String> = some.map(|(n, what)| count(*n, what)).collect();
        let verb = if self.refused + self.kept_out == 1 { "is" } else { "are" };
        (!some.is_empty()).then(|| format!("{} {verb} not in this network", list(&some)))
    }

    /// What was laid over the input: `3 objects: 2 changed, 1 new; 4 pods give way`.
    pub(crate) fn laid_line(&self) -> Option<String> {
        let Laid { objects, changed, new, pods } = self.laid?;
        let same = objects.saturating_sub(changed + new);
        let parts = [(changed, "changed"), (new, "new"), (same, "as it was")];
        let some = parts.iter().filter(|(n, _)| *n > 0);
        let some: Vec<String> =
            some.map(|(n, what)| format!("{} {what}", thousands(*n as u64))).collect();
        let some = if some.is_empty() { String::new() } else { format!(": {}", some.join(", ")) };
        let pods = match pods {
            0 => String::new(),
            1 => "; 1 pod gives way".to_owned(),
            n => format!("; {} give way", count(n, "pod")),
        };
        Some(format!("{}{some}{pods}", count(objects, "object")))
    }

    fn read_line(&self) -> String {
        let Reading { files, nodes, namespaces, pods, finished, services, policies, .. } =
            &self.read;
        let (files, nodes, namespaces) = (*files, *nodes, *namespaces);
        let (pods, finished, services, policies) = (*pods, *finished, *services, *policies);
        let finished =
            if finished > 0 { format!(" ({finished} not running)") } else { String::new() };
        let left = match self.read.left {
            0 => String::new(),
            left => format!("; {} left", count(left, "other object")),
        };
        let policies = match policies {
            0 => String::new(),
            n => format!(", {}", count(n, "policy")),
        };
        let garbled = self.garbled().map_or(String::new(), |text| format!("; {text}"));
        let whence = match (self.read.live, files) {
            (true, 0) => "the cluster that kubectl sees".to_owned(),
            (true, n) => format!("the cluster that kubectl sees, and {}", count(n, "file")),
            (false, n) => count(n, "file"),
        };
        format!(
            "{whence}: {}, {}, {}{finished}, {}{policies}{left}{garbled}",
            count(nodes, "node"),
            count(namespaces, "namespace"),
            count(pods, "pod"),
            count(services, "Service"),
        )
    }

    /// What is no YAML at all: how much, and the first.
    pub fn garbled(&self) -> Option<String> {
        match &self.read.garbled[..] {
            [] => None,
            [one] => Some(format!("1 file is no YAML, and was left: {one}")),
            [first, ..] => {
                let n = thousands(self.read.garbled.len() as u64);
                Some(format!("{n} files are no YAML, and were left: {first} is the first"))
            }
        }
    }

    fn about_line(&self) -> String {
        match &self.about {
            About::Intended => "the network that Kubernetes intends for these objects; \
                                no node was looked at"
                .to_owned(),
            About::Read(file) => format!("the network that {file} describes"),
        }
    }

    /// What was assumed, in sentences.
    pub fn assumed_lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.taken.iter().map(taken).collect();
        lines.extend(self.invented());
        lines.extend(self.assumptions.iter().filter_map(assumption));
        let policies = self.unread_line(Decides::Policy);
        lines
            .extend(policies.map(|kinds| {
                format!("not read yet: {kinds}, which may withhold messages (DR-21)")
            }));
        lines.extend(self.not_followed());
        lines
    }

    /// What was assumed that an answer about one message may rest on.
    pub(crate) fn assumed_for(&self, asked: Asked) -> Vec<String> {
        let Asked { outside, daemon, policies, open } = asked;
        let part = |taken: &&Taken| match taken {
            Taken::Daemon(_) => daemon,
            Taken::Decided { .. } => policies,
            Taken::Listeners | Taken::Without(_) => true,
        };
        let mut lines: Vec<String> = self.taken.iter().filter(part).map(taken).collect();
        let certain = if outside || open { "" } else { "; none decided this answer" };
        lines.extend(self.invented().map(|line| format!("{line}{certain}")));
        let range = |a: &&Assumption| {
            outside || !matches!(a, Assumption::NoPodRange | Assumption::NoServiceRange)
        };
        lines.extend(self.assumptions.iter().filter(range).filter_map(assumption));
        lines
    }

    /// What decides traffic and was not read, in a line for each thing that it decides.
    pub fn unread_lines(&self) -> Vec<String> {
        let each = [Decides::Policy, Decides::Service, Decides::Gateway];
        each.iter().filter_map(|decides| self.unread_line(*decides)).collect()
    }

    /// Whether policies were not read that may withhold messages.
    pub(crate) fn has_unread_policies(&self) -> bool {
        self.unread.iter().any(|unread| unread.decides == Decides::Policy)
    }

    /// What the input lacks and was invented, in one sentence.
    fn invented(&self) -> Option<String> {
        let number =
            |wanted: fn(&Assumption) -> Option<usize>| self.assumptions.iter().find_map(wanted);
        let mut parts = vec![];
        if let Some(n) = number(|a| match a {
            Assumption::Nodes(n) => Some(*n),
            _ => None,
        }) {
            parts.push(count(n, "node"));
        }
        if let Some(n) = number(|a| match a {
            Assumption::Placement(n) => Some(*n),
            _ => None,
        }) {
            let run = if n == 1 { "runs" } else { "run" };
            parts.push(format!("where {} {run}", count(n, "pod")));
        }
        let addresses: [(&str, Option<usize>); 3] = [
            (
                "node",
                number(|a| match a {
                    Assumption::NodeAddresses(n) => Some(*n),
                    _ => None,
                }),
            ),
            (
                "pod",
                number(|a| match a {
                    Assumption::PodAddresses(n) => Some(*n),
                    _ => None,
                }),
            ),
            (
                "Service",
                number(|a| match a {
                    Assumption::ServiceAddresses(n) => Some(*n),
                    _ => None,
                }),
            ),
        ];
        let some: Vec<String> =
            addresses.iter().filter_map(|(what, n)| Some(count((*n)?, what))).collect();
        if !some.is_empty() {
            parts.push(format!("the addresses of {}", list(&some)));
        }
        let comma = |parts: Vec<String>| match &parts[..] {
            [most @ .., last] if !most.is_empty() => format!("{}, and {last}", most.join(", ")),
            _ => parts.concat(),
        };
        (!parts.is_empty()).then(|| format!("{} (the input has none; DR-19, DR-20)", comma(parts)))
    }

    fn not_followed(&self) -> Option<String> {
        let kinds = [Decides::Service, Decides::Gateway];
        let kinds: Vec<String> = kinds.iter().filter_map(|d| self.unread_line(*d)).collect();
        (!kinds.is_empty()).then(|| format!("not followed: {} (DR-21)", kinds.join(", ")))
    }

    fn unread_line(&self, decides: Decides) -> Option<String> {
        let of = self.unread.iter().filter(|unread| unread.decides == decides);
        let kinds: Vec<String> = of.map(unread_kind).collect();
        (!kinds.is_empty()).then(|| list(&kinds))
    }
}

fn taken(taken: &Taken) -> String {
    match taken {
        Taken::Daemon(daemon) => format!("{daemon} on every node"),
        Taken::Listeners => "declared ports are all that listen (POD-2)".to_owned(),
        Taken::Without(ids) => format!("the article's graph without {}", list(ids)),
        Taken::Decided { profile: Some(profile), answers, over } => {
            let but = match &over[..] {
                [] => String::new(),
                over => format!(", but {}", over.join(", ")),
            };
            let as_is = match &answers[..] {
                [] => String::new(),
                answers => format!(": {}", answers.join(", ")),
            };
            format!("your plugin is as the profile {profile}{as_is}{but}")
        }
        Taken::Decided { profile: None, answers, .. } => {
            format!("your plugin does as you decided: {}", answers.join(", "))
        }
    }
}

/// An assumption in a sentence; none for what is told as invented.
fn assumption(assumption: &Assumption) -> Option<String> {
    Some(match assumption {
        Assumption::NamedNodes(names) => {
            let shown: Vec<String> = names.iter().take(3).cloned().collect();
            let more = names.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more}: named by pods, not read", list(&shown))
        }
        Assumption::NoServiceRange => {
            "no range of Services is known: their free addresses count as outside (R3)".to_owned()
        }
        Assumption::NoPodRange => {
            "no range of pods is known: their free addresses count as outside (R3)".to_owned()
        }
        Assumption::Capped { asked, made } => {
            format!("{} of the {} that workloads ask for", count(*made, "pod"), thousands(*asked))
        }
        Assumption::Nodes(_)
        | Assumption::Placement(_)
        | Assumption::NodeAddresses(_)
        | Assumption::PodAddresses(_)
        | Assumption::ServiceAddresses(_) => return None,
    })
}
