//! Input that is broken, huge, deep, of another encoding, or meant to harm: it is read or refused in
//! a sentence, in memory and time that its size bounds. The refusals as people see them are in
//! `fibula/tests/errors.rs`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use fibula_source::{Input, Read, Refusal, read};

fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\nspec:\n  \
         containers:\n  - name: main\n    ports:\n    - containerPort: 80\n"
    )
}

fn json(name: &str) -> String {
    format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}"}}, "spec": {{"containers": [{{"name": "main"}}]}}}}"#
    )
}

fn bytes(name: &str, bytes: impl AsRef<[u8]>) -> Read {
    let folder = folder("one");
    let file = folder.join(name);
    fs::write(&file, bytes.as_ref()).expect("a file");
    let read = read(&[Input::Path(file)]);
    fs::remove_dir_all(folder).expect("it is ours");
    read
}

/// A folder of the test's own.
fn folder(of: &str) -> PathBuf {
    let test = std::thread::current().name().unwrap_or("main").replace("::", "-");
    let name = format!("fibula-hard-{}-{test}-{of}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The only refusal.
fn refused(read: &Read) -> &Refusal {
    let [refusal] = &read.refused[..] else { panic!("{:#?}", read.refused) };
    refusal
}

fn got(read: &Read) -> &str {
    refused(read).got.as_deref().unwrap_or_default()
}

#[test]
fn a_file_may_break_off_anywhere() {
    let list = format!(
        "apiVersion: v1\nitems:\n- {}- {}kind: List\n",
        pod("a").replace('\n', "\n  ").trim_end_matches(' '),
        pod("b").replace('\n', "\n  ").trim_end_matches(' ')
    );
    let json_list = format!(
        r#"{{"apiVersion": "v1", "items": [{}, {}], "kind": "List"}}"#,
        json("a"),
        json("b")
    );
    let anchors = "a: &a {x: [1, \"é\"]}\nb: *a\nc: {<<: *a}\nd: |\n  text\n  more\ne: >-\n  x\n";
    let all = [
        [pod("a"), pod("b")].join("---\n"),
        list,
        [json("a"), json("b")].join("\n"),
        json_list,
        format!("{anchors}---\n{}", pod("a")),
    ];
    for text in all {
        let whole = read(&[Input::Stdin(text.clone().into_bytes())]);
        for end in 0..text.len() {
            let part = read(&[Input::Stdin(text.as_bytes()[..end].to_vec())]);
            // Not all that breaks off is broken: but nothing comes up that was not there.
            assert!(part.objects.len() <= whole.objects.len(), "{}", &text[..end]);
            for refusal in &part.refused {
                let lines = text.as_bytes()[..end].iter().filter(|b| **b == b'\n').count() + 1;
                assert!(refusal.line.is_none_or(|line| line <= lines), "{refusal:?}");
            }
        }
    }
}

#[test]
fn nesting_is_bounded_and_overflows_nothing() {
    const DEEP: usize = 100_000;
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: ";
    let json = r#"{"apiVersion":"v1","kind":"Pod","metadata":"#;
    // What is indented deeper with each line grows with the square of its depth.
    let block = (1..2_000).fold(String::new(), |mut text, depth| {
        let _ = writeln!(text, "{:depth$}a:", "");
        text
    });
    let table = [
        ("f.yaml", format!("{pod}{}", "[".repeat(DEEP))),
        ("f.yaml", format!("{pod}{}{}\n", "[".repeat(DEEP), "]".repeat(DEEP))),
        ("f.yaml", format!("{pod}{}", "{a: ".repeat(DEEP))),
        ("f.yaml", format!("{pod}\n  {}a\n", "- ".repeat(DEEP))),
        ("f.yaml", format!("{pod}\n{block}")),
        ("f.yaml", "? ".repeat(DEEP)),
        ("f.yaml", format!("{pod}{}x\n", "!a ".repeat(DEEP))),
        ("f.json", format!("{json}{}", "[".repeat(DEEP))),
        ("f.json", format!("{json}{}{}}}", "[".repeat(DEEP), "]".repeat(DEEP))),
        ("f.json", format!("{json}{}1{}}}", r#"{"a":"#.repeat(DEEP), "}".repeat(DEEP))),
        ("f.json", "[".repeat(DEEP)),
        ("f.json", r#"{"apiVersion":"v1","kind":"List","items":["#.repeat(DEEP / 10)),
    ];
    for (index, (name, text)) in table.iter().enumerate() {
        let read = bytes(name, text);
        let refusal = refused(&read);
        assert!(refusal.expected.starts_with("valid "), "{index}: {refusal:?}");
    }
    // As deep as may be.
    let deep =
        format!("{pod}{{name: a, annotations: {{x: {}}}}}\n", "[".repeat(8) + &"]".repeat(8));
    assert_eq!(bytes("f.yaml", deep).objects.len(), 1);
}

#[test]
fn huge_values_are_skipped_or_cut() {
    const HUGE: usize = 500_000;
    let annotation = pod("a").replace("app: a", &format!("app: {}", "x".repeat(HUGE)));
    assert_eq!(bytes("f.yaml", &annotation).objects.len(), 1);
    let table = [
        pod("a").replace("80", &"8".repeat(HUGE)),
        pod("a").replace("name: main", &format!("name: \"{}", "x".repeat(HUGE))),
        pod("a").replace("app: a", &format!("{}: [", "k".repeat(HUGE))),
        json("a").replace("\"main\"", &"8".repeat(HUGE)),
        json("a").replace("\"main\"", &format!("\"{}", "x".repeat(HUGE))),
    ];
    for text in table {
        let read = bytes("f.yaml", text);
        let refusal = refused(&read);
        let snippet = refusal.snippet.as_ref().expect("lines");
        let longest = snippet.lines.iter().map(|line| line.chars().count()).max();
        assert!(longest.is_some_and(|longest| longest < 200), "{longest:?}");
        assert!(refusal.got.as_ref().is_none_or(|got| got.chars().count() <= 80));
    }
    // Many values, each of them small.
    let mut labels = pod("a");
    for n in 0..10_000 {
        let _ = writeln!(labels, "x{n}: y");
    }
    assert_eq!(bytes("f.yaml", labels).objects.len(), 1);
}

#[test]
fn encodings_are_read_or_named() {
    let text = pod("a").replace("main", "main-é𝄞");
    let utf16 = |text: &str, to: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(to).collect()
    };
    let expected = bytes("f.yaml", &text).objects;
    let marked = format!("\u{feff}{text}");
    for to in [u16::to_le_bytes, u16::to_be_bytes] {
        assert_eq!(bytes("f.yaml", utf16(&marked, to)).objects, expected);
        let read = bytes("f.yaml", utf16(&text, to));
        assert_eq!(got(&read), "UTF-16 without a byte order mark");
        assert!(
            refused(&read).help.as_deref().is_some_and(|help| help.contains("iconv -f UTF-16"))
        );
    }
    assert_eq!(bytes("f.yaml", &marked).objects, expected);
    assert_eq!(bytes("f.yaml", text.replace('\n', "\r\n")).objects, expected);
    let json = format!("\u{feff}{}", json("a"));
    assert_eq!(bytes("f.json", utf16(&json, u16::to_le_bytes)).objects.len(), 1);
    assert_eq!(bytes("f.json", &json).objects.len(), 1);
    let utf32: Vec<u8> = marked.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    assert_eq!(got(&bytes("f.yaml", utf32)), "UTF-32");
}

#[test]
fn what_is_not_utf_8_is_refused_where_it_stands_and_hides_nothing_else() {
    let latin1 = pod("a").replace("main", "caf?").replace('?', "\u{1}").into_bytes();
    let latin1: Vec<u8> = latin1.iter().map(|b| if *b == 1 { 0xe9 } else { *b }).collect();
    let both = [latin1, b"---\n".to_vec(), pod("b").into_bytes()].concat();
    let read = bytes("f.yaml", both);
    assert_eq!(read.objects.len(), 1);
    assert_eq!(got(&read), "the byte 0xE9");
    assert_eq!((refused(&read).line, refused(&read).column), (Some(9), Some(14)));
    // Whatever else it is: a picture under a wrong name.
    let noise: Vec<u8> =
        (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert!(!bytes("f.yaml", [b"\x89PNG\r\n".to_vec(), noise].concat()).refused.is_empty());
}

#[test]
fn control_characters_are_named() {
    let read = bytes("f.yaml", pod("a").replace("main", "ma\0in"));
    assert_eq!(got(&read), "the character U+0000");
    assert_eq!(refused(&read).line, Some(9));
    assert_eq!(got(&bytes("f.yaml", [0; 1000])), "the character U+0000");
    let tabs = bytes("f.yaml", pod("a").replace("  name", "\tname"));
    assert!(refused(&tabs).help.as_deref().is_some_and(|help| help.contains("use spaces")));
}

#[test]
fn bombs_of_aliases_are_refused_before_they_grow() {
    let mut laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (this, last) in ('b'..='z').zip('a'..) {
        let nine = vec![format!("*{last}"); 9].join(",");
        let _ = writeln!(laughs, "{this}: &{this} [{nine}]");
    }
    let big = "x".repeat(100_000);
    let quadratic = format!("a: &a {big}\nb: [{}]\n", vec!["*a"; 100_000].join(","));
    let merges = format!(
        "a: &a {{{}}}\nb: [{}]\n",
        (0..1_000).map(|n| format!("k{n}: v")).collect::<Vec<_>>().join(", "),
        vec!["{<<: *a}"; 1_000].join(", ")
    );
    for bomb in [laughs, quadratic, merges] {
        let read = bytes("f.yaml", bomb);
        assert!(refused(&read).expected.contains("that add at most 100000 values"));
    }
    let itself = bytes("f.yaml", "a: &a [*a]\n");
    assert!(refused(&itself).expected.contains("an alias that does not contain itself"));
}

#[test]
fn keys_are_given_once_wherever_they_are_read() {
    for text in [
        pod("a").replace("    app: a", "    app: a\n    app: b"),
        pod("a") + "kind: Pod\n",
        pod("a").replace("containerPort: 80", "containerPort: 80\n      containerPort: 81"),
        json("a").replace("\"name\": \"a\"", "\"name\": \"a\", \"name\": \"b\""),
        json("a").replace("\"metadata\"", "\"metadata\": {}, \"metadata\""),
    ] {
        let read = bytes("f.yaml", &text);
        assert_eq!(refused(&read).expected, "each key once", "{text}");
        assert!(refused(&read).help.as_deref().is_some_and(|help| help.contains("in line")));
    }
}

#[test]
fn a_list_is_no_mapping() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: b, ports: [{containerPort: 80}]}]}\n";
    let json = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "b", "ports": [{"containerPort": 80}]}]}}"#;
    assert_eq!(bytes("f.json", json).objects, bytes("f.yaml", pod).objects);
    for (mapping, list, quoted, items) in [
        ("{name: a}", "[a]", "{\"name\": \"a\"}", "[\"a\"]"),
        ("{containerPort: 80}", "[http, 80]", "{\"containerPort\": 80}", "[\"http\", 80]"),
    ] {
        let both =
            [("f.yaml", pod.replace(mapping, list)), ("f.json", json.replace(quoted, items))];
        for (name, text) in both {
            let read = bytes(name, &text);
            assert_eq!((&*refused(&read).expected, got(&read)), ("a mapping", "a list"), "{text}");
        }
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(text).expect("it compresses");
    gzip.finish().expect("it compresses")
}

