//! Where input comes from, by what was typed: files, folders, standard input, the example, a git
//! revision.

mod over;

use std::path::{Path, PathBuf};

use fibula_source::Input;
use fibula_source::git::{self, GitError};

use crate::session::K1;
use crate::{Stop, Streams};
pub(crate) use over::Over;

/// How a cluster comes in.
pub(crate) const KUBECTL: &str = "kubectl get -A -o yaml nodes,pods,services | fibula verify -";

/// Where commands run.
const HERE: &str = ".";

/// An input, by what was typed.
pub(crate) fn input(name: &str, streams: &mut Streams<'_>) -> Result<Input, Stop> {
    match name {
        "-" => (streams.input)()
            .map(Input::Stdin)
            .map_err(|error| Stop::cannot(&format!("cannot read standard input: {error}"), None)),
        "@k1" => Ok(Input::Text { name: "k1.yaml".to_owned(), text: K1.into() }),
        _ if name.starts_with('@') => Err(Stop::cannot(
            &format!("{name} is no input that fibula knows: say a file, a folder, - or @k1"),
            Some(KUBECTL),
        )),
        _ if name.starts_with(git::PREFIX) => match pair(name)? {
            Some(_) => Err(refused(&GitError::Range(name.to_owned()))),
            None => git::files(Path::new(HERE), name).map(Input::Files).map_err(|e| refused(&e)),
        },
        path => Ok(Input::Path(PathBuf::from(path))),
    }
}

/// The two inputs that `git:A...B[:PATH]` names; none for anything else.
pub(crate) fn pair(said: &str) -> Result<Option<(String, String)>, Stop> {
    git::pair(Path::new(HERE), said).map_err(|error| refused(&error))
}

fn refused(error: &GitError) -> Stop {
    Stop::cannot(&error.to_string(), error.hint().as_deref())
}
