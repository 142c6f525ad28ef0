//! How does a client behave that means it? It repeats what it got no answer for, under the same
//! key, and looks until it sees what it waits for.

use std::time::{Duration, Instant};

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use super::house::House;
use crate::invariants::Acknowledged;
use crate::whole::Who;

/// The promise: everything is final or alarmed so long after a restart.
pub const WITHIN: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Whoever looks again and again keeps a small machine from what it is to do.
const LONGEST_BETWEEN_LOOKS: Duration = Duration::from_millis(160);
/// Longer than a client that is told to wait has patience, before a while passes.
const BEFORE_A_WHILE: Duration = Duration::from_millis(700);
/// How long a client waits for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// What a client wants done.
pub struct Wish<'a> {
    /// Who.
    pub who: &'a Who,
    /// The method.
    pub method: Method,
    /// The address.
    pub path: String,
    /// The body.
    pub body: Value,
    /// What a yes promises: an event of this stream.
    pub promises: (&'a str, String),
}

/// Looks again and again until it holds; says what did not in time.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Result<(), String> {
    let begun = Instant::now();
    let mut pause = BETWEEN_LOOKS;
    while !holds().await {
        if begun.elapsed() > WITHIN {
            return Err(format!("I9: waited in vain for {WITHIN:?} until {what}"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_BETWEEN_LOOKS);
    }
    Ok(())
}

impl House {
    /// As [`until`]; where something has gone wrong, a while passes now and then.
    pub async fn until(
        &self,
        what: &str,
        mut holds: impl AsyncFnMut() -> bool,
    ) -> Result<(), String> {
        let mut since = Instant::now();
        until(what, async || {
            if self.stage.has_struck() && since.elapsed() > BEFORE_A_WHILE {
                self.let_a_while_pass().await;
                since = Instant::now();
            }
            holds().await
        })
        .await
    }

    /// Asks through the door until there is an answer that settles it; notes what was promised.
    pub async fn wish(
        &self,
        wish: &Wish<'_>,
        acknowledged: &mut Vec<Acknowledged>,
    ) -> Result<Value, String> {
        let key = Uuid::new_v4().to_string();
        let mut answer = None;
        let what = format!("{} {} is answered", wish.method, wish.path);
        self.until(&what, async || {
            answer = self.once(wish, &key).await;
            answer.is_some()
        })
        .await?;
        let (status, position, body) = answer.unwrap_or_default();
        if !(200..300).contains(&status) {
            return Err(format!("I3: {what} with {status}: {body}"));
        }
        let (stream, event) = (wish.promises.1.clone(), wish.promises.0.to_owned());
        acknowledged.push(Acknowledged { stream, event, position });
        Ok(body)
    }

    /// One try: none where it has to be made again.
    async fn once(&self, wish: &Wish<'_>, key: &str) -> Option<(u16, i64, Value)> {
        let url = format!("{}{}", self.door.url, wish.path);
        let request = self
            .http
            .request(wish.method.clone(), url)
            .timeout(ANSWER_WITHIN)
            .bearer_auth(wish.who.token().expose_secret())
            .header("idempotency-key", key)
            .json(&wish.body);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let position = answer.headers().get("ledger-position").and_then(|v| v.to_str().ok());
        let position = position.and_then(|text| text.parse().ok()).unwrap_or(0);
        let body: Value = answer.json().await.ok()?;
        let is_to_be_repeated = status >= 500 || status == 429 || body["code"] == "in_progress";
        (!is_to_be_repeated).then_some((status, position, body))
    }

    /// Looks, by no line.
    pub async fn look(&self, who: &Who, path: &str) -> Option<Value> {
        let request = self.http.get(format!("{}{path}", self.base)).timeout(ANSWER_WITHIN);
        let answer = request.bearer_auth(who.token().expose_secret()).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json().await.ok()
    }

    /// The member's reward for a milestone.
    pub async fn reward(&self, member: &Who, milestone: &str) -> Option<Value> {
        let all = self.look(member, "/api/rewards").await?;
        let of = |reward: &&Value| reward["milestone_id"] == milestone;
        all["rewards"].as_array()?.iter().find(of).cloned()
    }

    /// Waits until it has this status; gives it.
    pub async fn until_reward(
        &self,
        member: &Who,
        (milestone, status): (&str, &str),
    ) -> Result<Value, String> {
        let mut found = Value::Null;
        self.until(&format!("{milestone} is {status}"), async || {
            found = self.reward(member, milestone).await.unwrap_or_default();
            found["status"] == status
        })
        .await
        .map_err(|vain| format!("{vain}; it is {}", found["status"]))?;
        Ok(found)
    }
}
