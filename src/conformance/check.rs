//! What was promised, what was expected, and what was seen?
//!
//! *Nothing secret gets in*: a check says what it saw in the kit's own words and a partner's
//! documented codes. Every secret that the run comes to know is hidden as well, so that a partner
//! that answers with one of them does not get it into a report.
//!
//! Rows: P7, P9.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Shorter texts are in everything, and hide nothing.
const SHORTEST_SECRET: usize = 4;

/// A promise of the published protocol.
pub(super) struct Promise {
    /// A stable name.
    pub id: &'static str,
    /// In plain words.
    pub title: &'static str,
    /// What the document says.
    pub expected: &'static str,
}

/// What came of trying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It was kept.
    Passed,
    /// It was not.
    Failed,
    /// It could not be tried.
    NotChecked,
}

/// A promise that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its stable name.
    pub id: String,
    /// In plain words.
    pub title: String,
    /// Of which product or topic, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What the document says.
    pub expected: String,
    /// What was seen, or why it could not be tried.
    pub seen: String,
    /// What came of it.
    pub finding: Finding,
}

/// All that was tried so far.
pub(super) struct Checklist<'a> {
    checks: Vec<Check>,
    hidden: Vec<SecretString>,
    tell: &'a (dyn Fn(&Check) + Sync),
}

impl<'a> Checklist<'a> {
    pub fn telling(tell: &'a (dyn Fn(&Check) + Sync)) -> Self {
        Self { checks: Vec::new(), hidden: Vec::new(), tell }
    }

    /// From now on this stands in no report.
    pub fn hide(&mut self, secret: &SecretString) {
        if secret.expose_secret().len() >= SHORTEST_SECRET {
            self.hidden.push(secret.clone());
        }
    }

    /// What came of a promise: what was seen, as a good or a bad thing.
    pub fn add(&mut self, promise: &Promise, about: Option<&str>, seen: Result<String, String>) {
        let finding = if seen.is_ok() { Finding::Passed } else { Finding::Failed };
        let (Ok(seen) | Err(seen)) = seen;
        self.push(promise, about, seen, finding);
    }

    /// These could not be tried, and why.
    pub fn leave_out(&mut self, promises: &[&Promise], about: Option<&str>, why: &str) {
        for promise in promises {
            self.push(promise, about, why.to_owned(), Finding::NotChecked);
        }
    }

    fn push(&mut self, promise: &Promise, about: Option<&str>, seen: String, finding: Finding) {
        let seen = self
            .hidden
            .iter()
            .fold(seen, |seen, secret| seen.replace(secret.expose_secret(), "(hidden)"));
        let check = Check {
            id: promise.id.to_owned(),
            title: promise.title.to_owned(),
            about: about.map(str::to_owned),
            expected: promise.expected.to_owned(),
            seen,
            finding,
        };
        (self.tell)(&check);
        self.checks.push(check);
    }

    /// Whether these were all kept, at least once each and never broken.
    pub fn has_kept(&self, promises: &[&Promise]) -> bool {
        promises.iter().all(|promise| {
            let mut tries = self.checks.iter().filter(|check| check.id == promise.id).peekable();
            tries.peek().is_some() && tries.all(|check| check.finding == Finding::Passed)
        })
    }

    pub fn into_checks(self) -> Vec<Check> {
        self.checks
    }
}

/// The ids of these checks that have this finding.
#[must_use]
pub(super) fn with(checks: &[Check], finding: Finding) -> BTreeSet<&str> {
    let these = checks.iter().filter(|check| check.finding == finding);
    these.map(|check| check.id.as_str()).collect()
}
