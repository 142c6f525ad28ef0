//! Rewards that wait for a person: failed, put off, of unknown outcome, issued, taken back.

use anchor::access::Role;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, Who};

/// Somebody new of the team.
pub fn helper() -> Who {
    Who::new(Role::Support)
}

/// Where an action is asked for, below the reward's address.
fn address(action: &str) -> &'static str {
    let all = ["/retry", "/redirect", "/cancel", "/void", "/reissue", "/resolve"];
    all.into_iter().find(|address| address[1..] == *action).unwrap()
}

/// A reward and where it stands.
#[derive(Debug, Clone)]
pub struct Scene {
    pub member: Who,
    pub id: String,
    pub attempt_id: Value,
}

impl Scene {
    /// Does something about it.
    pub async fn act(&self, app: &TestApp, who: &Who, action: &str, more: Value) -> Answer {
        let mut body = json!({ "reason": "The member rang us.", "attempt_id": self.attempt_id });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        app.post(who, &format!("/api/support/rewards/{}{}", self.id, address(action)), body).await
    }

    /// As the team sees it now.
    pub async fn seen(&self, app: &TestApp) -> Value {
        let answer = app.get(&helper(), &format!("/api/support/rewards/{}", self.id)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// The same at the attempt that it is at now.
    pub async fn now(&self, app: &TestApp) -> Self {
        let attempt_id = self.seen(app).await["attempt"]["attempt_id"].clone();
        Self { attempt_id, ..self.clone() }
    }

    /// Its whole stream: what happened, by whom, and what it says.
    pub async fn stream(&self, app: &TestApp) -> Vec<(String, Value, Value)> {
        sqlx::query_as(
            "SELECT event_type, payload::jsonb, metadata::jsonb FROM events
              WHERE aggregate_type = 'reward' AND aggregate_id = $1 ORDER BY sequence",
        )
        .bind(&self.id)
        .fetch_all(&app.pool)
        .await
        .unwrap()
    }

    /// How often something happened to it.
    pub async fn count(&self, app: &TestApp, event: &str) -> usize {
        self.stream(app).await.iter().filter(|(name, ..)| name == event).count()
    }

    /// Waits until it has this status, and the team sees it.
    pub async fn until(&self, app: &TestApp, status: &str) {
        app.until(&format!("the reward is {status}"), async || {
            self.seen(app).await["status"] == status
        })
        .await;
    }
}

/// Has calls of a kind go wrong at a partner.
pub async fn fault(app: &TestApp, (partner, operation): (&str, &str), kind: &str, times: u32) {
    let faults = json!([{ "kind": kind, "times": times }]);
    let body = json!({ "partner": partner, "operation": operation, "faults": faults });
    app.control("faults", body).await;
}

async fn scene(app: &TestApp, member: Who, last: &str) -> Scene {
    of_milestone(app, member, "month_1", last).await
}

/// A member's reward, once this has happened to it.
pub async fn of_milestone(app: &TestApp, member: Who, milestone: &str, last: &str) -> Scene {
    let mut found = None;
    app.until(&format!("{last} is seen"), async || {
        let Some(reward) = app.reward(&member, milestone).await else { return false };
        let id = reward["id"].as_str().unwrap().to_owned();
        let answer = app.get(&helper(), &format!("/api/support/rewards/{id}")).await;
        if answer.status != 200 {
            return false;
        }
        let history = answer.body["history"].as_array().unwrap();
        let has_come = history.iter().any(|happened| happened["event"] == last);
        let attempt_id = answer.body["attempt"]["attempt_id"].clone();
        found = has_come.then(|| Scene { member: member.clone(), id, attempt_id });
        found.is_some()
    })
    .await;
    found.unwrap()
}

async fn set_out(app: &TestApp) -> Who {
    let member = Who::member();
    assert_eq!(app.set_out(&member, 30).await.status, 200);
    member
}

/// Both partners said no for good.
pub async fn failed(app: &TestApp) -> Scene {
    app.fault("woolworths", "refuse", 1).await;
    app.fault("coles", "refuse", 1).await;
    let member = set_out(app).await;
    scene(app, member, "RewardFailed").await
}

/// The partner asked to come back later; nothing was processed.
pub async fn put_off(app: &TestApp) -> Scene {
    app.fault("woolworths", "rate_limit", 1).await;
    let member = set_out(app).await;
    scene(app, member, "IssuanceDeferred").await
}

/// Nothing was issued, and the partner does not say so when it is asked.
pub async fn unknown(app: &TestApp) -> Scene {
    fault(app, ("woolworths", "look_up"), "error_500", 1_000).await;
    app.fault("woolworths", "error_500", 1).await;
    let member = set_out(app).await;
    scene(app, member, "IssuanceOutcomeUnknown").await
}

/// The member has a voucher.
pub async fn issued(app: &TestApp) -> Scene {
    let member = set_out(app).await;
    scene(app, member, "VoucherIssued").await
}

/// The partner took it back.
pub async fn taken_back(app: &TestApp) -> Scene {
    let scene = issued(app).await;
    let voided = scene.act(app, &helper(), "void", json!({})).await;
    assert_eq!((voided.status, &voided.body["result"]), (200, &json!("voided")), "{voided:?}");
    scene.until(app, "on_review").await;
    scene
}

/// The vouchers in the partners' book that can still be spent.
pub async fn live(app: &TestApp) -> usize {
    let book = app.book().await;
    book.iter().filter(|voucher| voucher["state"] != "voided").count()
}

/// The faults that were asked for have come, and the outcome is unknown.
pub async fn dropped(app: &TestApp) -> Scene {
    let member = set_out(app).await;
    scene(app, member, "IssuanceOutcomeUnknown").await
}