#[test]
fn gzip_is_read_whole_or_not_at_all() {
    let (a, b) = (gzip(pod("a").as_bytes()), gzip(format!("---\n{}", pod("b")).as_bytes()));
    assert_eq!(bytes("f.yaml.gz", [a.clone(), b].concat()).objects.len(), 2, "two members");
    for end in 2..a.len() {
        let read = bytes("f.yaml.gz", &a[..end]);
        assert_eq!(refused(&read).expected, "a whole gzip file", "{end} bytes");
    }
    let junk = bytes("f.yaml.gz", [a, b"and more".to_vec()].concat());
    assert_eq!(refused(&junk).expected, "a whole gzip file");
    let bomb = bytes("f.yaml.gz", gzip(&vec![b'#'; 4 << 20]).repeat(20));
    assert_eq!(refused(&bomb).expected, "a gzip file that holds at most 250 times its size");
    // Within a bomb nothing is looked for.
    let nested = bytes("f.yaml.gz", gzip(&gzip(pod("a").as_bytes())));
    assert_eq!(got(&nested), "the byte 0x8B");
}

#[cfg(unix)]
mod system {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn links_that_lead_back_are_told_and_end() {
        let folder = folder("loop");
        fs::create_dir(folder.join("sub")).expect("a folder");
        fs::write(folder.join("a.yaml"), pod("a")).expect("a file");
        symlink("..", folder.join("sub/up")).expect("a link");
        symlink("nowhere", folder.join("lost.yaml")).expect("a link");
        symlink("a.yaml", folder.join("same.yaml")).expect("a link");
        let read = read(&[Input::Path(folder.clone())]);
        // The link to the same file reads it again, which is no contradiction.
        assert_eq!((read.objects.len(), read.refused.len()), (2, 2), "{:#?}", read.refused);
        let mut got: Vec<_> = read.refused.iter().filter_map(|r| r.got.as_deref()).collect();
        got.sort_unstable();
        assert_eq!(got, ["No such file or directory", "this link leads back to a folder above it"]);
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_hides_nothing() {
        let folder = folder("unreadable");
        fs::write(folder.join("a.yaml"), pod("a")).expect("a file");
        // Nobody, not even root, reads from the start of this.
        symlink("/proc/self/mem", folder.join("b.yaml")).expect("a link");
        if !PathBuf::from("/proc/self/mem").exists() {
            return;
        }
        let some = read(&[Input::Path(folder.clone())]);
        assert_eq!(some.objects.len(), 1);
        assert_eq!(got(&some), "Input/output error");
        let through = read(&[Input::Path(folder.join("a.yaml/b.yaml"))]);
        assert_eq!(got(&through), "Not a directory");
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn pipes_and_devices_end() {
        let folder = folder("pipe");
        let pipe = folder.join("pipe.yaml");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        fs::write(folder.join("a.yaml"), pod("a")).expect("a file");
        // One that lies in a folder is nobody's answer: it would never end.
        assert_eq!(read(&[Input::Path(folder.clone())]).objects.len(), 1);
        // One that is named is read, as `<(kubectl get …)` is.
        let writer = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::write(pipe, pod("b")))
        };
        assert_eq!(read(&[Input::Path(pipe)]).objects.len(), 1);
        writer.join().expect("it ends").expect("it was read");
        let zero = read(&[Input::Path("/dev/zero".into())]);
        assert_eq!(got(&zero), "a device that does not end");
        assert_eq!(got(&read(&[Input::Path("/dev/null".into())])), "nothing: the file is empty");
        fs::remove_dir_all(folder).expect("it is ours");
    }
}

