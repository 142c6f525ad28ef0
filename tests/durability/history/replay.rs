//! Is a replay ever short and well? Cut, killed and robbed in fifty ways: never. And whole, it says
//! what was so, and says it again.
//!
//! Rows: A4, U5.

use serde_json::Value;
use sqlx::PgPool;

use super::anchor_program::{Ended, end, run, start};
use super::cut_after::CountedLine;
use super::lives::{EVENTS, live, project_all};
use crate::support::Log;

const LIVES: usize = 60;
const LAST: i64 = LIVES as i64 * EVENTS;
const CUTS: u64 = 20;
const KILLS: u64 = 12;

async fn log_with_lives() -> Log {
    let log = Log::create().await;
    live(&log, LIVES).await;
    log
}

fn words(position: i64) -> Vec<String> {
    ["replay", "--json", "--position", &position.to_string()].map(str::to_owned).to_vec()
}

async fn replay(log: &Log, position: i64) -> Ended {
    let words = words(position);
    run(&log.database.url, &words.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Does as the database's superuser what nobody else may.
async fn rob(pool: &PgPool, statement: &str) {
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *tx).await.unwrap();
    let robbed = sqlx::query(statement).execute(&mut *tx).await.unwrap();
    assert!(robbed.rows_affected() > 0, "{statement}");
    tx.commit().await.unwrap();
}

async fn schemas(log: &Log) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT nspname::text FROM pg_namespace
          WHERE nspname LIKE 'replaying%' OR nspname LIKE 'asof%' ORDER BY nspname",
    )
    .fetch_all(&log.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_whose_line_is_cut_or_process_killed_never_ends_well_and_short() {
    let log = log_with_lives().await;
    let words = words(LAST);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let whole_line = CountedLine::to(&log.database.url, u64::MAX, false).await;
    let whole = run(&whole_line.url, &words).await;
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let said = whole_line.said.load(std::sync::atomic::Ordering::SeqCst);
    assert!(said > 200_000, "the log really went over the line: {said} bytes");
    for cut in 0..CUTS {
        // The last one leaves out only the end.
        let limit = 1 + said * cut * 95 / (CUTS - 1) / 100;
        let line = CountedLine::to(&log.database.url, limit, true).await;
        let ended = run(&line.url, &words).await;
        assert!(ended.code.is_some_and(|code| code != 0), "after {limit} bytes: {ended:?}");
        assert_eq!(ended.said, "", "after {limit} bytes nothing is given out");
    }
    for kill in 0..KILLS {
        let limit = 1 + said * kill * 95 / (KILLS - 1) / 100;
        let line = CountedLine::to(&log.database.url, limit, false).await;
        let mut program = start(&line.url, &words);
        line.is_reached().await;
        program.start_kill().ok();
        let ended = end(program).await;
        // What came after the kill is that it was killed, or it was done before and was whole.
        assert!(ended.code.is_none() || ended == whole, "after {limit} bytes: {ended:?}");
    }
    // Whoever comes next clears away what they left, once the server knows that they are gone.
    let mut left = usize::MAX;
    for _ in 0..50 {
        assert_eq!(run(&log.database.url, &words).await, whole);
        left = schemas(&log).await.len();
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_a_log_that_was_robbed_never_ends_well() {
    let middle = LAST / 2;
    let mut robberies: Vec<String> = [1, 2, 3, 7, middle - 1, middle, middle + 1, LAST - 1, LAST]
        .iter()
        .map(|position| format!("DELETE FROM events WHERE position = {position}"))
        .collect();
    robberies.extend(
        [1, 2, middle, LAST - 1, LAST]
            .iter()
            .map(|first| format!("DELETE FROM ledger_batches WHERE first_position = {first}")),
    );
    robberies.extend([
        format!("DELETE FROM events WHERE position > {}", LAST - 50),
        format!("DELETE FROM events WHERE position <= {middle}"),
        "DELETE FROM events".to_owned(),
        format!("DELETE FROM ledger_batches WHERE first_position > {}", LAST - 50),
        format!("UPDATE events SET position = {LAST} + 1 WHERE position = {LAST}"),
        format!("UPDATE events SET event_type = 'Nothing' WHERE position = {middle}"),
        format!("UPDATE events SET payload = '{{}}' WHERE position = {middle}"),
    ]);
    for robbery in robberies {
        let log = log_with_lives().await;
        rob(&log.pool, &robbery).await;
        let ended = replay(&log, LAST).await;
        assert_eq!((ended.code, ended.said.as_str()), (Some(1), ""), "{robbery}: {ended:?}");
        assert!(ended.beside.contains("position"), "{robbery}: it says where: {ended:?}");
        assert_eq!(schemas(&log).await, Vec::<String>::new(), "{robbery}");
        log.end().await;
    }
}

/// What finds the last row missing is the count and nothing else: whoever reads page by page until
/// there is no more ends well, and short.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_count_a_reader_ends_short_and_knows_nothing() {
    use domain::ids::Position;
    use projections::event_log::{ReadError, read_after};
    let log = log_with_lives().await;
    rob(&log.pool, &format!("DELETE FROM events WHERE position = {LAST}")).await;
    let mut connection = log.pool.acquire().await.unwrap();
    let (mut read, mut after) = (0, Position(0));
    loop {
        let page = read_after(&mut connection, after, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        read += page.len() as i64;
    }
    assert_eq!(read, LAST - 1);
    drop(connection);
    let counted =
        projections::event_log::replay(&log.pool, Position(0), Position(LAST), async |_| {
            Ok::<_, ReadError>(())
        });
    assert!(counted.await.is_err());
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_served_then_is_what_a_replay_says_and_it_says_it_again() {
    let log = Log::create().await;
    live(&log, 30).await;
    project_all(&log).await;
    let then = 30 * EVENTS;
    for table in ["rewards", "journal", "reward_history", "reconciliation", "journeys"] {
        let kept = format!("CREATE TABLE public.then_{table} AS SELECT * FROM read.{table}");
        sqlx::query(&kept).execute(&log.pool).await.unwrap();
    }
    let now: String = sqlx::query_scalar("SELECT to_json(ledger_now())#>>'{}'")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    live(&log, 25).await;
    let words = ["replay", "--as-of", &now, "--into", "asof_then", "--json"];
    let ended = run(&log.database.url, &words).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said: Value = serde_json::from_str(&ended.said).unwrap();
    assert_eq!((&said["position"], &said["events"]), (&then.into(), &then.into()));
    assert_eq!(said["totals"][0]["redeemed"], "375.00");
    for table in ["rewards", "journal", "reward_history", "reconciliation", "journeys"] {
        let differing = format!(
            "SELECT count(*) FROM (
               (SELECT * FROM public.then_{table} EXCEPT ALL SELECT * FROM asof_then.{table})
               UNION ALL
               (SELECT * FROM asof_then.{table} EXCEPT ALL SELECT * FROM public.then_{table})) d"
        );
        assert_eq!(log.count(&differing).await, 0, "{table}");
    }
    let readable = "SELECT has_table_privilege('anchor_read', 'asof_then.rewards', 'SELECT')::int
                         + has_schema_privilege('anchor_read', 'asof_then', 'USAGE')::int
                         + has_schema_privilege('anchor_app', 'asof_then', 'USAGE')::int";
    assert_eq!(log.count(&format!("SELECT ({readable})::bigint")).await, 2);
    let refused = run(&log.database.url, &words).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.beside.contains("is there already"), "{refused:?}");
    let (first, second) = (replay(&log, then).await, replay(&log, then).await);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(first.said, second.said);
    assert_eq!(schemas(&log).await, ["asof_then"]);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_is_refused_with_what_to_ask_for_instead() {
    let log = log_with_lives().await;
    let past = (LAST + 1).to_string();
    let cases: [(&[&str], &str); 9] = [
        (&["--position", &past], "has not been written yet"),
        (&["--position=-1"], "positions begin at 0"),
        (&["--as-of", "2999-01-01T00:00:00Z"], "has not come yet"),
        (&["--position", "5", "--into", "read"], "has a meaning of its own"),
        (&["--position", "5", "--into", "public"], "has a meaning of its own"),
        (&["--position", "5", "--into", "keys"], "has a meaning of its own"),
        (&["--position", "5", "--into", "pg_mine"], "has a meaning of its own"),
        (&["--position", "5", "--into", "retired_x"], "has a meaning of its own"),
        (&["--position", "5", "--into", "a; DROP SCHEMA read"], "is no name for a schema"),
    ];
    for (asked, expected) in cases {
        let words: Vec<&str> = ["replay"].iter().chain(asked).copied().collect();
        let ended = run(&log.database.url, &words).await;
        assert_eq!(ended.code, Some(1), "{asked:?}: {ended:?}");
        assert!(ended.beside.contains(expected), "{asked:?}: {ended:?}");
    }
    let none: Value = serde_json::from_str(&replay(&log, 0).await.said).unwrap();
    assert_eq!((&none["events"], &none["totals"]), (&0.into(), &serde_json::json!([])));
    let misspelt = run(&log.database.url, &["replay"]).await;
    assert_eq!(misspelt.code, Some(2), "{misspelt:?}");
    log.end().await;
}
