//! Whose account is it, and what is on it? Every number of the right form is an account here.
//!
//! An account that nobody asked about before takes on the security code it is first shown with;
//! from then on only that code is right. Codes that begin with `0000` never are. What is on it
//! follows from the seed and the number, and from the credits in the book.
//!
//! Rows: P2, P3, P4, P11, R4.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Duration, Utc};
use domain::money::Amount;
use domain::partner::PartnerType;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::book::{Account, Credit, Line};
use crate::sandbox::codes;
use crate::sandbox::faults::{Kind, Operation};
use crate::sandbox::oauth::{may_ask, may_call};
use crate::sandbox::state::{Desk, State, error};

const STATIONS: [&str; 6] =
    ["Central", "Parramatta", "Redfern", "Flinders Street", "Footscray", "Town Hall"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    account_number: String,
    security_code: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    account_number: String,
}

/// `POST /{partner}/accounts/verify`
pub(in crate::sandbox) async fn verify(
    state: web::Data<State>,
    partner: web::Path<String>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    if !may_call(&state, &partner, &request) {
        return error(401, "unauthorized", "The token is not known here.");
    }
    let Ok(shown) = serde_json::from_slice::<Shown>(&body) else {
        return error(400, "invalid_request", "Send account_number and security_code.");
    };
    let fault = state.desk().faults.take(&partner, Operation::Verify);
    match fault.map(|fault| fault.kind) {
        Some(Kind::Refuse) => return no(),
        Some(Kind::RateLimit) => return error(429, "rate_limited", "Too many calls."),
        Some(Kind::Error500) => {
            return HttpResponse::InternalServerError().body("internal error");
        }
        Some(Kind::Slow) => return HttpResponse::Accepted().json(json!({ "state": "pending" })),
        _ => {}
    }
    let format = state.partners.get(partner.as_str()).and_then(|p| p.entry.account_number());
    let number = format.and_then(|format| format.read(&shown.account_number).ok());
    let (Some(number), Some(code)) = (number, shown.security_code) else { return no() };
    let mut desk = state.desk();
    match shown_first(&mut desk, &partner, (&number.text, &code)) {
        Ok(true) => yes(),
        Ok(false) => no(),
        Err(BookFailed) => error(503, "not_processed", "The book could not be written."),
    }
}

/// Whether this code goes with this account, which takes it on when nobody asked about it before.
pub(in crate::sandbox) fn shown_first(
    desk: &mut Desk,
    partner: &str,
    (number, code): (&str, &str),
) -> Result<bool, BookFailed> {
    match desk.book.account(partner, number) {
        Some(known) => Ok(known.security_code == code && !known.is_closed),
        None if code.is_empty() || code.starts_with("0000") => Ok(false),
        None => {
            let account = Account {
                partner: partner.to_owned(),
                number: number.to_owned(),
                security_code: code.to_owned(),
                is_closed: false,
            };
            desk.book.write(vec![Line::Account(account)]).map_err(|_| BookFailed)?;
            Ok(true)
        }
    }
}

/// The book could not be written: nothing was done.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct BookFailed;

fn yes() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "state": "verified" }))
}

fn no() -> HttpResponse {
    error(422, "account_not_accepted", "Number and code do not belong together.")
}

/// `POST /{partner}/accounts/{topic}`
pub(in crate::sandbox) async fn ask(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let (partner, topic) = path.into_inner();
    let asked = serde_json::from_slice(&body);
    let number = asked.as_ref().map_or("", |Asked { account_number }| account_number);
    if !may_ask(&state, &partner, (&request, number)) {
        return error(401, "unauthorized", "The token is not known here.");
    }
    let Ok(Asked { account_number }) = asked else {
        return error(400, "invalid_request", "Send account_number.");
    };
    let fault = state.desk().faults.take(&partner, Operation::Ask);
    match fault.map(|fault| fault.kind) {
        Some(Kind::RateLimit) => return error(429, "rate_limited", "Too many calls."),
        Some(Kind::Error500) => {
            return HttpResponse::InternalServerError().body("internal error");
        }
        _ => {}
    }
    let Some(known) = state.partners.get(&partner) else {
        return error(404, "not_found", "There is no such partner here.");
    };
    let desk = state.desk();
    if desk.book.account(&partner, &account_number).is_none() {
        return error(404, "account_unknown", "There is no such account here.");
    }
    let its = Its {
        desk: &desk,
        seed: state.seed,
        partner: &partner,
        number: &account_number,
        partner_type: known.entry.partner_type(),
    };
    match its.told(&topic) {
        Some(told) => HttpResponse::Ok().json(told),
        None => error(404, "not_found", "This is not told here."),
    }
}

