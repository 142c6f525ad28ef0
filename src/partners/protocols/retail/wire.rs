//! Their JSON: orders out, vouchers, errors and notices in. Amounts are decimal strings.
//!
//! Answers: unknown fields are passed over, so that a partner may add some; missing or odd ones are
//! an error. Notices: exactly the published fields; one with others may mean something that is not
//! understood here, so it is set aside for people and not half read.
//!
//! Rows: P2, W1.

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::{Amount, Currency};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::partners::partner::{Notice, Order, UnreadableNotice};
use crate::partners::received;

/// An order. These four fields are all that ever leaves.
#[derive(Debug, Serialize)]
pub struct OrderOut<'a> {
    reference: &'a str,
    product: &'a str,
    amount: Amount,
    currency: Currency,
}

impl<'a> OrderOut<'a> {
    /// What of an order leaves.
    #[must_use]
    pub fn of(order: &'a Order) -> Self {
        Self {
            reference: &order.reference,
            product: &order.product,
            amount: order.amount,
            currency: order.currency,
        }
    }
}

/// A voucher as the partner gives it.
#[derive(Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the published document")]
pub struct VoucherIn {
    #[serde(deserialize_with = "received::id")]
    pub voucher_id: String,
    #[serde(deserialize_with = "received::id")]
    pub reference: String,
    #[serde(deserialize_with = "received::id")]
    pub product: String,
    #[serde(deserialize_with = "received::secret")]
    pub code: SecretString,
    #[serde(default, deserialize_with = "received::maybe_secret")]
    pub pin: Option<SecretString>,
    #[serde(default, deserialize_with = "received::maybe_secret")]
    pub barcode: Option<SecretString>,
    pub amount: Amount,
    pub currency: Currency,
    #[serde(default, deserialize_with = "received::maybe_date")]
    pub expires_on: Option<NaiveDate>,
    #[serde(deserialize_with = "received::instant")]
    pub issued_at: DateTime<Utc>,
}

/// A documented error.
#[derive(Debug, Deserialize)]
pub struct ErrorIn {
    /// What is wrong.
    pub error: ErrorBody,
}

/// What is wrong, by a code.
#[derive(Debug, Deserialize)]
pub struct ErrorBody {
    /// The documented code.
    #[serde(deserialize_with = "received::code")]
    pub code: String,
    /// Whether it may be different later.
    #[serde(default)]
    pub temporary: bool,
}

/// What is left on a voucher.
#[derive(Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the published document")]
pub struct BalanceIn {
    pub remaining: Amount,
    pub currency: Currency,
    #[serde(deserialize_with = "received::instant")]
    pub as_of: DateTime<Utc>,
}

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
struct FloatLow {
    /// Which float: there is one; a notice without it is about something else.
    #[serde(rename = "float", deserialize_with = "received::id")]
    _float: String,
    balance: Amount,
    threshold: Amount,
}

/// Reads a notice.
///
/// # Errors
/// [`UnreadableNotice`] says what is missing or odd, without the text.
pub fn read_notice(body: &[u8]) -> Result<Notice, UnreadableNotice> {
    let Envelope { kind, data, timestamp } = parse(body)?;
    let data = data.get().as_bytes();
    Ok(match kind.as_str() {
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
        "balance.low" => {
            let FloatLow { balance, threshold, .. } = parse(data)?;
            Notice::FloatLow { balance, threshold, at: timestamp }
        }
        _ => Notice::Unknown { kind },
    })
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
