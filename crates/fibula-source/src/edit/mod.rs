//! Edits of objects where they stand: everything else in the file stays byte for byte.
//!
//! ```text
//!   object, path, value ──► place     which bytes go, and what comes there
//!                       ──► Amended   the new text, and the lines that differ
//! ```
//!
//! What is not surely understood is refused: anchors, odd layouts, JSON, files that cannot be written.
//! After an edit the file is read again, and every other object in it must be as it was.

mod place;
pub(crate) mod write;

use std::collections::BTreeMap;
use std::ops::Range;

use fibula_cluster::{Object, ObjectId};
use serde_json::Value;

use crate::events::yaml;
use crate::file::{File, Format};
use crate::input::Input;
use crate::read::read;
use crate::sources::{Origin, Sources};
use place::Splice;

/// An edit of an object, by API paths such as `spec.ingress[0].from`.
#[derive(Clone, Debug, PartialEq)]
pub enum Amend {
    /// An item at the end of a list, which may not be there yet.
    Append {
        /// The list.
        path: String,
        /// The item.
        value: Value,
    },
    /// An item before another one of a list.
    Insert {
        /// The list.
        path: String,
        /// The index of the other one.
        index: usize,
        /// The item.
        value: Value,
    },
    /// A value, which may not be there yet, nor what it stands in.
    Set {
        /// The value's place.
        path: String,
        /// The value.
        value: Value,
    },
    /// An item or a key with its value that goes.
    Remove {
        /// Its place.
        path: String,
    },
}

/// A file with edits.
#[derive(Clone, Debug, PartialEq)]
pub struct Amended {
    /// The file, as the user named it.
    pub file: String,
    /// What it held.
    pub before: String,
    /// What it holds now.
    pub after: String,
    /// The lines that differ.
    pub hunks: Vec<Hunk>,
    /// The objects that were edited, as they are read before and after.
    pub objects: Vec<(ObjectId, Object, Object)>,
}

/// Lines that are replaced by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The first line that goes, from 1; where none goes, the one before which others come.
    pub first: usize,
    /// The lines that go, with their line breaks.
    pub removed: Vec<String>,
    /// The lines that come.
    pub added: Vec<String>,
}

/// A value as lines of YAML in block style, as `kubectl get -o yaml` has it.
pub fn block(value: &Value) -> Vec<String> {
    write::block(value, write::Style::USUAL)
}

/// Files on their way.
struct Draft {
    file: File,
    /// What was done to it, in this order: which bytes became how many.
    done: Vec<(Range<usize>, usize)>,
    objects: Vec<ObjectId>,
}

impl Sources {
    /// The files that hold these objects, after these edits, one after another. Nothing where one of
    /// them cannot surely be made.
    pub fn amend(&self, edits: &[(ObjectId, Amend)]) -> Option<Vec<Amended>> {
        let mut drafts: BTreeMap<u32, Draft> = BTreeMap::new();
        for (id, edit) in edits {
            let origin = self.origins.get(id.0 as usize)?;
            let file = self.files.get(origin.file as usize)?;
            if !file.editable || origin.format != Format::Yaml || !file.broken.is_empty() {
                return None;
            }
            let copy = || File::new(file.name.clone(), file.text.clone().into_bytes(), file.found);
            let draft = drafts.entry(origin.file).or_insert_with(|| Draft {
                file: copy(),
                done: vec![],
                objects: vec![],
            });
            if !draft.objects.contains(id) {
                draft.objects.push(*id);
            }
            draft.make(origin, edit)?;
        }
        let mut all = vec![];
        for (index, draft) in drafts {
            let before = self.files.get(index as usize)?;
            let own = |origin: &Origin| origin.file == index;
            let first = self.origins.iter().position(own)?;
            let changed: Vec<usize> =
                draft.objects.iter().map(|id| (id.0 as usize).wrapping_sub(first)).collect();
            let (old, new) = (&before.text, draft.file.text);
            let both = others_stay(&before.name, old, &new, &changed)?;
            let objects = draft.objects.iter().zip(both);
            let objects = objects.map(|(id, (old, new))| (*id, old, new)).collect();
            let (file, before) = (before.name.clone(), old.clone());
            all.push(Amended { hunks: hunks(&before, &new), file, before, after: new, objects });
        }
        Some(all)
    }
}

