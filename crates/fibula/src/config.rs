//! `fibula.toml`: what a project has decided once, so that nobody needs to say it again.
//!
//! ```toml
//!   profile = "cilium"
//!   ignore = ["AuthorizationPolicy"]
//!
//!   [decide]
//!   DR-3 = "yes"
//!
//!   [lint]
//!   off = ["host-network"]
//!
//!   [lint.severity]
//!   exposed = "error"
//! ```

use std::io::ErrorKind;
use std::ops::Range;

use fibula_answers::lint;
use fibula_cluster::Severity;
use fibula_intended::{Decision, Decisions, Profile};
use fibula_report::{Page, error};
use fibula_source::{Caret, Refusal, reason};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::args::{Decided, InputArgs};
use crate::refused::around;
use crate::words::near;
use crate::{Exit, Stop};

/// The file that is read unasked, where it is there.
const NAME: &str = "fibula.toml";

/// What is decided, on the command line and in a file.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// What the profile and single decisions come to.
    pub(crate) decisions: Decisions,
    /// The profile, if one was named.
    pub(crate) profile: Option<Profile>,
    /// Kinds that need not be read.
    pub(crate) ignore: Vec<String>,
    /// Findings that are not wanted.
    pub(crate) off: Vec<String>,
    /// How bad findings are, where that is not as usual.
    pub(crate) severity: Vec<(String, Severity)>,
}

/// What a file says.
#[derive(Default)]
struct File {
    profile: Option<Profile>,
    decide: Vec<Decided>,
    ignore: Vec<String>,
    off: Vec<String>,
    severity: Vec<(String, Severity)>,
}

/// A file on its way.
struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    /// Each with its first byte.
    refused: Vec<(usize, Page)>,
}

/// The keys of a file.
const KEYS: [&str; 4] = ["profile", "decide", "ignore", "lint"];

/// What the command line says, and for the rest the file that it names, or `fibula.toml`.
///
/// `--profile` is instead of all that the file decides, and `--decide` comes over either.
pub(crate) fn config(args: &InputArgs) -> Result<Config, Stop> {
    let name = args.config.as_deref().unwrap_or(NAME);
    let file = match std::fs::read_to_string(name) {
        Ok(text) => read(name, &text)?,
        Err(error) if error.kind() == ErrorKind::NotFound && args.config.is_none() => {
            File::default()
        }
        Err(error) => {
            return Err(Stop::cannot(&format!("cannot read {name}: {}", reason(&error)), None));
        }
    };
    let (profile, decide) = match args.profile {
        Some(profile) => (Some(profile), vec![]),
        None => (file.profile, file.decide),
    };
    let mut decisions = profile.map_or_else(Decisions::default, Decisions::from);
    for decided in decide.iter().chain(&args.decide) {
        decisions.set(decided.decision, decided.value);
    }
    let ignore = file.ignore.into_iter().chain(args.ignore.iter().cloned()).collect();
    Ok(Config { decisions, profile, ignore, off: file.off, severity: file.severity })
}

fn read(name: &str, text: &str) -> Result<File, Stop> {
    let mut reader = Reader { name, text, refused: vec![] };
    let mut file = File::default();
    match DeTable::parse(text) {
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let at = span.start.min(text.len());
            let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
            let what = format!("valid TOML: {}", error.message());
            reader.refuse(at..span.end.clamp(at, end), &what, None);
        }
        Ok(table) => {
            for (key, value) in table.get_ref() {
                reader.key(key, value, &mut file);
            }
        }
    }
    reader.refused.sort_by_key(|(start, _)| *start);
    match reader.refused.is_empty() {
        true => Ok(file),
        false => {
            let pages = reader.refused.into_iter().map(|(_, page)| page).collect();
            Err(Stop::with(pages, Exit::Cannot))
        }
    }
}

// === impl Reader ===