/// An account, for answering.
struct Its<'a> {
    desk: &'a Desk,
    seed: u64,
    partner: &'a str,
    number: &'a str,
    partner_type: PartnerType,
}

impl Its<'_> {
    fn told(&self, topic: &str) -> Option<Value> {
        use PartnerType::{Retail, Transport, Utility};
        match (self.partner_type, topic) {
            (Retail | Utility | Transport, "balance") => Some(self.balance()),
            (Retail, "transactions") => Some(json!({ "transactions": self.transactions() })),
            (Utility, "bills") => Some(json!({ "bills": self.bills() })),
            (Utility, "credits") => Some(json!({ "credits": self.credits("credit_id") })),
            (Transport, "trips") => Some(json!({ "trips": self.trips() })),
            (Transport, "top-ups") => Some(json!({ "top_ups": self.credits("top_up_id") })),
            _ => None,
        }
    }

    /// An amount of cents that follows from the seed, the number and a word.
    fn cents(&self, word: &str, from: u64, below: u64) -> Decimal {
        let text = format!("{}/{}/{word}", self.partner, self.number);
        let cents = from + codes::number(self.seed, &text, below - from);
        Decimal::new(cents.cast_signed(), 2)
    }

    fn days_ago(&self, days: i64) -> DateTime<Utc> {
        self.desk.now() - Duration::days(days)
    }

    fn balance(&self) -> Value {
        let arrived = self.desk.book.credits_on(self.partner, self.number);
        let arrived: Decimal = arrived
            .iter()
            .filter(|credit| credit.state.has_arrived())
            .map(|credit| credit.amount.decimal())
            .sum();
        let (amount, standing) = if self.partner_type == PartnerType::Utility {
            let owed = self.cents("owed", 8_000, 30_000) - arrived;
            (owed.abs(), if owed < Decimal::ZERO { "in_credit" } else { "owed" })
        } else {
            (self.cents("there", 500, 6_000) + arrived, "available")
        };
        json!({
            "balance": Amount::new(amount).unwrap_or(Amount::ZERO),
            "standing": standing,
            "currency": "AUD",
            "as_of": self.desk.now(),
        })
    }

    fn amount(&self, word: &str, from: u64, below: u64) -> Amount {
        Amount::new(self.cents(word, from, below)).unwrap_or(Amount::ZERO)
    }

    fn transactions(&self) -> Vec<Value> {
        let of = |(number, days): (u32, i64)| {
            json!({
                "transaction_id": format!("T{number}"),
                "kind": "spent",
                "amount": self.amount(&format!("spent{number}"), 300, 4_000),
                "currency": "AUD",
                "at": self.days_ago(days),
                "place": format!("Store {}", 2_000 + number),
            })
        };
        [(3, 2), (2, 9), (1, 20)].map(of).to_vec()
    }

    fn bills(&self) -> Vec<Value> {
        let of = |(number, days): (u32, i64)| {
            let issued = self.days_ago(days).date_naive();
            json!({
                "bill_id": format!("B{number}"),
                "amount": self.amount(&format!("bill{number}"), 8_000, 30_000),
                "currency": "AUD",
                "issued_on": issued,
                "due_on": issued + Duration::days(14),
                "is_paid": number < 3,
            })
        };
        [(3, 10), (2, 101), (1, 192)].map(of).to_vec()
    }

    fn credits(&self, id: &str) -> Vec<Value> {
        let shown = |credit: &&Credit| {
            json!({
                id: credit.credit_id,
                "amount": credit.amount,
                "currency": credit.currency,
                "state": credit.state,
                "at": credit.accepted_at,
            })
        };
        self.desk.book.credits_on(self.partner, self.number).iter().map(shown).collect()
    }

    fn trips(&self) -> Vec<Value> {
        let station = |word: String| {
            let text = format!("{}/{word}", self.number);
            let number = codes::number(self.seed, &text, STATIONS.len() as u64);
            STATIONS[usize::try_from(number).unwrap_or(0)]
        };
        let of = |(number, days): (u32, i64)| {
            json!({
                "at": self.days_ago(days),
                "from": station(format!("from{number}")),
                "to": station(format!("to{number}")),
                "fare": self.amount(&format!("fare{number}"), 250, 1_000),
                "currency": "AUD",
            })
        };
        [(3, 1), (2, 3), (1, 4)].map(of).to_vec()
    }
}
