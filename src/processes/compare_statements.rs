//! What does a partner's statement say that we do not, and the other way round? Compared once,
//! after everything that was recorded before it is in the read model.
//!
//! A turn takes the statements that nobody has compared, the earliest day first, and ends the
//! breaks whose other side has come. Of several instances one does so at a time; where two still
//! did, a statement takes its comparison once.
//!
//! *An order whose outcome nobody knew* and of which the statement speaks is looked up at once: the
//! line is evidence, the partner's answer is what counts (D4). That no line speaks of it proves
//! nothing: it stays unknown until its own deadline, when two people attest what they found.
//!
//! Rows: A2, D4.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use domain::ids::{PartnerId, Position, StatementId};
use domain::money::Amount;
use domain::partner_statement::{
    BreakFacts, BreakKind, Found, MatchedLine, Movement, MovementKind, OwnMovement,
    PartnerStatement, StatementCommand, Terms, amount, match_statement, off_by_cents,
};
use projections::checkpoint::{self, WaitError};
use projections::partner_statements::query::{self, StatementFile};
use projections::{partner_statements, reward_todo};
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::books;
use crate::database::Alone;
use crate::ledger::{Context, ExecuteError, Ledger};
use crate::partners::Catalogue;
use crate::statements;

const STATEMENTS_A_TURN: i64 = 4;
const ARRIVALS_A_TURN: i64 = 500;
/// More than so many differences of one statement are told as one.
const MOST_BREAKS: usize = 2_000;
/// How long the read model may take to see what was just recorded, before another turn.
const CATCHES_UP: Duration = Duration::from_secs(30);
/// Which lock of the database says that somebody compares.
const COMPARING: i64 = 0x636f_6d70_6172_6501;

/// Compares statements with our log.
#[derive(Clone)]
pub struct CompareStatements {
    /// Where what is found is recorded.
    pub ledger: Ledger,
    /// Where the read model and the files are.
    pub pool: PgPool,
    /// What is agreed with each partner.
    pub catalogue: Catalogue,
    /// Whether it is over.
    pub stop: watch::Receiver<bool>,
}

