//! What do clients ask for while everything fails, and what were they told? Written down, and held
//! against the log.
//!
//! Each client is the Anchor app's backend, a member and a partner in turn: it reports a journey,
//! has it checked, claims what is to be chosen and sends a webhook. Whatever is not answered, or
//! not with a 2xx, is asked for again, as any client would; what was answered with a 2xx has to be
//! in the log, once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anchor::access::Role;
use anchor::clock::real_now;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::whole::{TestApp, Webhook, Who};

/// Whoever answers later is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// What was acknowledged.
#[derive(Debug, Default)]
pub struct Told {
    /// Members whose journey was taken.
    pub journeys: BTreeSet<String>,
    /// Rewards that a check told of.
    pub reached: BTreeSet<String>,
    /// Rewards whose claim was taken.
    pub claimed: BTreeSet<String>,
    /// Webhooks that were taken.
    pub webhooks: BTreeSet<String>,
    /// How often something was not acknowledged.
    pub not_taken: usize,
}

impl Told {
    /// How much was acknowledged.
    pub fn all(&self) -> usize {
        self.journeys.len() + self.reached.len() + self.claimed.len() + self.webhooks.len()
    }
}

/// Clients at work.
pub struct Load {
    told: Arc<Mutex<Told>>,
    taken: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

/// What all clients know.
#[derive(Clone)]
struct Client {
    bases: Vec<String>,
    http: reqwest::Client,
    secret: String,
    told: Arc<Mutex<Told>>,
    taken: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    /// So many clients, who ask at these addresses in turn.
    pub fn begin(app: &TestApp, bases: &[String], clients: usize) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let client = Client {
            bases: bases.to_vec(),
            http,
            secret: app.webhook_secret("woolworths"),
            told: Arc::default(),
            taken: Arc::default(),
            is_over: Arc::default(),
        };
        let working = (0..clients).map(|number| tokio::spawn(client.clone().work(number)));
        let clients = working.collect();
        let Client { told, taken, is_over, .. } = client;
        Self { told, taken, is_over, clients }
    }

