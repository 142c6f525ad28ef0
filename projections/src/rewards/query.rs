//! Asks what a member has been given.
//!
//! Rows: Q2, R5.

use chrono::{DateTime, Utc};
use domain::ids::{MemberId, MilestoneId, PartnerId, RewardId};
use domain::reward::RewardStatus;
use domain::sealed::{Sealed, VoucherBarcode, VoucherCode, VoucherPin};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use sqlx::{FromRow, PgPool, Row};
use uuid::Uuid;

use crate::paging::{ListError, Page, instant_mark};

/// A reward as its member sees it.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct RewardRow {
    /// Which.
    pub id: Uuid,
    /// The policy's milestone.
    pub milestone_id: String,
    /// Where it stands.
    pub status: String,
    /// What kind of help.
    pub reward_type: String,
    /// How much: a JSON number written from the decimal's own digits.
    #[serde(serialize_with = "plain_number")]
    pub reward_amount: Decimal,
    /// Of what.
    pub currency: String,
    /// Where it comes from.
    pub partner_used: Option<String>,
    /// Partners that may give it.
    pub eligible_partners: Vec<String>,
    /// What was given; a code is masked.
    pub distribution_details: Option<Value>,
    /// One sentence for the member.
    pub message: Option<String>,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// When it was reached.
    pub created_at: DateTime<Utc>,
}

/// One page of a member's rewards.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardPage {
    /// Newest first.
    pub rows: Vec<RewardRow>,
    /// How many there are in all, whatever the page shows.
    pub total: i64,
    /// Where the next page begins, when there is one.
    pub next_cursor: Option<String>,
}

#[derive(FromRow)]
struct Counted {
    #[sqlx(flatten)]
    row: RewardRow,
    total: i64,
}

const COLUMNS: &str =
    "id, milestone_id, status, reward_type, reward_amount, currency, partner_used,
    eligible_partners, distribution_details, message, issued_at, created_at";

/// `20.00` becomes `20`, `12.50` becomes `12.5`: never by way of floating point.
pub fn plain_number<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    let text = amount.normalize().to_string();
    let number = serde_json::value::RawValue::from_string(text);
    number.map_err(serde::ser::Error::custom)?.serialize(serializer)
}

/// A member's rewards, newest first: rows and their number in one round trip.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    member: MemberId,
    status: Option<RewardStatus>,
    page: &Page,
) -> Result<RewardPage, ListError> {
    let after = page.after_instant()?;
    let counted: Vec<Counted> = sqlx::query_as(&format!(
        "SELECT {COLUMNS}, (SELECT count(*) FROM rewards
                             WHERE user_id = $1 AND ($2::text IS NULL OR status = $2)) AS total
           FROM rewards
          WHERE user_id = $1 AND ($2::text IS NULL OR status = $2)
            AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
          ORDER BY created_at DESC, id DESC LIMIT $5"
    ))
    .bind(member.0)
    .bind(status.map(RewardStatus::as_str))
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    let total = match counted.first() {
        Some(first) => first.total,
        None if after.is_none() => 0,
        None => count(pool, member, status).await?,
    };
    let rows = counted.into_iter().map(|counted| counted.row).collect();
    let (rows, next_cursor) =
        page.cut(rows, |row: &RewardRow| instant_mark(row.created_at, row.id));
    Ok(RewardPage { rows, total, next_cursor })
}

/// A page past the last row says nothing of how many there are.
async fn count(
    pool: &PgPool,
    member: MemberId,
    status: Option<RewardStatus>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) FROM rewards WHERE user_id = $1 AND ($2::text IS NULL OR status = $2)",
    )
    .bind(member.0)
    .bind(status.map(RewardStatus::as_str))
    .fetch_one(pool)
    .await
}

/// One reward of this member; none for somebody else's, as for one that does not exist.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get(
    pool: &PgPool,
    member: MemberId,
    reward: RewardId,
) -> Result<Option<RewardRow>, sqlx::Error> {
    sqlx::query_as(&format!("SELECT {COLUMNS} FROM rewards WHERE id = $1 AND user_id = $2"))
        .bind(reward.0)
        .bind(member.0)
        .fetch_optional(pool)
        .await
}

/// Milestones that are recorded for this member, with the journey in which each was reached.
///
/// # Errors
/// When the read model cannot be read.
pub async fn reached_by(
    pool: &PgPool,
    member: MemberId,
) -> Result<Vec<(MilestoneId, u32, RewardId)>, sqlx::Error> {
    let rows =
        sqlx::query("SELECT milestone_id, journey_number, id FROM rewards WHERE user_id = $1")
            .bind(member.0)
            .fetch_all(pool)
            .await?;
    let reached = rows.iter().filter_map(|row| {
        let milestone = row.get::<String, _>(0).parse().ok()?;
        let number = u32::try_from(row.get::<i32, _>(1)).ok()?;
        Some((milestone, number, RewardId(row.get(2))))
    });
    Ok(reached.collect())
}

/// The reward that a partner's voucher belongs to.
///
/// # Errors
/// When the read model cannot be read.
pub async fn find_by_voucher(
    pool: &PgPool,
    partner: &PartnerId,
    voucher_id: &str,
) -> Result<Option<RewardId>, sqlx::Error> {
    let found: Option<Uuid> =
        sqlx::query_scalar("SELECT id FROM rewards WHERE partner_used = $1 AND voucher_id = $2")
            .bind(partner.as_str())
            .bind(voucher_id)
            .fetch_optional(pool)
            .await?;
    Ok(found.map(RewardId))
}

/// The reward that a partner's credit belongs to.
///
/// # Errors
/// When the read model cannot be read.
pub async fn find_by_credit(
    pool: &PgPool,
    partner: &PartnerId,
    credit_id: &str,
) -> Result<Option<RewardId>, sqlx::Error> {
    let found: Option<Uuid> =
        sqlx::query_scalar("SELECT id FROM rewards WHERE partner_used = $1 AND credit_id = $2")
            .bind(partner.as_str())
            .bind(credit_id)
            .fetch_optional(pool)
            .await?;
    Ok(found.map(RewardId))
}

/// A voucher's secrets, still sealed.
#[derive(Debug, Clone, Deserialize)]
pub struct SealedVoucher {
    /// The attempt that gave it: part of what the ciphertext is bound to.
    pub attempt: u32,
    /// What is spent at the till.
    pub code: Sealed<VoucherCode>,
    /// The PIN, where there is one.
    pub pin: Option<Sealed<VoucherPin>>,
    /// What the scanner reads, where it is not the code.
    pub barcode: Option<Sealed<VoucherBarcode>>,
}

/// The secrets of this member's voucher, still sealed.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sealed_of(
    pool: &PgPool,
    member: MemberId,
    reward: RewardId,
) -> Result<Option<SealedVoucher>, sqlx::Error> {
    let found: Option<Option<sqlx::types::Json<SealedVoucher>>> =
        sqlx::query_scalar("SELECT sealed FROM rewards WHERE id = $1 AND user_id = $2")
            .bind(reward.0)
            .bind(member.0)
            .fetch_optional(pool)
            .await?;
    Ok(found.flatten().map(|sealed| sealed.0))
}
