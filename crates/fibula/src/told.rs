//! What is told of the input, beside the answer: what was refused, and what is to be built first.

use fibula_report::{Page, error};
use fibula_source::Refusal;

/// How many refusals are shown: who has more has one reason for them.
const MOST: usize = 50;

/// What was refused, each with the lines around it; of very many the first.
pub(crate) fn refused(refused: &[Refusal]) -> Vec<Page> {
    let mut pages: Vec<Page> = refused.iter().take(MOST).map(error::refusal).collect();
    if let Some(more) = refused.len().checked_sub(MOST).filter(|more| *more > 0) {
        let hint = "fibula lint -o sarif tells them all";
        pages.push(error::error(&format!("{more} more refusals like these"), Some(hint)));
    }
    pages
}

/// What a dump says that left out what containers name, where that is asked about.
pub(crate) const WITHOUT_ENV: &str = "this dump left out what containers name in their environment, commands and arguments, so that \
     nobody can say whom its pods mean to talk to; fibula dump --with-env keeps these addresses";

/// That folders hold parts of objects, which kustomize puts together; `trouble` is whether they were
/// in each other's way.
pub(crate) fn parts(kustomizations: &[String], trouble: bool) -> Option<Page> {
    let (last, others) = kustomizations.split_last()?;
    let what = match others.len() {
        0 => format!("{last} has a kustomization: its files are parts of what that builds"),
        n => format!(
            "{} folders have a kustomization, {last} one of them: their files are parts of what \
             these build",
            n + 1
        ),
    };
    let hint = format!("kustomize build {last} | fibula … -f -");
    Some(match trouble {
        true => error::warning(&what, Some(&hint)),
        false => error::note(&format!("{what}; see {hint}")),
    })
}
