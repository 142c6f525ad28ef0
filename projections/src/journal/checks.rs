//! Does what must hold of the books hold? Folded beside them, told by name and first position.
//!
//! | check | what must hold |
//! | --- | --- |
//! | `balanced` | debits equal credits, in each currency |
//! | `nothing_below_zero` | no reward owes less than nothing: what is owed, ordered and still out |
//! | `face_value` | spent, expired, taken back and left is what was issued, for each reward |
//! | `in_flight` | what is in clearing is what was ordered and has no answer yet, by partner |
//!
//! What is left of a reward is taken from what events say is left, what was ordered from the
//! attempts: neither from postings, so that a wrong posting shows.
//!
//! Rows: A1, A4.

use std::collections::{BTreeMap, HashMap};

use domain::AnchorEvent;
use domain::ids::{PartnerId, Position};
use domain::money::Currency;
use rust_decimal::Decimal;

use super::book::{Balances, Entry};
use super::grant::Grant;
use crate::projection::Recorded;

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What must hold, in a sentence.
    pub rule: &'static str,
    /// Where it first does not; none when it holds.
    pub broken_at: Option<Position>,
}

const RULES: [(&str, &str); 4] = [
    ("balanced", "debits equal credits, in each currency"),
    ("nothing_below_zero", "no reward owes less than nothing"),
    ("face_value", "spent, expired, taken back and left is what was issued, for each reward"),
    ("in_flight", "what is in clearing is what was ordered and not answered, for each partner"),
];

/// The fold.
#[derive(Debug, Default)]
pub struct Checks {
    grants: HashMap<String, Grant>,
    balances: Balances,
    open: BTreeMap<(PartnerId, Currency), Decimal>,
    broken_at: [Option<Position>; 4],
}

impl Checks {
    /// Takes an event in, and what it came to.
    pub fn enter(&mut self, recorded: &Recorded, entries: &[Entry]) {
        entries.iter().for_each(|entry| self.balances.post(&entry.posting));
        let is_balanced = self.balances.differences().is_empty();
        let AnchorEvent::Reward(event) = &recorded.event else {
            return self.note([is_balanced, true, true, true], recorded.position);
        };
        let grant = self.grants.entry(recorded.aggregate_id.clone()).or_default();
        if let Some((partner, currency, change)) = grant.tell(event) {
            *self.open.entry((partner, currency)).or_default() += change;
        }
        for entry in entries {
            grant.post(entry);
        }
        let told = grant.told_left();
        let (is_owed, is_face) = (grant.owes >= Decimal::ZERO, grant.left == told);
        let has_left = told >= Decimal::ZERO;
        let holds = [is_balanced, is_owed, is_face && has_left, self.in_flight_agrees(entries)];
        self.note(holds, recorded.position);
    }

    fn note(&mut self, holds: [bool; 4], position: Position) {
        for (check, holds) in holds.into_iter().enumerate() {
            if !holds && self.broken_at[check].is_none() {
                self.broken_at[check] = Some(position);
            }
        }
    }

    /// Of the partners that these entries concern.
    fn in_flight_agrees(&self, entries: &[Entry]) -> bool {
        entries.iter().all(|entry| {
            let Some(partner) = &entry.posting.partner_id else { return true };
            let currency = entry.posting.currency;
            let account = format!("liabilities:clearing:{partner}");
            let ordered = self.open.get(&(partner.clone(), currency)).copied();
            -self.balances.of(&account, currency).net() == ordered.unwrap_or_default()
        })
    }

    /// What came of it.
    #[must_use]
    pub fn results(&self) -> Vec<Check> {
        let checks = RULES.iter().zip(self.broken_at);
        checks.map(|((name, rule), broken_at)| Check { name, rule, broken_at }).collect()
    }
}
