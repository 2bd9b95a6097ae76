//! The same objects, however they are written down.

use std::io::Write;

use fibula_cluster::Object;
use fibula_source::{Input, Read, read};
use proptest::prelude::*;

const PODS: [&str; 3] = ["a", "b", "c"];

fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  labels:\n    app: \"yes\"\nspec:\n  \
         nodeName:\n  containers:\n  - name: main\n    image: x # a comment\n    args: [--a, b]\n    \
         ports:\n    - {{name: http, containerPort: 80}}\n    command:\n    - |\n      sh\n      -c\n"
    )
}

fn json(name: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","labels":{{"app":"yes"}}}},"spec":{{"nodeName":null,"containers":[{{"name":"main","image":"x","ports":[{{"name":"http","containerPort":80}}]}}]}}}}"#
    )
}

fn list(kind: &str, items: &[String], dash: usize) -> String {
    let mut text = format!("apiVersion: v1\nkind: {kind}\nitems:\n");
    for item in items {
        for (index, line) in item.lines().enumerate() {
            let lead = if index == 0 { "- " } else { "  " };
            text += &format!("{:dash$}{lead}{line}\n", "");
        }
    }
    text + "metadata: {}\n"
}

fn text(content: String) -> Read {
    read(&[Input::Text { name: "t".to_owned(), text: content }])
}

fn objects(read: Read) -> Vec<Object> {
    assert_eq!(read.refused, []);
    let mut objects: Vec<_> = read.objects.into_iter().map(|(_, object)| object).collect();
    objects.sort_by(|a, b| a.name().cmp(b.name()));
    objects
}

#[test]
fn a_stream_of_yaml_may_begin_with_json() {
    let mixed = format!("{}\n---\n{}", json("a"), [pod("b"), pod("c")].join("---\n"));
    assert_eq!(objects(text(mixed)).len(), 3);
    let all_json = PODS.map(json).join("\n---\n");
    assert_eq!(objects(text(all_json)).len(), 3);
}

