//! What happened on a day, as the partner's own books have it? A file with control totals.
//!
//! ```text
//! H,ANCHOR-RECON,1,woolworths,2026-11-22,0001,AUD,2026-11-23T01:10:00Z
//! D,1,ISSUE,MFRGGZDFMZTWQ2LK,WO000001123,2026-11-22T03:14:07Z,2026-11-22,2000,0,AUD,
//! T,1,ISSUE:1:2000,2000,SHA256:<hex of all lines above>
//! ```
//!
//! The columns of D: number, type, our reference, theirs, time, business date, cents with their
//! sign, fee in cents, currency, place. A day is one of the partner's own zone.
//!
//! Rows: P11, A2.

use std::collections::BTreeMap;
use std::fmt::Write;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::money::Amount;
use rust_decimal::prelude::ToPrimitive;
use sha2::{Digest, Sha256};

use super::book::Book;
use super::faults::{Kind, Operation};
use super::oauth::may_call;
use super::state::{State, error};

/// How long after its day a statement is written.
const WRITTEN_AFTER: TimeDelta = TimeDelta::minutes(70);

/// One thing that happened.
struct Entry {
    kind: &'static str,
    reference: String,
    partner_ref: String,
    at: DateTime<Utc>,
    cents: i64,
    currency: String,
    place: String,
}

/// `GET /{partner}/statements/{date}`
pub(super) async fn show(
    state: web::Data<State>,
    path: web::Path<(String, NaiveDate)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, date) = path.into_inner();
    if !may_call(&state, &partner, &request) {
        return error(401, "unauthorized", "The token is not known here.");
    }
    let Some(known) = state.partners.get(&partner) else {
        return error(404, "not_found", "There is no such partner here.");
    };
    let mut desk = state.desk();
    let zone = known.entry.details().time_zone;
    let mut text = statement(&desk.book, &partner, (date, zone), desk.now());
    let fault = desk.faults.take(&partner, Operation::Statement);
    if fault.is_some_and(|fault| fault.kind == Kind::TruncatedStatement) {
        text.truncate(text.len() / 2);
    }
    let name = format!("attachment; filename=\"{partner}-{date}-0001.csv\"");
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("content-disposition", name))
        .body(text)
}

/// A day's statement.
fn statement(
    book: &Book,
    partner: &str,
    (date, zone): (NaiveDate, Tz),
    now: DateTime<Utc>,
) -> String {
    let mut entries = entries(book, partner, zone);
    entries.retain(|entry| entry.at <= now && entry.at.with_timezone(&zone).date_naive() == date);
    entries.sort_by(|a, b| (a.at, a.kind, &a.partner_ref).cmp(&(b.at, b.kind, &b.partner_ref)));
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    // The same bytes whenever the day is asked for: it is written once, after it is over.
    let made_at = day_after(date, zone).map_or(now, |over| now.min(over + WRITTEN_AFTER));
    let mut text = format!("H,ANCHOR-RECON,1,{partner},{date},0001,AUD,{}\n", time(made_at));
    let mut totals: BTreeMap<&str, (u32, i64)> = BTreeMap::new();
    for (number, entry) in (1..).zip(&entries) {
        let Entry { kind, reference, partner_ref, at, cents, currency, place } = entry;
        let at = time(*at);
        // Writing to memory does not fail.
        let _ = writeln!(
            text,
            "D,{number},{kind},{reference},{partner_ref},{at},{date},{cents},0,{currency},{place}"
        );
        let total = totals.entry(kind).or_default();
        *total = (total.0 + 1, total.1 + cents);
    }
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    let by_kind: String =
        totals.iter().map(|(kind, (count, cents))| format!("{kind}:{count}:{cents},")).collect();
    let sum: i64 = entries.iter().map(|entry| entry.cents).sum();
    let _ = writeln!(text, "T,{},{by_kind}{sum},SHA256:{digest}", entries.len());
    text
}

fn cents(amount: Amount) -> i64 {
    (amount.decimal() * rust_decimal::Decimal::ONE_HUNDRED).to_i64().unwrap_or(0)
}

/// The first moment after a day.
fn day_after(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let next = date.succ_opt()?.and_time(NaiveTime::MIN).and_local_timezone(zone);
    Some(next.earliest()?.with_timezone(&Utc))
}

fn entries(book: &Book, partner: &str, zone: Tz) -> Vec<Entry> {
    let mut entries = Vec::new();
    for voucher in book.vouchers.values().filter(|voucher| voucher.partner == partner) {
        let entry = |kind, at, cents, place: &str| Entry {
            kind,
            reference: voucher.reference.clone(),
            partner_ref: voucher.voucher_id.clone(),
            at,
            cents,
            currency: voucher.currency.to_string(),
            place: place.to_owned(),
        };
        entries.push(entry("ISSUE", voucher.issued_at, cents(voucher.amount), ""));
        for redemption in &voucher.redemptions {
            let spent = cents(redemption.amount);
            entries.push(entry("REDEEM", redemption.at, -spent, &redemption.redemption_id));
            if let Some(at) = redemption.reversed_at {
                entries.push(entry("REDEEM_REVERSAL", at, spent, &redemption.redemption_id));
            }
        }
        if let Some(voided) = &voucher.voided {
            entries.push(entry("VOID", voided.at, -cents(voided.amount), ""));
        } else if let Some(over) = day_after(voucher.expires_on, zone)
            && !voucher.remaining.is_zero()
        {
            entries.push(entry("EXPIRE", over, -cents(voucher.remaining), ""));
        }
    }
    for credit in book.credits.values().filter(|credit| credit.partner == partner) {
        let entry = |kind, at, cents| Entry {
            kind,
            reference: credit.reference.clone(),
            partner_ref: credit.credit_id.clone(),
            at,
            cents,
            currency: credit.currency.to_string(),
            place: String::new(),
        };
        let amount = cents(credit.amount);
        entries.push(entry("ISSUE", credit.accepted_at, amount));
        if credit.state.has_arrived() {
            entries.push(entry("REDEEM", credit.moved_at, -amount));
        }
        if credit.state.went_back() {
            entries.push(entry("RETURN", credit.moved_at, -amount));
        }
    }
    entries
}