impl CompareStatements {
    /// Compares what is there to be compared; answers how much was done.
    ///
    /// # Errors
    /// When the database or the ledger cannot be asked; the rest waits for the next turn.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let is_idle = query::to_compare(&self.pool, 1).await?.is_empty()
            && query::arrivals(&self.pool, 1).await?.is_empty();
        if is_idle {
            return Ok(0);
        }
        // Two who compared at once could find the same movement of ours for two lines.
        let Some(alone) = Alone::at(&self.pool, COMPARING).await? else { return Ok(0) };
        let done = self.compare_some().await;
        alone.give_back().await;
        done
    }

    async fn compare_some(&self) -> anyhow::Result<usize> {
        let mut done = 0;
        if !self.has_caught_up().await? {
            return Ok(done);
        }
        for id in query::to_compare(&self.pool, STATEMENTS_A_TURN).await? {
            // One that cannot be compared keeps no other one waiting; people are told of it.
            match self.compare(id).await {
                Ok(()) => done += 1,
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(statement = %id, error, "a statement was not compared");
                }
            }
            if !self.has_caught_up().await? {
                return Ok(done);
            }
        }
        Ok(done + self.end_what_has_come().await?)
    }

    /// Whether the read model has seen all that is recorded by now. Not, when we are to stop: what
    /// builds it stops, too, and whoever waits for it would wait in vain.
    async fn has_caught_up(&self) -> anyhow::Result<bool> {
        let head: i64 =
            sqlx::query_scalar("SELECT coalesce(max(last_position), 0) FROM ledger_batches")
                .fetch_one(&self.pool)
                .await?;
        let mut stop = self.stop.clone();
        let name = partner_statements::NAME;
        tokio::select! {
            reached = checkpoint::wait_for(&self.pool, name, Position(head), CATCHES_UP) => {
                match reached {
                    Ok(_) => Ok(true),
                    Err(WaitError::NotYet { reached }) => {
                        let (head, reached) = (head, reached.0);
                        tracing::warn!(head, reached, "statements wait for the read model");
                        Ok(false)
                    }
                    Err(WaitError::Database(error)) => Err(error.into()),
                }
            }
            Ok(_) = stop.wait_for(|is_over| *is_over) => Ok(false),
        }
    }

    async fn compare(&self, id: Uuid) -> anyhow::Result<()> {
        let row = query::file_of(&self.pool, id).await?.context("it was there just now")?;
        if self.supersede(&row, id).await? && !self.has_caught_up().await? {
            return Ok(());
        }
        let bytes = books::content(&self.pool, &row.partner_id, &row.sha256).await?;
        let statement = statements::parse(&bytes)
            .map_err(|it| anyhow::anyhow!("a kept file has {} faults", it.faults.len()))?;
        let entry =
            self.catalogue.get(&statement.heading.partner).context("a partner nobody knows")?;
        let agreed = entry.statement();
        let overdue_before =
            statement.heading.date.checked_sub_days(Days::new(agreed.overdue_after_days.into()));
        let ours = ours(
            &self.pool,
            &statement.heading.partner,
            statement.heading.date,
            &statement.movements,
        );
        let ours = ours.await?;
        let matching = match_statement(
            &ours,
            &statement.movements,
            agreed.terms(),
            overdue_before.unwrap_or(NaiveDate::MIN),
        );
        let sides = Sides::of(&ours, &statement.movements, agreed.terms());
        let mut found: Vec<BreakFacts> =
            matching.found.iter().filter_map(|found| sides.facts(found)).collect();
        found.extend(statement.movements.iter().filter_map(charged));
        let mut matched = matching.matched;
        if found.len() > MOST_BREAKS {
            (matched, found) = (Vec::new(), vec![too_many(&statement, &found)]);
        }
        let command = StatementCommand::RecordMatching {
            matched,
            found,
            funding_model: entry.details().funding_model,
        };
        self.record(id, command, "a statement was imported").await?;
        self.hasten(&statement.heading.partner, &statement.movements).await
    }

    /// What a corrected statement stands in the place of says nothing any more. Answers whether
    /// there is one.
    async fn supersede(&self, row: &StatementFile, id: Uuid) -> anyhow::Result<bool> {
        let loaded = self.ledger.load::<PartnerStatement>(&id.to_string()).await?;
        let Some(before) = loaded.state.supersedes() else { return Ok(false) };
        let command = StatementCommand::Supersede { by: StatementId(id) };
        let why = "a corrected statement has come";
        self.record(before.0, command, why).await?;
        tracing::info!(partner = row.partner_id, day = %row.business_date, why);
        Ok(true)
    }

    async fn record(&self, id: Uuid, command: StatementCommand, why: &str) -> anyhow::Result<()> {
        let context = Context::new("process:compare_statements", why);
        let stream = id.to_string();
        match self.ledger.execute::<PartnerStatement, _>(&stream, command, &context).await {
            // It was recorded before, somebody else was faster, or it is superseded meanwhile.
            Ok(_)
            | Err(
                ExecuteError::Duplicate { .. } | ExecuteError::Refused(_) | ExecuteError::Conflict,
            ) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Orders that nobody knew the outcome of are looked up now that the partner speaks of them.
    async fn hasten(&self, partner: &PartnerId, lines: &[Movement]) -> anyhow::Result<()> {
        let issued: Vec<&str> = lines
            .iter()
            .filter(|line| line.kind == MovementKind::Issue)
            .map(|line| line.reference.as_str())
            .collect();
        let unknown = query::orders_without_value(&self.pool, partner, &issued).await?;
        Ok(reward_todo::query::look_up_now(&self.pool, &unknown).await?)
    }

    async fn end_what_has_come(&self) -> anyhow::Result<usize> {
        let arrivals = query::arrivals(&self.pool, ARRIVALS_A_TURN).await?;
        let mut by_statement: BTreeMap<Uuid, Vec<(u32, Option<MatchedLine>)>> = BTreeMap::new();
        let (mut taken, mut ended) = (BTreeSet::new(), BTreeSet::new());
        for arrival in &arrivals {
            // One of ours ends one break, and one break takes one of ours.
            let is_free = arrival.line.is_none() || !taken.contains(&arrival.position);
            if !is_free || !ended.insert((arrival.statement_id, arrival.number)) {
                continue;
            }
            taken.insert(arrival.position);
            let line = arrival.line.and_then(|line| usize::try_from(line).ok());
            let line = line.map(|line| MatchedLine {
                line,
                position: Position(arrival.position),
                off_by_cents: 0,
                movement: None,
            });
            let arrived = by_statement.entry(arrival.statement_id).or_default();
            arrived.push((arrival.number.unsigned_abs(), line));
        }
        for (id, arrived) in by_statement {
            let why = "the other side has come";
            let arrive = StatementCommand::Arrive { arrived };
            self.record(id, arrive, why).await?;
        }
        Ok(arrivals.len())
    }
}

async fn ours(
    pool: &PgPool,
    partner: &PartnerId,
    day: NaiveDate,
    lines: &[Movement],
) -> Result<Vec<OwnMovement>, sqlx::Error> {
    let references: Vec<&str> = lines.iter().map(|line| line.reference.as_str()).collect();
    let partner_refs: Vec<&str> = lines.iter().map(|line| line.partner_ref.as_str()).collect();
    query::ours(pool, partner, day, (&references, &partner_refs)).await
}

/// What a line charges beside what it moves: nothing of ours stands behind it.
fn charged(line: &Movement) -> Option<BreakFacts> {
    let fee = amount(line.fee_cents).filter(|fee| !fee.is_zero())?;
    Some(BreakFacts {
        kind: BreakKind::Unexpected,
        line: u32::try_from(line.line).ok(),
        position: None,
        movement: MovementKind::Fee,
        reference: line.reference.clone(),
        partner_ref: line.partner_ref.clone(),
        use_id: None,
        on: line.business_date,
        stated: Some(fee),
        recorded: None,
        // What it costs is above zero in its own column, and takes off as a line of its own.
        off_by_cents: -line.fee_cents,
        amount: fee,
        currency: line.currency,
    })
}

/// That so much differs that each for itself tells nobody anything.
fn too_many(statement: &statements::PartnerStatement, found: &[BreakFacts]) -> BreakFacts {
    let sum = found.iter().fold(Amount::ZERO, |sum, facts| sum.plus(facts.amount).unwrap_or(sum));
    BreakFacts {
        kind: BreakKind::TooMany,
        line: None,
        position: None,
        movement: MovementKind::Adjust,
        reference: String::new(),
        partner_ref: String::new(),
        use_id: None,
        on: statement.heading.date,
        stated: None,
        recorded: None,
        off_by_cents: 0,
        amount: sum,
        currency: statement.heading.currency,
    }
}

/// Both sides, to be found by what a break names.
struct Sides<'a> {
    names_uses: bool,
    ours: BTreeMap<Position, &'a OwnMovement>,
    theirs: BTreeMap<usize, &'a Movement>,
}

