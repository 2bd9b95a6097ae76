//! Comments that switch findings off: `# fibula: ignore same-port`, on the line that a finding points
//! to or on a line of its own above it.

use fibula_cluster::ObjectId;

use crate::file::{File, Format};
use crate::sources::Sources;

/// How such a comment begins.
const SIGN: &str = "# fibula: ignore ";

/// A comment that switches findings off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The object that it stands in, or before.
    pub object: ObjectId,
    /// Whether it is about the whole object: it stands above its first line, or on it.
    pub whole: bool,
    /// The line that it is about, from 1.
    pub line: usize,
    /// The ids that it names, whether they are some or not.
    pub ids: Vec<String>,
    /// Where the comment stands, as `file:line`.
    pub at: String,
}

impl Sources {
    /// The comments of all YAML files that switch findings off. Costs a search in these files.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = vec![];
        for (number, file) in (0..).zip(&self.files) {
            if file.format() == Format::Json {
                continue;
            }
            let signs: Vec<usize> = file.text.match_indices(SIGN).map(|(at, _)| at).collect();
            if !signs.is_empty() {
                self.of_file(number, file, &signs, &mut remarks);
            }
        }
        remarks
    }

    fn of_file(&self, number: u32, file: &File, signs: &[usize], remarks: &mut Vec<Remark>) {
        let objects = (0..).map(ObjectId).zip(&self.origins);
        let objects = objects.filter(|(_, origin)| origin.file == number);
        let lines = objects.map(|(id, origin)| {
            let line = |at| file.line_column(at).0;
            let last = origin.bytes.end.saturating_sub(1).max(origin.bytes.start);
            (line(origin.bytes.start), line(last), id)
        });
        let objects: Vec<(usize, usize, ObjectId)> = lines.collect();
        for &at in signs {
            let (start, end) = (file.line_start(at), file.line_end(at));
            let own_line = file.text[start..at].trim().is_empty();
            let Some(about) = (if own_line { next(file, end) } else { Some(start) }) else {
                continue;
            };
            let line = file.line_column(about).0;
            let said = file.text[at + SIGN.len()..end].split([',', ' ', '\r']);
            let ids = said.filter(|id| !id.is_empty()).map(str::to_owned).collect();
            let within =
                |(first, last, _): &&(usize, usize, ObjectId)| (*first..=*last).contains(&line);
            // An object within another's lines, as of a list, is the nearer one.
            let nearest = objects.iter().filter(within).max_by_key(|(first, ..)| *first);
            let Some((first, _, object)) = nearest else { continue };
            let at = format!("{}:{}", file.name, file.line_column(at).0);
            remarks.push(Remark { object: *object, whole: line == *first, line, ids, at });
        }
    }
}

/// The first byte of the next line that says something, behind the end of one.
fn next(file: &File, end: usize) -> Option<usize> {
    let mut at = end + 1;
    while at < file.text.len() {
        let line = &file.text[at..file.line_end(at)];
        let words = line.trim();
        if !words.is_empty() && !words.starts_with('#') && words != "---" {
            return Some(at);
        }
        at += line.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::{Input, read};

    const TEXT: &str = "\
# fibula: ignore exposed
apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  # fibula: ignore service-without-pods, undeclared-port

  # Another comment in between.
  selector: {app: a}
  type: NodePort  # fibula: ignore same-node-port
  ports: [{port: 80}]
---
# fibula: ignore host-network
---
apiVersion: v1
kind: Pod
metadata: {name: b}
spec: {containers: [{name: c}]}
# fibula: ignore nothing-behind-it
";

    #[test]
    fn a_comment_is_about_its_line_or_the_next() {
        let input = Input::Text { name: "a.yaml".to_owned(), text: TEXT.to_owned() };
        let read = read(&[input]);
        assert_eq!(read.refused, []);
        let told: Vec<String> = read
            .sources
            .remarks()
            .iter()
            .map(|r| {
                let whole = if r.whole { ", whole" } else { "" };
                format!("{} {}{whole}: {} ({})", r.object.0, r.line, r.ids.join(" "), r.at)
            })
            .collect();
        assert_eq!(
            told,
            [
                "0 2, whole: exposed (a.yaml:1)",
                "0 9: service-without-pods undeclared-port (a.yaml:6)",
                "0 10: same-node-port (a.yaml:10)",
                "1 15, whole: host-network (a.yaml:13)",
            ]
        );
    }
}
