//! What people see of a network: text, DOT, Mermaid, and the demonstration.

mod common;

use common::{ASCII, COLOUR, K1, NARROW, WIDE, find};
use fibula_answers::verify;
use fibula_cluster::generate::{Shape, objects};
use fibula_cluster::{Cluster, Options};
use fibula_intended::{Intent, Refinement, network};
use fibula_network::{Addr, Network};
use fibula_report::{
    Broken, Demo, GraphOptions, Page, Screen, View, cut, demo, dot, graph, mermaid,
};
use snapbox::{assert_data_eq, file};

/// A cluster of so many Nodes, made from a seed.
fn large(nodes: usize) -> Network {
    let cluster = Cluster::new(objects(&Shape::of_nodes(nodes)), &Options::default());
    network(&cluster, &Intent::default())
}

fn k1_demo() -> Page {
    let k1 = K1::new();
    let place = |id| k1.place(id);
    let whole = k1.network(&[]);
    let article = k1.network(&[Refinement::R1]);
    let lost = cut(&whole, "n1", Addr::v4([10, 0, 2, 1]));
    let proofs = [&whole, &article, &lost].map(verify);
    let broken = [
        Broken {
            title: "the article's own graph, without R1",
            network: &article,
            proof: &proofs[1],
        },
        Broken { title: "n1 without its entry for 10.0.2.1", network: &lost, proof: &proofs[2] },
    ];
    let view = View::new(&whole, &place);
    demo(&Demo { view: &view, proof: &proofs[0], broken: &broken })
}

fn graph_of(options: impl Fn(&Network) -> GraphOptions) -> Page {
    let k1 = K1::new();
    let network = k1.network(&[]);
    let place = |id| k1.place(id);
    graph(&View::new(&network, &place), &options(&network))
}

fn text(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = vec![];
    write(&mut out);
    String::from_utf8(out).expect("pictures are UTF-8")
}

#[test]
fn k1_is_demonstrated() {
    let page = k1_demo();
    assert_data_eq!(page.render(&WIDE), file!["snapshots/demo-200.txt"].raw());
    assert_data_eq!(page.render(&NARROW), file!["snapshots/demo-80.txt"].raw());
    assert_data_eq!(page.render(&ASCII), file!["snapshots/demo-ascii.txt"].raw());
    assert!(page.render(&ASCII).is_ascii());
    assert_data_eq!(page.render(&COLOUR), file!["snapshots/demo.term.svg": TermSvg].raw());
}

#[test]
fn n1_a_network_is_a_tree_its_links_and_its_tables() {
    let page = graph_of(|_| GraphOptions::default());
    assert_data_eq!(page.render(&WIDE), file!["snapshots/graph-200.txt"].raw());
    assert_data_eq!(page.render(&NARROW), file!["snapshots/graph-80.txt"].raw());
    assert_data_eq!(page.render(&ASCII), file!["snapshots/graph-ascii.txt"].raw());
}

#[test]
fn n6_a_fib_prints_in_the_articles_own_form() {
    let switches = |network: &Network| vec![find(network, "n1"), find(network, "p1")];
    let page = graph_of(|n| GraphOptions { switches: switches(n), ..GraphOptions::default() });
    assert_data_eq!(page.render(&WIDE), file!["snapshots/fib.txt"].raw());
    let page = graph_of(|n| GraphOptions {
        switches: switches(n),
        shared: true,
        ..GraphOptions::default()
    });
    assert_data_eq!(page.render(&WIDE), file!["snapshots/fib-shared.txt"].raw());
}

#[test]
fn n2_missing_links_are_named() {
    let k1 = K1::new();
    let mut network = k1.network(&[]);
    let [n1, n2, p1] = ["n1", "n2", "p1"].map(|name| find(&network, name));
    network.links = network.links.without(n1, n2).without(p1, n1);
    let place = |_| None;
    let page = graph(&View::new(&network, &place), &GraphOptions::default());
    let links: Vec<String> = page
        .render(&Screen::PIPE)
        .lines()
        .skip_while(|line| !line.contains("links"))
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        links,
        [
            "links the two nodes with each other; each node with the outside; all else with its \
             host; but not all",
            "✗ no link p1 and n1",
            "✗ no link n1 and n2",
        ]
    );
}

#[test]
fn large_networks_are_counted_where_they_cannot_be_drawn() {
    let place = |_| None;
    let small = large(4);
    let page = graph(&View::new(&small, &place), &GraphOptions { max: 60, ..Default::default() });
    assert_data_eq!(page.render(&WIDE), file!["snapshots/graph-4-nodes.txt"].raw());
    let narrow = page.render(&Screen { width: Some(60), ..NARROW });
    assert_data_eq!(narrow, file!["snapshots/graph-4-nodes-60.txt"].raw());
    let network = large(300);
    let page = graph(&View::new(&network, &place), &GraphOptions { max: 8, ..Default::default() });
    assert_data_eq!(page.render(&NARROW), file!["snapshots/graph-300-nodes.txt"].raw());
    let page = graph(&View::new(&network, &place), &GraphOptions { max: 0, ..Default::default() });
    assert!(page.render(&NARROW).contains("… and 299 more nodes"));
}

#[test]
fn an_empty_network_is_nothing() {
    let network = Network::default();
    let place = |_| None;
    let view = View::new(&network, &place);
    let page = graph(&view, &GraphOptions::default()).render(&WIDE);
    assert!(page.starts_with("nothing\n"), "{page}");
    assert_eq!(text(|out| mermaid(&view, false, out).expect("no end to memory")), "flowchart TB\n");
}

#[test]
fn pictures_are_containers_in_pods_in_nodes() {
    let k1 = K1::new();
    let network = k1.network(&[]);
    let place = |_| None;
    let view = View::new(&network, &place);
    let drawn = text(|out| dot(&view, false, out).expect("no end to memory"));
    assert_data_eq!(drawn, file!["snapshots/k1.dot"].raw());
    let drawn = text(|out| mermaid(&view, false, out).expect("no end to memory"));
    assert_data_eq!(drawn, file!["snapshots/k1.mmd"].raw());
}

#[test]
fn pictures_of_large_networks_collapse_pods_and_meshes() {
    let network = large(20);
    let place = |_| None;
    let view = View::new(&network, &place);
    let drawn = text(|out| dot(&view, false, out).expect("no end to memory"));
    assert_data_eq!(&drawn, file!["snapshots/large.dot"].raw());
    let all = text(|out| dot(&view, true, out).expect("no end to memory"));
    // Each link of the graph (G5 to G8) is an edge; the mesh is one to each of its members.
    let edges = all.lines().filter(|line| line.contains(" -- ")).count();
    assert_eq!(edges, network.links.pairs().count() + 20);
}

#[test]
fn every_id_stands_in_the_list() {
    let list = fibula_report::explain_all().render(&NARROW);
    assert!(list.lines().all(|line| line.chars().count() <= 80), "fits 80 columns");
    assert_data_eq!(list, file!["snapshots/explain.txt"].raw());
}
