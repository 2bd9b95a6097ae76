//! A revision is read as its checkout would be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fibula_source::git::{GitError, files, pair};
use fibula_source::{Input, Read, read};

/// A repository of its own, which is removed at the end.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str) -> Repository {
        let folder = std::env::temp_dir().join(format!("fibula-git-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let repository = Repository(folder);
        repository.git("init -q -b main");
        repository
    }

    fn git(&self, line: &str) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let status = Command::new("git")
            .current_dir(&self.0)
            .args(identity)
            .args(line.split(' '))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .status()
            .expect("git is here");
        assert!(status.success(), "git {line}");
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn commit(&self, what: &str) {
        self.git("add -A");
        self.git(&format!("commit -q --allow-empty -m {what}"));
    }

    /// Reads an input as a command in a folder of the repository would.
    fn read(&self, folder: &str, said: &str) -> Result<Read, GitError> {
        files(&self.0.join(folder), said).map(|files| read(&[Input::Files(files)]))
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n")
}

fn names(read: &Read) -> Vec<&str> {
    read.objects.iter().map(|(_, object)| object.name()).collect()
}

fn places(read: &Read) -> Vec<String> {
    let at = |id| read.sources.position(id, "metadata.name").expect("it was read");
    let places = read.objects.iter().map(|(id, _)| (at(*id).file.to_owned(), at(*id).line));
    places.map(|(file, line)| format!("{file}:{line}")).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packer.write_all(text.as_bytes()).expect("it packs");
    packer.finish().expect("it packs")
}

#[test]
fn a_revision_is_read_without_a_checkout() {
    let repository = Repository::new("read");
    repository.write("deploy/web.yaml", pod("web"));
    repository.write("deploy/db/db.yaml.gz", gzip(&pod("db")));
    repository.write("deploy/notes.txt", "not for us");
    repository.write("other/x.yaml", pod("x"));
    repository.commit("one");
    fs::remove_dir_all(repository.0.join("deploy")).expect("it is ours");
    repository.write("deploy/new.yaml", pod("new"));
    repository.commit("two");
    repository.write("deploy/newer.yaml", pod("newer"));

    let old = repository.read("", "git:HEAD~1:deploy").expect("it is there");
    assert_eq!(names(&old), ["db", "web"]);
    assert_eq!((old.files, old.skipped), (2, 1));
    let expected = ["git:HEAD~1:deploy/db/db.yaml.gz:4", "git:HEAD~1:deploy/web.yaml:4"];
    assert_eq!(places(&old), expected);

    // What is not committed is in no revision; an empty one is HEAD.
    let head = repository.read("", "git::deploy/").expect("it is there");
    assert_eq!(names(&head), ["new"]);
    assert_eq!(names(&repository.read("", "git:main").expect("it is there")), ["new", "x"]);
    // One file, whatever its name.
    let file = repository.read("", "git:main~1:deploy/web.yaml").expect("it is there");
    assert_eq!(places(&file), ["git:main~1:deploy/web.yaml:4"]);
    let notes = repository.read("", "git:main~1:deploy/notes.txt").expect("it is there");
    assert_eq!(notes.refused.len(), 1, "a file that was named is for us");
}

#[test]
fn a_path_is_relative_to_the_folder_of_the_command() {
    let repository = Repository::new("relative");
    repository.write("a/deploy/web.yaml", pod("web"));
    repository.write("b/x.yaml", pod("x"));
    repository.commit("one");
    let places_of = |folder, said| places(&repository.read(folder, said).expect("it is there"));
    assert_eq!(places_of("a", "git:main:deploy"), ["git:main:deploy/web.yaml:4"]);
    assert_eq!(places_of("a", "git:main"), ["git:main:deploy/web.yaml:4"]);
    assert_eq!(places_of("a", "git:main:."), ["git:main:deploy/web.yaml:4"]);
    assert_eq!(places_of("a", "git:main:../b"), ["git:main:../b/x.yaml:4"]);
    let outside = repository.read("a", "git:main:../../etc").map(|_| ());
    assert!(matches!(outside, Err(GitError::NoPath { .. })));
}

#[cfg(unix)]
#[test]
fn links_lead_where_they_do_in_a_folder() {
    use std::os::unix::fs::symlink;
    let repository = Repository::new("links");
    repository.write("base/web.yaml", pod("web"));
    repository.write("prod/own.yaml", pod("own"));
    let link = |to: &str, at: &str| symlink(to, repository.0.join(at)).expect("a link");
    link("../base", "prod/base");
    link("../base/web.yaml", "prod/one.yaml");
    link("prod", "live");
    repository.commit("one");
    let on_disk = |path: &str| read(&[Input::Path(repository.0.join(path))]);
    for path in ["prod", "live", "prod/base", "."] {
        let revision = repository.read("", &format!("git:main:{path}")).expect("it is there");
        assert_eq!(names(&revision), names(&on_disk(path)), "{path}");
        assert_eq!(revision.refused, [], "{path}");
    }
    // A circle, and a link that leads nowhere, are told, and hide nothing else.
    link("..", "prod/up");
    link("/etc", "prod/etc");
    link("gone.yaml", "prod/broken.yaml");
    repository.commit("two");
    let prod = repository.read("", "git:main:prod").expect("it is there");
    assert_eq!(names(&prod), ["web", "web", "own"]);
    let refused: Vec<String> = prod
        .refused
        .iter()
        .map(|refusal| format!("{}: {}", refusal.file, refusal.got.as_deref().unwrap_or_default()))
        .collect();
    let expected = [
        "git:main:prod/broken.yaml: a link to what is not in the revision",
        "git:main:prod/etc: a link to what is not in the revision",
        "git:main:prod/up: this link leads back to a folder above it",
    ];
    assert_eq!(refused, expected);
}

/// A folder of another repository holds nothing in a revision, and that is told by its path.
#[test]
fn a_submodule_is_refused_by_name() {
    let repository = Repository::new("submodule");
    repository.write("deploy/web.yaml", pod("web"));
    repository.commit("one");
    // As `git submodule add` notes it, without the other repository.
    let commit = "0123456789012345678901234567890123456789";
    repository.git(&format!("update-index --add --cacheinfo 160000,{commit},deploy/charts/base"));
    repository.git("commit -q -m two");
    let deploy = repository.read("", "git:main:deploy").expect("it is there");
    assert_eq!(names(&deploy), ["web"]);
    let [refusal] = &deploy.refused[..] else { panic!("{:?}", deploy.refused) };
    assert_eq!(refusal.file, "git:main:deploy/charts/base");
    let got = refusal.got.as_deref().unwrap_or_default();
    assert_eq!(got, "the submodule deploy/charts/base, another repository");
    assert!(refusal.help.as_ref().is_some_and(|help| help.contains("checkout")), "{refusal:?}");
    for path in ["deploy/charts/base", "deploy/charts/base/web.yaml"] {
        let error = repository.read("", &format!("git:main:{path}")).map(|_| ());
        let module = "deploy/charts/base".to_owned();
        assert_eq!(error, Err(GitError::Submodule { path: path.to_owned(), module }));
    }
    let beside = repository.read("", "git:main~1:deploy").expect("it is there");
    assert_eq!(beside.refused, []);
}

/// Two links in each folder, to the next one: twice as much at each of thirty steps.
#[cfg(unix)]
#[test]
fn links_that_double_at_each_step_are_not_followed_for_ever() {
    use std::os::unix::fs::symlink;
    let repository = Repository::new("doubling");
    for step in 0..30 {
        let folder = format!("f{step}");
        repository.write(&format!("{folder}/p.yaml"), pod(&folder));
        for link in ["a", "b"] {
            let at = repository.0.join(&folder).join(link);
            symlink(format!("../f{}", step + 1), at).expect("a link");
        }
    }
    repository.write("f30/p.yaml", pod("f30"));
    repository.commit("one");
    let read = repository.read("", "git:main:f0").expect("it is there");
    assert!((500..2000).contains(&read.objects.len()), "{}", read.objects.len());
    let [refusal] = &read.refused[..] else { panic!("{} refused", read.refused.len()) };
    let got = refusal.got.as_deref().unwrap_or_default();
    assert_eq!(got, "a link after 1000 others to folders");
    assert!(refusal.help.as_ref().is_some_and(|help| help.contains("no more are followed")));
}

#[test]
fn what_is_not_there_is_an_error_of_its_own() {
    let repository = Repository::new("errors");
    repository.write("deploy/web.yaml", pod("web"));
    repository.commit("one");
    let error = |said: &str| repository.read("", said).map(|_| ()).expect_err(said);
    assert_eq!(error("git:nope:deploy"), GitError::NoRevision("nope".into()));
    assert_eq!(
        error("git:main:nope"),
        GitError::NoPath { rev: "main".into(), path: "nope".into() }
    );
    assert_eq!(error("git:main..HEAD"), GitError::Range("git:main..HEAD".into()));
    // Nothing that is typed becomes an option of git.
    for rev in ["--help", "-h", "--output=stolen", "--git-dir=x"] {
        assert_eq!(error(&format!("git:{rev}:deploy")), GitError::NotARevision(rev.into()));
    }
    let nowhere = files(Path::new("/"), "git:HEAD").map(|_| ());
    assert_eq!(nowhere, Err(GitError::NoRepository));
    let empty = repository.read("", "git:main:deploy/web.yaml/x").map(|_| ());
    assert!(matches!(empty, Err(GitError::NoPath { .. })));
}

#[test]
fn three_points_are_what_two_have_in_common_and_the_second() {
    let repository = Repository::new("pair");
    repository.write("deploy/web.yaml", pod("web"));
    repository.commit("one");
    repository.git("checkout -q -b topic");
    repository.write("deploy/new.yaml", pod("new"));
    repository.commit("two");
    repository.git("checkout -q main");
    repository.write("deploy/else.yaml", pod("else"));
    repository.commit("three");
    let pair = |said: &str| pair(&repository.0, said);
    let (old, new) = pair("git:main...topic:deploy").expect("it is").expect("two");
    assert_eq!(new, "git:topic:deploy");
    assert_eq!(names(&repository.read("", &old).expect("it is there")), ["web"]);
    assert!(old.len() == "git::deploy".len() + 12, "{old}");
    let (old, new) = pair("git:...topic").expect("it is").expect("two");
    assert_eq!(new, "git:topic");
    assert_eq!(names(&repository.read("", &old).expect("it is there")), ["web"]);
    let two = Some(("git:main:x".to_owned(), "git:topic:x".to_owned()));
    assert_eq!(pair("git:main..topic:x"), Ok(two));
    for none in ["git:main:a...b", "deploy", "git:main", "../x"] {
        assert_eq!(pair(none), Ok(None), "{none}");
    }
    assert_eq!(pair("git:-x...topic"), Err(GitError::NotARevision("-x".into())));
    repository.git("checkout -q --orphan other");
    repository.commit("alone");
    let alone = pair("git:main...other");
    let (a, b) = ("main".to_owned(), "other".to_owned());
    assert_eq!(alone, Err(GitError::NoBase { a, b, shallow: false }));
}