#[test]
fn folders_of_parts_are_known() {
    let folder = folder("parts");
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    };
    write("base/kustomization.yaml", "resources: [pod.yaml]\n");
    write("base/pod.yaml", &pod("a"));
    write("over/Kustomization", "resources: [../base]\n");
    for chart in ["chart", "chart/charts/inner"] {
        write(&format!("{chart}/Chart.yaml"), "name: x\n");
        write(&format!("{chart}/templates/a.yaml"), &pod("{{ .Values.name }}"));
        write(&format!("{chart}/templates/b.yaml"), &pod("{{ .Values.name }}"));
        write(&format!("{chart}/templates/c.yaml"), &pod(&chart.replace('/', "-")));
    }
    write("lone.yaml", &pod("{{ .Values.name }}"));
    let read = read(&[Input::Path(folder.clone())]);
    let named = |name: &str| folder.join(name).display().to_string();
    assert_eq!(read.kustomizations, [named("base"), named("over")]);
    assert_eq!(read.objects.len(), 3);
    let [chart, lone] = &read.refused[..] else { panic!("{:#?}", read.refused) };
    let help = format!("fill it in first: helm template {} | fibula … -f -", named("chart"));
    assert_eq!(chart.help.as_deref(), Some(&*help));
    let more = format!("; 4 templates of {} are not filled in", named("chart"));
    assert_eq!(chart.expected, format!("a Kubernetes object, not a template{more}"));
    assert_eq!(lone.help.as_deref(), Some("fill it in first: helm template CHART | fibula … -f -"));
    fs::remove_dir_all(&folder).expect("it is ours");
}
