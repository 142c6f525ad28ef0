//! What does a partner tell us of its own accord? One JSON envelope and these kinds; a protocol
//! says which of them it has.
//!
//! Unknown fields are passed over, so that a partner may add some; missing or odd ones are an
//! error. A kind that the protocol does not have is kept and shown.
//!
//! Rows: W1.

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Amount;
use domain::reward::CreditState;
use serde::Deserialize;

use crate::partners::partner::{Notice, UnreadableNotice};

/// Notices of vouchers.
pub(super) const OF_VOUCHERS: &[&str] = &[
    "voucher.redeemed",
    "voucher.redemption_reversed",
    "voucher.issued",
    "voucher.expired",
    "balance.low",
];
/// Notices of credits.
pub(super) const OF_CREDITS: &[&str] =
    &["credit.applied", "credit.progressed", "credit.returned", "balance.low"];
/// Notices of bills.
pub(super) const OF_BILLS: &[&str] = &["bill.generated", "payment.received"];

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: &'a serde_json::value::RawValue,
    timestamp: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Redeemed {
    voucher_id: String,
    redemption_id: String,
    amount: Amount,
    remaining: Amount,
    redeemed_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Reversed {
    voucher_id: String,
    redemption_id: String,
    amount: Amount,
    remaining: Amount,
}

#[derive(Deserialize)]
struct Issued {
    reference: String,
    voucher_id: String,
}

#[derive(Deserialize)]
struct Expired {
    voucher_id: String,
    expired_at: DateTime<Utc>,
    unspent: Amount,
}

#[derive(Deserialize)]
struct Low {
    account: Option<String>,
    float: Option<String>,
    balance: Amount,
    threshold: Amount,
}

#[derive(Deserialize)]
struct Applied {
    credit_id: String,
    reference: String,
    amount: Amount,
    applied_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Progressed {
    credit_id: String,
    state: CreditState,
    at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Returned {
    credit_id: String,
    why: String,
    returned_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Billed {
    account: String,
    bill_id: String,
    amount: Amount,
    due_on: NaiveDate,
}

#[derive(Deserialize)]
struct Paid {
    account: String,
    payment_id: String,
    amount: Amount,
    received_at: DateTime<Utc>,
}

/// Reads a notice of one of these kinds. A credit that has arrived stands `arrived`.
///
/// # Errors
/// [`UnreadableNotice`] says what is missing or odd, without the text.
pub(super) fn read(
    body: &[u8],
    kinds: &[&[&str]],
    arrived: Option<CreditState>,
) -> Result<Notice, UnreadableNotice> {
    let Envelope { kind, data, timestamp } = parse(body)?;
    let data = data.get().as_bytes();
    if !kinds.iter().any(|known| known.contains(&kind.as_str())) {
        return Ok(Notice::Unknown { kind });
    }
    if kind.starts_with("voucher.") {
        return of_voucher(&kind, data, timestamp);
    }
    Ok(match kind.as_str() {
        "credit.applied" => {
            let Applied { credit_id, reference, amount, applied_at } = parse(data)?;
            Notice::CreditApplied { credit_id, reference, amount, state: arrived, applied_at }
        }
        "credit.progressed" => {
            let Progressed { credit_id, state, at } = parse(data)?;
            Notice::CreditProgressed { credit_id, state, at }
        }
        "credit.returned" => {
            let Returned { credit_id, why, returned_at } = parse(data)?;
            let why = code(&why)?;
            Notice::CreditReturned { credit_id, why, returned_at }
        }
        "bill.generated" => {
            let Billed { account, bill_id, amount, due_on } = parse(data)?;
            Notice::BillGenerated { account, bill_id, amount, due_on, at: timestamp }
        }
        "payment.received" => {
            let Paid { account, payment_id, amount, received_at: at } = parse(data)?;
            Notice::PaymentReceived { account, payment_id, amount, at }
        }
        "balance.low" => low(data, timestamp)?,
        _ => Notice::Unknown { kind },
    })
}

fn of_voucher(
    kind: &str,
    data: &[u8],
    timestamp: DateTime<Utc>,
) -> Result<Notice, UnreadableNotice> {
    Ok(match kind {
        "voucher.redeemed" => {
            let Redeemed { voucher_id, redemption_id, amount, remaining, redeemed_at } =
                parse(data)?;
            Notice::VoucherRedeemed { voucher_id, redemption_id, amount, remaining, redeemed_at }
        }
        "voucher.redemption_reversed" => {
            let Reversed { voucher_id, redemption_id, amount, remaining } = parse(data)?;
            let at = timestamp;
            Notice::RedemptionReversed { voucher_id, redemption_id, amount, remaining, at }
        }
        "voucher.issued" => {
            let Issued { reference, voucher_id } = parse(data)?;
            Notice::VoucherIssued { reference, voucher_id }
        }
        "voucher.expired" => {
            let Expired { voucher_id, expired_at, unspent } = parse(data)?;
            Notice::VoucherExpired { voucher_id, expired_at, unspent }
        }
        _ => Notice::Unknown { kind: kind.to_owned() },
    })
}

/// Of a member's account, or of our own float at the partner.
fn low(data: &[u8], at: DateTime<Utc>) -> Result<Notice, UnreadableNotice> {
    let Low { account, float, balance, threshold } = parse(data)?;
    match (account, float) {
        (Some(account), None) => Ok(Notice::AccountLow { account, balance, threshold, at }),
        (None, _) => Ok(Notice::FloatLow { balance, threshold, at }),
        (Some(_), Some(_)) => Err(odd("either an account or a float")),
    }
}

/// A code, and no text that somebody wrote.
fn code(text: &str) -> Result<String, UnreadableNotice> {
    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if (1..=60).contains(&text.len()) && text.chars().all(is_code) {
        return Ok(text.to_owned());
    }
    Err(odd("a reason is a code of a-z, 0-9 and _"))
}

fn odd(what: &str) -> UnreadableNotice {
    UnreadableNotice { what: what.to_owned() }
}

fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, UnreadableNotice> {
    serde_json::from_slice(bytes).map_err(|error| UnreadableNotice {
        what: format!(
            "{:?} at line {}, column {}",
            error.classify(),
            error.line(),
            error.column()
        ),
    })
}
