//! What do rules of law and of the house ask about? Counted, event by event.
//!
//! | rule | counted |
//! | --- | --- |
//! | gift cards keep three years (Australian Consumer Law, s 99B) | given, too short, unsaid |
//! | consent before anything personal goes to a partner | given, withdrawn |
//! | a member can be forgotten | asked for, done |
//! | what people settled without an answer | attested outcomes, forced differences |
//! | who looked at a code | looks |
//! | secrets change | credentials changed, partners certified |
//!
//! Rows: A3.

use std::collections::BTreeMap;

use chrono::{DateTime, Months, NaiveDate, Utc};
use domain::AnchorEvent;
use domain::clean_days::local_date;
use domain::money::Currency;
use domain::partner_statement::PartnerStatementEvent;
use domain::period::BUSINESS_ZONE;
use domain::reward::{RewardEvent, VoucherIssued};
use projections::Recorded;
use rust_decimal::Decimal;

/// What a voucher has to keep, unless an exemption is on file.
const LAWFUL_MONTHS: Months = Months::new(36);

/// Counts for a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compliance {
    events: BTreeMap<&'static str, usize>,
    /// Vouchers that end sooner than the law has it.
    pub ends_early: usize,
    /// Vouchers that do not say when they end.
    pub ends_unsaid: usize,
    /// What differences that were forced came to.
    pub forced: BTreeMap<Currency, Decimal>,
}

impl Compliance {
    /// Takes an event in that counts in the period: what came late counts where it is booked.
    pub fn enter(&mut self, recorded: &Recorded) {
        *self.events.entry(recorded.event.name()).or_default() += 1;
        if let AnchorEvent::Reward(RewardEvent::VoucherIssued(e)) = &recorded.event {
            match ends_on(e) {
                None => self.ends_unsaid += 1,
                Some(ends) if lawful(e.occurred_at).is_some_and(|lawful| ends < lawful) => {
                    self.ends_early += 1;
                }
                Some(_) => {}
            }
        }
        if let AnchorEvent::PartnerStatement(PartnerStatementEvent::BreakForced(e)) =
            &recorded.event
        {
            *self.forced.entry(e.currency).or_default() += e.amount.decimal();
        }
    }

    /// How often something happened.
    #[must_use]
    pub fn count(&self, event: &str) -> usize {
        self.events.get(event).copied().unwrap_or_default()
    }
}

fn ends_on(e: &VoucherIssued) -> Option<NaiveDate> {
    e.expires_on.or(e.expires_at.map(|at| local_date(at, BUSINESS_ZONE)))
}

fn lawful(issued: DateTime<Utc>) -> Option<NaiveDate> {
    local_date(issued, BUSINESS_ZONE).checked_add_months(LAWFUL_MONTHS)
}
