//! What is broken is refused, precisely, and hides nothing else.

use fibula_source::{Input, Read, Refusal, read};

fn text(name: &str, text: &str) -> Read {
    read(&[Input::Text { name: name.to_owned(), text: text.to_owned() }])
}

fn yaml(content: &str) -> Read {
    text("f.yaml", content)
}

/// The text under a refusal's caret.
fn under(refusal: &Refusal) -> String {
    let snippet = refusal.snippet.as_ref().expect("it has a snippet");
    let line = &snippet.lines[snippet.caret.line - snippet.first_line];
    line.chars().skip(snippet.caret.column - 1).take(snippet.caret.length).collect()
}

fn names(read: &Read) -> Vec<String> {
    let name = |object: &fibula_cluster::Object| object.name().to_owned();
    read.objects.iter().map(|(_, object)| name(object)).collect()
}

fn pod(name: &str, port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: shop\n  name: {name}\nspec:\n  \
         containers:\n  - name: main\n    ports:\n    - containerPort: {port}\n"
    )
}

#[test]
fn a_mistyped_value_is_shown_where_it_stands() {
    let read = yaml(&pod("web", "eighty"));
    let [refusal] = &read.refused[..] else { panic!("{:?}", read.refused) };
    assert_eq!((refusal.line, refusal.column), (Some(10), Some(22)));
    assert_eq!(refusal.object.as_deref(), Some("Pod shop/web"));
    assert_eq!(refusal.path.as_deref(), Some("spec.containers[0].ports[0].containerPort"));
    assert_eq!(refusal.got.as_deref(), Some("eighty"));
    assert_eq!(refusal.expected, "a port number, 1 to 65535");
    assert_eq!(under(refusal), "eighty");
    assert_eq!(read.objects, []);
}

#[test]
fn one_broken_document_never_hides_another() {
    let broken = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: [\n";
    let all = [pod("a", "80"), broken.to_owned(), pod("b", "99999"), pod("c", "x"), pod("d", "1")];
    let read = yaml(&all.join("---\n"));
    assert_eq!(names(&read), ["a", "d"]);
    let lines: Vec<_> = read.refused.iter().map(|refusal| refusal.line).collect();
    assert_eq!(lines.len(), 3, "{:?}", read.refused);
    assert_eq!(lines[1..], [Some(26), Some(37)]);
}

#[test]
fn one_broken_item_never_hides_another() {
    let mut list = "apiVersion: v1\nitems:\n".to_owned();
    for (name, port) in [("a", "80"), ("b", "'80"), ("c", "x"), ("d", "81")] {
        let pod = pod(name, port);
        for (index, line) in pod.lines().enumerate() {
            list += &format!("{}{line}\n", if index == 0 { "- " } else { "  " });
        }
    }
    list += "kind: List\nmetadata:\n  resourceVersion: \"\"\n";
    let read = yaml(&list);
    assert_eq!(names(&read), ["a", "d"]);
    assert_eq!(read.refused.len(), 2, "{:?}", read.refused);
    assert_eq!(read.refused[1].object.as_deref(), Some("Pod shop/c"));
    assert_eq!((read.refused[1].line, read.refused[1].column), (Some(32), Some(24)));
    let (id, _) = read.objects[1];
    let path = "spec.containers[0].ports[0].containerPort";
    let position = read.sources.position(id, path).expect("it is there");
    assert_eq!((position.line, position.column), (42, 24));
    assert_eq!(&list[position.span], "81");
}

#[test]
fn all_mistakes_of_one_object_are_reported() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: 8\nspec:\n  ports:\n  \
                - name: a\n    port: http\n  - name: b\n    port: 70000\n  clusterIP: 10.0.0.256\n";
    let read = yaml(text);
    let paths: Vec<_> = read.refused.iter().filter_map(|r| r.path.clone()).collect();
    let expected = ["metadata.name", "spec.ports[0].port", "spec.ports[1].port", "spec.clusterIP"];
    assert_eq!(paths, expected, "{:#?}", read.refused);
    assert_eq!(read.refused[0].help.as_deref(), Some("quote it: \"8\""));
}

