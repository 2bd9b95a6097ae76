//! Ways in, as groups.

use std::collections::BTreeMap;

use fibula_answers::diff::{Doorway, Served};
use fibula_answers::reach::{By, Why};

use super::groups::{Cause, Group, Of, Sign};
use super::{spot, ways, words};

impl Of<'_, '_> {
    pub(super) fn doors(&self) -> Vec<Group> {
        let doors = self.diff.doors.iter();
        let services: BTreeMap<&str, &Served> =
            self.diff.services.iter().rev().map(|served| (&*served.service, served)).collect();
        doors
            .map(|door: &Doorway| {
                let sign = match (door.moved.is_some(), door.opens) {
                    (true, _) => Sign::Changes,
                    (false, true) => Sign::Opens,
                    (false, false) => Sign::Closes,
                };
                let place = door.place.as_ref().and_then(|at| spot(self.inputs, at));
                let text = ways::way(self.names, door);
                let mut causes =
                    vec![Cause { text, at: place, excerpt: None, says: String::new() }];
                if door.because.proved.is_some() {
                    causes.extend(self.because(&door.because));
                } else if door.facts.is_empty() {
                    causes.extend(self.of_service(&services, door));
                }
                if !door.facts.is_empty() {
                    let text = words::facts(&door.facts);
                    let at = door.says.as_ref().and_then(|at| spot(self.inputs, at));
                    causes.push(Cause { text, at, excerpt: None, says: String::new() });
                }
                let undecided = (!door.certain).then(|| {
                    let choices = (!door.choices.is_empty())
                        .then(|| self.why(&Why::Choices(door.choices.clone())));
                    let unread = door.unread.then(|| self.why(&Why::Unread));
                    let unknown = door.unknown.then(|| vec![self.unknown()]);
                    [choices, unread, unknown].into_iter().flatten().flatten().collect()
                });
                let callers = self.some(self.names.list(&door.callers));
                let subjects = door.to.iter().map(|(id, _)| *id).chain(door.callers.clone());
                let mut subjects: Vec<String> = subjects.map(|id| self.names.one(id)).collect();
                subjects.sort();
                subjects.dedup();
                Group {
                    sign,
                    lines: vec![ways::door(self.names, door, &callers)],
                    causes,
                    undecided,
                    world: !door.from.is_empty(),
                    nodes: false,
                    users: 0,
                    subjects,
                }
            })
            .collect()
    }

    /// What became of the Service that a way in is of.
    fn of_service(&self, services: &BTreeMap<&str, &Served>, door: &Doorway) -> Option<Cause> {
        let By::Service(path) = &door.by else { return None };
        let served = services.get(path.as_str())?;
        let at = served.at.as_ref().and_then(|at| spot(self.inputs, at));
        let text = words::became(self.names, self.diff, served);
        Some(Cause { text, at, excerpt: None, says: String::new() })
    }
}
