//! The files of a commit, and where its links lead.

use std::collections::BTreeMap;

use super::GitError;
use super::run::Git;
use crate::input::{CIRCLE, readable};
use crate::refusal::Refusal;

/// How many links in a row are followed, as a file system does.
const MOST_LINKS: usize = 40;

/// How many links to folders are followed in all: two in each folder that lead to one below would
/// double what is read with every step.
const MOST_FOLLOWED: usize = 1000;

/// What git calls a link; and a folder that is another repository's, of which nothing is here.
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// What to do about a submodule.
pub(super) const IN_SUBMODULE: &str = "a revision holds none of its files: name the folder of its \
                                       checkout, or a folder beside it";

/// Between the parts of a path: sorts before every letter, so that paths stand as in a folder that
/// is walked by name.
const CUT: char = '\0';

/// The entries of a commit, by path.
pub(super) struct Tree {
    entries: BTreeMap<String, Entry>,
}

enum Entry {
    File(String),
    Link(String),
    Submodule,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A file: what git calls it.
    File(String),
    /// A folder, by its own path.
    Folder(Vec<String>),
    /// A folder of another repository, or what is in one.
    Submodule(Vec<String>),
}

/// Files by the names that are shown, with what git calls them; or why one is none.
type Files = Vec<Result<(String, String), Box<Refusal>>>;

/// What was found below a folder, while it is looked through.
struct Below {
    files: Files,
    skipped: usize,
    /// The folders that we are in, each by its own path.
    within: Vec<Vec<String>>,
    /// How many links to folders were followed.
    followed: usize,
}

/// A path from a folder: `.` and `..` are understood. None if it leads out of the repository.
pub(super) fn join(folder: &str, path: &str) -> Option<Vec<String>> {
    let mut parts = vec![];
    let from_root = path.starts_with('/');
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part.to_owned()),
        }
    }
    (!from_root).then_some(parts)
}

impl Tree {
    /// All of a commit: links may lead anywhere in it.
    pub(super) fn read(git: &Git<'_>, commit: &str) -> Result<Tree, GitError> {
        let entries = git.entries(commit)?;
        let links = || entries.iter().filter(|(mode, ..)| mode == LINK);
        let objects: Vec<&str> = links().map(|(_, object, _)| object.as_str()).collect();
        let targets = git.contents(&objects)?;
        let mut targets = targets.iter().map(|target| String::from_utf8_lossy(target));
        let mut tree = BTreeMap::new();
        for (mode, object, path) in &entries {
            let entry = match mode.as_str() {
                LINK => Entry::Link(targets.next().unwrap_or_default().into_owned()),
                SUBMODULE => Entry::Submodule,
                _ => Entry::File(object.clone()),
            };
            tree.insert(path.replace('/', &CUT.to_string()), entry);
        }
        Ok(Tree { entries: tree })
    }

