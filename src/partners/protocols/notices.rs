//! What does a partner tell us of its own accord? One JSON envelope and these kinds; a protocol
//! says which of them it has.
//!
//! Exactly the published fields: a notice with others may mean something that is not understood
//! here, so it is set aside for people and not half read. A kind that the protocol does not have is
//! kept and shown.
//!
//! Rows: W1.

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Amount;
use domain::reward::CreditState;
use serde::Deserialize;

use crate::partners::partner::{Notice, UnreadableNotice};
use crate::partners::received;

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
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: &'a serde_json::value::RawValue,
    #[serde(deserialize_with = "received::instant")]
    timestamp: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redeemed {
    #[serde(deserialize_with = "received::id")]
    voucher_id: String,
    #[serde(deserialize_with = "received::id")]
    redemption_id: String,
    amount: Amount,
    remaining: Amount,
    #[serde(deserialize_with = "received::instant")]
    redeemed_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reversed {
    #[serde(deserialize_with = "received::id")]
    voucher_id: String,
    #[serde(deserialize_with = "received::id")]
    redemption_id: String,
    amount: Amount,
    remaining: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issued {
    #[serde(deserialize_with = "received::id")]
    reference: String,
    #[serde(deserialize_with = "received::id")]
    voucher_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expired {
    #[serde(deserialize_with = "received::id")]
    voucher_id: String,
    #[serde(deserialize_with = "received::instant")]
    expired_at: DateTime<Utc>,
    unspent: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Low {
    account: Option<String>,
    float: Option<String>,
    balance: Amount,
    threshold: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Applied {
    #[serde(deserialize_with = "received::id")]
    credit_id: String,
    #[serde(deserialize_with = "received::id")]
    reference: String,
    #[serde(deserialize_with = "received::id")]
    account: String,
    amount: Amount,
    #[serde(deserialize_with = "received::instant")]
    applied_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Progressed {
    #[serde(deserialize_with = "received::id")]
    credit_id: String,
    #[serde(deserialize_with = "received::id")]
    reference: String,
    state: CreditState,
    #[serde(deserialize_with = "received::instant")]
    at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Returned {
    #[serde(deserialize_with = "received::id")]
    credit_id: String,
    #[serde(deserialize_with = "received::id")]
    reference: String,
    amount: Amount,
    #[serde(deserialize_with = "received::code")]
    why: String,
    #[serde(deserialize_with = "received::instant")]
    returned_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Billed {
    #[serde(deserialize_with = "received::id")]
    account: String,
    #[serde(deserialize_with = "received::id")]
    bill_id: String,
    amount: Amount,
    due_on: NaiveDate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paid {
    #[serde(deserialize_with = "received::id")]
    account: String,
    #[serde(deserialize_with = "received::id")]
    payment_id: String,
    amount: Amount,
    #[serde(deserialize_with = "received::instant")]
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
            let Applied { credit_id, reference, amount, applied_at, account } = parse(data)?;
            let state = arrived;
            Notice::CreditApplied { credit_id, reference, account, amount, state, applied_at }
        }
        "credit.progressed" => {
            let Progressed { credit_id, reference, state, at } = parse(data)?;
            Notice::CreditProgressed { credit_id, reference, state, at }
        }
        "credit.returned" => {
            let Returned { credit_id, reference, amount, why, returned_at } = parse(data)?;
            Notice::CreditReturned { credit_id, reference, amount, why, returned_at }
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
        (None, Some(_)) => Ok(Notice::FloatLow { balance, threshold, at }),
        _ => Err(odd("either an account or a float")),
    }
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
