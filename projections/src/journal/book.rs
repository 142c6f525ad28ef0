//! What does the log come to, in double entry? A pure fold: events in, entries out.
//!
//! An entry is a posting with its two times, and with the day on which it is *booked*. That is its
//! business day, unless the month of that day had been closed before: a late item is booked on the
//! first open day and says to which month it belongs. So a closed month's figures stay as they are,
//! and each month opens with what the one before closed with.
//!
//! *Guarantees*: what an event posts balances in each currency, or the fold stops there.
//!
//! Rows: A1, A3, A6.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::AnchorEvent;
use domain::clean_days::local_date;
use domain::ids::Position;
use domain::money::Currency;
use domain::period::{BUSINESS_ZONE, Span};
use rust_decimal::Decimal;

use super::moves::{Move, move_of};
use super::postings::{Posting, postings_of};
use super::zones::Zones;
use crate::projection::Recorded;

/// A month that is closed, and the last event that its figures count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closure {
    /// Which.
    pub month: Span,
    /// The last event.
    pub position: Position,
}

/// By which day entries count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// By the day on which they are booked: closed months stay as they are.
    Booked,
    /// By the business day that they belong to, whenever they came.
    Belonging,
}

/// Which months are closed, and by which day entries count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// The closed ones.
    pub closures: Vec<Closure>,
    /// By which day.
    pub view: View,
}

impl Calendar {
    /// The day on which something counts, and the closed month that it belongs to, if it came late.
    #[must_use]
    pub fn place(
        &self,
        (position, recorded_at): (Position, DateTime<Utc>),
        effective_on: NaiveDate,
    ) -> (NaiveDate, Option<Span>) {
        let before = self.closures.iter().filter(|closure| closure.position < position);
        let closed_through = before.map(|closure| closure.month.last()).max();
        match closed_through.filter(|closed| effective_on <= *closed) {
            None => (effective_on, None),
            Some(closed) => {
                let open = closed.checked_add_days(Days::new(1)).unwrap_or(closed);
                let booked_on = match self.view {
                    View::Booked => open.max(local_date(recorded_at, BUSINESS_ZONE)),
                    View::Belonging => effective_on,
                };
                (booked_on, Some(Span::month_of(effective_on)))
            }
        }
    }
}

/// A posting of an event, with its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its event's place in the log.
    pub position: Position,
    /// Its place among what the event posts, from 1.
    pub line: u32,
    /// When the ledger recorded it.
    pub recorded_at: DateTime<Utc>,
    /// The business day of what happened.
    pub effective_on: NaiveDate,
    /// The day on which it counts.
    pub booked_on: NaiveDate,
    /// The closed month to which it belongs, when it came late.
    pub belongs_to: Option<Span>,
    /// Of which reward, where one is concerned.
    pub reward_id: Option<String>,
    /// What happened.
    pub event_type: &'static str,
    /// What is posted.
    pub posting: Posting,
    /// What it moves of the value that members hold, and by how much.
    pub moved: Option<(Move, Decimal)>,
}

/// The fold.
#[derive(Debug, Clone)]
pub struct Book {
    calendar: Calendar,
    zones: Zones,
}

impl Book {
    /// An empty one.
    #[must_use]
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar, zones: Zones::default() }
    }

    /// On which day an event that posts nothing counts.
    #[must_use]
    pub fn booked_on(&self, recorded: &Recorded) -> NaiveDate {
        let effective_on = self.zones.day(recorded, &[]);
        self.calendar.place((recorded.position, recorded.recorded_at), effective_on).0
    }

    /// What the next event of the log comes to.
    ///
    /// # Errors
    /// [`Unbalanced`], when debits and credits of the event differ.
    pub fn enter(&mut self, recorded: &Recorded) -> Result<Vec<Entry>, Unbalanced> {
        self.zones.note(recorded);
        let postings = postings_of(&recorded.event);
        if !balance(&postings) {
            return Err(Unbalanced { position: recorded.position });
        }
        let effective_on = self.zones.day(recorded, &postings);
        let times = (recorded.position, recorded.recorded_at);
        let (booked_on, belongs_to) = self.calendar.place(times, effective_on);
        let is_of_reward = matches!(recorded.event, AnchorEvent::Reward(_));
        let reward_id = is_of_reward.then(|| recorded.aggregate_id.clone());
        let entry = |(line, posting)| Entry {
            moved: move_of(&recorded.event, &posting),
            position: recorded.position,
            line,
            recorded_at: recorded.recorded_at,
            effective_on,
            booked_on,
            belongs_to,
            reward_id: reward_id.clone(),
            event_type: recorded.event.name(),
            posting,
        };
        Ok((1..).zip(postings).map(entry).collect())
    }
}

/// Whether each posting moves something between two accounts, and all of them come to nothing in
/// each currency.
#[must_use]
pub fn balance(postings: &[Posting]) -> bool {
    let mut balances = Balances::default();
    postings.iter().for_each(|posting| balances.post(posting));
    let moves = |p: &Posting| !p.amount.is_zero() && p.debit_account != p.credit_account;
    postings.iter().all(moves) && balances.differences().is_empty()
}

/// What has been debited and credited to an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// All debits.
    pub debits: Decimal,
    /// All credits.
    pub credits: Decimal,
}

impl Balance {
    /// Debits less credits.
    #[must_use]
    pub fn net(self) -> Decimal {
        self.debits - self.credits
    }
}

/// What every account holds, by account and currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balances(BTreeMap<(String, Currency), Balance>);

impl Balances {
    /// Adds a posting.
    pub fn post(&mut self, posting: &Posting) {
        let amount = posting.amount.decimal();
        let of = |account: &String| (account.clone(), posting.currency);
        self.0.entry(of(&posting.debit_account)).or_default().debits += amount;
        self.0.entry(of(&posting.credit_account)).or_default().credits += amount;
    }

    /// What an account holds.
    #[must_use]
    pub fn of(&self, account: &str, currency: Currency) -> Balance {
        self.0.get(&(account.to_owned(), currency)).copied().unwrap_or_default()
    }

    /// Every account that has ever been posted to, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Currency, Balance)> {
        self.0.iter().map(|((account, currency), held)| (account.as_str(), *currency, *held))
    }

    /// By how much debits and credits differ, by currency; nothing when they are equal.
    #[must_use]
    pub fn differences(&self) -> BTreeMap<Currency, Decimal> {
        let mut differences: BTreeMap<Currency, Decimal> = BTreeMap::new();
        for (_, currency, held) in self.iter() {
            *differences.entry(currency).or_default() += held.net();
        }
        differences.retain(|_, difference| !difference.is_zero());
        differences
    }
}

/// Debits and credits of an event differ: stop, and have people look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is posted by the event at position {position} does not balance")]
pub struct Unbalanced {
    /// Which.
    pub position: Position,
}