// === impl Draft ===

impl Draft {
    fn make(&mut self, origin: &Origin, edit: &Amend) -> Option<()> {
        let bytes = self.moved(origin.bytes.clone());
        let origin = Origin { file: origin.file, format: origin.format, bytes };
        let (text, before) = origin.alone(&self.file)?;
        let base = origin.bytes.start.checked_sub(before)?;
        let events = yaml(&text).ok()?;
        let Splice { bytes, text } = place::splice(&text, &events, edit)?;
        let bytes = base + bytes.start..base + bytes.end;
        let breaks = if self.file.text.contains("\r\n") { "\r\n" } else { "\n" };
        let text = text.replace('\n', breaks);
        let mut whole = self.file.text.clone();
        self.done.push((bytes.clone(), text.len()));
        whole.replace_range(bytes, &text);
        self.file = File::new(self.file.name.clone(), whole.into_bytes(), self.file.found);
        Some(())
    }

    /// Where an object stands now.
    fn moved(&self, bytes: Range<usize>) -> Range<usize> {
        self.done.iter().fold(bytes, |at, (gone, come)| {
            let by = |n: usize| n + come - gone.len();
            match (gone.end <= at.start && gone.start < at.start, gone.start <= at.end) {
                (true, _) => by(at.start)..by(at.end),
                (false, true) => at.start..by(at.end),
                (false, false) => at,
            }
        })
    }
}

/// The objects at these places of a text, before and after; nothing where another one is not as it
/// was.
fn others_stay(
    name: &str,
    before: &str,
    after: &str,
    changed: &[usize],
) -> Option<Vec<(Object, Object)>> {
    let objects = |text: &str| {
        let name = name.to_owned();
        let read = read(&[Input::Text { name, text: text.to_owned() }]);
        let refused = read.refused.len();
        (read.objects, read.unread.len(), refused)
    };
    let (old, new) = (objects(before), objects(after));
    let same = |(a, b): (&(ObjectId, Object), &(ObjectId, Object))| {
        a == b || a.0 == b.0 && changed.contains(&(a.0.0 as usize))
    };
    let stay = old.1 == new.1
        && old.2 == new.2
        && old.0.len() == new.0.len()
        && old.0.iter().zip(&new.0).all(same);
    let at = |objects: &[(ObjectId, Object)], place: usize| {
        let mut own = objects.iter().filter(|(id, _)| id.0 as usize == place);
        own.next().map(|(_, object)| object.clone())
    };
    let pairs = changed.iter().map(|place| Some((at(&old.0, *place)?, at(&new.0, *place)?)));
    pairs.collect::<Option<Vec<_>>>().filter(|_| stay)
}

/// The lines that differ between two texts: shortest edits by Myers, as hunks.
fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut hunks: Vec<Hunk> = vec![];
    let (mut x, mut y) = (0, 0);
    let same = lcs(old, new);
    for (i, j) in same.into_iter().chain([(old.len(), new.len())]) {
        if x < i || y < j {
            let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
            hunks.push(Hunk {
                first: start + x + 1,
                removed: lines(&old[x..i]),
                added: lines(&new[y..j]),
            });
        }
        (x, y) = (i + 1, j + 1);
    }
    hunks
}

/// How many lines are compared each with each: beyond that all of them are one hunk.
const MOST_LINES: usize = 2000;

/// The lines that two texts have in common, by their places in both.
fn lcs(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    if old.len() > MOST_LINES || new.len() > MOST_LINES {
        return vec![];
    }
    let (rows, columns) = (old.len(), new.len());
    let mut longest = vec![0u16; (rows + 1) * (columns + 1)];
    let at = |i: usize, j: usize| i * (columns + 1) + j;
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            longest[at(i, j)] = match old[i] == new[j] {
                true => longest[at(i + 1, j + 1)] + 1,
                false => longest[at(i + 1, j)].max(longest[at(i, j + 1)]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut common = vec![];
    while i < rows && j < columns {
        if old[i] == new[j] {
            common.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[at(i + 1, j)] >= longest[at(i, j + 1)] {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}
