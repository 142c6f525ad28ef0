//! Asks who can give something.
//!
//! Rows: Q2, P5, P6.

use domain::ids::PartnerId;
use serde_json::Value;
use sqlx::{FromRow, PgPool};

use crate::paging::{ListError, Page};

/// A partner as anybody may see it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct PartnerRow {
    /// Its id in addresses.
    pub partner_id: String,
    /// What people call it.
    pub name: String,
    /// retail, utility, transport or support.
    #[sqlx(rename = "type")]
    pub partner_type: String,
    /// pending, active, suspended or inactive.
    pub status: String,
    /// How far onboarding has come.
    pub onboarding_state: String,
    /// Protocol, products and how people reach it.
    pub config: Value,
    /// What it can do.
    pub capabilities: Vec<String>,
}

const COLUMNS: &str = "partner_id, name, type, status, onboarding_state, config, capabilities";

/// Which partners are wanted.
#[derive(Debug, Clone, Default)]
pub struct PartnerFilter {
    /// Of this type.
    pub partner_type: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// That can do this.
    pub capability: Option<String>,
}

/// Partners by id.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    filter: &PartnerFilter,
    page: &Page,
) -> Result<(Vec<PartnerRow>, Option<String>), ListError> {
    let rows: Vec<PartnerRow> = sqlx::query_as(&format!(
        "SELECT {COLUMNS} FROM partners
          WHERE ($1::text IS NULL OR type = $1) AND ($2::text IS NULL OR status = $2)
            AND ($3::text IS NULL OR $3 = ANY(capabilities))
            AND ($4::text IS NULL OR partner_id > $4)
          ORDER BY partner_id LIMIT $5"
    ))
    .bind(&filter.partner_type)
    .bind(&filter.status)
    .bind(&filter.capability)
    .bind(page.after_text())
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| row.partner_id.clone()))
}

/// How many partners there are that the filter wants.
///
/// # Errors
/// When the read model cannot be read.
pub async fn count(pool: &PgPool, filter: &PartnerFilter) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) FROM partners
          WHERE ($1::text IS NULL OR type = $1) AND ($2::text IS NULL OR status = $2)
            AND ($3::text IS NULL OR $3 = ANY(capabilities))",
    )
    .bind(&filter.partner_type)
    .bind(&filter.status)
    .bind(&filter.capability)
    .fetch_one(pool)
    .await
}

/// One partner.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get(pool: &PgPool, partner: &PartnerId) -> Result<Option<PartnerRow>, sqlx::Error> {
    sqlx::query_as(&format!("SELECT {COLUMNS} FROM partners WHERE partner_id = $1"))
        .bind(partner.as_str())
        .fetch_optional(pool)
        .await
}

/// Partners through which value may be issued.
///
/// # Errors
/// When the read model cannot be read.
pub async fn active(pool: &PgPool) -> Result<Vec<PartnerId>, sqlx::Error> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT partner_id FROM partners WHERE status = 'active'")
            .fetch_all(pool)
            .await?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}
