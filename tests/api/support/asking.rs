//! How does a test ask? As somebody, for something, with an answer it can look into.

use anchor::access::{NewToken, Role, mint};
use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::TestApp;
use super::app::{ISSUER, JWT_SECRET};

/// Who asks.
#[derive(Debug, Clone)]
pub struct Who {
    /// Their id.
    pub sub: Uuid,
    /// Their role.
    pub role: Role,
    /// Whether a second factor was shown.
    pub has_second_factor: bool,
}

impl Who {
    /// Somebody new with this role.
    pub fn new(role: Role) -> Self {
        Self { sub: Uuid::now_v7(), role, has_second_factor: true }
    }

    /// A new member.
    pub fn member() -> Self {
        Self::new(Role::Member)
    }

    /// Their bearer token.
    pub fn token(&self) -> SecretString {
        let token = NewToken {
            sub: self.sub,
            role: self.role,
            partner_id: (self.role == Role::Partner).then(|| "woolworths".parse().unwrap()),
            has_second_factor: self.has_second_factor,
            ttl: chrono::Duration::hours(1),
        };
        mint(&SecretString::from(JWT_SECRET), &ISSUER.parse().unwrap(), &token).unwrap()
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, `null` when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The problem's code, empty when it is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl TestApp {
    /// Asks as `who`, at one door after the other; where nobody is in, at the next.
    pub async fn ask(&self, who: &Who, method: Method, path: &str, body: Option<Value>) -> Answer {
        for _ in 1..self.doors.tries() {
            if let Ok(answer) = self.try_ask(who, method.clone(), path, body.as_ref()).await {
                return answer;
            }
        }
        self.try_ask(who, method, path, body.as_ref()).await.unwrap()
    }

    async fn try_ask(
        &self,
        who: &Who,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.doors.next()))
            .bearer_auth(who.token().expose_secret());
        if let Some(body) = body {
            request = request.json(&body);
        }
        Self::try_answer(request.send().await?).await
    }

    /// Turns a response into an answer.
    pub async fn answer(response: reqwest::Response) -> Answer {
        Self::try_answer(response).await.unwrap()
    }

    async fn try_answer(response: reqwest::Response) -> reqwest::Result<Answer> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_str(&response.text().await?).unwrap_or(Value::Null);
        Ok(Answer { status, headers, body })
    }

    /// GETs as `who`.
    pub async fn get(&self, who: &Who, path: &str) -> Answer {
        self.ask(who, Method::GET, path, None).await
    }

    /// POSTs as `who`.
    pub async fn post(&self, who: &Who, path: &str, body: Value) -> Answer {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    /// The ledger's day, in Sydney.
    pub async fn today(&self) -> chrono::NaiveDate {
        let now: chrono::DateTime<chrono::Utc> =
            sqlx::query_scalar("SELECT ledger_now()").fetch_one(&self.pool).await.unwrap();
        now.with_timezone(&chrono_tz::Australia::Sydney).date_naive()
    }

    /// Reports that `member` has been on the way for `days` days, in Sydney.
    pub async fn set_out(&self, member: &Who, days: i64) -> Answer {
        let started_on = self.today().await - chrono::Duration::days(days);
        let journey = json!({
            "started_on": started_on,
            "time_zone": "Australia/Sydney",
        });
        let path = format!("/api/members/{}/journey", member.sub);
        self.ask(&Who::new(Role::Service), Method::PUT, &path, Some(journey)).await
    }

    /// The member's reward for a milestone.
    pub async fn reward(&self, member: &Who, milestone: &str) -> Option<Value> {
        let answer = self.get(member, "/api/rewards").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let rewards = answer.body["rewards"].as_array().unwrap();
        rewards.iter().find(|reward| reward["milestone_id"] == milestone).cloned()
    }

    /// Waits until the member's reward for a milestone has this status, and gives it.
    pub async fn until_reward(&self, member: &Who, milestone: &str, status: &str) -> Value {
        let what = format!("{milestone} is {status}");
        self.until(&what, async || {
            self.reward(member, milestone).await.is_some_and(|reward| reward["status"] == status)
        })
        .await;
        self.reward(member, milestone).await.unwrap()
    }

    /// Spends some of a voucher at the till.
    pub async fn redeem(&self, reward: &Value, amount: &str) {
        let redemption = json!({
            "partner": reward["partner_used"],
            "partner_ref": reward["distribution_details"]["voucherId"],
            "amount": amount,
        });
        self.control("redeem", redemption).await;
    }

    /// Agrees to something with a partner, or no longer does.
    pub async fn agree(&self, member: &Who, purpose: &str, partner: &str, granted: bool) {
        let consent = json!({ "purpose": purpose, "partner_id": partner, "granted": granted });
        let answer = self.ask(member, Method::PUT, "/api/consents", Some(consent)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Asks to link an account.
    pub async fn link(&self, member: &Who, partner: &str, (number, code): (&str, &str)) -> Answer {
        let wish = json!({ "accountNumber": number, "securityCode": code });
        self.post(member, &format!("/api/partners/{partner}/link"), wish).await
    }

    /// Agrees to linking, and links; gives the account.
    pub async fn linked(&self, member: &Who, partner: &str, number: &str) -> Value {
        self.agree(member, "link", partner, true).await;
        let linked = self.link(member, partner, (number, "ABC123")).await;
        assert_eq!((linked.status, &linked.body["linked"]), (200, &json!(true)), "{linked:?}");
        let found = self.until_account(member, partner, "verified").await;
        found.unwrap_or_default()
    }

    /// Waits until the member's newest account with a partner stands so, and gives it.
    pub async fn until_account(&self, member: &Who, partner: &str, status: &str) -> Option<Value> {
        let mut found = None;
        self.until(&format!("the account with {partner} is {status}"), async || {
            let accounts = self.get(member, "/api/accounts").await;
            let accounts = accounts.body["accounts"].as_array().unwrap().clone();
            let newest = accounts.into_iter().find(|account| account["partner_id"] == partner);
            found = newest.filter(|account| account["verification_status"] == status);
            found.is_some()
        })
        .await;
        found
    }

    /// What finance sees of a partner: issued, redeemed, voided, outstanding.
    pub async fn figures(&self, partner: &str) -> [String; 4] {
        self.until_idle().await;
        let summary = self.get(&Who::new(Role::Finance), "/api/reconciliation/summary").await;
        let lines = summary.body["partners"].as_array().unwrap().clone();
        let line = lines.into_iter().find(|line| line["partner_id"] == partner);
        let line = line.unwrap_or_default();
        ["issued", "redeemed", "voided", "outstanding"]
            .map(|name| line[name].as_str().unwrap_or("-").to_owned())
    }
}
