//! Running kubectl: what it prints, how it ends, and when it does not.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::KubeError;

/// How long kubectl itself waits for one answer of the cluster.
const ONE_ANSWER: Duration = Duration::from_secs(60);

/// How often it is looked whether a call has ended.
const LOOK: Duration = Duration::from_millis(5);

/// How long what a call printed is waited for when it has ended: what it started may still hold the
/// pipe.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// kubectl, with a context.
#[derive(Clone, Copy)]
pub(super) struct Kubectl<'a> {
    pub(super) context: Option<&'a str>,
    /// How long a call may take.
    pub(super) patience: Duration,
}

/// How a call ended.
struct Ended {
    status: ExitStatus,
    out: Vec<u8>,
    err: String,
}

impl Kubectl<'_> {
    /// The resources that the cluster has and that can be listed, by their full names; and
    /// what is said of groups that did not answer.
    pub(super) fn resources(self) -> Result<(Vec<String>, String), KubeError> {
        let what = "api-resources";
        let Ended { status, out, err } = self.call(&[what, "--verbs=list", "-o", "name"], what)?;
        let out = String::from_utf8_lossy(&out);
        let names = out.lines().map(str::trim).filter(|line| !line.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        // An aggregated API that is down makes it fail, and the others are told all the same.
        let some = names.iter().any(|name| name == "pods");
        match status.success() || some {
            true if some => Ok((names, if status.success() { String::new() } else { err })),
            true => Err(KubeError::NoAnswer { what: what.to_owned(), says: first(&out) }),
            false => Err(KubeError::told(what, &err)),
        }
    }

    /// All objects of a resource, as JSON; none where they may not be listed.
    pub(super) fn list(self, resource: &str) -> Result<Option<Vec<u8>>, KubeError> {
        let what = format!("get {resource}");
        let Ended { status, out, err } =
            self.call(&["get", resource, "-A", "-o", "json"], &what)?;
        if !status.success() {
            // Gone since it was told: a kind that is being removed.
            if err.contains("the server doesn't have a resource type") {
                return Ok(Some(
                    b"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}".to_vec(),
                ));
            }
            return match err.contains("(Forbidden)") || err.contains("is forbidden") {
                true => Ok(None),
                false => Err(KubeError::told(&what, &err)),
            };
        }
        match out.trim_ascii_start().starts_with(b"{") {
            true => Ok(Some(out)),
            false => Err(KubeError::NoAnswer { what, says: first(&String::from_utf8_lossy(&out)) }),
        }
    }

    fn call(self, args: &[&str], what: &str) -> Result<Ended, KubeError> {
        let mut command = Command::new("kubectl");
        // As one word: no name of a context becomes an option.
        command.args(self.context.map(|context| format!("--context={context}")));
        let wait = self.patience.min(ONE_ANSWER).as_secs().max(1);
        command.arg(format!("--request-timeout={wait}s")).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => KubeError::NotInstalled,
            _ => KubeError::Failed { what: what.to_owned(), says: error.to_string() },
        })?;
        let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let Some(status) = ends(&mut child, self.patience) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(KubeError::Timeout { what: what.to_owned(), after: self.patience });
        };
        let all = |pipe: mpsc::Receiver<Vec<u8>>| pipe.recv_timeout(LAST_WORDS).unwrap_or_default();
        let (out, err) = (all(out), String::from_utf8_lossy(&all(err)).into_owned());
        Ok(Ended { status, out, err })
    }
}

/// Reads a pipe to its end, so that it never fills.
fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = vec![];
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

/// How a program ends; nothing if it does not in time.
fn ends(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if begin.elapsed() < patience => std::thread::sleep(LOOK),
            Ok(None) | Err(_) => return None,
        }
    }
}

fn first(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("nothing").chars().take(100).collect()
}
