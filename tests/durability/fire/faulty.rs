//! Five hundred orders that go wrong, in every way a partner can go wrong: is one voucher issued
//! for each, or a person told?
//!
//! Two processes and two partners. Which order goes wrong in which way is left to chance; the
//! ledger's clock is moved on, so that nobody waits for back-offs and time-outs of an hour.
//!
//! *In its time* (the alarm of an unknown outcome comes after an hour of the ledger): whoever was
//! unknown for longer than two has had an alert, and so has whoever failed.
//!
//! Rows: D1, D3, D4, D6, R2. Cases: C8, C12, C14, C24, I1, I2, I9.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use chrono::Duration;
use futures::stream::{self, StreamExt};
use serde_json::json;

use super::books::{Books, Happened, has, of};
use super::dice::Dice;
use super::house::waiting_for_a_hand;
use crate::whole::{ServerProcess, TestApp, Who};

const REWARDS: usize = 500;
const PARTNERS: [&str; 2] = ["woolworths", "coles"];
/// How often each goes wrong, in two hundred orders. A call that is never answered is waited for,
/// and so is rare.
const ORDERS: [(&str, u32); 11] = [
    ("refuse", 40),
    ("error_500", 30),
    ("drop", 30),
    ("wrong_amount", 20),
    ("same_code", 15),
    ("webhook_first", 20),
    ("rate_limit", 10),
    ("token_revoked", 10),
    ("slow", 10),
    ("timeout_after", 9),
    ("timeout_before", 6),
];
const WEBHOOKS: [(&str, u32); 4] = [
    ("duplicate_webhook", 30),
    ("webhooks_shuffled", 10),
    ("secret_rotated", 3),
    ("clock_skew", 3),
];
/// The clock goes on by so much at a time …
const STEP: Duration = Duration::minutes(5);
/// … and at most so often: well before a key is forgotten.
const STEPS: usize = 500;
const BETWEEN_LOOKS: std::time::Duration = std::time::Duration::from_millis(50);
/// As long as any call may take.
const LONGEST_TURN: std::time::Duration = std::time::Duration::from_secs(20);
/// After so long, whoever is unknown has had an alert.
const ALARMED_AFTER: Duration = Duration::hours(2);

/// A partner that is not left alone after failures in a row: this is about what was sent.
fn patient() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        include_str!("../../../src/partners/catalogue/woolworths.toml"),
        include_str!("../../../src/partners/catalogue/coles.toml"),
    ];
    for (partner, file) in PARTNERS.into_iter().zip(files) {
        let always_asked = "calls_at_once = 64\nbreaker_opens_after = 1000000";
        let patient = file.replace("calls_at_once = 64", always_asked);
        assert_ne!(patient, file);
        std::fs::write(folder.path().join(format!("{partner}.toml")), patient).unwrap();
    }
    folder
}

/// Has every kind of fault come, in an order of chance.
async fn spread(app: &TestApp, dice: &mut Dice) {
    for partner in PARTNERS {
        let orders = ORDERS.into_iter().flat_map(|(kind, times)| {
            let three_times = 3 * times as usize;
            std::iter::repeat_n(kind, three_times)
        });
        let orders: Vec<&str> = dice.shuffled(orders.collect());
        assert!(orders.len() >= REWARDS, "no first order goes well");
        ask_for(app, partner, "issue", &orders).await;
        let look_ups: Vec<&str> = std::iter::repeat_n("error_500", 25).collect();
        ask_for(app, partner, "look_up", &look_ups).await;
        let webhooks = WEBHOOKS.into_iter();
        let webhooks =
            webhooks.flat_map(|(kind, times)| std::iter::repeat_n(kind, times as usize));
        ask_for(app, partner, "webhook", &dice.shuffled(webhooks.collect())).await;
    }
}

async fn ask_for(app: &TestApp, partner: &str, operation: &str, kinds: &[&str]) {
    let faults: Vec<_> = kinds.iter().map(|kind| json!({ "kind": kind, "times": 1 })).collect();
    let body = json!({ "partner": partner, "operation": operation, "faults": faults });
    app.control("faults", body).await;
}

/// Rewards that are not final, and of which nobody was told yet. A partner that gave one reward's
/// code to another leaves one of the two to people: who was first has it.
async fn open_rewards(app: &TestApp) -> i64 {
    sqlx::query_scalar(
        "SELECT $1 - count(DISTINCT id) FROM (
           SELECT aggregate_id AS id FROM events
            WHERE event_type IN ('VoucherIssued', 'RewardFailed')
            UNION SELECT subject FROM public.alerts
             WHERE kind = 'outcome_unknown' AND resolved_at IS NULL
               AND (SELECT count(*) FROM events WHERE aggregate_id = subject
                       AND payload->>'why' = 'given_for_another_reward') > 3) done",
    )
    .bind(i64::try_from(REWARDS).unwrap())
    .fetch_one(&app.pool)
    .await
    .unwrap()
}

