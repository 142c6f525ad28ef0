//! What if many ask for the same at once? One live voucher each, and everybody is told of that one.
//!
//! Rows: R2, R3, F1. Cases: I1, I2.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::support::{TestApp, Who};

const CLIENTS: usize = 64;
/// So many clients want the same reward.
const CLIENTS_A_GROUP: usize = 8;
const EACH_KIND: usize = 100;

/// What one client was told: which voucher belongs to which reward.
type Told = Vec<(String, String)>;

/// Checks and claims for these members, as any number of others do at the same time.
async fn one_client(app: &TestApp, members: &[(Who, &str)]) -> Told {
    let mut told = Vec::new();
    for (member, milestone) in members {
        let checked = app.post(member, "/api/rewards/check", json!({})).await;
        assert_eq!(checked.status, 200, "{checked:?}");
        let reward = reward_of(app, member, milestone).await;
        let id = reward["id"].as_str().unwrap().to_owned();
        if *milestone == "year_1" {
            let path = format!("/api/rewards/{id}/claim");
            let claimed = app.post(member, &path, json!({ "partnerId": "coles" })).await;
            assert!([200, 202].contains(&claimed.status), "{claimed:?}");
            let result = &claimed.body["reward"]["distributionResult"];
            if let Some(voucher) = result["voucherId"].as_str() {
                told.push((id.clone(), voucher.to_owned()));
            }
        }
        let issued = app.until_reward(member, milestone, "issued").await;
        let voucher = issued["distribution_details"]["voucherId"].as_str().unwrap().to_owned();
        told.push((id, voucher));
    }
    told
}

async fn reward_of(app: &TestApp, member: &Who, milestone: &str) -> Value {
    app.until("the reward is shown", async || app.reward(member, milestone).await.is_some()).await;
    app.reward(member, milestone).await.unwrap()
}

/// So many clients at once want a small machine for themselves: one such test at a time.
pub static CROWD: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_and_two_hundred_rewards_make_one_voucher_each() {
    let _alone = CROWD.lock().await;
    let app = TestApp::start().await;
    one_voucher_each(&app).await;
    app.finish().await;
}

/// Sixty-four clients, two hundred rewards, half of them to be claimed: one voucher each, whoever
/// asks, in the partners' book and in ours.
pub async fn one_voucher_each(app: &TestApp) {
    let mut members = Vec::new();
    for _ in 0..EACH_KIND {
        members.push((Who::member(), "month_1"));
        members.push((Who::member(), "year_1"));
    }
    for (member, milestone) in &members {
        let days = if *milestone == "month_1" { 30 } else { 365 };
        assert_eq!(app.set_out(member, days).await.status, 200);
    }
    let groups: Vec<_> = members.chunks(members.len() / (CLIENTS / CLIENTS_A_GROUP)).collect();
    let clients = (0..CLIENTS).map(|client| one_client(app, groups[client % groups.len()]));
    let told: Vec<Told> = join_all(clients).await;

    let mut vouchers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (reward, voucher) in told.iter().flatten() {
        vouchers.entry(reward).or_default().insert(voucher);
    }
    assert_eq!(vouchers.len(), 2 * EACH_KIND, "every reward was asked for");
    for (reward, vouchers) in &vouchers {
        assert_eq!(vouchers.len(), 1, "{reward} is one voucher to everybody");
    }
    app.until_idle().await;
    // A year brings its first month as well.
    let of = |book: &[Value], amount: &str| book.iter().filter(|v| v["amount"] == amount).count();
    let book = app.book().await;
    assert_eq!((of(&book, "20.00"), of(&book, "200.00")), (2 * EACH_KIND, EACH_KIND));
    let in_book: BTreeSet<&str> =
        book.iter().map(|voucher| voucher["partner_ref"].as_str().unwrap()).collect();
    assert!(vouchers.values().flatten().all(|voucher| in_book.contains(voucher)));
    assert_books_agree(app, &book).await;
}

/// Every voucher of the partners' book is issued here once, with the same amount, and none besides.
async fn assert_books_agree(app: &TestApp, book: &[Value]) {
    let issued: Vec<(String, String)> = sqlx::query_as(
        "SELECT payload->>'voucher_id', payload->>'amount' FROM events
          WHERE event_type = 'VoucherIssued'",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let text = |voucher: &Value, field: &str| voucher[field].as_str().unwrap().to_owned();
    let ours: BTreeSet<_> = issued.iter().cloned().collect();
    let theirs: BTreeSet<_> =
        book.iter().map(|v| (text(v, "partner_ref"), text(v, "amount"))).collect();
    assert_eq!((ours.len(), &ours), (issued.len(), &theirs));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_partners_claimed_at_once_one_gives_and_the_other_is_not_asked() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 365).await;
    let reward = app.until_reward(&member, "year_1", "awaiting_choice").await;
    let path = format!("/api/rewards/{}/claim", reward["id"].as_str().unwrap());
    let claims = (0..16).map(|n| {
        let partner = if n % 2 == 0 { "coles" } else { "woolworths" };
        app.post(&member, &path, json!({ "partnerId": partner }))
    });
    let answers = join_all(claims).await;
    let issued = app.until_reward(&member, "year_1", "issued").await;
    for (n, answer) in answers.iter().enumerate() {
        let wanted = if n % 2 == 0 { "coles" } else { "woolworths" };
        if issued["partner_used"] == wanted {
            assert!([200, 202].contains(&answer.status), "{answer:?}");
        } else {
            assert_eq!((answer.status, answer.code()), (409, "already_claimed"), "{answer:?}");
        }
    }
    app.until_idle().await;
    let book = app.book().await;
    assert_eq!(book.iter().filter(|voucher| voucher["amount"] == "200.00").count(), 1);
    app.finish().await;
}