impl Reader<'_> {
    fn key(
        &mut self,
        key: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
        file: &mut File,
    ) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("profile", DeValue::String(name)) => match name.parse() {
                Ok(profile) => file.profile = Some(profile),
                Err(_) => {
                    let names = Profile::ALL.map(Profile::name);
                    self.refuse(value.span(), "reference or cilium", near(name, &names));
                }
            },
            ("profile", _) => self.refuse(value.span(), "the name of a profile", None),
            ("ignore", DeValue::Array(kinds)) => {
                for kind in kinds.iter() {
                    match kind.get_ref() {
                        DeValue::String(kind) => file.ignore.push(kind.to_string()),
                        _ => self.refuse(kind.span(), "the name of a kind", None),
                    }
                }
            }
            ("ignore", _) => self.refuse(value.span(), "a list of kinds", None),
            ("decide", DeValue::Table(table)) => {
                for (id, value) in table {
                    self.decision(id, value, file);
                }
            }
            ("decide", _) => self.refuse(value.span(), "a table, [decide]", None),
            ("lint", DeValue::Table(table)) => {
                for (key, value) in table {
                    self.lint(key, value, file);
                }
            }
            ("lint", _) => self.refuse(value.span(), "a table, [lint]", None),
            (other, _) => {
                let expected = "profile, ignore, [decide] or [lint]";
                self.refuse(key.span(), expected, near(other, &KEYS));
            }
        }
    }

    fn lint(
        &mut self,
        key: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
        file: &mut File,
    ) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("off", DeValue::Array(ids)) => {
                for id in ids.iter() {
                    match id.get_ref() {
                        DeValue::String(said) => {
                            file.off.extend(self.finding(said, id.span()));
                        }
                        _ => self.refuse(id.span(), "the id of a finding", None),
                    }
                }
            }
            ("off", _) => self.refuse(value.span(), "a list of ids of findings", None),
            ("severity", DeValue::Table(table)) => {
                for (id, value) in table {
                    let severity = match value.get_ref() {
                        DeValue::String(word) => Severity::named(word),
                        _ => None,
                    };
                    let known = self.finding(id.get_ref().as_ref(), id.span());
                    match severity {
                        Some(severity) => file.severity.extend(known.map(|id| (id, severity))),
                        None => {
                            self.refuse(value.span(), "\"error\", \"warning\" or \"note\"", None);
                        }
                    }
                }
            }
            ("severity", _) => self.refuse(value.span(), "a table, [lint.severity]", None),
            (other, _) => {
                self.refuse(
                    key.span(),
                    "off or [lint.severity]",
                    near(other, &["off", "severity"]),
                );
            }
        }
    }

    /// The id of a finding; refused, if it is none.
    fn finding(&mut self, said: &str, span: Range<usize>) -> Option<String> {
        if lint::ids().contains(&said) {
            return Some(said.to_owned());
        }
        self.refuse(span, "the id of a finding", lint::near_id(said));
        None
    }

    fn decision(
        &mut self,
        id: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
        file: &mut File,
    ) {
        let said = id.get_ref().as_ref();
        let Ok(decision) = said.parse::<Decision>() else {
            let ids = Decision::ALL.map(Decision::id);
            return self.refuse(id.span(), &format!("one of {}", ids.join(", ")), None);
        };
        let [first, second] = decision.values();
        let word = match value.get_ref() {
            DeValue::String(word) => word.as_ref(),
            DeValue::Boolean(true) => "yes",
            DeValue::Boolean(false) => "no",
            _ => "",
        };
        match decision.value(word) {
            Some(value) => file.decide.push(Decided { decision, value }),
            None => self.refuse(value.span(), &format!("\"{first}\" or \"{second}\""), None),
        }
    }

    fn refuse(&mut self, span: Range<usize>, expected: &str, near: Option<&'static str>) {
        let start = span.start.min(self.text.len());
        let before = &self.text[..start];
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        let got = self.text.get(span).unwrap_or_default();
        let lines: Vec<&str> = self.text.lines().collect();
        let caret = Caret { line, column, length: got.chars().count().max(1) };
        let page = error::refusal(&Refusal {
            file: self.name.to_owned(),
            line: Some(line),
            column: Some(column),
            object: None,
            path: None,
            got: (!got.is_empty()).then(|| got.to_owned()),
            expected: expected.to_owned(),
            help: error::meant(near.as_slice()),
            snippet: around(&lines, caret),
        });
        self.refused.push((start, page));
    }
}
