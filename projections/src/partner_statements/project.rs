//! Folds our movements and what became of statements into their rows.
//!
//! Rows: A2, Q3.

#![deny(clippy::wildcard_enum_match_arm)]

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::AnchorEvent;
use domain::partner_statement::{
    BreakKind, BreakOpened, BreakOutcome, BreakState, LinesMatched, PartnerStatementEvent,
    StatementImported,
};
use domain::reward::RewardEvent;
use sqlx::PgConnection;
use uuid::Uuid;

use super::movements::{MovementRow, row_of};
use crate::journal::Zones;
use crate::projection::{Projection, ProjectionError, Recorded};

/// The key of its checkpoint.
pub const NAME: &str = "partner_statements";
const ZONES: &str = "statement_zones";

/// The read model `partner_statements`.
pub struct PartnerStatements;

#[async_trait]
impl Projection for PartnerStatements {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            "statement_movements",
            ZONES,
            "partner_statements",
            "statement_matchings",
            "statement_breaks",
            "statement_break_notes",
        ]
    }

    async fn project(
        &self,
        batch: &[Recorded],
        tx: &mut PgConnection,
    ) -> Result<(), ProjectionError> {
        let mut zones = Zones::load(ZONES, tx).await?;
        let mut rows: Vec<MovementRow> = Vec::new();
        let mut has_news = false;
        for recorded in batch {
            has_news |= zones.note(recorded);
            match &recorded.event {
                AnchorEvent::Reward(RewardEvent::ExpiryUndone(e)) => {
                    write(&mut rows, tx).await?;
                    undo_expiry(e.partner_id.as_str(), &e.voucher_id, tx).await?;
                }
                AnchorEvent::Reward(_) | AnchorEvent::Settlement(_) => {
                    rows.extend(row_of(recorded, &zones)?)
                }
                AnchorEvent::PartnerStatement(event) => {
                    write(&mut rows, tx).await?;
                    let id = recorded.stream()?;
                    tell(id, event, recorded, tx).await?;
                }
                AnchorEvent::Partner(_)
                | AnchorEvent::PartnerAccount(_)
                | AnchorEvent::Journey(_)
                | AnchorEvent::Member(_)
                | AnchorEvent::Period(_) => {}
            }
        }
        if has_news {
            zones.keep(ZONES, tx).await?;
        }
        Ok(write(&mut rows, tx).await?)
    }
}

/// The reference of value that came to light late stands with its order.
async fn write(rows: &mut Vec<MovementRow>, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let document = serde_json::to_string(rows).map_err(|e| sqlx::Error::Encode(e.into()))?;
    rows.clear();
    sqlx::query(
        "WITH given AS (
           SELECT * FROM jsonb_populate_recordset(NULL::statement_movements, $1::jsonb))
         INSERT INTO statement_movements (position, partner_id, reward_id, kind, attempt,
                reference, partner_ref, use_id, business_date, cents, currency)
         SELECT g.position, g.partner_id, g.reward_id, g.kind, g.attempt,
                coalesce(g.reference,
                  (SELECT o.reference FROM given o
                    WHERE o.kind = 'ORDER' AND o.reward_id = g.reward_id AND o.attempt = g.attempt),
                  (SELECT o.reference FROM statement_movements o
                    WHERE o.kind = 'ORDER' AND o.reward_id = g.reward_id
                      AND o.attempt = g.attempt)),
                g.partner_ref, g.use_id, g.business_date, g.cents, g.currency
           FROM given g
         ON CONFLICT (position) DO NOTHING",
    )
    .bind(document)
    .execute(tx)
    .await?;
    Ok(())
}

/// The partner never said that it expired: nobody need speak of that any more.
async fn undo_expiry(
    partner: &str,
    voucher: &str,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM statement_movements
          WHERE partner_id = $1 AND partner_ref = $2 AND kind = 'EXPIRE' AND matched_in IS NULL",
    )
    .bind(partner)
    .bind(voucher)
    .execute(tx)
    .await?;
    Ok(())
}

