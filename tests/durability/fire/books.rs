//! Did value move once? The log of every reward, held against what the partners really issued.
//!
//! *The partners' book* is the sandbox's: what was issued under which of our references. A reward's
//! references stand in its `IssuanceRequested` events, one for each attempt.
//!
//! Cases: I1, I2, I9.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;

use crate::whole::TestApp;

/// What happened to a reward, as far as partners go.
#[derive(Debug, Clone)]
pub struct Happened {
    pub at: DateTime<Utc>,
    pub what: String,
    pub attempt: u32,
    pub partner: String,
    pub reference: String,
    pub why: String,
}

/// Every reward with what happened to it, in order.
pub struct Books {
    pub rewards: BTreeMap<String, Vec<Happened>>,
    /// What the partners issued, by our reference.
    pub issued: BTreeMap<String, Value>,
}

impl Books {
    /// As they stand.
    pub async fn read(app: &TestApp) -> Self {
        Self::read_at(app, &app.pool).await
    }

    /// As they stand in this log.
    pub async fn read_at(app: &TestApp, pool: &PgPool) -> Self {
        let rewards = rewards(pool).await;
        let book = app.book().await;
        let by_reference = |voucher: Value| (text(&voucher, "reference"), voucher);
        let count = book.len();
        let issued: BTreeMap<String, Value> = book.into_iter().map(by_reference).collect();
        assert_eq!(issued.len(), count, "a reference is issued once");
        Self { rewards, issued }
    }

    /// The vouchers that are alive at partners for this reward.
    pub fn alive(&self, reward: &[Happened]) -> usize {
        let issued = asked(reward).filter_map(|asked| self.issued.get(&asked.reference));
        issued.filter(|voucher| voucher["state"] != "voided").count()
    }

    /// Everything that is not as it must be, in words.
    pub fn faults(&self) -> Vec<String> {
        self.faults_beside(&BTreeSet::new())
    }

    /// The same, where people were told of some: their outcome may still be unknown.
    pub fn faults_beside(&self, alarmed: &BTreeSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        for (id, reward) in &self.rewards {
            let mut fault = |what: &str| faults.push(format!("{id}: {what}: {reward:#?}"));
            if self.alive(reward) > 1 {
                fault("issued twice");
            }
            if asked_without_a_no(reward) {
                fault("another partner was asked, and nobody had said no");
            }
            if fell_on_deaf_ears(reward) {
                fault("a definite no, and nobody else was asked");
            }
            if has(reward, "RewardFailed") && self.alive(reward) > 0 {
                fault("failed, and a voucher is alive");
            }
            if self.refused_and_issued(reward) {
                fault("a no was recorded of what was issued");
            }
            let is_unknown = last(reward).is_some_and(|l| l.what == "IssuanceOutcomeUnknown");
            if is_unknown && alarmed.contains(id) {
                continue;
            }
            if !self.recorded_as_issued(reward) {
                fault("issued there and not here, or the other way round");
            }
            if last(reward).is_none_or(|last| !FINAL.contains(&last.what.as_str())) {
                fault("not final");
            }
        }
        let ours = self.rewards.values().flatten().map(|happened| &happened.reference);
        let ours: BTreeSet<&String> = ours.collect();
        let strange = self.issued.keys().filter(|reference| !ours.contains(reference));
        faults.extend(strange.map(|reference| format!("{reference}: issued, and nobody asked")));
        faults
    }

    fn refused_and_issued(&self, reward: &[Happened]) -> bool {
        let refused: Vec<u32> =
            of(reward, "IssuanceRefused").map(|refused| refused.attempt).collect();
        asked(reward)
            .filter(|asked| refused.contains(&asked.attempt))
            .any(|asked| self.issued.contains_key(&asked.reference))
    }

    fn recorded_as_issued(&self, reward: &[Happened]) -> bool {
        let ours: Vec<&str> =
            of(reward, "VoucherIssued").map(|issued| issued.reference.as_str()).collect();
        let theirs: Vec<&str> = asked(reward)
            .map(|asked| asked.reference.as_str())
            .filter(|reference| self.issued.contains_key(*reference))
            .collect();
        ours == theirs
    }
}

const FINAL: [&str; 2] = ["VoucherIssued", "RewardFailed"];

fn text(of: &Value, field: &str) -> String {
    of[field].as_str().unwrap_or_default().to_owned()
}

/// What happened with this name.
pub fn of<'r>(reward: &'r [Happened], name: &'r str) -> impl Iterator<Item = &'r Happened> {
    reward.iter().filter(move |happened| happened.what == name)
}

fn asked(reward: &[Happened]) -> impl Iterator<Item = &Happened> {
    of(reward, "IssuanceRequested")
}

/// Whether it happened.
pub fn has(reward: &[Happened], name: &str) -> bool {
    of(reward, name).next().is_some()
}

/// What happened last.
pub fn last(reward: &[Happened]) -> Option<&Happened> {
    reward.iter().rev().find(|happened| !happened.what.starts_with("VoucherRe"))
}

/// Whether an attempt follows one that had not ended by a no, of the partner or of two people.
fn asked_without_a_no(reward: &[Happened]) -> bool {
    let mut open: Option<u32> = None;
    for happened in reward {
        match happened.what.as_str() {
            "IssuanceRequested" if open.is_some() => return true,
            "IssuanceRequested" => open = Some(happened.attempt),
            "IssuanceRefused" | "OutcomeAttested" if open == Some(happened.attempt) => open = None,
            _ => {}
        }
    }
    false
}

/// Whether a no was the end, though somebody else was left to ask.
fn fell_on_deaf_ears(reward: &[Happened]) -> bool {
    let refused: Vec<&str> =
        of(reward, "IssuanceRefused").map(|refused| refused.partner.as_str()).collect();
    let Some(last_no) = reward.iter().rposition(|h| h.what == "IssuanceRefused") else {
        return false;
    };
    let goes_on = has(&reward[last_no..], "IssuanceRequested");
    let both = refused.contains(&"woolworths") && refused.contains(&"coles");
    !goes_on && !both
}

async fn rewards(pool: &PgPool) -> BTreeMap<String, Vec<Happened>> {
    type Row = (String, DateTime<Utc>, String, Value);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT aggregate_id, recorded_at, event_type, payload::jsonb FROM events
          WHERE aggregate_type = 'reward' ORDER BY aggregate_id, sequence",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut rewards: BTreeMap<String, Vec<Happened>> = BTreeMap::new();
    for (reward, at, what, payload) in rows {
        let attempt = payload["attempt"].as_u64().unwrap_or(0);
        rewards.entry(reward).or_default().push(Happened {
            at,
            what,
            attempt: u32::try_from(attempt).unwrap(),
            partner: text(&payload, "partner_id"),
            reference: text(&payload, "reference"),
            why: text(&payload, "why"),
        });
    }
    rewards
}
