//! How do events become the figures of a period? One fold, without looking anything up.
//!
//! Rows: A1, A3, A6.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::ids::Position;
use domain::money::Currency;
use domain::partner_statement::PartnerStatementEvent as S;
use domain::period::Span;
use domain::reward::RewardEvent;
use projections::Recorded;
use projections::journal::{Balances, Book, Calendar, Checks, Entry, Unbalanced, View};
use rust_decimal::Decimal;

use super::compliance::Compliance;
use super::expected::Expecting;
use super::figures::{Figures, Open};
use super::float_proof::{self, Said};

/// Statement and number of a break, and what differs there.
type Breaks = BTreeMap<(String, u32), (String, &'static str, Currency, Decimal)>;

/// The fold.
pub struct Gathering {
    span: Span,
    view: View,
    book: Book,
    checks: Checks,
    compliance: Compliance,
    opening: Balances,
    closing: Balances,
    entries: Vec<Entry>,
    open: HashMap<(Option<String>, String), Open>,
    breaks: Breaks,
    expecting: Expecting,
    floats_said: Said,
    policies: HashMap<String, String>,
    of_policies: BTreeSet<String>,
    last: (Position, Option<DateTime<Utc>>),
}

impl Gathering {
    /// Nothing yet.
    #[must_use]
    pub fn new(span: Span, calendar: Calendar) -> Self {
        Self {
            span,
            view: calendar.view,
            book: Book::new(calendar),
            checks: Checks::default(),
            compliance: Compliance::default(),
            opening: Balances::default(),
            closing: Balances::default(),
            entries: Vec::new(),
            open: HashMap::new(),
            breaks: BTreeMap::new(),
            expecting: Expecting::default(),
            floats_said: Said::new(),
            policies: HashMap::new(),
            of_policies: BTreeSet::new(),
            last: (Position(0), None),
        }
    }

    /// Takes the next event in.
    ///
    /// # Errors
    /// [`Unbalanced`]: there are no figures then.
    pub fn enter(&mut self, recorded: &Recorded) -> Result<(), Unbalanced> {
        self.last = (recorded.position, Some(recorded.recorded_at));
        if let AnchorEvent::Reward(RewardEvent::MilestoneReached(e)) = &recorded.event {
            let reward = recorded.aggregate_id.clone();
            self.policies.insert(reward, e.policy_version.to_string());
        }
        self.expecting.note(recorded);
        let entries = self.book.enter(recorded)?;
        let first = entries.first().map(|entry| entry.booked_on);
        let booked_on = first.unwrap_or_else(|| self.book.booked_on(recorded));
        if booked_on <= self.span.last() {
            self.note_break(recorded);
            self.expecting.enter(recorded);
            float_proof::note(&mut self.floats_said, recorded, &self.closing);
            if booked_on >= self.span.first() {
                self.compliance.enter(recorded);
            }
        }
        self.checks.enter(recorded, &entries);
        let last = self.span.last();
        for entry in entries.into_iter().filter(|entry| entry.booked_on <= last) {
            self.closing.post(&entry.posting);
            self.age(&entry);
            if entry.booked_on < self.span.first() {
                self.opening.post(&entry.posting);
                continue;
            }
            let of_reward = entry.reward_id.as_ref();
            let policy = of_reward.and_then(|reward| self.policies.get(reward)).cloned();
            self.of_policies.extend(policy);
            self.entries.push(entry);
        }
        Ok(())
    }

    /// Since when value of a reward is where it is.
    fn age(&mut self, entry: &Entry) {
        let amount = entry.posting.amount.decimal();
        let sides =
            [(&entry.posting.credit_account, amount), (&entry.posting.debit_account, -amount)];
        for (account, more) in sides.into_iter().filter(|(account, _)| ages(account)) {
            let key = (entry.reward_id.clone(), account.clone());
            let open = self.open.entry(key.clone()).or_insert_with(|| Open {
                account: account.clone(),
                currency: entry.posting.currency,
                amount: Decimal::ZERO,
                since: entry.booked_on,
            });
            open.amount += more;
            if open.amount.is_zero() {
                self.open.remove(&key);
            }
        }
    }

    fn note_break(&mut self, recorded: &Recorded) {
        let AnchorEvent::PartnerStatement(event) = &recorded.event else { return };
        let key = |number: u32| (recorded.aggregate_id.clone(), number);
        match event {
            S::BreakOpened(e) => {
                let (kind, amount) = (e.facts.kind.as_str(), e.facts.amount.decimal());
                let opened = (e.partner_id.to_string(), kind, e.facts.currency, amount);
                self.breaks.insert(key(e.number), opened);
            }
            S::BreakResolved(e) => drop(self.breaks.remove(&key(e.number))),
            S::BreakForced(e) => drop(self.breaks.remove(&key(e.number))),
            S::StatementImported(_)
            | S::LinesMatched(_)
            | S::BreakAssigned(_)
            | S::BreakExplained(_)
            | S::BreakForceBegun(_)
            | S::StatementSuperseded(_) => {}
        }
    }

    /// The figures.
    #[must_use]
    pub fn finish(mut self) -> Figures {
        self.entries.sort_by_key(|entry| (entry.booked_on, entry.position, entry.line));
        let mut open: Vec<Open> = self.open.into_values().collect();
        open.sort_by(|a, b| {
            let key = |open: &Open| (open.account.clone(), open.currency, open.since, open.amount);
            key(a).cmp(&key(b))
        });
        let mut breaks: BTreeMap<_, (usize, Decimal)> = BTreeMap::new();
        for (partner, kind, currency, amount) in self.breaks.into_values() {
            let sum = breaks.entry((partner, kind, currency)).or_default();
            *sum = (sum.0 + 1, sum.1 + amount);
        }
        Figures {
            span: self.span,
            view: self.view,
            position: self.last.0,
            recorded_at: self.last.1,
            policy_versions: self.of_policies.into_iter().collect(),
            opening: self.opening,
            closing: self.closing,
            entries: self.entries,
            open,
            breaks,
            expected: self.expecting.finish(),
            floats_said: self.floats_said,
            compliance: self.compliance,
            checks: self.checks.results(),
        }
    }
}

/// Whether it matters how long value stands in this account.
fn ages(account: &str) -> bool {
    account == "liabilities:committed"
        || account.starts_with("liabilities:clearing:")
        || projections::journal::holds_value(account)
}
