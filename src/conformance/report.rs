//! What came of a run, for programs and for people?
//!
//! Rows: P7.

use std::fmt::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::PartnerId;
use serde::{Deserialize, Serialize};
use url::Url;

use super::check::{Check, Finding, with};
use crate::partners::CatalogueEntry;
use crate::partners::settings::PartnerSettings;

/// Which kit: a higher number asks for more.
pub const KIT: &str = "1";
/// What the signed text is, so that a signature under one thing is never taken for another's.
const FORMAT: &str = "anchor-conformance-report/1";

/// Which steps of an onboarding the run showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// A token was given to us.
    pub token_obtained: bool,
    /// A voucher or a credit was given.
    pub value_issued: bool,
    /// Webhooks came, and were theirs.
    pub webhook_verified: bool,
    /// The statement of the day adds up, and holds what was ordered.
    pub statement_reconciled: bool,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What this is.
    pub format: String,
    /// Who was tried.
    pub partner: PartnerId,
    /// By its name.
    pub name: String,
    /// Where.
    pub api: String,
    /// In which protocol.
    pub protocol: String,
    /// Of which version.
    pub protocol_version: String,
    /// By which kit.
    pub kit: String,
    /// From when.
    pub began_at: DateTime<Utc>,
    /// Until when.
    pub ended_at: DateTime<Utc>,
    /// Whether every promise was tried and kept.
    pub passed: bool,
    /// What it showed of an onboarding.
    pub steps: Steps,
    /// Each promise.
    pub checks: Vec<Check>,
}

impl Report {
    pub(super) fn new(
        entry: &CatalogueEntry,
        settings: &PartnerSettings,
        protocol_version: String,
        (began_at, ended_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Self {
        let details = entry.details();
        Self {
            format: FORMAT.to_owned(),
            partner: entry.id().clone(),
            name: details.name,
            api: api_of(&settings.api_url),
            protocol: details.protocol,
            protocol_version,
            kit: KIT.to_owned(),
            began_at,
            ended_at,
            passed: false,
            steps: Steps::default(),
            checks: Vec::new(),
        }
    }

    pub(super) fn with(self, checks: Vec<Check>, steps: Steps) -> Self {
        let is_kept = |check: &Check| check.finding == Finding::Passed;
        let passed = !checks.is_empty() && checks.iter().all(is_kept);
        Self { passed, steps, checks, ..self }
    }

    /// The ids of the promises that were broken.
    #[must_use]
    pub fn broken(&self) -> Vec<&str> {
        with(&self.checks, Finding::Failed).into_iter().collect()
    }

    /// The verdict, in a line.
    #[must_use]
    pub fn verdict(&self) -> String {
        let count = |finding| self.checks.iter().filter(|check| check.finding == finding).count();
        let (failed, left_out) = (count(Finding::Failed), count(Finding::NotChecked));
        let all = self.checks.len();
        if self.passed {
            return format!("Certified: {all} of {all} checks passed.");
        }
        format!("Not certified: of {all} checks {failed} failed, {left_out} could not be made.")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.ended_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        writeln!(f, "{} ({}) at {}", self.name, self.partner, self.api)?;
        let (protocol, version) = (&self.protocol, &self.protocol_version);
        writeln!(f, "protocol {protocol} {version}, kit {}, {at}\n", self.kit)?;
        self.checks.iter().try_for_each(|check| writeln!(f, "{}", line(check)))?;
        write!(f, "\n{}", self.verdict())
    }
}

/// A check for people: one line, and what was expected and seen where it was not kept.
pub(super) fn line(check: &Check) -> String {
    let mark = match check.finding {
        Finding::Passed => "  ok     ",
        Finding::Failed => "  FAILED ",
        Finding::NotChecked => "  --     ",
    };
    let mut line = format!("{mark} {}", check.title);
    // Writing to memory does not fail.
    if let Some(about) = &check.about {
        let _ = write!(line, " ({about})");
    }
    match check.finding {
        Finding::Passed => {}
        Finding::Failed => {
            let _ = write!(line, "\n            expected: {}", check.expected);
            let _ = write!(line, "\n            seen:     {}", check.seen);
        }
        Finding::NotChecked => {
            let _ = write!(line, "\n            not checked: {}", check.seen);
        }
    }
    line
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line(self))
    }
}

/// An address without what may stand in it for being let in.
#[must_use]
pub fn api_of(url: &Url) -> String {
    let mut url = url.clone();
    // Both refuse only addresses that have no host, and so hold nothing of the kind.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}
