//! A journal for beancount: as for hledger, in its words. A balance there is one of the morning, so
//! what accounts hold after a day stands on the next.
//!
//! Its accounts begin with capitals and with one of five roots: those of memo and suspense
//! stand under `Equity`.
//! Writing to a text cannot fail, so nothing is asked of it.
//!
//! Rows: A7.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::Days;
use projections::journal::{Balances, Entry};

use super::super::figures::Figures;
use super::super::model::{Report, instant, money};
use super::heading;
use super::hledger::touched;

pub(super) fn written(report: &Report, figures: &Figures) -> String {
    let mut text = heading(report);
    let first = figures.span.first();
    let accounts: BTreeSet<_> =
        figures.closing.iter().map(|(account, ..)| named(account)).collect();
    for account in accounts {
        let _ = writeln!(text, "{first} open {account}");
    }
    text.push('\n');
    opening(&mut text, figures);
    let mut held = figures.opening.clone();
    for day in figures.entries.chunk_by(|a, b| a.booked_on == b.booked_on) {
        for event in day.chunk_by(|a, b| a.position == b.position) {
            transaction(&mut text, event);
            event.iter().for_each(|entry| held.post(&entry.posting));
        }
        balances(&mut text, day, &held);
    }
    text
}

/// An account's name there: `liabilities:clearing:energy-australia` is
/// `Liabilities:Clearing:Energy-australia`.
fn named(account: &str) -> String {
    let is_of_no_root = account.starts_with("memo:") || account.starts_with("suspense:");
    let root = if is_of_no_root { "equity:" } else { "" };
    let account = format!("{root}{account}");
    let parts = account.split(':').map(|part| {
        let part = part.replace('_', "-");
        let mut letters = part.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    parts.collect::<Vec<_>>().join(":")
}

fn opening(text: &mut String, figures: &Figures) {
    let held: Vec<_> = figures.opening.iter().filter(|(.., held)| !held.net().is_zero()).collect();
    if held.is_empty() {
        return;
    }
    let _ = writeln!(text, "{} * \"What accounts held before\"", figures.span.first());
    for (account, currency, balance) in held {
        let _ = writeln!(text, "  {}  {} {currency}", named(account), money(balance.net()));
    }
    text.push('\n');
}

fn transaction(text: &mut String, event: &[Entry]) {
    let Some(first) = event.first() else { return };
    let _ = writeln!(text, "{} * \"{}\"", first.booked_on, first.event_type);
    let _ = writeln!(text, "  position: {}", first.position);
    let _ = writeln!(text, "  recorded-at: \"{}\"", instant(first.recorded_at));
    let _ = writeln!(text, "  effective-on: {}", first.effective_on);
    if let Some(month) = first.belongs_to {
        let _ = writeln!(text, "  belongs-to: \"{month}\"");
    }
    if let Some(reward) = &first.reward_id {
        let _ = writeln!(text, "  reward: \"{reward}\"");
    }
    for entry in event {
        let posting = &entry.posting;
        let (amount, currency) = (posting.amount, posting.currency);
        let _ = writeln!(text, "  {}  {amount} {currency}", named(&posting.debit_account));
        let _ = writeln!(text, "  {}  -{amount} {currency}", named(&posting.credit_account));
    }
    text.push('\n');
}

/// To the cent: no tolerance.
fn balances(text: &mut String, day: &[Entry], held: &Balances) {
    let Some(first) = day.first() else { return };
    let next = first.booked_on.checked_add_days(Days::new(1)).unwrap_or(first.booked_on);
    for (account, currency) in touched(day) {
        let net = money(held.of(account, currency).net());
        let _ = writeln!(text, "{next} balance {}  {net} ~ 0.00 {currency}", named(account));
    }
    text.push('\n');
}
