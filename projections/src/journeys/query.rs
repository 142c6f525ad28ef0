//! Asks where a journey stands.

use chrono::NaiveDate;
use domain::ids::MemberId;
use serde::Serialize;
use sqlx::{FromRow, PgPool};

/// A member's present journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct JourneyRow {
    /// The first clean day.
    pub started_on: NaiveDate,
    /// The member's IANA zone.
    pub time_zone: String,
    /// 1 for the first journey.
    pub journey_number: i32,
    /// The local date on which it was reported.
    pub reported_on: NaiveDate,
}

/// The member's journey, if one was reported.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get(pool: &PgPool, member: MemberId) -> Result<Option<JourneyRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT started_on, time_zone, journey_number, reported_on
           FROM journeys WHERE member_id = $1",
    )
    .bind(member.0)
    .fetch_optional(pool)
    .await
}
