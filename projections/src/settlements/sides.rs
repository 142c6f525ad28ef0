//! Gathers what the three sides say, as of a position.
//!
//! Of a day's statements the one with the highest sequence counts: it stands in the place of those
//! before it from the moment it came.
//!
//! Rows: A1, A2, A4.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PartnerId, Position};
use domain::partner_statement::{KindTotal, MovementKind};
use domain::reward::FundingModel;
use domain::settlement::Direction;
use rust_decimal::Decimal;
use sqlx::PgPool;
use sqlx::types::Json;

use super::three_way::{BankLine, ReportedFloat, Sides};

/// By partner and currency.
pub type AllSides = BTreeMap<(String, String), Sides>;

/// What is asked for.
type Wanted<'a> = (Position, Option<&'a PartnerId>);

/// Who pays for what each partner gives, as it was agreed at a position.
///
/// # Errors
/// When the read model cannot be read, or holds what this program does not know.
pub async fn funding(
    pool: &PgPool,
    (at, partner): Wanted<'_>,
) -> Result<BTreeMap<String, FundingModel>, sqlx::Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT ON (partner_id) partner_id, funding_model FROM partner_funding
          WHERE position <= $1 AND ($2::text IS NULL OR partner_id = $2)
          ORDER BY partner_id, position DESC",
    )
    .bind(at.0)
    .bind(partner.map(PartnerId::as_str))
    .fetch_all(pool)
    .await?;
    let known = rows.into_iter().map(|(partner, word)| {
        let model = FundingModel::ALL.into_iter().find(|model| model.as_str() == word);
        Ok((partner, model.ok_or_else(|| unknown("funding model"))?))
    });
    known.collect()
}

/// What all sides say up to a position, of one partner or of all of whom anything is said.
///
/// # Errors
/// When a read model cannot be read, or holds what this program does not know.
pub async fn sides(pool: &PgPool, (at, partner): Wanted<'_>) -> Result<AllSides, sqlx::Error> {
    let mut sides = AllSides::new();
    accounts(pool, (at, partner), &mut sides).await?;
    movements(pool, (at, partner), &mut sides).await?;
    statements(pool, (at, partner), &mut sides).await?;
    bank(pool, (at, partner), &mut sides).await?;
    reported(pool, (at, partner), &mut sides).await?;
    Ok(sides)
}

fn unknown(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("a {what} nobody knows").into())
}

const ACCOUNTS: &str = "
    SELECT j.partner_id, j.currency,
           coalesce(sum(a.sign * j.amount) FILTER (
             WHERE a.account = 'assets:float:' || j.partner_id), 0) AS float,
           coalesce(sum(-a.sign * j.amount) FILTER (
             WHERE a.account = 'liabilities:payable:' || j.partner_id), 0) AS payable,
           coalesce(sum(a.sign * j.amount) FILTER (
             WHERE a.account = 'suspense:recon:' || j.partner_id), 0) AS suspense
      FROM journal j, LATERAL (VALUES (j.debit_account, 1), (j.credit_account, -1))
           AS a(account, sign)
     WHERE j.position <= $1 AND j.partner_id IS NOT NULL
       AND ($2::text IS NULL OR j.partner_id = $2)
     GROUP BY j.partner_id, j.currency";

async fn accounts(
    pool: &PgPool,
    (at, partner): Wanted<'_>,
    sides: &mut AllSides,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(String, String, Decimal, Decimal, Decimal)> = sqlx::query_as(ACCOUNTS)
        .bind(at.0)
        .bind(partner.map(PartnerId::as_str))
        .fetch_all(pool)
        .await?;
    for (partner, currency, float, payable, suspense) in rows {
        let side = sides.entry((partner, currency)).or_default();
        (side.float, side.payable, side.suspense) = (float, payable, suspense);
    }
    Ok(())
}