impl<'a> Sides<'a> {
    fn of(ours: &'a [OwnMovement], theirs: &'a [Movement], terms: Terms) -> Self {
        Self {
            names_uses: terms.names_uses,
            ours: ours.iter().map(|own| (own.position, own)).collect(),
            theirs: theirs.iter().map(|line| (line.line, line)).collect(),
        }
    }

    /// What people are told of a difference. The reference is the partner's word where it speaks.
    fn facts(&self, found: &Found) -> Option<BreakFacts> {
        let line = found.line.and_then(|line| self.theirs.get(&line).copied());
        let own = found.position.and_then(|position| self.ours.get(&position).copied());
        let (stated, recorded) = (line.map(|l| l.cents), own.map(|own| own.cents));
        let cents = match found.kind {
            BreakKind::Over | BreakKind::Under => stated? - recorded?,
            _ => stated.or(recorded)?,
        };
        let as_amount = |cents: Option<i64>| cents.map(|c| amount(c).unwrap_or(Amount::ZERO));
        let (reference, partner_ref, on, movement, currency) = match (line, own) {
            (Some(l), _) => (&l.reference, &l.partner_ref, l.business_date, l.kind, l.currency),
            (None, Some(own)) => {
                (&own.reference, &own.partner_ref, own.business_date, own.kind, own.currency)
            }
            (None, None) => return None,
        };
        Some(BreakFacts {
            kind: found.kind,
            line: found.line.and_then(|line| u32::try_from(line).ok()),
            position: found.position,
            movement,
            reference: reference.clone(),
            partner_ref: partner_ref.clone(),
            use_id: line
                .filter(|line| self.names_uses && line.kind.is_a_use())
                .and_then(|line| line.place.clone()),
            on,
            stated: as_amount(stated),
            recorded: as_amount(recorded),
            off_by_cents: off_by_cents(found.kind, stated, recorded),
            amount: as_amount(Some(cents))?,
            currency,
        })
    }
}
