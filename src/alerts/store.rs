//! Which alerts are open, who has seen them, and which are mended?
//!
//! *Guarantees*: of one kind and subject one alert is open at a time, however many processes look;
//! acknowledging is done once.
//!
//! Rows: W4.

use chrono::{DateTime, Utc};
use projections::paging::{ListError, Page};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// Alerts that were mended are kept for so long, in days.
const KEPT_DAYS: i64 = 365;

/// Something that a watch found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Of which kind.
    pub kind: &'static str,
    /// Which of them: an id, and nothing of a person.
    pub subject: String,
    /// What is wrong.
    pub summary: String,
    /// What to do about it.
    pub to_do: &'static str,
}

/// An alert as people see it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Alert {
    /// Which.
    pub id: Uuid,
    /// Of which kind.
    pub kind: String,
    /// Which reward, partner or read model.
    pub subject: String,
    /// What is wrong.
    pub summary: String,
    /// What to do about it.
    pub to_do: String,
    /// When it was found.
    pub raised_at: DateTime<Utc>,
    /// When a person said that they have seen it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// What they said.
    pub reason: Option<String>,
    /// When it was mended.
    pub resolved_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, kind, subject, summary, to_do, raised_at, acknowledged_at, \
                       acknowledged_by, reason, resolved_at";

/// Which alerts are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AlertFilter {
    /// Those that nobody has mended.
    #[default]
    Open,
    /// Those of them that somebody has seen.
    Acknowledged,
    /// Those that are mended.
    Resolved,
    /// All of them.
    All,
}

impl AlertFilter {
    fn condition(self) -> &'static str {
        match self {
            Self::Open => "resolved_at IS NULL",
            Self::Acknowledged => "resolved_at IS NULL AND acknowledged_at IS NOT NULL",
            Self::Resolved => "resolved_at IS NOT NULL",
            Self::All => "true",
        }
    }
}

/// What acknowledging came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Acknowledged {
    /// Done now.
    Now(Alert),
    /// Somebody had done it.
    Before(Alert),
    /// There is no such alert.
    Unknown,
}

/// Up to which position the read models had come that the last look was at.
///
/// # Errors
/// When the table cannot be read.
pub async fn looked_up_to(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT position FROM public.alert_looks").fetch_one(pool).await
}

/// The last look was at read models that had come up to here.
///
/// # Errors
/// When the table cannot be written.
pub async fn has_looked(pool: &PgPool, position: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE public.alert_looks SET position = greatest(position, $1)")
        .bind(position)
        .execute(pool)
        .await?;
    Ok(())
}

/// Subjects of this kind that a person has said they look after.
///
/// # Errors
/// When the table cannot be read.
pub async fn looked_after(pool: &PgPool, kind: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT subject FROM public.alerts WHERE kind = $1 AND acknowledged_at IS NOT NULL",
    )
    .bind(kind)
    .fetch_all(pool)
    .await
}

/// Raises what was found and is not open yet, and resolves what is open of this kind and was not.
///
/// # Errors
/// When the table cannot be written.
pub async fn update(pool: &PgPool, kind: &str, found: &[Found]) -> Result<(), sqlx::Error> {
    raise(pool, found).await?;
    let column = |of: fn(&Found) -> &str| found.iter().map(of).collect::<Vec<_>>();
    sqlx::query(
        "UPDATE public.alerts a SET resolved_at = clock_timestamp()
          WHERE a.resolved_at IS NULL AND a.kind = $1
            AND NOT EXISTS (SELECT 1 FROM unnest($2::text[], $3::text[]) AS f(kind, subject)
                             WHERE f.kind = a.kind AND f.subject = a.subject)",
    )
    .bind(kind)
    .bind(column(|one| one.kind))
    .bind(column(|one| &one.subject))
    .execute(pool)
    .await?;
    sqlx::query(
        "DELETE FROM public.alerts WHERE resolved_at < clock_timestamp() - $1 * interval '1 day'",
    )
    .bind(KEPT_DAYS)
    .execute(pool)
    .await?;
    Ok(())
}

