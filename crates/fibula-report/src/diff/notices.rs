//! What opens and closes as notices, where it was caused: for annotations and SARIF.

use fibula_answers::diff::Diff;
use fibula_cluster::Severity;

use super::Inputs;
use super::groups::{Groups, Sign};
use crate::notices::Notice;

/// A notice for each group.
pub fn diff_notices(inputs: &Inputs<'_>, diff: &Diff) -> Vec<Notice> {
    let groups = Groups::new(inputs, diff).all.into_iter();
    let notices = groups.map(|group| {
        let id = match group.sign {
            Sign::Opens => "opens",
            Sign::Closes => "closes",
            Sign::Changes => "changes",
        };
        let severity = match group.undecided {
            None => Severity::Warning,
            Some(_) => Severity::Note,
        };
        let lines: Vec<String> = group.lines.iter().map(|line| line.words()).collect();
        let first = lines.first().map_or("", String::as_str);
        let perhaps = if group.undecided.is_some() { "perhaps " } else { "" };
        let mut notice = Notice::new(id, "", severity, format!("this {perhaps}{id} {first}"));
        notice = lines.iter().skip(1).fold(notice, |notice, line| notice.detail(line.clone()));
        for cause in &group.causes {
            notice = notice.detail(cause.text.clone());
            if let Some(at) = &cause.at {
                notice = notice.at(at.clone());
            }
        }
        for why in group.undecided.iter().flatten() {
            notice = notice.detail(format!("or not: {why}"));
        }
        group.subjects.into_iter().fold(notice, Notice::about)
    });
    notices.collect()
}
