//! Selectors: what labels something must have (NP-13).

use std::fmt;

use crate::api::{LabelSelector, Labels};

/// What labels something must have: all requirements hold. The empty one selects everything.
///
/// `matchLabels` and `matchExpressions` come to one form, sorted, so that selectors that say the
/// same mostly are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// What the label of a key must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The key.
    pub key: String,
    /// What its value must be.
    pub test: Test,
}

/// What the value of a label must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// There, and one of these.
    In(Vec<String>),
    /// None of these, or not there.
    NotIn(Vec<String>),
    /// There.
    Exists,
    /// Not there.
    DoesNotExist,
}

// === impl Selector ===

impl Selector {
    /// A selector of these requirements, in any order.
    pub fn new(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        let mut requirements: Vec<Requirement> = requirements.into_iter().collect();
        for Requirement { test, .. } in &mut requirements {
            if let Test::In(values) | Test::NotIn(values) = test {
                values.sort();
                values.dedup();
            }
        }
        requirements.sort();
        requirements.dedup();
        Self { requirements }
    }

    /// What an object says; none where that makes no sense.
    pub fn read(selector: &LabelSelector) -> Option<Self> {
        let labels = selector.match_labels.iter().map(|(key, value)| {
            let test = Test::In(vec![value.to_owned()]);
            Some(Requirement { key: key.to_owned(), test })
        });
        let expressions = selector.match_expressions.iter().map(|expression| {
            let values = || Some(expression.values.clone()).filter(|values| !values.is_empty());
            let test = match &*expression.operator {
                "In" => Test::In(values()?),
                "NotIn" => Test::NotIn(values()?),
                "Exists" => Test::Exists,
                "DoesNotExist" => Test::DoesNotExist,
                _ => return None,
            };
            Some(Requirement { key: expression.key.to_string(), test })
        });
        Some(Selector::new(labels.chain(expressions).collect::<Option<Vec<_>>>()?))
    }

    /// Its requirements, by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether it selects what has these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.holds(labels.get(&requirement.key)))
    }

    /// Whether it selects what has this label and others that nobody knows (DR-22); nothing where
    /// these decide.
    pub fn matches_partly(&self, key: &str, value: &str) -> Option<bool> {
        let (known, others): (Vec<&Requirement>, Vec<_>) =
            self.requirements.iter().partition(|requirement| requirement.key == key);
        match known.iter().all(|requirement| requirement.holds(Some(value))) {
            false => Some(false),
            true => others.is_empty().then_some(true),
        }
    }
}

// === impl Requirement ===

impl Requirement {
    /// Whether a value, or none, is what is asked for. Values are sorted, as a selector keeps them.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let among = |values: &[String]| {
            value.is_some_and(|value| values.binary_search_by(|v| v.as_str().cmp(value)).is_ok())
        };
        match &self.test {
            Test::In(values) => among(values),
            Test::NotIn(values) => !among(values),
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
        }
    }
}

/// As `kubectl get --selector` takes it: `app=web,tier in (a,b),!old`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.test {
            Test::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0]),
            Test::NotIn(values) if values.len() == 1 => write!(f, "{key}!={}", values[0]),
            Test::In(values) => write!(f, "{key} in ({})", values.join(",")),
            Test::NotIn(values) => write!(f, "{key} notin ({})", values.join(",")),
            Test::Exists => f.write_str(key),
            Test::DoesNotExist => write!(f, "!{key}"),
        }
    }
}
