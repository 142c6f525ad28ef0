//! What do a storm's writers do? Command after command on a few hot streams, each answer handed on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use anchor::clock::real_now;
use anchor::ledger::{Context, ExecuteError, Ledger, LedgerError};
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{AggregateError, CqrsFramework};
use domain::aggregate::At;
use futures::future::join_all;
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};

use super::burst::{Burst, Wish};
use super::told::{Answer, Told};

/// cqrs-es over postgres-es, as it comes.
pub type Stock = CqrsFramework<Burst, PersistedEventStore<PostgresEventRepository, Burst>>;

/// What a further process is told before it begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    /// The log's database.
    pub url: String,
    /// What to do there.
    pub work: Work,
}

/// How much work there is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Work {
    /// Everybody's streams.
    pub streams: Vec<String>,
    /// How many write at once.
    pub writers: usize,
    /// How many commands each of them has; without end when there is none.
    pub commands: Option<usize>,
}

impl Work {
    /// Does it, or as much of it as there is before `is_over`.
    pub async fn each(
        &self,
        is_over: &AtomicBool,
        told: &(impl Fn(Told) + Sync),
        execute: &impl AsyncFn(&str, &Wish) -> Answer,
    ) {
        let one = async |writer: usize| {
            let mut done = 0;
            while !is_over.load(Ordering::SeqCst) && self.commands.is_none_or(|all| done < all) {
                // Everybody wanders over all streams, each in a step of their own.
                let stream =
                    &self.streams[(writer * 5 + done * (writer + 1)) % self.streams.len()];
                let wish = Wish::of(1 + (done + writer) % 5);
                let answer = execute(stream, &wish).await;
                let (command, events, attempts) = (wish.command, wish.events, wish.decided());
                told(Told { command, stream: stream.clone(), events, attempts, answer });
                done += 1;
            }
        };
        join_all((0..self.writers).map(one)).await;
    }
}

fn context(wish: &Wish) -> Context {
    Context::new("storm", "to see what breaks").with_command_id(wish.command)
}

/// Through the ledger, which decides anew after a conflict, a few times.
pub async fn by_ledger(ledger: &Ledger, stream: &str, wish: &Wish) -> Answer {
    match ledger.execute::<Burst, _>(stream, wish.clone(), &context(wish)).await {
        Ok(executed) => Answer::Stored(Some(executed.position.0)),
        Err(ExecuteError::Conflict) => Answer::Conflict,
        Err(ExecuteError::Duplicate { position }) => Answer::StoredBefore(position.0),
        Err(ExecuteError::Unavailable(LedgerError::OutcomeUnknown)) => {
            Answer::Unknown("the ledger does not know".to_owned())
        }
        Err(ExecuteError::Unavailable(error)) => Answer::Unavailable(error.to_string()),
        Err(error @ (ExecuteError::Refused(_) | ExecuteError::Corrupt(_))) => {
            Answer::Failed(format!("{error:?}"))
        }
    }
}

/// Through the stock repository, once.
pub async fn by_stock(stock: &Stock, stream: &str, wish: &Wish) -> Answer {
    let metadata = HashMap::from([("command_id".to_owned(), wish.command.to_string())]);
    let at = At { at: real_now(), command: wish.clone() };
    match stock.execute_with_metadata(stream, at, metadata).await {
        Ok(()) => Answer::Stored(None),
        Err(AggregateError::AggregateConflict) => Answer::Conflict,
        // Every other refusal of the server and every lost line look the same from here.
        Err(
            AggregateError::DatabaseConnectionError(error)
            | AggregateError::UnexpectedError(error),
        ) => Answer::Unknown(error.to_string()),
        Err(error @ AggregateError::DeserializationError(_)) => {
            Answer::Failed(format!("{error:?}"))
        }
        Err(AggregateError::UserError(error)) => Answer::Failed(format!("{error:?}")),
    }
}
