//! Who takes part in the race of commands, and what is a command there? A tally that anybody may
//! add to, with events as large as a reward's.

use anchor::clock;
use anchor::ledger::{Context, Ledger};
use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{Aggregate, CqrsFramework, DomainEvent};
use domain::aggregate::At;
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

/// postgres-es's own table, as its documentation gives it.
pub const STOCK_TABLE: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL,
    aggregate_id   text NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text NOT NULL,
    event_version  text NOT NULL,
    payload        json NOT NULL,
    metadata       json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
)";

/// Bytes of text in an event, so that a whole payload has some 411.
const TEXT_BYTES: usize = 340;
const INSERT: &str = "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
    event_version, payload, metadata) VALUES ('insert', $1, $2, $3, '1.0', $4, $5)";

/// How much was added.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    added: u64,
}

/// Something was added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Added {
    number: u64,
    text: String,
    occurred_at: chrono::DateTime<chrono::Utc>,
}

impl DomainEvent for Added {
    fn event_type(&self) -> String {
        "Added".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

/// Adds so many.
#[derive(Debug, Clone, Copy)]
pub struct Add(pub usize);

/// Nothing is ever refused.
#[derive(Debug, thiserror::Error)]
#[error("never")]
pub struct Never;

impl Aggregate for Tally {
    const TYPE: &'static str = "tally";
    type Command = At<Add>;
    type Event = Added;
    type Error = Never;
    type Services = ();

    async fn handle(
        &mut self,
        wish: At<Add>,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Never> {
        for _ in 0..wish.command.0 {
            sink.write(added(self.added + 1, wish.at), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Added) {
        self.added = event.number;
    }
}

fn added(number: u64, occurred_at: chrono::DateTime<chrono::Utc>) -> Added {
    Added { number, text: "x".repeat(TEXT_BYTES), occurred_at }
}

/// A caller's stream: a new one after some five events.
pub struct Stream {
    id: String,
    events: usize,
    stored: usize,
}

impl Stream {
    pub fn new(events: usize) -> Self {
        Self { id: Uuid::now_v7().to_string(), events, stored: 0 }
    }

    fn written(&mut self) {
        self.stored += self.events;
        if self.stored >= 5 {
            *self = Self::new(self.events);
        }
    }
}

type Stock = CqrsFramework<Tally, PersistedEventStore<PostgresEventRepository, Tally>>;

/// Who takes part.
pub enum Contestant {
    /// Anchor's write side on Anchor's table.
    Anchor(Ledger),
    /// cqrs-es with postgres-es as it comes, on its own table.
    Stock(Box<Stock>),
    /// A prepared INSERT of the same rows: no load, no rule, no order.
    Insert(PgPool),
}

impl Contestant {
    pub fn stock(pool: &PgPool) -> Self {
        let store =
            PersistedEventStore::new_event_store(PostgresEventRepository::new(pool.clone()));
        Self::Stock(Box::new(CqrsFramework::new(store, Vec::new(), ())))
    }

    pub fn insert(pool: &PgPool) -> Self {
        Self::Insert(pool.clone())
    }

    pub async fn one_command(&self, stream: &mut Stream) {
        let context = Context::new("bench", "to see how long it takes");
        match self {
            Self::Anchor(ledger) => {
                let command = Add(stream.events);
                ledger.execute::<Tally, _>(&stream.id, command, &context).await.unwrap();
            }
            Self::Stock(framework) => {
                let wish = At { at: clock::real_now(), command: Add(stream.events) };
                let metadata = [
                    ("command_id", context.command_id.to_string()),
                    ("correlation", context.correlation),
                    ("actor", context.actor),
                    ("reason", context.reason),
                ];
                let metadata = metadata.map(|(name, value)| (name.to_owned(), value)).into();
                framework.execute_with_metadata(&stream.id, wish, metadata).await.unwrap();
            }
            Self::Insert(pool) => insert(pool, stream, &context).await,
        }
        stream.written();
    }

    /// How long a stream of so many events takes to load, in milliseconds; the middle of many.
    pub async fn load_of_a_stream(&self, events: usize) -> Option<f64> {
        let Self::Anchor(ledger) = self else { return None };
        let id = Uuid::now_v7().to_string();
        let context = Context::new("bench", "to see how long it takes");
        for _ in 0..events.div_ceil(100) {
            let command = Add(events.min(100));
            ledger.execute::<Tally, _>(&id, command, &context).await.unwrap();
        }
        let mut times = Vec::new();
        for _ in 0..30 {
            let (seconds, loaded) = super::timed(ledger.load::<Tally>(&id)).await;
            assert_eq!(loaded.unwrap().sequence as usize, events);
            times.push(seconds * 1e3);
        }
        Some(super::median(times))
    }

    pub async fn end(&self) {
        match self {
            Self::Anchor(ledger) => ledger.stop().await,
            Self::Insert(pool) => pool.close().await,
            Self::Stock(_) => {}
        }
    }
}

async fn insert(pool: &PgPool, stream: &Stream, context: &Context) {
    let metadata = serde_json::json!({
        "command_id": context.command_id, "correlation": context.correlation,
        "actor": context.actor, "reason": context.reason,
    });
    let rows = (1..=stream.events).map(|number| {
        let sequence = stream.stored + number;
        let payload = serde_json::to_value(added(sequence as u64, clock::real_now())).unwrap();
        let row = sqlx::query(INSERT).bind(&stream.id).bind(sequence as i64);
        row.bind("Added").bind(payload).bind(&metadata)
    });
    if stream.events == 1 {
        for row in rows {
            row.execute(pool).await.unwrap();
        }
        return;
    }
    let mut all = pool.begin().await.unwrap();
    for row in rows {
        row.execute(&mut *all).await.unwrap();
    }
    all.commit().await.unwrap();
}

/// Fills both tables with the same `size` events in streams of five.
pub async fn fill(ours: &PgPool, theirs: &PgPool, size: i64) {
    let payload = serde_json::to_string(&added(1, clock::real_now())).unwrap();
    let metadata = r#"{"command_id":"0193f0aa-0000-7000-8000-000000000000","actor":"bench",
        "correlation":"0193f0aa-0000-7000-8000-000000000000","reason":"it was there before"}"#;
    let batches = "INSERT INTO ledger_batches (first_position, last_position, recorded_at)
        SELECT n, least(n + 24, $1), clock_timestamp() FROM generate_series(1, $1, 25) n";
    sqlx::query(batches).bind(size).execute(ours).await.unwrap();
    let events = |more_columns: &str, more: &str| {
        format!(
            "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 payload, metadata{more_columns})
             SELECT 'tally', md5((n / 5)::text)::uuid::text, n % 5 + 1, 'Added', '1.0',
                    $2::json, $3::json{more} FROM generate_series(0, $1 - 1) n"
        )
    };
    let with_positions = events(", position, recorded_at", ", n + 1, clock_timestamp()");
    for (pool, statement) in [(ours, with_positions), (theirs, events("", ""))] {
        sqlx::query(&statement)
            .bind(size)
            .bind(&payload)
            .bind(metadata)
            .execute(pool)
            .await
            .unwrap();
        sqlx::query("VACUUM ANALYZE").execute(pool).await.unwrap();
    }
}
