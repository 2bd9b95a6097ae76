//! `trace`: what happens to a message, for people.

pub(crate) mod headline;

use fibula_answers::trace::{
    Affinity, Doubt, Granted, Instead, MOST_LIVES, Query, Trace, Unread, Way,
};
use fibula_network::walk::{Step, Verdict};
use fibula_network::{ElementId, Header, Kind, PlaceId};

use crate::branches;
use crate::open::{self, either};
use crate::page::{Page, Text};
use crate::policies;
use crate::preface::{Asked, Preface, count, list, thousands, unread_kind};
use crate::style::Label;
use crate::view::{View, host};

/// The verdict, then the life of the message and of its reply, or where its branches part, then
/// what is not certain and what was assumed.
pub fn trace(view: &View<'_>, trace: &Trace, preface: &Preface) -> Page {
    let mut page = Page::new();
    let (verdict, says) = headline::headline(view, trace).split_first();
    page.hanging(verdict.plain(" "), says.trim_start());
    page.blank();
    match &trace.open[..] {
        [] => {
            page.rows(2, branches::rows(view, trace, &trace.ways[0], 0));
            page.append(explained(view, &trace.ways[0]));
        }
        _ => {
            page.append(open::questions(view, trace));
            page.append(ways(view, trace));
        }
    }
    let because = because(trace);
    if !because.is_empty() {
        page.blank();
        for line in because {
            page.paragraph("because", &line);
        }
    }
    let assumed = assumed(view, trace, preface);
    let decide = open::decide(view, trace);
    let beside = open::beside(view, trace);
    let name = name(trace);
    let clients = clients(trace);
    let chosen = trace.from.alike > 1 || trace.to.alike > 1;
    let withheld = trace.is_nameless();
    if name.is_some()
        || withheld
        || chosen
        || !clients.is_empty()
        || !assumed.is_empty()
        || !decide.is_empty()
        || preface.laid.is_some()
    {
        page.blank();
    }
    if let Some(name) = name {
        page.paragraph("name", &name);
    }
    if let Some(Query::Withheld { service, header, ruling }) = &trace.query {
        let by = ruling.as_ref().map_or_else(|| "a policy".to_owned(), |r| policies::names(r));
        let sender = view.name(trace.from.process);
        let at = format!("{}, {}:{}/{}", service, host(header.dst), header.dport, header.proto);
        page.paragraph(
            "dns",
            &format!(
                "{sender} may not ask {at}: {by} drops it. The life above is that of a message to \
                 the address"
            ),
        );
    }
    if trace.from.alike > 1 {
        let name = view.name(trace.from.process);
        let alike = count(trace.from.alike, "sender");
        page.paragraph("chosen", &format!("{name}, the first of {alike} that are alike here"));
    }
    if trace.to.alike > 1 {
        let target = host(trace.header.dst);
        page.paragraph(
            "chosen",
            &format!("{target}, the first of {}", count(trace.to.alike, "pod")),
        );
    }
    for (word, line) in clients {
        page.paragraph(word, &line);
    }
    if let Some(laid) = preface.laid_line() {
        page.paragraph("overlay", &laid);
    }
    for line in assumed {
        page.paragraph("assumed", &line);
    }
    if let Some(beside) = beside {
        page.paragraph("also", &beside);
    }
    for line in decide {
        page.paragraph("decide", &line);
    }
    if let Some(missing) = preface.missing() {
        page.paragraph("missing", &missing);
    }
    page
}

/// How many ways are shown hop by hop.
const MOST_WAYS: usize = 3;

