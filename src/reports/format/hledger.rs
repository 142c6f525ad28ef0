//! A journal for hledger: what accounts held, every event as a transaction, and after each day what
//! the accounts that moved hold, as assertions that hledger checks by itself.
//!
//! Debits are above zero, credits below.
//! Writing to a text cannot fail, so nothing is asked of it.
//!
//! Rows: A7.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use projections::journal::{Balances, Entry};

use super::super::figures::Figures;
use super::super::model::{Report, instant, money};
use super::heading;

pub(super) fn written(report: &Report, figures: &Figures) -> String {
    let mut text = heading(report);
    declarations(&mut text, figures);
    opening(&mut text, figures);
    let mut held = figures.opening.clone();
    for day in figures.entries.chunk_by(|a, b| a.booked_on == b.booked_on) {
        for event in day.chunk_by(|a, b| a.position == b.position) {
            transaction(&mut text, event);
            event.iter().for_each(|entry| held.post(&entry.posting));
        }
        assertions(&mut text, day, &held);
    }
    text
}

fn declarations(text: &mut String, figures: &Figures) {
    let currencies: BTreeSet<_> =
        figures.closing.iter().map(|(_, currency, _)| currency).collect();
    for currency in currencies {
        let _ = writeln!(text, "commodity 1000.00 {currency}");
    }
    let accounts: BTreeSet<_> = figures.closing.iter().map(|(account, ..)| account).collect();
    for account in accounts {
        let _ = writeln!(text, "account {account}");
    }
    text.push('\n');
}

fn opening(text: &mut String, figures: &Figures) {
    let held: Vec<_> = figures.opening.iter().filter(|(.., held)| !held.net().is_zero()).collect();
    if held.is_empty() {
        return;
    }
    let _ = writeln!(text, "{} * what accounts held before", figures.span.first());
    for (account, currency, balance) in held {
        let net = money(balance.net());
        let _ = writeln!(text, "    {account}  {net} {currency} = {net} {currency}");
    }
    text.push('\n');
}

fn transaction(text: &mut String, event: &[Entry]) {
    let Some(first) = event.first() else { return };
    let _ = writeln!(text, "{} * ({}) {}", first.booked_on, first.position, first.event_type);
    let _ = writeln!(text, "    ; recorded_at: {}", instant(first.recorded_at));
    let _ = writeln!(text, "    ; effective_on: {}", first.effective_on);
    if let Some(month) = first.belongs_to {
        let _ = writeln!(text, "    ; belongs_to: {month}");
    }
    if let Some(reward) = &first.reward_id {
        let _ = writeln!(text, "    ; reward: {reward}");
    }
    for entry in event {
        let posting = &entry.posting;
        let (amount, currency) = (posting.amount, posting.currency);
        let _ = writeln!(text, "    {}  {amount} {currency}", posting.debit_account);
        let _ = writeln!(text, "    {}  -{amount} {currency}", posting.credit_account);
    }
    text.push('\n');
}

fn assertions(text: &mut String, day: &[Entry], held: &Balances) {
    let Some(first) = day.first() else { return };
    let _ = writeln!(text, "{} * what accounts hold after this day", first.booked_on);
    for (account, currency) in touched(day) {
        let net = money(held.of(account, currency).net());
        let _ = writeln!(text, "    {account}  0.00 {currency} = {net} {currency}");
    }
    text.push('\n');
}

/// The accounts that entries move, in order.
pub(super) fn touched(day: &[Entry]) -> BTreeSet<(&str, domain::money::Currency)> {
    let both = day.iter().flat_map(|entry| {
        let posting = &entry.posting;
        [&posting.debit_account, &posting.credit_account]
            .map(|account| (account.as_str(), posting.currency))
    });
    both.collect()
}