async fn tell(
    id: Uuid,
    event: &PartnerStatementEvent,
    recorded: &Recorded,
    tx: &mut PgConnection,
) -> Result<(), ProjectionError> {
    use PartnerStatementEvent as E;
    match event {
        E::StatementImported(e) => imported(id, e, recorded, tx).await?,
        E::LinesMatched(e) => matched(id, e, recorded, tx).await?,
        E::BreakOpened(e) => opened(id, e, recorded, tx).await?,
        E::BreakAssigned(e) => {
            let change = Change { owner: Some(e.owner), ..Change::default() };
            changed((id, e.number), change, recorded, tx).await?;
        }
        E::BreakExplained(e) => {
            let change = Change { note: Some(&e.note), ..Change::default() };
            changed((id, e.number), change, recorded, tx).await?;
        }
        E::BreakForceBegun(e) => {
            let first = (Some(e.first_person), Some(e.expires_at));
            let change = Change { first, ..Change::default() };
            changed((id, e.number), change, recorded, tx).await?;
        }
        E::BreakResolved(e) => {
            let end = Some((BreakState::Resolved, Some(e.outcome)));
            let change = Change { note: e.note.as_deref(), end, ..Change::default() };
            changed((id, e.number), change, recorded, tx).await?;
        }
        E::BreakForced(e) => {
            let end = Some((BreakState::Forced, None));
            let (first, second_person) = ((Some(e.first_person), None), e.second_person);
            let note = Some(e.note.as_str());
            let change = Change { first, second_person, note, end, ..Change::default() };
            changed((id, e.number), change, recorded, tx).await?;
            if e.kind == BreakKind::Overdue {
                set_aside((id, e.number), tx).await?;
            }
        }
        E::StatementSuperseded(e) => superseded(id, e.by.0, recorded, tx).await?,
    }
    Ok(())
}

async fn imported(
    id: Uuid,
    e: &StatementImported,
    recorded: &Recorded,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO partner_statements (id, partner_id, business_date, sequence, currency, made_at,
                lines, totals, sha256, status, imported_at, last_position, imported_at_position)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'imported', $10, $11, $11)",
    )
    .bind(id)
    .bind(e.partner_id.as_str())
    .bind(e.business_date)
    .bind(i32::try_from(e.sequence).unwrap_or(i32::MAX))
    .bind(e.currency.as_str())
    .bind(e.made_at)
    .bind(i32::try_from(e.lines).unwrap_or(i32::MAX))
    .bind(sqlx::types::Json(&e.totals))
    .bind(&e.sha256)
    .bind(e.occurred_at)
    .bind(recorded.position.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn matched(
    id: Uuid,
    e: &LinesMatched,
    recorded: &Recorded,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let positions: Vec<i64> = e.matched.iter().map(|line| line.position.0).collect();
    let lines: Vec<i32> =
        e.matched.iter().map(|line| i32::try_from(line.line).unwrap_or(i32::MAX)).collect();
    let off_by: i64 = e.matched.iter().map(|line| line.off_by_cents).sum();
    sqlx::query(
        "UPDATE statement_movements m SET matched_in = $1, matched_line = t.line
           FROM unnest($2::bigint[], $3::int[]) AS t(position, line)
          WHERE m.position = t.position",
    )
    .bind(id)
    .bind(&positions)
    .bind(&lines)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "WITH noted AS (
           INSERT INTO statement_matchings (statement_id, position, lines, off_by_cents)
           VALUES ($1, $4, $2, $3))
         UPDATE partner_statements SET status = 'matched', last_position = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(i32::try_from(e.matched.len()).unwrap_or(i32::MAX))
    .bind(off_by)
    .bind(recorded.position.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn opened(
    id: Uuid,
    e: &BreakOpened,
    recorded: &Recorded,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let facts = &e.facts;
    let number = i32::try_from(e.number).unwrap_or(i32::MAX);
    let line = facts.line.map(|line| i32::try_from(line).unwrap_or(i32::MAX));
    sqlx::query(
        "INSERT INTO statement_breaks (id, statement_id, number, partner_id, business_date, kind,
                line, position, movement, reference, partner_ref, use_id, counts_on, stated,
                recorded, amount, currency, state, opened_at, opened_at_position, last_position)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'open',
                 $18, $19, $19)",
    )
    .bind(break_id(id, e.number))
    .bind(id)
    .bind(number)
    .bind(e.partner_id.as_str())
    .bind(e.business_date)
    .bind(facts.kind.as_str())
    .bind(line)
    .bind(facts.position.map(|position| position.0))
    .bind(facts.movement.as_str())
    .bind(&facts.reference)
    .bind(&facts.partner_ref)
    .bind(&facts.use_id)
    .bind(facts.on)
    .bind(facts.stated.map(domain::money::Amount::decimal))
    .bind(facts.recorded.map(domain::money::Amount::decimal))
    .bind(facts.amount.decimal())
    .bind(facts.currency.as_str())
    .bind(e.occurred_at)
    .bind(recorded.position.0)
    .execute(&mut *tx)
    .await?;
    let Some(position) = facts.position else { return Ok(()) };
    // A line that differs speaks of ours all the same; silence does not.
    let spoken = if facts.kind == BreakKind::Overdue {
        "UPDATE statement_movements SET overdue_in = $1 WHERE position = $2 AND $3::int IS NULL"
    } else {
        "UPDATE statement_movements SET matched_in = $1, matched_line = $3 WHERE position = $2"
    };
    sqlx::query(spoken).bind(id).bind(position.0).bind(line).execute(tx).await?;
    Ok(())
}

