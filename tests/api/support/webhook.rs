//! How does a test speak as a partner? By a webhook, signed, or signed wrongly on purpose.

use anchor::partners::settings::WebhookSecret;
use anchor::partners::signature::sign;
use serde_json::Value;
use uuid::Uuid;

use super::{Answer, TestApp};

/// A webhook, before it is sent.
#[derive(Clone)]
pub struct Webhook {
    /// Whose address it goes to.
    pub partner: &'static str,
    /// Its id.
    pub id: String,
    /// Its time, in seconds since 1970.
    pub at: i64,
    /// The header.
    pub signature: String,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Webhook {
    /// A new one, signed now.
    pub fn new(partner: &'static str, secret: &str, body: impl Into<Vec<u8>>) -> Self {
        let id = format!("msg_{}", Uuid::new_v4().simple());
        Self::with_id(partner, secret, id, body)
    }

    /// With an id that was used before, perhaps.
    pub fn with_id(
        partner: &'static str,
        secret: &str,
        id: String,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self::at(partner, secret, (id, anchor::clock::real_now().timestamp()), body)
    }

    /// Of another time.
    pub fn at(
        partner: &'static str,
        secret: &str,
        (id, at): (String, i64),
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let (secret, body) = (WebhookSecret::parse(secret).unwrap(), body.into());
        let signature = sign(&secret, &id, at, &body);
        Self { partner, id, at, signature, body }
    }

    /// Sends it.
    pub async fn send(&self, app: &TestApp) -> Answer {
        TestApp::answer(self.request(app, &app.http).send().await.unwrap()).await
    }

    /// The request, before it leaves.
    pub fn request(&self, app: &TestApp, http: &reqwest::Client) -> reqwest::RequestBuilder {
        self.request_at(&app.base, http)
    }

    /// The same, to somebody else's address.
    pub fn request_at(&self, base: &str, http: &reqwest::Client) -> reqwest::RequestBuilder {
        http.post(format!("{base}/api/webhooks/{}", self.partner))
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", self.at.to_string())
            .header("webhook-signature", &self.signature)
            .body(self.body.clone())
    }
}

impl TestApp {
    /// What a partner signs with.
    pub fn webhook_secret(&self, partner: &str) -> String {
        self.variables[&format!("{}_WEBHOOK_SECRET", partner.to_uppercase())].clone()
    }

    /// Sends a webhook as it should be.
    pub async fn webhook(&self, partner: &'static str, body: &Value) -> Answer {
        Webhook::new(partner, &self.webhook_secret(partner), body.to_string()).send(self).await
    }
}