    /// What a path leads to, through links.
    pub(super) fn find(&self, path: &[String]) -> Option<Found> {
        let mut ahead: Vec<String> = path.iter().rev().cloned().collect();
        let mut done: Vec<String> = vec![];
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => _ = done.pop()?,
                _ => done.push(part),
            }
            match self.entries.get(&key(&done)) {
                Some(Entry::Link(target)) => {
                    links += 1;
                    if links > MOST_LINKS || target.starts_with('/') {
                        return None;
                    }
                    done.pop();
                    ahead.extend(target.split('/').rev().map(str::to_owned));
                }
                Some(Entry::Submodule) => return Some(Found::Submodule(done)),
                _ => {}
            }
        }
        match self.entries.get(&key(&done)) {
            Some(Entry::File(object)) => Some(Found::File(object.clone())),
            _ if self.inside(&done).next().is_some() => Some(Found::Folder(done)),
            // The root of an empty revision is a folder all the same.
            _ => done.is_empty().then_some(Found::Folder(done)),
        }
    }

    /// The files below a folder that are YAML or JSON by name, under the name that is shown for the
    /// folder; and how many others there are.
    pub(super) fn below(&self, folder: &[String], shown: &str) -> (Files, usize) {
        let within = vec![folder.to_vec()];
        let mut below = Below { files: vec![], skipped: 0, within, followed: 0 };
        self.collect(folder, shown, &mut below);
        (below.files, below.skipped)
    }

    fn collect(&self, folder: &[String], shown: &str, below: &mut Below) {
        for (path, entry) in self.inside(folder) {
            let parts: Vec<String> = path.split(CUT).map(str::to_owned).collect();
            let slash = if shown.ends_with(':') { "" } else { "/" };
            let name = format!("{shown}{slash}{}", parts[folder.len()..].join("/"));
            let last = parts.last().map(String::as_str).unwrap_or_default();
            let found = match entry {
                Entry::File(object) => Some(Found::File(object.clone())),
                Entry::Link(_) => self.find(&parts),
                Entry::Submodule => Some(Found::Submodule(parts.clone())),
            };
            match found {
                Some(Found::File(object)) if readable(last) => below.files.push(Ok((name, object))),
                Some(Found::File(_)) => below.skipped += 1,
                // Above the link itself, or above one by which we came here.
                Some(Found::Folder(to)) if parts.starts_with(&to) || below.within.contains(&to) => {
                    below.refuse(&name, CIRCLE, "");
                }
                Some(Found::Folder(to)) => {
                    below.followed += 1;
                    match (below.within.len() <= MOST_LINKS, below.followed) {
                        (true, ..=MOST_FOLLOWED) => {
                            below.within.push(to.clone());
                            self.collect(&to, &name, below);
                            below.within.pop();
                        }
                        (false, ..=MOST_FOLLOWED) => {
                            let why = format!("a link behind {MOST_LINKS} others");
                            below.refuse(&name, &why, "say the folder that it leads to");
                        }
                        // Told once: of what would come behind it there may be any number.
                        (_, followed) if followed == MOST_FOLLOWED + 1 => {
                            let why = format!("a link after {MOST_FOLLOWED} others to folders");
                            let help = "no more are followed: say a folder with fewer of them";
                            below.refuse(&name, &why, help);
                        }
                        _ => {}
                    }
                }
                Some(Found::Submodule(module)) => {
                    let why = format!("the submodule {}, another repository", module.join("/"));
                    below.refuse(&name, &why, IN_SUBMODULE);
                }
                None => below.refuse(&name, "a link to what is not in the revision", ""),
            }
        }
    }

    /// The entries below a folder.
    fn inside(&self, folder: &[String]) -> impl Iterator<Item = (&String, &Entry)> {
        let mut start = key(folder);
        if !start.is_empty() {
            start.push(CUT);
        }
        let from = self.entries.range(start.clone()..);
        from.take_while(move |(path, _)| path.starts_with(&start))
    }
}

// === impl Below ===

impl Below {
    fn refuse(&mut self, name: &str, why: &str, help: &str) {
        let refusal = Refusal::file(name, "something to read").got(why);
        let refusal = if help.is_empty() { refusal } else { refusal.help(help) };
        self.files.push(Err(Box::new(refusal)));
    }
}

fn key(parts: &[String]) -> String {
    parts.join(&CUT.to_string())
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_are_relative_to_the_folder_and_stay_in_the_repository() {
        let table = [
            ("", "deploy", Some("deploy")),
            ("a/b/", "./c/", Some("a/b/c")),
            ("a/b/", "../c", Some("a/c")),
            ("a/", "..", Some("")),
            ("a/", "../..", None),
            ("", "/etc", None),
        ];
        for (folder, path, expected) in table {
            let joined = join(folder, path).map(|parts| parts.join("/"));
            assert_eq!(joined.as_deref(), expected, "{folder} {path}");
        }
    }
}