    /// How much was acknowledged so far.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Waits until so much more is acknowledged.
    pub async fn until_more(&self, more: usize, patience: Duration) {
        let wanted = self.taken() + more;
        let waiting = async {
            while self.taken() < wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(patience, waiting).await;
        assert!(waited.is_ok(), "nothing more is taken: {} of {wanted}", self.taken());
    }

    /// Waits until so much has not been taken.
    pub async fn until_refused(&self, so_often: usize, patience: Duration) {
        let waiting = async {
            while self.told.lock().unwrap().not_taken < so_often {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(patience, waiting).await.expect("something is refused");
    }

    /// Ends it; what was told.
    pub async fn end(self) -> Told {
        self.is_over.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

impl Client {
    async fn work(self, number: usize) {
        let mut turn = number;
        while !self.is_over.load(Ordering::SeqCst) {
            turn += 1;
            let member = Who::member();
            // A year brings a reward that the member chooses for, and others beside.
            let days = if turn.is_multiple_of(2) { 365 } else { 30 };
            if !self.set_out(&member, days).await {
                continue;
            }
            self.check(&member).await;
            if days == 365
                && let Some(reward) = self.to_be_chosen(&member).await
            {
                self.claim(&member, &reward).await;
            }
            self.notify().await;
        }
    }

    /// Asks until somebody takes it, or all is over: whoever answers, at the next door each time.
    async fn ask(&self, request: impl Fn(&str) -> reqwest::RequestBuilder) -> Option<Value> {
        for turn in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                return None;
            }
            let base = &self.bases[turn % self.bases.len()];
            if let Ok(answer) = request(base).send().await {
                let status = answer.status();
                if let (true, Ok(text)) = (status.is_success(), answer.text().await) {
                    self.taken.fetch_add(1, Ordering::SeqCst);
                    return Some(serde_json::from_str(&text).unwrap_or(Value::Null));
                }
                let is_final = status.is_client_error()
                    && ![StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
                assert!(!is_final, "{status}");
            }
            self.told.lock().unwrap().not_taken += 1;
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        None
    }

    fn note(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.told.lock().unwrap());
    }

    async fn set_out(&self, member: &Who, days: i64) -> bool {
        let today = real_now().with_timezone(&chrono_tz::Australia::Sydney).date_naive();
        let started_on = today - chrono::Duration::days(days);
        let journey = json!({ "started_on": started_on, "time_zone": "Australia/Sydney" });
        let (backend, path) =
            (Who::new(Role::Service).token(), format!("/api/members/{}/journey", member.sub));
        let taken = self.ask(|base| {
            let request = self.http.request(Method::PUT, format!("{base}{path}"));
            request.bearer_auth(backend.expose_secret()).json(&journey)
        });
        let is_taken = taken.await.is_some();
        if is_taken {
            self.note(|told| _ = told.journeys.insert(member.sub.to_string()));
        }
        is_taken
    }

    async fn check(&self, member: &Who) {
        let token = member.token();
        let checked = self.ask(|base| {
            let request = self.http.post(format!("{base}/api/rewards/check"));
            request.bearer_auth(token.expose_secret()).json(&json!({}))
        });
        let checked = checked.await.unwrap_or_default();
        let new = checked["newRewards"].as_array().cloned().unwrap_or_default();
        for reward in &new {
            let id = reward["rewardId"].as_str().unwrap().to_owned();
            self.note(|told| _ = told.reached.insert(id));
        }
    }

    /// The reward that the member may choose for, as soon as they see it at any door.
    async fn to_be_chosen(&self, member: &Who) -> Option<String> {
        let token = member.token();
        for base in self.bases.iter().cycle() {
            if self.is_over.load(Ordering::SeqCst) {
                return None;
            }
            let request = self.http.get(format!("{base}/api/rewards"));
            if let Ok(answer) = request.bearer_auth(token.expose_secret()).send().await
                && let Ok(seen) = answer.json::<Value>().await
                && let Some(rewards) = seen["rewards"].as_array()
                && let Some(open) = rewards.iter().find(|r| r["status"] == "awaiting_choice")
            {
                return open["id"].as_str().map(str::to_owned);
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        None
    }

    async fn claim(&self, member: &Who, reward: &str) {
        let token = member.token();
        let claimed = self.ask(|base| {
            let request = self.http.post(format!("{base}/api/rewards/{reward}/claim"));
            request.bearer_auth(token.expose_secret()).json(&json!({ "partnerId": "coles" }))
        });
        if claimed.await.is_some() {
            self.note(|told| _ = told.claimed.insert(reward.to_owned()));
        }
    }

    async fn notify(&self) {
        let id = format!("msg_{}", Uuid::new_v4().simple());
        let low = json!({ "float": "vouchers", "balance": "3.00", "threshold": "10.00" });
        let body = json!({ "type": "balance.low", "timestamp": real_now(), "data": low });
        let body = body.to_string();
        let taken = self.ask(|base| {
            let webhook = Webhook::with_id("woolworths", &self.secret, id.clone(), body.clone());
            webhook.request_at(base, &self.http)
        });
        if taken.await.is_some() {
            self.note(|told| _ = told.webhooks.insert(id));
        }
    }
}

/// What was acknowledged and is not in the log, or not once.
pub async fn lost(pool: &PgPool, told: &Told) -> Vec<String> {
    let mut lost = Vec::new();
    let checks = [
        (
            "journey",
            &told.journeys,
            "SELECT aggregate_id FROM events WHERE event_type = 'JourneyStarted'",
        ),
        (
            "reward",
            &told.reached,
            "SELECT aggregate_id FROM events WHERE event_type = 'MilestoneReached'",
        ),
        (
            "claim",
            &told.claimed,
            "SELECT DISTINCT aggregate_id FROM events WHERE event_type = 'PartnerChosen'
            AND payload->>'partner_id' = 'coles'",
        ),
        ("webhook", &told.webhooks, "SELECT external_id FROM public.inbox"),
    ];
    for (what, told, stored) in checks {
        let stored: Vec<String> = sqlx::query_scalar(stored).fetch_all(pool).await.unwrap();
        let once: BTreeSet<&String> = stored.iter().collect();
        if once.len() != stored.len() {
            lost.push(format!(
                "{what}: {} of {} are doubled",
                stored.len() - once.len(),
                stored.len()
            ));
        }
        let missing = told.iter().filter(|id| !once.contains(id));
        lost.extend(missing.map(|id| format!("{what} {id}: acknowledged and not stored")));
    }
    lost
}
