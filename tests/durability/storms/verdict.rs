//! What has a storm broken? Every answer is held against the table, and the table against itself.
//!
//! | rule | what must hold |
//! | --- | --- |
//! | acknowledged is stored | what a writer was told is there, at the position it was told |
//! | whole | a command's events are all there, in a row, by one transaction |
//! | once | at most one attempt of a command is stored |
//! | losers write nothing | an attempt that conflicted or failed has left nothing |
//! | dense | positions are 1, 2, 3 …, each once |
//! | streams | so are the sequences of each stream |
//! | batches | batches follow each other without a gap and account for every event |
//! | time | time never goes back along the log |
//! | known | every event belongs to a command that somebody was answered about |
//! | answered | nobody is told that something else went wrong than a conflict or a lost line |

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::storm_writer::told::{Answer, Told};

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    AcknowledgedIsStored,
    Whole,
    Once,
    LosersWriteNothing,
    Dense,
    Streams,
    Batches,
    Time,
    Known,
    Answered,
}

/// What does not.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// Where.
    pub what: String,
}

/// The rules that are broken.
pub fn broken(violations: &[Violation]) -> BTreeSet<Rule> {
    violations.iter().map(|violation| violation.rule).collect()
}

/// Everything that the storm has broken.
pub async fn violations(pool: &PgPool, told: &[Told]) -> Vec<Violation> {
    let log = LogAsStored::read(pool).await;
    let mut found = Found::default();
    log.judge_itself(&mut found);
    log.judge_commands(told, &mut found);
    found.0
}

#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn expect(&mut self, holds: bool, rule: Rule, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation { rule, what: what() });
        }
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Event {
    position: i64,
    recorded_at: DateTime<Utc>,
    stream: String,
    sequence: i64,
    /// The command and the attempt that made it.
    made_by: String,
}

#[derive(Debug, sqlx::FromRow)]
struct Batch {
    first_position: i64,
    last_position: i64,
    recorded_at: DateTime<Utc>,
    transaction: String,
}

struct LogAsStored {
    events: Vec<Event>,
    batches: Vec<Batch>,
}

impl LogAsStored {
    async fn read(pool: &PgPool) -> Self {
        let events = sqlx::query_as(
            "SELECT position, recorded_at, aggregate_id AS stream, sequence,
                    payload->>'text_version' AS made_by
               FROM public.events ORDER BY position",
        );
        let batches = sqlx::query_as(
            "SELECT first_position, last_position, recorded_at, txid::text AS transaction
               FROM public.ledger_batches ORDER BY first_position",
        );
        let events = events.fetch_all(pool).await.unwrap();
        Self { events, batches: batches.fetch_all(pool).await.unwrap() }
    }

    fn judge_itself(&self, found: &mut Found) {
        let mut streams: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for (expected, event) in (1..).zip(&self.events) {
            streams.entry(&event.stream).or_default().push(event.sequence);
            found.expect(event.position == expected, Rule::Dense, || {
                format!("position {} where {expected} should be", event.position)
            });
        }
        for pair in self.events.windows(2) {
            found.expect(pair[0].recorded_at <= pair[1].recorded_at, Rule::Time, || {
                format!("position {} is older than the one before", pair[1].position)
            });
        }
        for (stream, mut sequences) in streams {
            sequences.sort_unstable();
            let is_dense = (1..).zip(&sequences).all(|(expected, found)| *found == expected);
            found.expect(is_dense, Rule::Streams, || format!("{stream}: {sequences:?}"));
        }
        let mut reached = 0;
        for batch in &self.batches {
            found.expect(batch.first_position == reached + 1, Rule::Batches, || {
                format!("a batch begins at {} after {reached}", batch.first_position)
            });
            reached = batch.last_position;
        }
        let last = self.events.last().map_or(0, |event| event.position);
        found.expect(reached == last, Rule::Batches, || {
            format!("the batches end at {reached}, the events at {last}")
        });
        for pair in self.batches.windows(2) {
            found.expect(pair[0].recorded_at <= pair[1].recorded_at, Rule::Time, || {
                format!("the batch at {} is older", pair[1].first_position)
            });
        }
    }

