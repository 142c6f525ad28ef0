//! Does the order of a partner's words matter? Answer, issued, redeemed, reversed and expired, in
//! all 120 orders, a member each, every word twice: through the real inbox to one final state.
//!
//! The answer is lost and looked up later: what comes before it is worked on while nobody can ask
//! the partner, by a worker that the test itself drives.
//!
//! Rows: W1, W5, W6, R5. Cases: C12, C13, C15. Threats: T26.

use anchor::config::Config;
use anchor::database::{Role, connect};
use anchor::inbox::{Inbox, Worker};
use anchor::partners::{Partners, client};
use anchor::vault::Vault;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::{count, expired, issued, redeemed};
use crate::staff::alerts::until_alert;
use crate::support::{TestApp, Webhook, Who};

const ANSWER: usize = 0;
const MOST_LOOK_UPS: usize = 3;

fn orders(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (n, first) in of.iter().enumerate() {
        let mut others = of.to_vec();
        others.remove(n);
        all.extend(orders(&others).into_iter().map(|rest| [vec![*first], rest].concat()));
    }
    all
}

/// One member's voucher, and the order in which is told of it.
struct Story {
    order: Vec<usize>,
    voucher: Value,
    reference: Value,
    /// What the partner says was unspent: without the 5.00 that came back, or with them.
    unspent: &'static str,
}

impl Story {
    fn body(&self, word: usize) -> Value {
        let voucher = &self.voucher;
        match word {
            1 => json!({ "type": "voucher.issued", "timestamp": "2026-11-24T03:00:00Z",
                "data": { "reference": self.reference, "voucher_id": voucher } }),
            2 => redeemed(voucher, "R1", "5.00", "15.00"),
            3 => json!({ "type": "voucher.redemption_reversed",
                "timestamp": "2026-11-24T03:00:00Z",
                "data": { "voucher_id": voucher, "redemption_id": "R1", "amount": "5.00",
                    "remaining": "20.00" } }),
            _ => expired(voucher, self.unspent),
        }
    }

    /// The word at this place, unless it is the answer: once, again, and under another id.
    async fn tell(&self, app: &TestApp, place: usize) {
        let word = self.order[place];
        if word == ANSWER {
            return;
        }
        let (secret, body) = (app.webhook_secret("woolworths"), self.body(word).to_string());
        let first = Webhook::new("woolworths", &secret, body.clone());
        let other = Webhook::new("woolworths", &secret, body);
        for webhook in [&first, &first, &other] {
            assert_eq!(webhook.send(app).await.status, 202);
        }
    }

    fn answered_at(&self) -> usize {
        self.order.iter().position(|word| *word == ANSWER).unwrap()
    }
}

async fn tell_all(app: &TestApp, stories: &[Story], places: impl Fn(&Story, usize) -> bool) {
    for place in 0..5 {
        let told = stories.iter().filter(|story| places(story, place));
        let told: Vec<_> = told.map(|story| story.tell(app, place)).collect();
        stream::iter(told).buffer_unordered(16).collect::<Vec<()>>().await;
        app.until("each word has been looked at", async || {
            count(app, "SELECT count(*) FROM inbox WHERE state = 'new' AND attempts = 0").await
                == 0
        })
        .await;
    }
}

