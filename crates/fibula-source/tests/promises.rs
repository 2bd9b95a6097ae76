//! Files of promises: what is read, and what is refused.

use fibula_cluster::promise::{Named, Verb};
use fibula_source::{Input, Promises, Refusal, promises};

fn read(text: &str) -> Promises {
    promises(&[Input::Text { name: "p.yaml".to_owned(), text: text.to_owned() }])
}

/// The text under a refusal's caret.
fn under(refusal: &Refusal) -> String {
    let snippet = refusal.snippet.as_ref().expect("it has a snippet");
    let line = &snippet.lines[snippet.caret.line - snippet.first_line];
    line.chars().skip(snippet.caret.column - 1).take(snippet.caret.length).collect()
}

/// Each refusal in a line: where, what is pointed at, and what was expected.
fn refused(text: &str) -> Vec<String> {
    let line = |refusal: &Refusal| {
        let at = refusal.line.map_or(String::new(), |line| line.to_string());
        format!("{at} {:?} {}", under(refusal), refusal.expected)
    };
    read(text).refused.iter().map(line).collect()
}

const ALL: &str = r#"
promises:
- name: redis-is-private
  to: redis-cart
  only-from: [cartservice]
  because: card data, SEC-211
- {name: front-door, from: world, reaches-only: ["frontend:8080"]}
- from: [web, ns/lab, {namespace: shop, labels: {app: api}}]
  namespace: shop
  never-reaches:
    namespaceSelector: {matchLabels: {team: db}}
    podSelector: {matchExpressions: [{key: tier, operator: In, values: [a, b]}]}
  ports: [5432, 53/UDP, http, 8000-8010]
- {from: web, reaches: ["cart:7070", "svc/db:5432", "[fd00::1]:80", "fd00::/64", "10.0.0.0/8:80"]}
- from: web
  reaches-only: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]
"#;

#[test]
fn promises_are_read_as_they_are_written() {
    let read = read(ALL);
    assert_eq!(read.refused, []);
    assert_eq!(read.files, 1);
    let verbs: Vec<Verb> = read.all.iter().map(|(_, promise)| promise.verb).collect();
    let expected =
        [Verb::OnlyFrom, Verb::ReachesOnly, Verb::NeverReaches, Verb::Reaches, Verb::ReachesOnly];
    assert_eq!(verbs, expected);
    let said = |list: &[fibula_cluster::promise::Said]| -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    };
    let (_, third) = &read.all[2];
    assert_eq!(said(&third.about), ["web", "ns/lab", "pods with app=api of shop"]);
    assert_eq!(said(&third.others), ["pods with tier in (a,b) of namespaces with team=db"]);
    let ports: Vec<String> = third.ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["5432", "53/UDP", "http", "8000-8010"]);
    assert_eq!(third.namespace.as_deref(), Some("shop"));
    let (_, fourth) = &read.all[3];
    let parts: Vec<(String, Option<String>)> = fourth
        .others
        .iter()
        .map(|said| (said.who.to_string(), said.port.as_ref().map(ToString::to_string)))
        .collect();
    let part =
        |who: &str, port: &str| (who.to_owned(), (!port.is_empty()).then(|| port.to_owned()));
    let expected = [
        part("cart", "7070"),
        part("svc/db", "5432"),
        part("fd00::1", "80"),
        part("fd00::/64", ""),
        part("10.0.0.0/8", "80"),
    ];
    assert_eq!(parts, expected);
    assert_eq!(fourth.others[1].path, "reaches[1]");
    let (_, last) = &read.all[4];
    let Named::Selected(range) = &last.others[0].who else { panic!("a range: {last:?}") };
    assert_eq!((range.cidr.is_some(), range.except.len()), (true, 1));
}

#[test]
fn a_promise_is_found_again_where_it_stands() {
    let read = read(ALL);
    let line = |at: usize, path| read.sources.position(read.all[at].0, path).map(|p| p.line);
    assert_eq!(line(0, ""), Some(3));
    assert_eq!(line(0, "only-from[0]"), Some(5));
    assert_eq!(line(1, "reaches-only[0]"), Some(7));
    assert_eq!(line(2, "never-reaches"), Some(10));
    let refusal = read.sources.refusal(read.all[0].0, "only-from[0]", "somebody", "cartservice");
    assert_eq!(refusal.as_ref().map(under).as_deref(), Some("cartservice"));
}

