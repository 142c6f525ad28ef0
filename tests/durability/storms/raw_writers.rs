//! Who writes worst? Writers by hand, past the ledger: one that is slow to commit, one that changes
//! its mind, and one whose backend is ended in the middle.
//!
//! All of them take their positions by the table's triggers, then keep everybody waiting.

use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::watch;
use uuid::Uuid;

use crate::storm_writer::told::{Answer, Told};
use crate::support::{Log, somebody};

/// How long a transaction is held after its events are in.
const HELD: &str = "SELECT pg_sleep(0.2)";
const EVENTS: usize = 3;
/// So many commands of the others lie between two turns: they must get on too.
const BETWEEN: usize = 8;

/// How a writer's transaction ends.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// It commits, late.
    Slow,
    /// It is rolled back.
    RolledBack,
    /// Its backend is ended.
    Killed,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Slow, Self::RolledBack, Self::Killed];
}

/// Takes turns until `is_over`, whenever the others have got on; what is to be found of each.
pub async fn take_turns(
    log: &Log,
    ending: Ending,
    mut others: watch::Receiver<usize>,
    is_over: &AtomicBool,
) -> Vec<Told> {
    let mut told = Vec::new();
    let mut next = BETWEEN;
    while others.wait_for(|others| *others >= next).await.is_ok()
        && !is_over.load(Ordering::SeqCst)
    {
        told.push(take_turn(log, ending).await);
        next = *others.borrow() + BETWEEN;
    }
    told
}

async fn take_turn(log: &Log, ending: Ending) -> Told {
    let mut connection = PgConnection::connect(log.database.url.expose_secret()).await.unwrap();
    let told = Told {
        command: Uuid::now_v7(),
        stream: somebody(),
        events: EVENTS,
        attempts: 1,
        answer: match ending {
            Ending::Slow => Answer::Stored(None),
            Ending::RolledBack | Ending::Killed => Answer::Conflict,
        },
    };
    connection.execute("SET ROLE anchor_app").await.unwrap();
    let backend: i32 =
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    insert(&mut connection, &told).await;
    connection.execute(HELD).await.unwrap();
    match ending {
        Ending::Slow => drop(connection.execute("COMMIT").await.unwrap()),
        Ending::RolledBack => drop(connection.execute("ROLLBACK").await.unwrap()),
        Ending::Killed => {
            let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(backend);
            end.execute(&log.pool).await.unwrap();
            connection.execute("COMMIT").await.unwrap_err();
            return told;
        }
    }
    connection.close().await.unwrap();
    told
}

async fn insert(connection: &mut PgConnection, told: &Told) {
    sqlx::query(
        "INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type,
                                    event_version, payload, metadata)
         SELECT 'member', $1, n, 'ConsentGiven', '1.0',
                json_build_object('type', 'ConsentGiven', 'purpose', 'link', 'partner_id', 'agl',
                                  'text_version', $2::text, 'occurred_at', now()),
                json_build_object('command_id', $3::text)
           FROM generate_series(1, $4) n",
    )
    .bind(&told.stream)
    .bind(format!("{}/1", told.command))
    .bind(told.command.to_string())
    .bind(i64::try_from(told.events).unwrap())
    .execute(connection)
    .await
    .unwrap();
}
