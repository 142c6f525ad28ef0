//! Who appends, and what happens when the answer is lost? One connection, and one rule for every
//! failure.
//!
//! | what | then |
//! | --- | --- |
//! | a unique violation | the same batch again, each version checked, drops exactly the losers |
//! | bad bytes, other constraints | each command alone, and only the bad one fails |
//! | the lock was not to be had in time | rolled back: the same batch, on the same connection |
//! | anything else | a new connection, look every command up by its id, send the rest again |
//! | no answer in time | "not sent", or "unknown" when a call may have arrived |
//!
//! Rows: D6.

use std::time::Duration;

use domain::ids::Position;
use secrecy::SecretString;
use sqlx::PgConnection;
use tokio::sync::watch;

use super::append_calls::{append_for_good, connect, head, refused_for_good, sqlstate, stored};
use super::engine::{Append, EngineLimits, Worker};
use super::error::LedgerError;

/// How long one call may go without an answer: longer than the server lets a statement run. A line
/// that was cut without a word would else be waited on for ever. The call may still commit later;
/// the look-up, the lock and the primary key see to it that it counts once.
const CALL_LIMIT: Duration = Duration::from_secs(8);
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// After a conflict was met, so many batches check versions at once.
const VERIFIED_BATCHES: u32 = 64;

/// Appends commands.
pub(super) struct Appender {
    url: SecretString,
    limits: EngineLimits,
    connection: Option<PgConnection>,
    head: watch::Sender<Position>,
    verify_for: u32,
}

impl Appender {
    pub async fn new(
        url: SecretString,
        limits: EngineLimits,
    ) -> Result<(Self, watch::Receiver<Position>), LedgerError> {
        let unreachable = |error: sqlx::Error| LedgerError::Unreachable(error.to_string());
        let mut connection = connect(&url).await.map_err(unreachable)?;
        let reached = Position(head(&mut connection).await.map_err(unreachable)?);
        let (head, watched) = watch::channel(reached);
        let connection = Some(connection);
        let appender = Self { url, limits, connection, head, verify_for: 0 };
        Ok((appender, watched))
    }

    /// Sends a batch until every command of it has its answer.
    pub async fn settle(&mut self, batch: Vec<Append>) {
        let mut to_send = vec![batch];
        let mut verify = self.verify_for > 0;
        self.verify_for = self.verify_for.saturating_sub(1);
        let mut pause = FIRST_PAUSE;
        while let Some(mut batch) = to_send.pop() {
            if batch.is_empty() {
                continue;
            }
            match self.send(&batch, verify).await {
                Ok(outcomes) => {
                    let unknown = self.answer(batch, outcomes).await;
                    if !unknown.is_empty() {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        to_send.push(self.give_up_on_the_late(unknown));
                    }
                }
                Err(error) if is_unique_violation(&error) && !verify => {
                    verify = true;
                    self.verify_for = VERIFIED_BATCHES;
                    to_send.push(batch);
                }
                Err(error) if let Some(code) = refused_for_good(&error) => {
                    if batch.len() == 1 {
                        let rejected = LedgerError::Rejected { code };
                        reply(batch, &rejected);
                    } else {
                        to_send.extend(batch.into_iter().map(|alone| vec![alone]));
                    }
                }
                Err(error) if is_rolled_back(&error) => {
                    tracing::info!(%error, commands = batch.len(), "an append waits for its turn");
                    to_send.push(self.give_up_on_the_late(batch));
                }
                Err(error) => {
                    tracing::warn!(%error, commands = batch.len(), "an append is looked up");
                    let was_connected = self.connection.take().is_some();
                    batch.iter_mut().for_each(|append| append.was_sent |= was_connected);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    let batch = self.give_up_on_the_late(batch);
                    // Unanswered or not stored, it is sent again: the primary key sees to it that
                    // it counts once.
                    let (LookedUp::NotStored(rest) | LookedUp::NoAnswer(rest)) =
                        self.look_up(batch).await;
                    to_send.push(rest);
                }
            }
        }
    }

    async fn send(
        &mut self,
        batch: &[Append],
        verify: bool,
    ) -> Result<Vec<Option<i64>>, sqlx::Error> {
        let call = async { append_for_good(self.connected().await?, batch, verify).await };
        in_time(call).await
    }

    async fn connected(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(connect(&self.url).await?)),
        }
    }

    /// Answers each command. One that was sent before may have lost against itself, and is looked
    /// up first: those of which nobody can say it yet come back, to be sent once more.
    async fn answer(&mut self, batch: Vec<Append>, outcomes: Vec<Option<i64>>) -> Vec<Append> {
        let mut perhaps_itself = Vec::new();
        for (append, outcome) in batch.into_iter().zip(outcomes) {
            match outcome {
                Some(position) => self.succeed(append, position),
                None if append.was_sent => perhaps_itself.push(append),
                None => {
                    append.reply.send(Err(LedgerError::Conflict)).ok();
                }
            }
        }
        match self.look_up(perhaps_itself).await {
            LookedUp::NotStored(lost) => reply(lost, &LedgerError::Conflict),
            LookedUp::NoAnswer(unknown) => return unknown,
        }
        Vec::new()
    }

    /// Answers those that are stored after all; gives back the others.
    async fn look_up(&mut self, batch: Vec<Append>) -> LookedUp {
        if !batch.iter().any(|append| append.was_sent) {
            return LookedUp::NotStored(batch);
        }
        let call = async { stored(self.connected().await?, &batch).await };
        let Ok(found) = in_time(call).await else {
            self.connection = None;
            return LookedUp::NoAnswer(batch);
        };
        let mut rest = Vec::new();
        for (append, found) in batch.into_iter().zip(found) {
            match found {
                Some(position) => self.succeed(append, position),
                None => rest.push(append),
            }
        }
        LookedUp::NotStored(rest)
    }

    fn succeed(&self, append: Append, position: i64) {
        self.head.send_if_modified(|head| {
            let is_further = position > head.0;
            *head = Position(position.max(head.0));
            is_further
        });
        append.reply.send(Ok(position)).ok();
    }

    fn give_up_on_the_late(&self, batch: Vec<Append>) -> Vec<Append> {
        let patience = Duration::from_secs(self.limits.patience_seconds);
        let (late, rest): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|append| append.since.elapsed() >= patience);
        for append in late {
            let error =
                if append.was_sent { LedgerError::OutcomeUnknown } else { LedgerError::NotSent };
            append.reply.send(Err(error)).ok();
        }
        rest
    }
}

impl Worker for Appender {
    fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    fn disconnect(&mut self) {
        self.connection = None;
    }
}

/// What a look-up by command id came to.
enum LookedUp {
    /// These are not in the log.
    NotStored(Vec<Append>),
    /// The log could not be asked.
    NoAnswer(Vec<Append>),
}

async fn in_time<T>(call: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let too_late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(CALL_LIMIT, call).await.map_err(too_late)?
}

fn reply(batch: Vec<Append>, error: &LedgerError) {
    for append in batch {
        append.reply.send(Err(error.clone())).ok();
    }
}

/// The server waited for a lock, or met a deadlock, and says that it has undone everything.
fn is_rolled_back(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| ["55P03", "40P01", "40001"].contains(&code.as_str()))
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| code == "23505")
}
