//! Where a selector asks for a label: among its labels, or in one of its expressions.

use fibula_cluster::ObjectId;

use super::Session;

/// How many expressions of a selector are looked at for one.
const MOST_EXPRESSIONS: usize = 8;

// === impl Session ===

impl Session {
    /// The path of a label that a selector wants: among its expressions, where it is not among its
    /// labels.
    pub(super) fn expression(&self, object: ObjectId, path: &str) -> String {
        let Some((selector, key)) = path.split_once(".matchLabels[") else {
            return path.to_owned();
        };
        let key = key.trim_end_matches(']');
        if self.sources.holds(object, path, None) {
            return path.to_owned();
        }
        self.among_expressions(object, selector, key).unwrap_or_else(|| path.to_owned())
    }

    /// The path of the first expression of a selector that asks for a label.
    pub(crate) fn among_expressions(
        &self,
        object: ObjectId,
        selector: &str,
        key: &str,
    ) -> Option<String> {
        let mut all =
            (0..MOST_EXPRESSIONS).map(|i| format!("{selector}.matchExpressions[{i}].key"));
        all.find(|path| self.sources.holds(object, path, Some(key)))
    }
}