async fn movements(
    pool: &PgPool,
    (at, partner): Wanted<'_>,
    sides: &mut AllSides,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(
        "SELECT m.partner_id, m.currency, m.kind, sum(m.cents)::bigint,
                coalesce(sum(m.cents) FILTER (WHERE s.partner_id IS NOT NULL), 0)::bigint
           FROM statement_movements m
           LEFT JOIN (SELECT DISTINCT partner_id, business_date FROM partner_statements
                       WHERE imported_at_position <= $1) s USING (partner_id, business_date)
          WHERE m.position <= $1 AND ($2::text IS NULL OR m.partner_id = $2)
            AND m.kind <> 'ORDER'
          GROUP BY m.partner_id, m.currency, m.kind",
    )
    .bind(at.0)
    .bind(partner.map(PartnerId::as_str))
    .fetch_all(pool)
    .await?;
    for (partner, currency, kind, all, on_days) in rows {
        let kind = MovementKind::read(&kind).ok_or_else(|| unknown("kind"))?;
        sides.entry((partner, currency)).or_default().moved.insert(kind, (all, on_days));
    }
    Ok(())
}

async fn statements(
    pool: &PgPool,
    (at, partner): Wanted<'_>,
    sides: &mut AllSides,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(String, String, NaiveDate, Json<Vec<KindTotal>>)> = sqlx::query_as(
        "SELECT DISTINCT ON (partner_id, business_date) partner_id, currency, business_date, totals
           FROM partner_statements
          WHERE imported_at_position <= $1 AND ($2::text IS NULL OR partner_id = $2)
          ORDER BY partner_id, business_date, sequence DESC",
    )
    .bind(at.0)
    .bind(partner.map(PartnerId::as_str))
    .fetch_all(pool)
    .await?;
    for (partner, currency, day, Json(totals)) in rows {
        sides.entry((partner, currency)).or_default().stated.push((day, totals));
    }
    Ok(())
}

async fn bank(
    pool: &PgPool,
    (at, partner): Wanted<'_>,
    sides: &mut AllSides,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(String, String, String, Decimal, NaiveDate)> = sqlx::query_as(
        "SELECT partner_id, currency, direction, amount, booked_on FROM settlements
          WHERE position <= $1 AND ($2::text IS NULL OR partner_id = $2) ORDER BY position",
    )
    .bind(at.0)
    .bind(partner.map(PartnerId::as_str))
    .fetch_all(pool)
    .await?;
    for (partner, currency, direction, amount, booked_on) in rows {
        let known = Direction::ALL.into_iter().find(|known| known.as_str() == direction);
        let direction = known.ok_or_else(|| unknown("direction"))?;
        let line = BankLine { direction, amount, booked_on };
        sides.entry((partner, currency)).or_default().bank.push(line);
    }
    Ok(())
}

async fn reported(
    pool: &PgPool,
    (at, partner): Wanted<'_>,
    sides: &mut AllSides,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(String, String, Decimal, DateTime<Utc>, Decimal)> = sqlx::query_as(
        "SELECT said.partner_id, said.currency, said.balance, said.timestamp, coalesce((
                  SELECT sum(CASE WHEN j.debit_account = 'assets:float:' || said.partner_id
                                  THEN j.amount ELSE -j.amount END)
                    FROM journal j
                   WHERE j.position <= said.position AND j.currency = said.currency
                     AND 'assets:float:' || said.partner_id IN (j.debit_account, j.credit_account)
                ), 0)
           FROM (SELECT DISTINCT ON (partner_id, currency) partner_id, currency, balance,
                        timestamp, position
                   FROM (SELECT partner_id, details->>'currency' AS currency, timestamp, position,
                                (details->>'balance')::numeric AS balance
                           FROM partner_activity_log
                          WHERE activity_type = 'FloatLowReported' AND position <= $1
                            AND partner_id IS NOT NULL
                            AND ($2::text IS NULL OR partner_id = $2)) AS every
                  ORDER BY partner_id, currency, position DESC) AS said",
    )
    .bind(at.0)
    .bind(partner.map(PartnerId::as_str))
    .fetch_all(pool)
    .await?;
    for (partner, currency, balance, at, float_then) in rows {
        let reported = ReportedFloat { balance, at, float_then };
        sides.entry((partner, currency)).or_default().reported = Some(reported);
    }
    Ok(())
}
