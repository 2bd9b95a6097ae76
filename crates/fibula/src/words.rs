//! Words as people type them.

/// The word that is most like what was said, where one is.
pub(crate) fn near<'w>(said: &str, words: &[&'w str]) -> Option<&'w str> {
    let said = said.to_lowercase();
    let alike = |word: &&&str| strsim::jaro_winkler(&said, &word.to_lowercase());
    let near = words.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(&near) > ALIKE).then_some(*near)
}

/// How much a word must be like another.
const ALIKE: f64 = 0.7;