/// The public id of a statement's break.
#[must_use]
pub fn break_id(statement: Uuid, number: u32) -> Uuid {
    Uuid::new_v5(&statement, &number.to_be_bytes())
}

/// What changes of a break; whatever is none stays as it is.
#[derive(Default)]
struct Change<'a> {
    owner: Option<Uuid>,
    /// Who wants to force it, and until when that word stands.
    first: (Option<Uuid>, Option<DateTime<Utc>>),
    second_person: Option<Uuid>,
    note: Option<&'a str>,
    end: Option<(BreakState, Option<BreakOutcome>)>,
}

async fn changed(
    (id, number): (Uuid, u32),
    change: Change<'_>,
    recorded: &Recorded,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let (state, outcome) = change.end.unzip();
    sqlx::query(
        "WITH noted AS (
           INSERT INTO statement_break_notes
                  (statement_id, number, position, owner, first_person, first_person_until,
                   second_person, note)
           VALUES ($1, $2, $3, $5, $6, $10, $11, $7))
         UPDATE statement_breaks
            SET state = coalesce($8, state), outcome = coalesce($9, outcome),
                ended_at = CASE WHEN $8 IS NULL THEN ended_at ELSE $4 END,
                ended_at_position = CASE WHEN $8 IS NULL THEN ended_at_position ELSE $3 END,
                last_position = $3
          WHERE statement_id = $1 AND number = $2",
    )
    .bind(id)
    .bind(i32::try_from(number).unwrap_or(i32::MAX))
    .bind(recorded.position.0)
    .bind(recorded.event.occurred_at())
    .bind(change.owner)
    .bind(change.first.0)
    .bind(change.note)
    .bind(state.map(BreakState::as_str))
    .bind(outcome.flatten().map(BreakOutcome::as_str))
    .bind(change.first.1)
    .bind(change.second_person)
    .execute(tx)
    .await?;
    Ok(())
}

/// The books go on as if it had not been: a line that comes after all is unexpected.
async fn set_aside((id, number): (Uuid, u32), tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE statement_movements m SET set_aside_in = $1 FROM statement_breaks b
          WHERE b.statement_id = $1 AND b.number = $2 AND m.position = b.position",
    )
    .bind(id)
    .bind(i32::try_from(number).unwrap_or(i32::MAX))
    .execute(tx)
    .await?;
    Ok(())
}

/// What it spoke of is free again for the one in its place, and so is what it was silent about.
async fn superseded(
    id: Uuid,
    by: Uuid,
    recorded: &Recorded,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE statement_movements
            SET matched_line = CASE WHEN matched_in = $1 THEN NULL ELSE matched_line END,
                matched_in = nullif(matched_in, $1), overdue_in = nullif(overdue_in, $1),
                set_aside_in = nullif(set_aside_in, $1)
          WHERE matched_in = $1 OR overdue_in = $1",
    )
    .bind(id)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE partner_statements
            SET status = 'superseded', superseded_by = $2, superseded_at_position = $3,
                last_position = $3
          WHERE id = $1",
    )
    .bind(id)
    .bind(by)
    .bind(recorded.position.0)
    .execute(tx)
    .await?;
    Ok(())
}