#[test]
fn json_is_read_too() {
    let read = read(r#"{"promises": [{"to": ["db:5432"], "only-from": "web", "ports": 80}]}"#);
    assert_eq!(read.refused, []);
    assert_eq!(read.all[0].1.ports.len(), 1);
}

#[test]
fn what_is_no_promise_is_refused_where_it_stands() {
    let one = |fields: &str| format!("promises:\n- {{{fields}}}\n");
    let table: &[(&str, &[&str])] = &[
        (
            "from: web, reachs: [db]",
            &["2 \"reachs\" name, because, namespace, from, to, ports, reaches, never-reaches, \
             only-from or reaches-only"],
        ),
        ("from: web", &["2 \"from\" reaches, never-reaches, only-from or reaches-only"]),
        (
            "from: web, reaches: [db], only-from: x",
            &["2 \"only-from\" one of the four: reaches is there already"],
        ),
        ("to: web, reaches: [db]", &["2 \"to\" only `from` beside `reaches`"]),
        ("from: web, reaches: []", &["2 \"reaches\" at least one name"]),
        ("from: 'web:80', reaches: [db]", &["2 \"'web:80'\" a name without a port"]),
        (
            "from: web, reaches: ['db:http:x']",
            &["2 \"'db:http:x'\" a name such as web, shop/web, svc/db:5432, ns/shop or world"],
        ),
        (
            "from: web, reaches: ['db:70000']",
            &[
                "2 \"'db:70000'\" a port: a number from 1 to 65535 (8080, 53/UDP), a range (8000-8010), or the name of a declared port",
            ],
        ),
        (
            "from: web, reaches: [db], ports: [53/udp]",
            &["2 \"53/udp\" a protocol: TCP, UDP or SCTP"],
        ),
        ("from: yes, reaches: [db]", &["2 \"yes\" text"]),
        ("from: web, from: api, reaches: [db]", &["2 \"from\" each key once"]),
        ("from: {labels: {app: 8}}, reaches: [db]", &["2 \"8\" text"]),
        (
            "from: {}, reaches: [db]",
            &["2 \"from\" one of namespace, namespaceSelector, podSelector, labels and cidr"],
        ),
        (
            "from: {namespace: a, cidr: 10.0.0.0/8}, reaches: [db]",
            &["2 \"from\" pods or a cidr, not both"],
        ),
        ("from: {cidr: 10.0.0.0}, reaches: [db]", &["2 \"10.0.0.0\" a range such as 10.0.0.0/8"]),
        (
            "from: {podSelector: {matchLabel: {a: b}}}, reaches: [db]",
            &["2 \"matchLabel\" matchLabels or matchExpressions"],
        ),
        (
            "from: {podSelector: {matchExpressions: [{key: a, operator: Is}]}}, reaches: [db]",
            &["2 \"Is\" In, NotIn, Exists or DoesNotExist"],
        ),
        ("from: {podSelector: {matchLabels: {a: 8}}}, reaches: [db]", &["2 \"8\" text"]),
    ];
    for (fields, expected) in table {
        assert_eq!(refused(&one(fields)), *expected, "{fields}");
    }
    let files: &[(&str, &[&str])] = &[
        ("promise: []\n", &["1 \"promise\" a mapping with a list `promises`"]),
        ("promises: {}\n", &["1 \"promises\" a list"]),
        ("promises: []\nmore: 1\n", &["2 \"more\" the field promises"]),
        (
            "promises:\n- web\n",
            &["2 \"web\" a promise: a mapping such as {from: web, reaches: [\"db:5432\"]}"],
        ),
        ("promises: [\n", &["2 \"\" valid YAML: a value"]),
    ];
    for (text, expected) in files {
        assert_eq!(refused(text), *expected, "{text}");
    }
}

#[test]
fn one_broken_promise_hides_no_other_and_no_two_have_one_name() {
    let read = read(
        "promises:\n- {name: a, from: web, reaches: [db]}\n- {name: b, from: web}\n\
         - {name: a, from: api, reaches: [db]}\n- {name: c, from: x, never-reaches: z}\n",
    );
    let names: Vec<_> = read.all.iter().filter_map(|(_, promise)| promise.name.clone()).collect();
    assert_eq!(names, ["a", "c"]);
    let helps: Vec<_> = read.refused.iter().filter_map(|refusal| refusal.help.clone()).collect();
    assert_eq!(helps.last().map(String::as_str), Some("p.yaml:2 has it too"));
    assert_eq!(read.refused.len(), 2, "{:?}", read.refused);
}
