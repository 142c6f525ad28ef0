//! Can read models be built anew while they are asked, and is a row that was changed found?
//!
//! Rows: A4, Q3, U5.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use anchor::database::{Role, connect};
use domain::ids::Position;
use futures::future::join_all;
use projections::rebuild::{check, rebuild};
use projections::runner::{self, Progress, Runner};
use serde_json::Value;
use sqlx::PgPool;
use tokio::sync::watch;

use super::anchor_program::{end, run, start};
use super::cut_after::CountedLine;
use super::lives::{EVENTS, live, project_all};
use crate::support::Log;

const NOBODY: &(dyn Fn(Position, Position) + Send + Sync) = &|_, _| {};

async fn log_with_rows(lives: usize) -> Log {
    let log = Log::create().await;
    live(&log, lives).await;
    project_all(&log).await;
    log
}

async fn owner(log: &Log) -> PgPool {
    connect(&log.database.url, Role::Owner, 16).await.unwrap()
}

async fn application(log: &Log) -> PgPool {
    connect(&log.database.url, Role::App, 16).await.unwrap()
}

/// Asks again and again, as pages do, with statements that stay prepared; answers how often.
async fn ask_until(pool: PgPool, is_over: Arc<AtomicBool>, at_least: Arc<AtomicI64>) -> u64 {
    let mut asked = 0;
    while !is_over.load(Ordering::SeqCst) {
        let before = at_least.load(Ordering::SeqCst);
        let rewards: i64 =
            sqlx::query_scalar("SELECT count(*) FROM rewards").fetch_one(&pool).await.unwrap();
        assert!(rewards >= before, "{rewards} rewards after {before}: rows were gone");
        at_least.fetch_max(rewards, Ordering::SeqCst);
        let whole = "SELECT * FROM rewards ORDER BY created_at DESC, id DESC LIMIT 5";
        assert!(!sqlx::query(whole).fetch_all(&pool).await.unwrap().is_empty());
        let joined = "SELECT count(*) FROM journal j JOIN reward_history h USING (position)";
        let lines: i64 = sqlx::query_scalar(joined).fetch_one(&pool).await.unwrap();
        assert!(lines > 0);
        asked += 3;
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_rebuilt_again_and_again_and_no_read_fails() {
    let log = log_with_rows(50).await;
    let (is_over, at_least) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(50)));
    let read = connect(&log.database.url, Role::Read, 4).await.unwrap();
    // All lines stand before anything begins: making one is not what is tried here.
    join_all((0..4).map(|_| read.acquire()))
        .await
        .into_iter()
        .for_each(|line| drop(line.unwrap()));
    let readers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(ask_until(read.clone(), is_over.clone(), at_least.clone())))
        .collect();
    let app = application(&log).await;
    let (stop, stopped) = watch::channel(false);
    let runners: Vec<_> = projections::all()
        .into_iter()
        .map(|projection| {
            let (_, head) = watch::channel(Position::default());
            tokio::spawn(Runner::new(app.clone(), projection, head).run(stopped.clone()))
        })
        .collect();
    let owner = owner(&log).await;
    for round in 0..4 {
        live(&log, 20).await;
        let rebuilt = rebuild(&owner, &projections::all(), NOBODY).await.unwrap();
        assert_eq!(rebuilt.len(), projections::all().len(), "round {round}");
    }
    is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.unwrap() > 10, "they asked all the time");
    }
    stop.send_replace(true);
    for runner in runners {
        runner.await.unwrap();
    }
    project_all(&log).await;
    assert_eq!(log.count("SELECT count(*) FROM read.rewards").await, 50 + 4 * 20);
    let checked = check(&owner, &projections::all(), NOBODY).await.unwrap();
    assert!(checked.iter().all(|one| one.differing == 0), "{checked:#?}");
    let retired = log.count("SELECT count(*) FROM checkpoints WHERE state = 'retired'").await;
    assert_eq!(retired, 4 * projections::all().len() as i64);
    read.close().await;
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_table_is_like_the_one_before_down_to_its_indexes_and_rights() {
    let shape = "SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
        SELECT pg_get_indexdef(indexrelid) AS line FROM pg_index
         WHERE indrelid::regclass::text LIKE 'read.%'
        UNION ALL
        SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conrelid::regclass::text LIKE 'read.%'
        UNION ALL
        SELECT format('%s %s %s', relname, relowner::regrole,
                      (SELECT array_agg(option ORDER BY option) FROM unnest(reloptions) option))
          FROM pg_class WHERE relnamespace = 'read'::regnamespace AND relkind = 'r'
        UNION ALL
        SELECT format('%s %s', relname, (SELECT array_agg(right ORDER BY right)
                        FROM unnest(relacl::text[]) AS r(right)))
          FROM pg_class WHERE relnamespace = 'read'::regnamespace AND relkind = 'r'
        UNION ALL
        SELECT format('%s %s %s %s %s', table_name, column_name, data_type, is_nullable,
                      column_default)
          FROM information_schema.columns WHERE table_schema = 'read') s";
    let shape = shape.replace("(right ORDER BY right)", "(r.one ORDER BY r.one)");
    let shape = shape.replace("AS r(right)", "AS r(one)");
    let log = log_with_rows(5).await;
    let of = async || -> String { sqlx::query_scalar(&shape).fetch_one(&log.pool).await.unwrap() };
    let before = of().await;
    rebuild(&owner(&log).await, &projections::all(), NOBODY).await.unwrap();
    assert_eq!(of().await, before);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_removed_or_added_is_found_and_named() {
    let log = log_with_rows(12).await;
    let url = &log.database.url;
    let equal = run(url, &["rebuild", "--check"]).await;
    assert_eq!(equal.code, Some(0), "{equal:?}");
    assert!(equal.said.contains("rewards: 12 rows, equal at position 72"), "{equal:?}");
    // What workers move by themselves is theirs.
    let leased =
        "UPDATE read.reward_todo SET next_at = 'infinity', lease_owner = gen_random_uuid()";
    sqlx::query(leased).execute(&log.pool).await.unwrap();
    let leased = run(url, &["rebuild", "--check", "reward_todo", "journey_todo"]).await;
    assert_eq!(leased.code, Some(0), "{leased:?}");
    let ids: Vec<String> = sqlx::query_scalar("SELECT id::text FROM read.rewards ORDER BY id")
        .fetch_all(&log.pool)
        .await
        .unwrap();
    for wrong in [
        format!("UPDATE read.rewards SET status = 'expired' WHERE id = '{}'", ids[3]),
        format!("DELETE FROM read.rewards WHERE id = '{}'", ids[5]),
        format!(
            "INSERT INTO read.rewards SELECT (jsonb_populate_record(r, jsonb_build_object(
                 'id', '0193a000-0000-7000-8000-00000000beef', 'voucher_id', NULL))).*
               FROM read.rewards r WHERE id = '{}'",
            ids[7]
        ),
        "UPDATE read.journal SET amount = amount + 0.01 WHERE position = 5 AND line = 1"
            .to_owned(),
    ] {
        sqlx::query(&wrong).execute(&log.pool).await.unwrap();
    }
    let wrong = run(url, &["rebuild", "--check", "--json"]).await;
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    let said: Value = serde_json::from_str(&wrong.said).unwrap();
    let checked = said["checked"].as_array().unwrap();
    let of = |name: &str| checked.iter().find(|one| one["name"] == name).unwrap().clone();
    let found: Vec<(String, String, Value)> = of("rewards")["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            (one["key"]["id"].as_str().unwrap().to_owned(), text("what"), one["columns"].clone())
        })
        .collect();
    let none = Value::Array(Vec::new());
    let added = "0193a000-0000-7000-8000-00000000beef".to_owned();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&(ids[3].clone(), "changed".into(), serde_json::json!(["status"]))));
    assert!(found.contains(&(ids[5].clone(), "missing".into(), none.clone())), "{found:?}");
    assert!(found.contains(&(added, "added".into(), none)), "{found:?}");
    let line = &of("journal")["differences"][0];
    assert_eq!((&line["key"]["position"], &line["columns"][0]), (&5.into(), &"amount".into()));
    assert_eq!(of("reconciliation")["differing"], 0);
    assert!(wrong.beside.contains("anchor rebuild"), "{wrong:?}");
    let mended = run(url, &["rebuild", "rewards", "journal"]).await;
    assert_eq!(mended.code, Some(0), "{mended:?}");
    assert_eq!(run(url, &["rebuild", "--check"]).await.code, Some(0));
    assert_eq!(
        log.count("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'check%'").await,
        0
    );
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_version_wait_for_a_rebuild_and_say_so() {
    let log = log_with_rows(8).await;
    sqlx::query("UPDATE checkpoints SET version = 0 WHERE name = 'rewards'")
        .execute(&log.pool)
        .await
        .unwrap();
    live(&log, 4).await;
    project_all(&log).await;
    assert_eq!(log.count("SELECT count(*) FROM read.rewards").await, 8, "they wait");
    assert_eq!(log.count("SELECT count(*) FROM read.journeys").await, 12, "others do not");
    let status = runner::status(&log.pool).await.unwrap();
    let waiting: Vec<&str> =
        status.iter().filter(|one| one.needs_rebuild).map(|one| one.name.as_str()).collect();
    assert_eq!(waiting, ["rewards"]);
    let url = &log.database.url;
    let doctor = run(url, &["doctor"]).await;
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.said.contains("run `anchor rebuild rewards`"), "{doctor:?}");
    let rebuilt = run(url, &["rebuild", "--json"]).await;
    let said: Value = serde_json::from_str(&rebuilt.said).unwrap();
    assert_eq!(said["rebuilt"].as_array().unwrap().len(), 1, "those that need it: {said}");
    assert_eq!(said["rebuilt"][0]["position"], 12 * EVENTS);
    assert_eq!(log.count("SELECT count(*) FROM read.rewards").await, 12);
    let doctor = run(url, &["doctor"]).await;
    assert_eq!((doctor.code, doctor.said.as_str()), (Some(0), "Nothing is wrong here.\n"));
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_killed_swaps_nothing_and_is_gone_on_with() {
    let log = log_with_rows(60).await;
    let words = ["rebuild", "rewards", "journal", "--json"];
    let whole = CountedLine::to(&log.database.url, u64::MAX, false).await;
    assert_eq!(run(&whole.url, &words).await.code, Some(0));
    let said = whole.said.load(Ordering::SeqCst);
    for kill in 1..=8 {
        let line = CountedLine::to(&log.database.url, said * kill / 9, false).await;
        let mut program = start(&line.url, &words);
        line.is_reached().await;
        program.start_kill().ok();
        end(program).await;
        let rows = "SELECT count(*) FROM read.rewards";
        assert_eq!(log.count(rows).await, 60, "what is asked is whole, kill {kill}");
    }
    let mut ended = run(&log.database.url, &words).await;
    for _ in 0..50 {
        // The server may not know yet that the last one is gone.
        if ended.code == Some(0) {
            break;
        }
        assert!(ended.beside.contains("somebody else"), "{ended:?}");
        ended = run(&log.database.url, &words).await;
    }
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(run(&log.database.url, &["rebuild", "--check"]).await.code, Some(0));
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_before_is_kept_for_seven_days() {
    let log = log_with_rows(3).await;
    let url = &log.database.url;
    let first = run(url, &["rebuild", "journeys", "--json"]).await;
    let said: Value = serde_json::from_str(&first.said).unwrap();
    let kept = said["rebuilt"][0]["kept_in"].as_str().unwrap().to_owned();
    assert_eq!(log.count(&format!("SELECT count(*) FROM {kept}.journeys")).await, 3);
    let mut aged = 0;
    for (days, left) in [(6, 1), (8, 0)] {
        let age = format!(
            "UPDATE checkpoints SET updated_at = clock_timestamp() - interval '{days} days'
              WHERE schema = '{kept}'"
        );
        aged += sqlx::query(&age).execute(&log.pool).await.unwrap().rows_affected();
        let again = run(url, &["rebuild"]).await;
        assert_eq!(again.code, Some(0), "{again:?}");
        let found = format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{kept}'");
        assert_eq!(log.count(&found).await, left, "after {days} days: {again:?}");
    }
    assert_eq!(aged, 2);
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_keeps_a_table_locked_readers_wait_and_the_swap_comes_later() {
    let log = log_with_rows(5).await;
    let app = application(&log).await;
    let mut long = log.pool.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM read.rewards").fetch_one(&mut *long).await.unwrap();
    let owner = owner(&log).await;
    let rebuilding = tokio::spawn(async move {
        let rewards: Vec<_> =
            projections::all().into_iter().filter(|p| p.name() == "rewards").collect();
        rebuild(&owner, &rewards, NOBODY).await.unwrap()
    });
    let is_waiting = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                       WHERE d.datname = current_database() AND NOT l.granted";
    while log.count(is_waiting).await == 0 {
        assert!(!rebuilding.is_finished(), "it cannot be swapped while it is read");
        tokio::task::yield_now().await;
    }
    // The application gives up on a lock after two seconds: it never has to.
    for _ in 0..20 {
        sqlx::query("SELECT count(*) FROM rewards").fetch_one(&app).await.unwrap();
    }
    long.commit().await.unwrap();
    assert_eq!(rebuilding.await.unwrap()[0].name, "rewards");
    let (_, head) = watch::channel(Position::default());
    let rewards = projections::all().into_iter().find(|p| p.name() == "rewards").unwrap();
    live(&log, 1).await;
    let turned = Runner::new(app.clone(), rewards, head).turn().await.unwrap();
    assert_eq!(turned, Progress::Projected(6), "and it goes on where it was swapped");
    app.close().await;
    log.end().await;
}
