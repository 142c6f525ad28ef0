//! What does a server need that is asked by a bench? An environment, and somebody's token.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};

use anchor::access::{NewToken, Role, mint};
use anchor::config::Config;
use anchor::partners::settings::WebhookSecret;
use anchor::partners::signature::sign;
use anchor::startup::{Application, Parts};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use uuid::Uuid;

use super::filled_log::member;

const JWT_SECRET: &str = "a-secret-of-the-bench-that-is-long-enough-0123";
const ISSUER: &str = "http://127.0.0.1:54321";
const WEBHOOK_SECRET: &str = "a-secret-of-the-bench-for-webhooks";

/// A server without workers.
pub struct Edge {
    pub application: Application,
    pub address: SocketAddr,
}

impl Edge {
    pub async fn start(url: &SecretString) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let variables = variables(url, address);
        let config = Config::read(&|name| variables.get(name).cloned()).unwrap();
        let parts = Parts { server: true, workers: false };
        let application = Application::start(config, parts, listener).await.unwrap();
        Self { application, address }
    }

    pub async fn stop(self) {
        self.application.stop().await;
    }
}

pub async fn statement(pool: &PgPool, statement: &str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

fn variables(url: &SecretString, address: SocketAddr) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("DATABASE_URL", url.expose_secret().to_owned()),
        ("ENCRYPTION_KEY", "5a".repeat(32)),
        ("SUPABASE_URL", ISSUER.to_owned()),
        ("SUPABASE_JWT_SECRET", JWT_SECRET.to_owned()),
        ("ANCHOR_PUBLIC_URL", format!("http://{address}")),
        ("WOOLWORTHS_API_URL", "http://127.0.0.1:9".to_owned()),
        ("WOOLWORTHS_CLIENT_ID", "bench".to_owned()),
        ("WOOLWORTHS_CLIENT_SECRET", "a-secret-that-nobody-asks-for".to_owned()),
        ("WOOLWORTHS_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
    ])
}

/// A member's own question, as a phone would send it.
pub fn question(n: u64) -> Vec<u8> {
    let order = NewToken {
        sub: member(n).0,
        role: Role::Member,
        partner_id: None,
        has_second_factor: false,
        ttl: chrono::Duration::hours(8),
    };
    let token = mint(&SecretString::from(JWT_SECRET), &ISSUER.parse().unwrap(), &order).unwrap();
    format!(
        "GET /api/rewards HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n",
        token.expose_secret()
    )
    .into_bytes()
}

/// A voucher was spent, signed just now.
pub fn webhook() -> Vec<u8> {
    let id = format!("msg_{}", Uuid::new_v4().simple());
    let now = anchor::clock::real_now();
    let body = serde_json::json!({
        "type": "voucher.redeemed", "timestamp": now,
        "data": { "voucher_id": "WO000001731", "amount": "12.50", "remaining": "7.50",
                  "redeemed_at": now, "redemption_id": id },
    })
    .to_string();
    let secret = WebhookSecret::parse(WEBHOOK_SECRET).unwrap();
    let signature = sign(&secret, &id, now.timestamp(), body.as_bytes());
    let (length, at) = (body.len(), now.timestamp());
    format!(
        "POST /api/webhooks/woolworths HTTP/1.1\r\nhost: bench\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nwebhook-id: {id}\r\n\
         webhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\n\r\n{body}"
    )
    .into_bytes()
}
