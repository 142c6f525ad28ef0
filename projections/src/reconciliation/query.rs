//! Asks what was issued, spent and is still out, as of any moment.
//!
//! Rows: A1, A4, Q2.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::Position;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};

use crate::as_of::{AsOf, AsOfError, moment};

/// One line of the summary; amounts are decimal strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct SummaryLine {
    /// Where; none for what is owed and not ordered anywhere.
    #[serde(skip)]
    pub partner_id: Option<String>,
    /// Of what.
    pub currency: String,
    /// Owed to members and not ordered.
    #[serde(serialize_with = "two_places")]
    pub committed: Decimal,
    /// Ordered, and the answer not settled.
    #[serde(serialize_with = "two_places")]
    pub in_flight: Decimal,
    /// Given to members.
    #[serde(serialize_with = "two_places")]
    pub issued: Decimal,
    /// Spent by them.
    #[serde(serialize_with = "two_places")]
    pub redeemed: Decimal,
    /// Not spent in time.
    #[serde(serialize_with = "two_places")]
    pub expired: Decimal,
    /// Taken back.
    #[serde(serialize_with = "two_places")]
    pub voided: Decimal,
    /// Still with members: issued less redeemed, expired and voided.
    #[serde(serialize_with = "two_places")]
    pub outstanding: Decimal,
}

/// What was issued, spent and is still out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The moment it is of.
    pub as_of: DateTime<Utc>,
    /// The last position it counts.
    pub position: i64,
    /// By partner.
    pub partners: Vec<SummaryLine>,
    /// In all, by currency.
    pub totals: Vec<SummaryLine>,
}

fn two_places<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{amount:.2}"))
}

/// The summary as of a moment, over the business days from `from` to `to`, both included.
///
/// # Errors
/// [`AsOfError::NotReached`] for a position the journal has not come to.
pub async fn summary(
    pool: &PgPool,
    as_of: AsOf,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Summary, AsOfError> {
    let reached = crate::checkpoint::position(pool, crate::journal::NAME).await?;
    let (position, moment) = moment(pool, as_of, reached).await?;
    let partners = lines(pool, "j.partner_id", (position, from, to)).await?;
    let totals = lines(pool, "NULL::text", (position, from, to)).await?;
    Ok(Summary { as_of: moment, position: position.0, partners, totals })
}

/// The totals of a journal up to a position, by currency: of whichever the search path names.
///
/// # Errors
/// When it cannot be read.
pub async fn lines_at(
    connection: &mut PgConnection,
    position: Position,
) -> Result<Vec<SummaryLine>, sqlx::Error> {
    lines(connection, "NULL::text", (position, None, None)).await
}

type Range = (Position, Option<NaiveDate>, Option<NaiveDate>);

async fn lines(
    reader: impl PgExecutor<'_>,
    group: &str,
    (position, from, to): Range,
) -> Result<Vec<SummaryLine>, sqlx::Error> {
    let statement = format!(
        "WITH counted AS (
           SELECT CASE WHEN a.account = 'liabilities:committed' THEN NULL ELSE {group} END
                    AS partner_id,
                  j.currency, j.event_type, j.line, j.amount, a.account, a.sign
             FROM journal j, LATERAL (VALUES (j.credit_account, 1), (j.debit_account, -1))
                  AS a(account, sign)
            WHERE j.position <= $1 AND ($2::date IS NULL OR j.effective_on >= $2)
              AND ($3::date IS NULL OR j.effective_on <= $3)),
         measured AS (
           SELECT partner_id, currency,
             sum(sign * amount) FILTER (WHERE account = 'liabilities:committed') AS committed,
             sum(sign * amount) FILTER (WHERE account LIKE 'liabilities:clearing:%') AS in_flight,
             sum(amount) FILTER (WHERE counts AND event_type IN
               ('VoucherIssued', 'CreditApplied', 'LateIssueFound')) AS issued,
             sum(CASE WHEN event_type IN ('RedemptionReversed', 'CreditReturned') THEN -amount
                      ELSE amount END)
               FILTER (WHERE counts AND event_type IN
                 ('VoucherRedeemed', 'CreditSettled', 'RedemptionReversed', 'LateIssueLost')
                 OR event_type = 'CreditReturned' AND sign = 1 AND
                 (account LIKE 'liabilities:outstanding:%' OR account LIKE 'memo:issued:%'))
               AS redeemed,
             sum(CASE event_type WHEN 'ExpiryUndone' THEN -amount ELSE amount END)
               FILTER (WHERE counts AND event_type IN ('VoucherExpired', 'ExpiryUndone'))
               AS expired,
             sum(amount) FILTER (WHERE counts AND event_type IN
               ('VoucherVoided', 'CreditReturned', 'LateIssueRecalled')) AS voided
             FROM (SELECT *, line = 1 AND sign = -1 AS counts FROM counted) c
            GROUP BY partner_id, currency),
         filled AS (
           SELECT partner_id, currency, coalesce(committed, 0) AS committed,
                  coalesce(in_flight, 0) AS in_flight, coalesce(issued, 0) AS issued,
                  coalesce(redeemed, 0) AS redeemed, coalesce(expired, 0) AS expired,
                  coalesce(voided, 0) AS voided
             FROM measured)
         SELECT *, issued - redeemed - expired - voided AS outstanding
           FROM filled ORDER BY partner_id NULLS LAST, currency"
    );
    sqlx::query_as(&statement).bind(position.0).bind(from).bind(to).fetch_all(reader).await
}