/// What is due, in somebody's hands, or not yet known to be due.
const AT_WORK: &str = "SELECT EXISTS (SELECT FROM read.reward_todo
        WHERE step IN ('choose', 'issue', 'resolve')
          AND (next_at <= ledger_now() OR lease_owner IS NOT NULL))
    OR EXISTS (SELECT FROM read.journey_todo WHERE next_at <= ledger_now())
    OR (SELECT count(*) FROM read.reward_todo) < $1
    OR EXISTS (SELECT FROM checkpoints WHERE name = 'reward_todo'
        AND position < (SELECT coalesce(max(last_position), 0) FROM ledger_batches))";

/// Moves the clock on whenever all that is due has been done, until nothing is open. A lease whose
/// worker gave up runs out by the clock: nobody is waited for longer than a call may take.
async fn until_all_are_final(app: &TestApp) {
    let rewards = i64::try_from(REWARDS).unwrap();
    for _ in 0..STEPS {
        let at_work = async {
            while sqlx::query_scalar(AT_WORK).bind(rewards).fetch_one(&app.pool).await.unwrap() {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        tokio::time::timeout(LONGEST_TURN, at_work).await.ok();
        if open_rewards(app).await == 0 {
            return;
        }
        app.forward(STEP).await;
    }
    panic!("still open: {}", open_rewards(app).await);
}

/// For how long it was not known how this reward's orders ended.
fn unknown_for(reward: &[Happened]) -> Duration {
    let mut longest = Duration::zero();
    let mut since = None;
    for happened in reward {
        match happened.what.as_str() {
            "IssuanceOutcomeUnknown" => since = since.or(Some(happened.at)),
            "VoucherIssued" | "IssuanceRefused" | "OutcomeAttested" => since = None,
            _ => {}
        }
        if let Some(since) = since {
            longest = longest.max(happened.at - since);
        }
    }
    longest
}

async fn alerts(app: &TestApp, kind: &str) -> Vec<String> {
    let of_kind = "SELECT subject FROM public.alerts WHERE kind = $1";
    sqlx::query_scalar(of_kind).bind(kind).fetch_all(&app.pool).await.unwrap()
}

async fn silent(app: &TestApp, books: &Books) -> Vec<String> {
    let (unknown, failed) =
        (alerts(app, "outcome_unknown").await, alerts(app, "reward_failed").await);
    let silent = books.rewards.iter().filter(|(id, reward)| {
        (has(reward, "RewardFailed") && !failed.contains(id))
            || (unknown_for(reward) > ALARMED_AFTER && !unknown.contains(id))
    });
    silent.map(|(id, reward)| format!("{id}: nobody was told: {reward:#?}")).collect()
}

fn told(books: &Books, began: Instant) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for happened in books.rewards.values().flatten() {
        *counts.entry(&happened.what).or_default() += 1;
    }
    let fell_back = books.rewards.values().filter(|reward| has(reward, "IssuanceRefused"));
    let longest = books.rewards.values().map(|reward| unknown_for(reward)).max();
    println!(
        "{} rewards, {} refused somewhere, longest unknown {:?} min, {} vouchers, {:?}: {counts:?}",
        books.rewards.len(),
        fell_back.count(),
        longest.map(|longest| longest.num_minutes()),
        books.issued.len(),
        began.elapsed(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_orders_that_go_wrong_end_as_one_voucher_each_or_with_people_told() {
    let mut dice = Dice::throw("faulty orders");
    let folder = patient();
    let folder = folder.path().display().to_string();
    let further = [("ANCHOR_PARTNERS_DIR", folder.as_str())];
    let (app, servers) = ServerProcess::start_several_with(2, &further).await;
    let began = Instant::now();
    spread(&app, &mut dice).await;
    let members: Vec<Who> = (0..REWARDS).map(|_| Who::member()).collect();
    stream::iter(&members)
        .for_each_concurrent(16, |member| async {
            assert_eq!(app.set_out(member, 30).await.status, 200);
        })
        .await;
    until_all_are_final(&app).await;
    let books = Books::read(&app).await;
    told(&books, began);
    assert_eq!(books.rewards.len(), REWARDS);
    let alarmed: BTreeSet<String> = alerts(&app, "outcome_unknown").await.into_iter().collect();
    let faults = books.faults_beside(&alarmed);
    assert!(faults.is_empty(), "{}: {}", faults.len(), faults.join("\n"));
    app.until("people were told", async || silent(&app, &books).await.is_empty()).await;
    let refused = books.rewards.values().filter(|reward| has(reward, "IssuanceRefused"));
    assert!(refused.count() > REWARDS / 10, "many were refused");
    let unknown = books.rewards.values().filter(|reward| has(reward, "IssuanceOutcomeUnknown"));
    assert!(unknown.count() > REWARDS / 3, "of many it was not known");
    let deferred = books.rewards.values().flat_map(|reward| of(reward, "IssuanceDeferred"));
    assert!(deferred.count() > 10, "some were put off");
    let mut waiting = waiting_for_a_hand(&app.pool).await;
    waiting.retain(|(what, _)| what != "in people's hands");
    assert!(waiting.is_empty(), "{waiting:?}");
    for server in servers {
        server.stop().await;
    }
    app.end().await;
}
