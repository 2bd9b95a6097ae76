#![allow(missing_docs, clippy::print_stdout)]
use std::time::Instant;
use fibula_cluster::{Cluster, Options, generate::{Shape, objects}};
use fibula_intended::{Intent, network};
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let objects = objects(&Shape::of_nodes(n));
    let t = Instant::now();
    let cluster = Cluster::new(objects, &Options::default());
    println!("cluster {:?}", t.elapsed());
    let t = Instant::now();
    let net = network(&cluster, &Intent { daemons: vec![fibula_intended::Daemon::kubelet()], ..Intent::default() });
    println!("network {:?}", t.elapsed());
    for _ in 0..2 {
        let t = Instant::now();
        let g = fibula_network::flow::Ground::new(&net);
        println!("ground {:?}", t.elapsed());
        let t = Instant::now();
        let targets = g.targets();
        println!("targets {:?} {}", t.elapsed(), targets.len());
        let t = Instant::now();
        let p = fibula_answers::verify(&net);
        println!("verify {:?} {}", t.elapsed(), p.holds());
    }
}