/// Works on the inbox and on nothing else until `tell` is through.
async fn with_a_worker_of_its_own(app: &TestApp, tell: impl Future<Output = ()>) {
    let config = Config::read(&|name| app.variables.get(name).cloned()).unwrap();
    let keys = connect(&config.database_url, Role::Keys, 2).await.unwrap();
    let pool = connect(&config.database_url, Role::App, 4).await.unwrap();
    let vault = Vault::open(keys, config.keyring.clone()).await.unwrap();
    let (catalogue, settings) = (config.catalogue.clone(), config.partners.clone());
    let partners = Partners::new(catalogue, settings, client().unwrap(), vault.clone()).unwrap();
    let inbox = Inbox::new(pool.clone(), vault);
    let worker = Worker::new(inbox, app.ledger(), partners, pool);
    let working = async {
        loop {
            worker.work_once().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::select! { () = tell => {}, () = working => {} }
}

/// A member each, whose voucher is in the partner's book and whose answer was lost.
async fn stories(app: &TestApp) -> Vec<Story> {
    let orders = orders(&[ANSWER, 1, 2, 3, 4]);
    assert_eq!(orders.len(), 120);
    app.fault("woolworths", "drop", 120).await;
    let away = json!([{ "kind": "error_500", "times": 120 * MOST_LOOK_UPS }]);
    let away = json!({ "partner": "woolworths", "operation": "look_up", "faults": away });
    app.control("faults", away).await;
    let set_out = orders.iter().map(|_| async {
        assert!(app.set_out(&Who::member(), 30).await.status < 300);
    });
    stream::iter(set_out).buffer_unordered(8).collect::<Vec<()>>().await;
    app.until("the partner has issued all", async || app.book().await.len() == 120).await;
    app.until("every answer is lost", async || {
        let unknown = "SELECT count(DISTINCT aggregate_id) FROM events
                        WHERE event_type = 'IssuanceOutcomeUnknown'";
        count(app, unknown).await == 120
    })
    .await;
    let stories = orders.into_iter().zip(app.book().await).enumerate();
    let story = |(n, (order, issued)): (usize, (Vec<usize>, Value))| Story {
        order,
        voucher: issued["partner_ref"].clone(),
        reference: issued["reference"].clone(),
        unspent: if n % 2 == 0 { "20.00" } else { "15.00" },
    };
    stories.map(story).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_words_in_all_orders_and_doubled_come_to_one_end() {
    let folder = tempfile::tempdir().unwrap();
    let patient = include_str!("../../../src/partners/catalogue/woolworths.toml")
        .replace("[contract]", "[contract]\nbreaker_opens_after = 100000");
    std::fs::write(folder.path().join("woolworths.toml"), patient).unwrap();
    let folder = folder.path().display().to_string();
    let mut app = TestApp::start_with(&[("ANCHOR_PARTNERS_DIR", &folder)]).await;
    let stories = stories(&app).await;
    app.restart_without_workers().await;
    let issued = "SELECT count(*) FROM events WHERE event_type = 'VoucherIssued'";
    assert_eq!(count(&app, issued).await, 0, "nothing is answered yet");
    let before = tell_all(&app, &stories, |story, place| place < story.answered_at());
    with_a_worker_of_its_own(&app, before).await;
    assert_eq!(count(&app, issued).await, 0, "a webhook never makes value");

    app.restart().await;
    app.until("every answer is there", async || {
        app.forward(chrono::Duration::minutes(70)).await;
        count(&app, issued).await == 120
    })
    .await;
    tell_all(&app, &stories, |story, place| place > story.answered_at()).await;
    app.until("all have expired", async || {
        count(&app, "SELECT count(*) FROM read.rewards WHERE status = 'expired'").await == 120
    })
    .await;
    app.until_idle().await;

    let ends = "SELECT DISTINCT distribution_details->>'remaining' FROM read.rewards";
    let ends: Vec<String> = sqlx::query_scalar(ends).fetch_all(&app.pool).await.unwrap();
    assert_eq!(ends, ["0.00"]);
    for (event, net) in [("VoucherRedeemed", 1), ("RedemptionReversed", 1), ("VoucherIssued", 1)] {
        let each = format!(
            "SELECT count(*) FROM (SELECT aggregate_id FROM events WHERE event_type = '{event}'
                                    GROUP BY aggregate_id HAVING count(*) = {net}) AS once"
        );
        assert_eq!(count(&app, &each).await, 120, "{event}");
    }
    let expired = "SELECT count(*) FROM (
        SELECT aggregate_id FROM events WHERE event_type IN ('VoucherExpired', 'ExpiryUndone')
         GROUP BY aggregate_id
        HAVING sum(CASE event_type WHEN 'VoucherExpired' THEN (payload->>'unspent')::numeric
                                   ELSE -(payload->>'amount')::numeric END) = 20) AS whole";
    assert_eq!(count(&app, expired).await, 120, "what came back is over as well");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_itself_is_set_aside_with_its_reason_in_every_order() {
    let app = TestApp::start().await;
    for n in 0..6 {
        let member = Who::member();
        app.set_out(&member, 30).await;
        let reward = app.until_reward(&member, "month_1", "issued").await;
        let voucher = reward["distribution_details"]["voucherId"].clone();
        // More was spent than there was, and something that was never spent is left.
        let words = [
            redeemed(&voucher, "R1", "15.00", "5.00"),
            redeemed(&voucher, "R2", "10.00", "0.00"),
            expired(&voucher, "12.00"),
        ];
        let order = &orders(&[0, 1, 2])[n];
        for word in order {
            assert_eq!(app.webhook("woolworths", &words[*word]).await.status, 202);
        }
        let parked = "SELECT count(*) FROM inbox
                       WHERE state = 'parked' AND reason LIKE 'may_be_early: %'";
        let both = 2 * (i64::try_from(n).unwrap() + 1);
        app.until("two of three are set aside", async || count(&app, parked).await == both).await;
    }
    let told = until_alert(&app, "open", "webhooks_parked").await;
    assert_eq!(told["subject"], "woolworths", "{told}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wakes_one_voucher_s_words_leaves_another_s_alone() {
    let app = TestApp::start().await;
    let (_, one) = issued(&app).await;
    let (_, other) = issued(&app).await;
    for voucher in [&one, &other] {
        let early = expired(voucher, "15.00");
        assert_eq!(app.webhook("woolworths", &early).await.status, 202);
    }
    let parked = "SELECT count(*) FROM inbox
                   WHERE state = 'parked' AND reason LIKE 'may_be_early: %' AND attempts = 1";
    app.until("both came too early", async || count(&app, parked).await == 2).await;
    let spent = redeemed(&one, "R1", "5.00", "15.00");
    assert_eq!(app.webhook("woolworths", &spent).await.status, 202);
    let done = "SELECT count(*) FROM inbox WHERE state = 'done'";
    app.until("the one is through", async || count(&app, done).await == 2).await;
    app.until_idle().await;
    assert_eq!(count(&app, parked).await, 1, "the other was not tried again");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_says_it_issued_another_voucher_than_it_answered_is_heard_at_once() {
    let app = TestApp::start().await;
    let (_, voucher) = issued(&app).await;
    let reference = app.book().await[0]["reference"].clone();
    let word = |reference: &Value, voucher: &Value| {
        json!({ "type": "voucher.issued", "timestamp": "2026-11-24T03:00:00Z",
            "data": { "reference": reference, "voucher_id": voucher } })
    };
    for (reference, voucher) in [
        (&reference, &voucher),
        (&reference, &json!("ANOTHER")),
        (&json!("NOBODYS"), &json!("ANOTHER")),
    ] {
        let answer = app.webhook("woolworths", &word(reference, voucher)).await;
        assert_eq!(answer.status, 202);
    }
    let of = async |what: &str| {
        count(&app, &format!("SELECT count(*) FROM inbox WHERE {what} AND attempts > 0")).await
    };
    app.until("all were looked at", async || {
        let told = "state = 'parked' AND reason = 'another_voucher_than_was_answered'";
        let waits = "state = 'new' AND reason = 'no_such_voucher_ordered_yet'";
        (of("state = 'done'").await, of(told).await, of(waits).await) == (1, 1, 1)
    })
    .await;
    until_alert(&app, "open", "webhooks_parked").await;
    let value = "SELECT count(*) FROM events WHERE event_type = 'VoucherIssued'";
    assert_eq!(count(&app, value).await, 1, "a webhook never makes value");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_found_no_cause_for_three_days_is_tried_no_more_and_stays_listed() {
    let app = TestApp::start().await;
    let (_, voucher) = issued(&app).await;
    let causeless = redeemed(&json!("NOBODYS"), "R1", "5.00", "15.00");
    assert_eq!(app.webhook("woolworths", &causeless).await.status, 202);
    assert_eq!(app.webhook("woolworths", &expired(&voucher, "15.00")).await.status, 202);
    let waits = "SELECT count(*) FROM inbox WHERE reason IS NOT NULL AND attempts > 0";
    app.until("both were looked at", async || count(&app, waits).await == 2).await;
    // They wait by the real clock: whether one is given up must not follow from a moved one.
    app.forward(chrono::Duration::days(4)).await;
    let given_up = "SELECT count(*) FROM inbox
                     WHERE state = 'parked' AND reason = 'nothing_of_that_id_yet'";
    assert_eq!(count(&app, given_up).await, 0);
    let aged = "UPDATE inbox SET received_at = received_at - interval '73 hours',
                       next_at = clock_timestamp()";
    sqlx::query(aged).execute(&app.pool).await.unwrap();
    app.until("it is given up", async || count(&app, given_up).await == 1).await;
    let attempts = "SELECT sum(attempts)::bigint FROM inbox WHERE state = 'parked'";
    let tried = count(&app, attempts).await;
    // What would have been its cause comes too late for the other.
    let spent = redeemed(&voucher, "R1", "5.00", "15.00");
    assert_eq!(app.webhook("woolworths", &spent).await.status, 202);
    let done = "SELECT count(*) FROM inbox WHERE state = 'done'";
    app.until("the cause is through", async || count(&app, done).await == 1).await;
    app.until_idle().await;
    assert_eq!(count(&app, attempts).await, tried, "neither is tried again by itself");
    let listed = app.get(&Who::new(anchor::access::Role::Support), "/api/support/webhooks").await;
    assert_eq!(listed.body["webhooks"].as_array().unwrap().len(), 2, "{listed:?}");
    app.end().await;
}