/// The ways in which an open answer can end: the first from its beginning, the others from where
/// they differ from it.
fn ways(view: &View<'_>, trace: &Trace) -> Page {
    let mut page = Page::new();
    let distinct = open::distinct(trace);
    for (i, way) in distinct.iter().map(|way| &trace.ways[*way]).enumerate() {
        let end = headline::way(view, way);
        let head = match (open::under(trace, way), i) {
            (Some(under), _) => Text::from("  ").with(Label::Name, under).plain("   ").then(end),
            (None, 0) => Text::from("  either ").then(end),
            (None, _) => Text::from("  or ").then(end),
        };
        if i >= MOST_WAYS {
            page.line(head);
            continue;
        }
        let from = if i == 0 { 0 } else { branches::part(&trace.ways[distinct[0]], way) };
        page.blank();
        page.line(if from > 0 { head.plain(", from where it differs:") } else { head });
        page.rows(2, branches::rows(view, trace, way, from));
        page.append(explained(view, way));
    }
    page
}

/// Why policies dropped what the rows of a way show last, in full.
fn explained(view: &View<'_>, way: &Way) -> Page {
    let mut page = Page::new();
    let branch = branches::shown(&way.branches);
    for ruling in &branch.rulings {
        let explained = policies::explained(view, ruling);
        if explained.is_empty() {
            continue;
        }
        page.blank();
        if ruling.step.is_none() {
            let (sign, says) = policies::says(view, ruling);
            let also = Text::new().with(Label::Bad, sign).plain("and further on: ");
            let or_not = policies::or_not(view, ruling);
            page.rows(2, vec![vec![also.then(says).plain(or_not)]]);
        }
        page.append(explained);
    }
    page
}

/// What DNS made of the name: `web = web.shop.svc.cluster.local = 10.96.0.7 (DNS-1)`. Nothing for
/// a name that says its object.
fn name(trace: &Trace) -> Option<String> {
    let resolved = trace.to.dns.as_ref().filter(|resolved| !resolved.said.contains('/'))?;
    let said = resolved.said.trim_end_matches('.').to_lowercase();
    let mut parts: Vec<String> = vec![resolved.said.clone()];
    parts.extend(resolved.names.iter().filter(|name| **name != said).cloned());
    let mut addresses: Vec<String> =
        resolved.addresses.iter().take(MOST_ADDRESSES).map(ToString::to_string).collect();
    if resolved.addresses.len() > MOST_ADDRESSES {
        addresses.push(format!("{} more", resolved.addresses.len() - MOST_ADDRESSES));
    }
    parts.push(list(&addresses));
    Some(format!("{} ({})", parts.join(" = "), resolved.by))
}

/// What a Service on the way is to its clients, each behind a word.
fn clients(trace: &Trace) -> Vec<(&'static str, String)> {
    let sticky = trace.affinity.iter().map(|Affinity { service, seconds }| {
        let seconds = thousands(u64::from(*seconds));
        let says = format!(
            "a client of svc/{service} keeps the endpoint that it got first, for {seconds} s \
             (SVC-42)"
        );
        ("sticky", says)
    });
    let mut lines: Vec<_> = sticky.collect();
    lines.extend(trace.instead.as_ref().map(|found| ("instead", instead(found))));
    lines
}

/// Where the world finds the Service whose ClusterIP it was asked to send to.
pub(crate) fn instead(found: &Instead) -> String {
    let Instead { service, targets, pending } = found;
    let waits = match pending {
        true => "; its load balancer has no address yet (SVC-24)",
        false => "",
    };
    match &targets[..] {
        [] => format!(
            "a ClusterIP means nothing outside (DR-13), and nothing leads from there to \
             svc/{service}{waits}"
        ),
        all => format!(
            "a ClusterIP means nothing outside (DR-13); the world finds svc/{service} at \
             {}{waits}",
            either(all)
        ),
    }
}

/// How many addresses of a name are shown.
const MOST_ADDRESSES: usize = 3;

