//! Are the read models nothing but the log, folded? Emptied and built again, they are the same; and
//! built anew beside those that are asked, nobody who asks notices.
//!
//! Rows: A4, Q1, Q3. Cases: I6.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use anchor::database::{Role, connect};
use chrono::Duration;
use domain::ids::Position;
use projections::rebuild::{check, rebuild};
use projections::runner::Runner;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::support::{TestApp, Who};

/// A digest of each table's rows, whatever their order.
async fn digests(pool: &PgPool) -> BTreeMap<String, (String, i64)> {
    let mut digests = BTreeMap::new();
    for table in projections::all().iter().flat_map(|projection| projection.tables()) {
        // Leases belong to the moment and not to the log.
        let row = "(to_jsonb(t) - 'lease_owner' - 'next_at')::text";
        let digest = format!(
            "SELECT coalesce(md5(string_agg({row}, '' ORDER BY {row})), ''), count(*)
               FROM read.{table} t"
        );
        digests
            .insert((*table).to_owned(), sqlx::query_as(&digest).fetch_one(pool).await.unwrap());
    }
    digests
}

async fn build_again(pool: &PgPool) {
    for projection in projections::all() {
        for table in projection.tables() {
            sqlx::query(&format!("TRUNCATE read.{table}")).execute(pool).await.unwrap();
        }
    }
    sqlx::query("UPDATE checkpoints SET position = 0").execute(pool).await.unwrap();
    for projection in projections::all() {
        let (_, head) = watch::channel(Position::default());
        Runner::new(pool.clone(), projection, head).catch_up().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn emptied_and_built_again_the_read_models_are_the_same() {
    let mut app = TestApp::start().await;
    app.fault("woolworths", "refuse", 2).await;
    app.fault("woolworths", "drop", 1).await;
    let members: Vec<Who> = (0..12).map(|_| Who::member()).collect();
    for (n, member) in members.iter().enumerate() {
        app.set_out(member, 29 + 120 * i64::try_from(n % 4).unwrap()).await;
    }
    app.forward(Duration::days(1)).await;
    app.forward(Duration::minutes(3)).await;
    for (n, member) in members.iter().enumerate() {
        let reward = app.until_reward(member, "month_1", "issued").await;
        let amount = ["20.00", "3.50", "0.05"][n % 3];
        app.redeem(&reward, amount).await;
    }
    app.until("every redemption is recorded", async || {
        let recorded: i64 =
            sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'VoucherRedeemed'")
                .fetch_one(&app.pool)
                .await
                .unwrap();
        recorded == 12
    })
    .await;
    app.until_idle().await;
    app.stop().await;
    let url = SecretString::from(app.variables["DATABASE_URL"].clone());
    let pool = connect(&url, Role::Owner, 4).await.unwrap();
    let before = digests(&pool).await;
    assert!(before.values().filter(|(_, rows)| *rows > 0).count() >= 8, "{before:?}");
    build_again(&pool).await;
    assert_eq!(digests(&pool).await, before);
    app.end().await;
}

/// Asks for each member's rewards in turn until `is_over`; answers how often.
async fn ask_until(app: &TestApp, members: &[Who], is_over: &AtomicBool) -> usize {
    let mut asked = 0;
    while !is_over.load(Ordering::SeqCst) {
        for member in members {
            let answer = app.get(member, "/api/rewards").await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(answer.body["total"], 1, "{}", answer.body);
            assert_eq!(answer.body["rewards"][0]["status"], "issued", "{}", answer.body);
            asked += 1;
        }
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_built_anew_while_members_ask_and_no_answer_fails() {
    let app = TestApp::start().await;
    let members: Vec<Who> = (0..4).map(|_| Who::member()).collect();
    for member in &members {
        app.set_out(member, 29).await;
    }
    app.forward(Duration::days(1)).await;
    for member in &members {
        app.until_reward(member, "month_1", "issued").await;
    }
    let url = SecretString::from(app.variables["DATABASE_URL"].clone());
    let owner = connect(&url, Role::Owner, 16).await.unwrap();
    let is_over = AtomicBool::new(false);
    let rebuilding = async {
        for _ in 0..3 {
            let rebuilt = rebuild(&owner, &projections::all(), &|_, _| {}).await.unwrap();
            assert_eq!(rebuilt.len(), projections::all().len());
        }
        is_over.store(true, Ordering::SeqCst);
    };
    let asking = ask_until(&app, &members, &is_over);
    let more = ask_until(&app, &members[..1], &is_over);
    let ((), asked, more) = futures::join!(rebuilding, asking, more);
    assert!(asked > 8 && more > 2, "they asked all the time: {asked}, {more}");
    let checked = check(&owner, &projections::all(), &|_, _| {}).await.unwrap();
    assert!(checked.iter().all(|one| one.differing == 0), "{checked:#?}");
    app.until_ready().await;
    app.finish().await;
}