/// Raises what was found and is not open yet; notes that the rest was seen again.
///
/// # Errors
/// When the table cannot be written.
pub async fn raise(pool: &PgPool, found: &[Found]) -> Result<(), sqlx::Error> {
    if found.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = found.iter().map(|_| Uuid::now_v7()).collect();
    let column = |of: fn(&Found) -> &str| found.iter().map(of).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO public.alerts (id, kind, subject, summary, to_do)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
         ON CONFLICT (kind, subject) WHERE resolved_at IS NULL
         DO UPDATE SET seen_at = clock_timestamp(), summary = EXCLUDED.summary",
    )
    .bind(ids)
    .bind(column(|one| one.kind))
    .bind(column(|one| &one.subject))
    .bind(column(|one| &one.summary))
    .bind(column(|one| one.to_do))
    .execute(pool)
    .await?;
    Ok(())
}

/// Resolves what was raised by whoever sees it alone, and was not seen for so long.
///
/// # Errors
/// When the table cannot be written.
pub async fn resolve_unseen(pool: &PgPool, kind: &str, seconds: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE public.alerts SET resolved_at = clock_timestamp()
          WHERE resolved_at IS NULL AND kind = $1
            AND seen_at < clock_timestamp() - $2 * interval '1 second'",
    )
    .bind(kind)
    .bind(seconds)
    .execute(pool)
    .await?;
    Ok(())
}

/// Open alerts of which nobody has been told yet.
///
/// # Errors
/// When the table cannot be read.
pub async fn untold(pool: &PgPool) -> Result<Vec<Alert>, sqlx::Error> {
    sqlx::query_as(&format!(
        "SELECT {COLUMNS} FROM public.alerts WHERE told_at IS NULL AND resolved_at IS NULL
          ORDER BY raised_at LIMIT 100"
    ))
    .fetch_all(pool)
    .await
}

/// Somebody has been told of it.
///
/// # Errors
/// When the table cannot be written: they may be told once more.
pub async fn told(pool: &PgPool, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE public.alerts SET told_at = clock_timestamp() WHERE id = $1")
        .bind(id)
        .execute(pool)
        .await?;
    Ok(())
}

/// Alerts, newest first.
///
/// # Errors
/// [`ListError`].
pub async fn list(
    pool: &PgPool,
    filter: AlertFilter,
    page: &Page,
) -> Result<(Vec<Alert>, Option<String>), ListError> {
    let condition = filter.condition();
    let rows: Vec<Alert> = sqlx::query_as(&format!(
        "SELECT {COLUMNS} FROM public.alerts WHERE {condition} AND ($1::uuid IS NULL OR id < $1)
          ORDER BY id DESC LIMIT $2"
    ))
    .bind(page.after_uuid()?)
    .bind(page.fetched())
    .fetch_all(pool)
    .await?;
    Ok(page.cut(rows, |row| row.id.to_string()))
}

/// A person says that they have seen it.
///
/// # Errors
/// When the table cannot be written.
pub async fn acknowledge(
    pool: &PgPool,
    id: Uuid,
    (by, reason): (&str, &str),
) -> Result<Acknowledged, sqlx::Error> {
    let now: Option<Alert> = sqlx::query_as(&format!(
        "UPDATE public.alerts SET acknowledged_at = clock_timestamp(), acknowledged_by = $2,
                reason = $3
          WHERE id = $1 AND acknowledged_at IS NULL RETURNING {COLUMNS}"
    ))
    .bind(id)
    .bind(by)
    .bind(reason)
    .fetch_optional(pool)
    .await?;
    if let Some(alert) = now {
        return Ok(Acknowledged::Now(alert));
    }
    let before: Option<Alert> =
        sqlx::query_as(&format!("SELECT {COLUMNS} FROM public.alerts WHERE id = $1"))
            .bind(id)
            .fetch_optional(pool)
            .await?;
    Ok(before.map_or(Acknowledged::Unknown, Acknowledged::Before))
}