/// What was assumed that this answer may rest on.
fn assumed(view: &View<'_>, trace: &Trace, preface: &Preface) -> Vec<String> {
    let met = |wanted: &dyn Fn(ElementId) -> bool| {
        trace.lives().any(|life| {
            life.steps.iter().any(|step| match *step {
                Step::Send { from, to, .. } => wanted(from) || wanted(to),
                _ => false,
            })
        })
    };
    let outside = trace.lives().any(|life| view.network.kind(life.ending.at) == Kind::World);
    let ours = |id| {
        let element = view.network.element(id);
        element.kind == Kind::Daemon && element.place == PlaceId::NONE
    };
    let granted = trace.granted.iter().map(|granted| match granted {
        Granted::Routed(addr) => {
            format!("whoever routes {addr} brings it to any of the nodes alike (SVC-22)")
        }
        Granted::Balanced(addr) => {
            format!(
                "the load balancer at {addr} sends to nodes as its health checks say, to each \
                 alike (SVC-59)"
            )
        }
    });
    let branches = trace.ways.iter().flat_map(|way| &way.branches);
    let judged = branches.into_iter().any(|branch| !branch.rulings.is_empty());
    let settled = trace.settled.iter().map(|settled| policies::settled(view, settled));
    let settled: Vec<String> = settled.collect();
    let invented = trace.doubts.iter().any(|doubt| match doubt {
        Doubt::Choice(id) => &*view.network.choice(*id).id == "DR-19",
        Doubt::Placement(_) | Doubt::Invented => true,
        _ => false,
    });
    let asked = Asked { outside, daemon: met(&ours), policies: judged, open: invented };
    let query = (trace.query == Some(Query::Granted)).then(|| {
        "policies let it ask the cluster's DNS, which the input does not tell (DNS-12)".to_owned()
    });
    granted.chain(settled).chain(query).chain(preface.assumed_for(asked)).collect()
}

/// Why an answer is not certain, beside the choices that are open.
pub(crate) fn because(trace: &Trace) -> Vec<String> {
    let arrives = trace.lives().any(|life| life.ending.verdict == Verdict::Delivered);
    doubtful(&trace.doubts, trace.header, arrives)
}

/// The same, of a message and whether it arrives.
pub(crate) fn doubtful(doubts: &[Doubt], header: Header, arrives: bool) -> Vec<String> {
    let other = doubts.iter().filter(|doubt| !matches!(doubt, Doubt::Choice(_)));
    let each = other.map(|doubt| match doubt {
        Doubt::Choice(_) => String::new(),
        Doubt::Many => format!(
            "it has more than {} branches, and not all were followed",
            thousands(MOST_LIVES as u64)
        ),
        Doubt::NodePort(name) => {
            format!("svc/{name} is still to get a nodePort, and it can be {} (SVC-7)", header.dport)
        }
        Doubt::Placement(name) => format!(
            "it depends on where the pods of {name} run, and the input does not say (DR-20)"
        ),
        Doubt::Services(unread) => {
            let (kinds, flags) = unread_words(unread);
            let why = match unread.iter().any(Unread::is_forbidden) {
                true => "were not read",
                false => "no mesh is read yet",
            };
            format!("{kinds} could lead it elsewhere, and {why} (DR-21); {flags} accepts that")
        }
        Doubt::Policies(unread) => {
            let (kinds, flags) = unread_words(unread);
            let could = if arrives { "withhold" } else { "allow" };
            format!(
                "{kinds} could {could} it, and {} not read (DR-21); {flags} accepts that",
                if unread.iter().map(Unread::count).sum::<usize>() == 1 { "was" } else { "were" }
            )
        }
        Doubt::Invented => format!(
            "the input does not say which ranges this cluster takes its addresses from, so {} may \
             be one of them (DR-19); --pod-cidr and --service-cidr say it",
            header.dst
        ),
        Doubt::Twins(name) => format!(
            "{name} was kept out, because two objects of that name contradict each other, and what \
             one of them says could change what happens to messages to {}",
            header.dst
        ),
    });
    each.collect()
}

/// How many of which kinds were not read, and the flags that accept that.
fn unread_words(unread: &[Unread]) -> (String, String) {
    let kinds: Vec<String> = unread.iter().map(unread_kind).collect();
    let flags: Vec<String> =
        unread.iter().map(|unread| format!("--ignore {}", unread.kind)).collect();
    (list(&kinds), flags.join(" "))
}
