//! Files that others wrote: all of them are read.

use std::path::{Path, PathBuf};

use fibula_source::{Input, Read, read};

/// The folder of external cases, or nothing where it is absent.
fn cases(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let path = root.join(folder);
    if !path.is_dir() {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("skipped: no {folder} among the external cases\n").as_bytes(),
        );
        return None;
    }
    Some(path)
}

fn folder(path: &Path) -> Read {
    read(&[Input::Path(path.to_path_buf())])
}

fn count(read: &Read, kind: &str) -> usize {
    read.counts.get(kind).copied().unwrap_or_default()
}

#[test]
fn every_file_of_real_applications_reads() {
    let Some(path) = cases("applications") else { return };
    let read = folder(&path);
    assert_eq!(read.refused, []);
    assert!(count(&read, "Deployment") > 100, "{:?}", read.counts);
    for (id, object) in &read.objects {
        let position = read.sources.position(*id, "metadata.name").expect("it was read");
        let text = read.sources.text(*id).expect("it was read");
        assert!(text.contains(object.name()), "{position:?} {}", object.name());
        assert!(position.line > 0);
    }
}

#[test]
fn a_must_gather_reads() {
    let Some(path) = cases("dumps/openshift-aws") else { return };
    let read = folder(&path);
    assert_eq!(read.refused, []);
    let counts = ["Pod", "Node", "Service"].map(|kind| count(&read, kind));
    assert_eq!(counts, [239, 6, 78]);
}

#[test]
fn every_file_of_the_connectivity_lists_reads() {
    let Some(path) = cases("connectivity-lists/tests") else { return };
    let read = folder(&path);
    // The API server refuses these too. One Service, in two folders, has ports without names
    // (SVC-3); one key is spelt `containerport`, and the port is missing.
    let (unnamed, others): (Vec<_>, Vec<_>) = read
        .refused
        .iter()
        .partition(|refusal| refusal.expected == "a name, since there are several ports");
    let several = |refusal: &&fibula_source::Refusal| {
        refusal.file.contains("multiple_ingress_objects_with_different_ports")
    };
    assert_eq!((unnamed.len(), unnamed.iter().all(several)), (6, true), "{unnamed:#?}");
    let [refusal] = others[..] else { panic!("{others:#?}") };
    assert!(refusal.file.ends_with("netpol_named_port_test/pods.yaml"), "{refusal:?}");
    assert_eq!(refusal.help.as_deref(), Some("`containerport` is no field: write `containerPort`"));
}

#[test]
fn cnp_1_every_policy_of_the_conformance_suite_reads() {
    let Some(path) = cases("cluster-network-policy") else { return };
    let read = folder(&path);
    // Addresses of pods that the suite fills in when it knows them.
    let open = |refusal: &&fibula_source::Refusal| {
        !refusal.got.as_deref().unwrap_or_default().starts_with("$(PODIP:")
    };
    assert_eq!(read.refused.iter().filter(open).count(), 0, "{:#?}", read.refused);
    assert!(count(&read, "ClusterNetworkPolicy") > 60, "{:?}", read.counts);
    // A policy that is refused is as good as not read (DR-21).
    let mut refused: Vec<_> = read.refused.iter().map(|refusal| &refusal.object).collect();
    refused.dedup();
    assert_eq!(read.unread.len(), refused.len(), "{:#?}", read.unread);
}

#[test]
fn np_1_cnp_29_every_policy_of_the_connectivity_lists_reads() {
    let Some(path) = cases("connectivity-lists/tests") else { return };
    let read = folder(&path);
    let policy = |refusal: &&fibula_source::Refusal| {
        refusal.object.as_deref().unwrap_or_default().contains("NetworkPolicy")
    };
    assert_eq!(read.refused.iter().find(policy), None);
    let kinds = ["NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"];
    let counts = kinds.map(|kind| count(&read, kind));
    assert!(counts.iter().zip([180, 34, 13]).all(|(count, least)| *count >= least), "{counts:?}");
}