#[test]
fn quotes_decide_what_a_scalar_is() {
    let table = [
        ("name: a\n  labels: {app: yes}", "text", "quote it: \"yes\""),
        ("name: a\n  labels: {app: 8080}", "text", "quote it: \"8080\""),
        (
            "name: b\nspec:\n  hostNetwork: \"true\"",
            "true or false",
            "write it without quotes: true",
        ),
    ];
    for (line, expected, help) in table {
        let read = yaml(&format!("apiVersion: v1\nkind: Pod\nmetadata:\n  {line}\n"));
        let refusal = &read.refused[0];
        assert_eq!((&*refusal.expected, refusal.help.as_deref()), (expected, Some(help)), "{line}");
    }
}

#[test]
fn a_key_that_is_given_twice_is_refused_with_both_places() {
    let text =
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  nodeName: x\n  nodeName: y\n";
    let read = yaml(text);
    let [refusal] = &read.refused[..] else { panic!("{:?}", read.refused) };
    assert_eq!((refusal.line, refusal.column), (Some(7), Some(3)));
    assert_eq!(refusal.help.as_deref(), Some("it was given before, in line 6, column 3"));
}

#[test]
fn json_is_refused_as_precisely() {
    let item = |name: &str, port: &str| {
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"{name}\"}},\n \
             \"spec\": {{\"containers\": [{{\"name\": \"m\", \"ports\": [{{\"containerPort\": {port}}}]}}]}}}}"
        )
    };
    let items = [item("a", "80"), item("b", "\"x\""), item("c", "null"), item("d", "99999")];
    let list = format!(
        "{{\"apiVersion\": \"v1\", \"items\": [\n{}\n], \"kind\": \"List\"}}",
        items.join(",\n")
    );
    let read = text("l.json", &list);
    assert_eq!(names(&read), ["a"]);
    let found: Vec<_> =
        read.refused.iter().map(|r| (r.line.unwrap_or(0), r.column.unwrap_or(0))).collect();
    assert_eq!(found, [(5, 68), (7, 68), (9, 68)], "{:#?}", read.refused);
    assert_eq!(under(&read.refused[0]), "\"x\"");
    // Cut in the third item: the two before it are looked at, the rest is one refusal.
    let cut = list.find("\"c\"").expect("it is there");
    let read = text("l.json", &list[..cut]);
    assert_eq!(names(&read), ["a"]);
    assert_eq!(read.refused.len(), 2, "{:#?}", read.refused);
}

#[test]
fn what_is_no_kubernetes_object_is_refused_where_it_was_named() {
    let table = [
        ("", "Kubernetes objects in YAML or JSON"),
        ("a: 1\n", "a Kubernetes object: a mapping with apiVersion and kind"),
        ("- op: replace\n", "a Kubernetes object: a mapping with apiVersion and kind"),
        ("kind: Pod\nmetadata: {name: a}\n", "a field `apiVersion`"),
        ("{{ if .Values.x }}\nkind: Pod\n", "a Kubernetes object, not a template"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Name }}\n",
            "a Kubernetes object, not a template",
        ),
    ];
    for (content, expected) in table {
        let read = yaml(content);
        let [refusal] = &read.refused[..] else { panic!("{content}: {:?}", read.refused) };
        assert_eq!(refusal.expected, expected, "{content}");
    }
    let missing = read(&[Input::Path("no/such/file.yaml".into())]);
    assert_eq!(missing.refused[0].got.as_deref(), Some("No such file or directory"));
    let bytes =
        read(&[Input::Stdin(b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: \xff\n".to_vec())]);
    assert_eq!((bytes.refused[0].line, bytes.refused[0].column), (Some(4), Some(9)));
    assert_eq!(bytes.refused[0].expected, "UTF-8 text");
}
