//! What is known of a period once the log has been read?
//!
//! Rows: A3.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::Position;
use domain::money::Currency;
use domain::period::Span;
use projections::journal::{Balances, Check, Entry, Move, View, holds_value};
use rust_decimal::Decimal;

use super::compliance::Compliance;
use super::expected::Expected;
use super::float_proof::Said;

/// Everything that reports of a period are made of.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Which days.
    pub span: Span,
    /// By which day entries count.
    pub view: View,
    /// The last event that counts.
    pub position: Position,
    /// When it was recorded; none before the first.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The versions of the policy under which the rewards in it were given, in order.
    pub policy_versions: Vec<String>,
    /// What accounts held before the first day.
    pub opening: Balances,
    /// What they held after the last.
    pub closing: Balances,
    /// What was booked in between, in the order of the days, then of the log.
    pub entries: Vec<Entry>,
    /// What was open after the last day: since when, and how much.
    pub open: Vec<Open>,
    /// Differences with partners that had not been ended by the last day.
    pub breaks: BTreeMap<(String, &'static str, Currency), (usize, Decimal)>,
    /// Of what no statement had spoken by the last day, in the order of the log.
    pub expected: Vec<Expected>,
    /// What partners had last said was left of floats by the last day.
    pub floats_said: Said,
    /// What rules ask about.
    pub compliance: Compliance,
    /// What must hold, and whether it does.
    pub checks: Vec<Check>,
}

/// Value of one reward in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Where.
    pub account: String,
    /// Of what.
    pub currency: Currency,
    /// How much.
    pub amount: Decimal,
    /// The day it came there.
    pub since: NaiveDate,
}

/// What became of value that members hold at a partner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roll {
    /// Before.
    pub opening: Decimal,
    /// Given.
    pub issued: Decimal,
    /// Spent.
    pub used: Decimal,
    /// Taken back.
    pub voided: Decimal,
    /// Not spent in time.
    pub expired: Decimal,
    /// After, as accounts say.
    pub closing: Decimal,
}

impl Roll {
    /// Whether what became of it explains what is left.
    #[must_use]
    pub fn ties(&self) -> bool {
        self.opening + self.issued - self.used - self.voided - self.expired == self.closing
    }
}

impl Figures {
    /// What became of value that members hold, by partner and currency.
    #[must_use]
    pub fn rolls(&self) -> BTreeMap<(String, Currency), Roll> {
        let mut rolls: BTreeMap<(String, Currency), Roll> = BTreeMap::new();
        let partner = |account: &str| account.rsplit(':').next().unwrap_or_default().to_owned();
        for (balances, is_opening) in [(&self.opening, true), (&self.closing, false)] {
            for (account, currency, held) in balances.iter().filter(|(a, ..)| holds_value(a)) {
                let roll = rolls.entry((partner(account), currency)).or_default();
                let side = if is_opening { &mut roll.opening } else { &mut roll.closing };
                *side -= held.net();
            }
        }
        for entry in &self.entries {
            let (Some((what, amount)), Some(partner)) = (entry.moved, &entry.posting.partner_id)
            else {
                continue;
            };
            let key = (partner.to_string(), entry.posting.currency);
            let roll = rolls.entry(key).or_default();
            *match what {
                Move::Issued => &mut roll.issued,
                Move::Used => &mut roll.used,
                Move::Expired => &mut roll.expired,
                Move::Voided => &mut roll.voided,
            } += amount;
        }
        rolls
    }

    /// Whether everything that must hold does.
    #[must_use]
    pub fn are_sound(&self) -> bool {
        let ties = self.rolls().values().all(Roll::ties);
        ties && self.checks.iter().all(|check| check.broken_at.is_none())
    }
}