#[test]
fn every_way_of_writing_gives_the_same_objects() {
    let pods = PODS.map(pod);
    let jsons = PODS.map(json);
    let expected = objects(text(pods.join("---\n")));
    assert_eq!(expected.len(), 3);
    let bare = jsons.each_ref().map(|json| json.replace(r#""apiVersion":"v1","kind":"Pod","#, ""));
    let nested = format!(
        r#"{{"items":[{{"apiVersion":"v1","kind":"List","items":[{}]}},{}],"kind":"List","apiVersion":"v1"}}"#,
        jsons[..2].join(","),
        jsons[2],
    );
    let anchored =
        format!("{}---\n{}", pods[..2].concat().replace(&pods[1], ""), pods[1..].join("---\n"));
    let table = [
        list("List", &pods, 0),
        list("List", &pods, 2),
        list("PodList", &pods, 0),
        list(
            "PodList",
            &pods.each_ref().map(|pod| pod.replace("apiVersion: v1\nkind: Pod\n", "")),
            0,
        ),
        list("List", &[list("List", &pods[..2], 2), pods[2].clone()], 0),
        jsons.join("\n"),
        jsons.concat(),
        jsons.join("\n---\n"),
        format!(r#"{{"kind":"List","apiVersion":"v1","items":[{}]}}"#, jsons.join(", ")),
        format!(r#"{{"kind":"PodList","apiVersion":"v1","items":[{}]}}"#, bare.join(",")),
        nested.clone(),
        format!("# YAML\n{nested}"),
        anchored,
        format!("\u{feff}%YAML 1.2\n---\n{}...\n", pods.join("...\n---\n")),
        pods.join("---\n").replace('\n', "\r\n"),
    ];
    for (index, content) in table.into_iter().enumerate() {
        assert_eq!(objects(text(content.clone())), expected, "{index}: {content}");
    }
}

#[test]
fn folders_streams_and_gzip_are_read() {
    let folder = std::env::temp_dir().join(format!("fibula-source-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("sub")).expect("a folder");
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("a file");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(pod("a").as_bytes()).expect("it compresses");
    let gzip = gzip.finish().expect("it compresses");
    write("sub/a.yaml.gz", &gzip);
    write("b.json", json("b").as_bytes());
    write("c.yml", pod("c").as_bytes());
    write("values.yaml", b"replicas: 1\nname: 'unclosed\n");
    write("empty.yaml", b"");
    write("none.yaml", b"---\napiVersion: v1\nitems: []\nkind: List\n");
    write("pod.log", b"not for us");
    let of_folder = read(&[Input::Path(folder.clone())]);
    let counts = (of_folder.files, of_folder.skipped, of_folder.not_objects);
    assert_eq!(counts, (6, 1, 2), "{of_folder:?}");
    let names: Vec<_> =
        of_folder.sources.position(of_folder.objects[0].0, "").into_iter().collect();
    assert!(names[0].file.ends_with("b.json"));
    assert_eq!(objects(of_folder).len(), 3);
    assert_eq!(objects(read(&[Input::Stdin(gzip.clone())])).len(), 1);
    let cut = read(&[Input::Stdin(gzip[..gzip.len() / 2].to_vec())]);
    assert_eq!(cut.refused[0].expected, "a whole gzip file");
    write("t.yaml", b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n");
    let template = read(&[Input::Path(folder.clone())]);
    assert_eq!(template.refused[0].expected, "a Kubernetes object, not a template");
    assert_eq!((template.refused.len(), template.objects.len()), (1, 3));
    let nothing = read(&[Input::Path(folder.join("none"))]);
    assert_eq!(nothing.refused[0].expected, "a file or folder to read");
    std::fs::create_dir(folder.join("none")).expect("a folder");
    let nothing = read(&[Input::Path(folder.join("none"))]);
    assert_eq!(nothing.refused[0].expected, "YAML or JSON files in this folder or below");
    std::fs::remove_dir_all(&folder).expect("it is ours");
}

/// Indentation is only a guess of where items end: however it misleads, the items are the same.
#[test]
fn items_are_told_by_brackets_whatever_their_indentation() {
    let item = |name: &str, more: &str| {
        format!(
            "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"metadata\": {{\n    \
             \"name\": \"{name}\"\n  }}{more}\n}}"
        )
    };
    let other = |inner: &str| {
        format!("{{\n\"apiVersion\": \"v1\",\n\"kind\": \"ConfigMap\",\n\"data\": [{inner}]\n}}")
    };
    let hidden = format!("{{\n\"x\": {{\n}}\n}},\n{}", item("hidden", ""));
    let null = "\n,\"spec\": {\"containers\": [null, {\n}\n]}";
    let table = [
        (vec![item("a", ""), item("b", "")], 2, 0),
        // A bracket of its own stands where the item's would.
        (vec![item("a", ",\n\"spec\": {\n}"), item("b", "")], 2, 0),
        (vec![item("a", null), item("b", "")], 2, 0),
        // Objects in an object that is left are none of the list's.
        (vec![other(&hidden), item("b", "")], 1, 1),
        (vec![other(&hidden.replace("Pod", "Secret")), other("{\n},{\n}")], 0, 2),
        // No two items are alike.
        (vec![item("a", "").replace("\n}", "}"), item("b", "").replace('\n', "\r\n")], 2, 0),
    ];
    for (items, pods, left) in table {
        for list in ["List", "PodList"] {
            let items = items.join(",\n");
            let content = format!(
                "{{\n\"apiVersion\": \"v1\",\n\"items\": [\n{items}\n],\n\"kind\": \"{list}\"\n}}"
            );
            let read = text(content.clone());
            assert_eq!(read.refused, [], "{content}");
            assert_eq!(read.objects.len(), pods, "{content}");
            assert_eq!(read.left.values().sum::<usize>(), left, "{content}");
        }
    }
}

#[test]
fn lists_in_lists_end_somewhere() {
    for depth in [100, 5_000] {
        let open = r#"{"apiVersion":"v1","kind":"List","items":["#.repeat(depth);
        let read = text(format!("{open}{}{}", json("a"), "]}".repeat(depth)));
        assert_eq!(read.objects.len() + read.refused.len(), 1);
        let read = text(format!("{{a: {}", "[".repeat(depth)));
        assert_eq!(read.refused.len(), 1);
    }
}

#[test]
fn dr_21_what_networks_do_not_follow_is_named_and_others_counted() {
    let read = text(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: deny\n  \
         namespace: shop\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  \
         name: deny\n  namespace: shop\n---\napiVersion: v1\nkind: ConfigMap\ndata: {}\n---\napiVersion: v1\n\
         kind: ConfigMap\n"
            .to_owned(),
    );
    let [unread] = &read.unread[..] else { panic!("{:#?}", read.unread) };
    assert_eq!(
        (&*unread.kind, &*unread.namespace, &*unread.name),
        ("CiliumNetworkPolicy", "shop", "deny")
    );
    assert_eq!(read.sources.position(unread.id, "metadata.name").map(|at| at.line), Some(4));
    assert_eq!(read.left.get("ConfigMap"), Some(&2));
    assert_eq!(read.objects.len(), 1);
}

#[test]
fn np_10_dr_21_a_refused_policy_is_named_and_hides_nothing() {
    let yaml = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: deny\n  \
                namespace: shop\nspec:\n  ingress:\n  - from:\n    - {}\n---\napiVersion: v1\n\
                kind: Pod\nmetadata:\n  name: p\n";
    let json = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "shop"},
        "spec": {"ingress": [{"from": [null]}]}}"#;
    for (input, position, objects) in [(yaml, (9, 7), 1), (json, (3, 40), 0)] {
        let read = text(input.to_owned());
        let [refusal] = &read.refused[..] else { panic!("{:#?}", read.refused) };
        assert_eq!(refusal.object.as_deref(), Some("NetworkPolicy shop/deny"));
        assert_eq!(refusal.path.as_deref(), Some("spec.ingress[0].from[0]"));
        assert_eq!((refusal.line, refusal.column), (Some(position.0), Some(position.1)));
        assert!(refusal.expected.starts_with("a peer"), "{refusal:?}");
        let [unread] = &read.unread[..] else { panic!("{:?}", read.unread) };
        let named = (&*unread.kind, &*unread.namespace, &*unread.name);
        assert_eq!(named, ("NetworkPolicy", "shop", "deny"));
        assert_eq!(read.objects.len(), objects);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shuffled_split_and_repeated_documents_are_the_same_objects(
        order in Just(vec![0, 1, 2, 3, 4, 5]).prop_shuffle(),
        again in 0usize..6,
        split in 0usize..7,
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let expected = objects(text(names.map(pod).join("---\n")));
        let mut order = order;
        order.push(again);
        let pods: Vec<String> = order.iter().map(|&index| pod(names[index])).collect();
        let inputs = [pods[..split].join("---\n"), list("List", &pods[split..], 2)];
        let inputs = inputs.map(|text| Input::Text { name: "t".to_owned(), text });
        let inputs = if split == 0 { &inputs[1..] } else { &inputs[..] };
        let mut found = objects(read(inputs));
        found.dedup();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[Input::Stdin(bytes)]);
    }

    #[test]
    fn no_mutation_panics(
        which in 0usize..4,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6),
    ) {
        let pods = PODS.map(pod);
        let mut bytes = match which {
            0 => pods.join("---\n"),
            1 => list("List", &pods, 0),
            2 => PODS.map(json).concat(),
            _ => format!(r#"{{"kind":"List","apiVersion":"v1","items":[{}]}}"#, PODS.map(json).join(",")),
        }
        .into_bytes();
        for (at, byte, edit) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"{}[]:,-&*'\"\n \t#|>"[usize::from(byte) % 17]),
                2 => _ = bytes.remove(at),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let read = read(&[Input::Stdin(bytes)]);
        for (id, _) in &read.objects {
            prop_assert!(read.sources.position(*id, "spec.containers[0].ports[0].containerPort").is_some());
            prop_assert!(read.sources.snippet(*id, "").is_some());
        }
    }
}