    fn judge_commands(&self, told: &[Told], found: &mut Found) {
        let mut stored: BTreeMap<&str, BTreeMap<u32, Vec<&Event>>> = BTreeMap::new();
        for event in &self.events {
            let (command, attempt) = event.made_by.split_once('/').unwrap();
            let attempts = stored.entry(command).or_default();
            attempts.entry(attempt.parse().unwrap()).or_default().push(event);
        }
        for told in told {
            let attempts = stored.remove(told.command.to_string().as_str()).unwrap_or_default();
            self.judge_command(told, &attempts, found);
        }
        for command in stored.keys() {
            found.expect(false, Rule::Known, || format!("{command} is nobody's"));
        }
    }

    fn judge_command(
        &self,
        told: &Told,
        attempts: &BTreeMap<u32, Vec<&Event>>,
        found: &mut Found,
    ) {
        let what = || format!("{told:?}, stored: {:?}", places(attempts));
        found.expect(attempts.len() <= 1, Rule::Once, what);
        for events in attempts.values() {
            found.expect(self.is_whole(events, told.events), Rule::Whole, what);
        }
        let last = attempts.get(&told.attempts);
        let is_only_the_last = attempts.keys().all(|attempt| *attempt == told.attempts);
        match &told.answer {
            Answer::Stored(position) => {
                let end = last.and_then(|events| events.last()).map(|event| event.position);
                let is_there = end.is_some() && position.is_none_or(|told| Some(told) == end);
                found.expect(is_there, Rule::AcknowledgedIsStored, what);
                found.expect(is_only_the_last, Rule::LosersWriteNothing, what);
            }
            Answer::Conflict | Answer::Unavailable(_) => {
                found.expect(attempts.is_empty(), Rule::LosersWriteNothing, what);
            }
            // It was told of a conflict with nobody but itself.
            Answer::StoredBefore(_) => found.expect(false, Rule::LosersWriteNothing, what),
            Answer::Unknown(_) => found.expect(is_only_the_last, Rule::LosersWriteNothing, what),
            Answer::Failed(_) => {
                found.expect(false, Rule::Answered, what);
                found.expect(attempts.is_empty(), Rule::LosersWriteNothing, what);
            }
        }
    }

    /// All of them, in a row in the log and in the stream, by one transaction.
    fn is_whole(&self, events: &[&Event], wished: usize) -> bool {
        let in_a_row = events.windows(2).all(|pair| {
            pair[1].position == pair[0].position + 1 && pair[1].sequence == pair[0].sequence + 1
        });
        let transactions: BTreeSet<Option<&str>> =
            events.iter().map(|event| self.transaction_of(event.position)).collect();
        events.len() == wished && in_a_row && transactions.len() == 1
    }

    fn transaction_of(&self, position: i64) -> Option<&str> {
        let after = self.batches.partition_point(|batch| batch.first_position <= position);
        let batch = self.batches[..after].last()?;
        (position <= batch.last_position).then_some(&*batch.transaction)
    }
}

fn places(attempts: &BTreeMap<u32, Vec<&Event>>) -> Vec<(u32, Vec<(i64, i64)>)> {
    let of = |events: &Vec<&Event>| events.iter().map(|e| (e.position, e.sequence)).collect();
    attempts.iter().map(|(attempt, events)| (*attempt, of(events))).collect()
}

/// How a storm went, in one line for whoever reads the run's output.
pub fn summary(told: &[Told]) -> String {
    let count = |is: fn(&Answer) -> bool| told.iter().filter(|t| is(&t.answer)).count();
    let conflicts: u32 = told
        .iter()
        .map(|told| match told.answer {
            Answer::Stored(_) => told.attempts - 1,
            Answer::Conflict => told.attempts,
            Answer::StoredBefore(_)
            | Answer::Unavailable(_)
            | Answer::Unknown(_)
            | Answer::Failed(_) => 0,
        })
        .sum();
    format!(
        "{} commands: {} stored, {} gave up after conflicts, {} unavailable, {} unknown, {} \
         failed, {} stored before; {conflicts} attempts lost",
        told.len(),
        count(|answer| matches!(answer, Answer::Stored(_))),
        count(|answer| matches!(answer, Answer::Conflict)),
        count(|answer| matches!(answer, Answer::Unavailable(_))),
        count(|answer| matches!(answer, Answer::Unknown(_))),
        count(|answer| matches!(answer, Answer::Failed(_))),
        count(|answer| matches!(answer, Answer::StoredBefore(_))),
    )
}
