//! A partner at a real socket: gives tokens, and to everything else the answer it was told to.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::partner::Product;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;
use test_database::TestDatabase;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::partners::catalogue::{Catalogue, CatalogueEntry};
use crate::partners::oauth::Linking;
use crate::partners::partner::{Order, Partner};
use crate::partners::protocols::speak;
use crate::partners::settings::{PartnerSettings, WebhookSecret};
use crate::vault::{Keyring, Vault};

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Came {
    /// Its first line.
    pub line: String,
    /// Its headers, names in small letters.
    pub head: String,
    /// Its body.
    pub body: String,
}

/// What to answer, and what came.
#[derive(Clone, Default)]
pub struct Desk {
    answer: Arc<Mutex<Vec<u8>>>,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Desk {
    /// Answers this from now on.
    pub fn answer(&self, bytes: Vec<u8>) {
        *self.answer.lock().unwrap() = bytes;
    }

    /// What came since the last time, tokens aside.
    pub fn came(&self) -> Vec<Came> {
        let mut came = std::mem::take(&mut *self.came.lock().unwrap());
        came.retain(|came| !came.line.contains("/oauth/token"));
        came
    }
}

/// Every partner of the catalogue, at one socket.
pub struct Everybody {
    /// What is answered.
    pub desk: Desk,
    /// All of them.
    pub catalogue: Catalogue,
    base: String,
    vault: Vault,
    pool: PgPool,
    database: TestDatabase,
}

impl Everybody {
    /// Opens the socket.
    pub async fn open() -> Self {
        crate::install_tls();
        let database = TestDatabase::create().await;
        let pool = PgPool::connect(database.url.expose_secret()).await.unwrap();
        let keyring = Keyring::parse(&SecretString::from("5a".repeat(32)), &[]).unwrap();
        let keys = crate::database::connect(&database.url, crate::database::Role::Keys, 2);
        let vault = Vault::open(keys.await.unwrap(), keyring).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let desk = Desk::default();
        tokio::spawn(serve(listener, desk.clone()));
        let catalogue = Catalogue::built_in().unwrap();
        Self { desk, catalogue, base, vault, pool, database }
    }

    /// How its members link accounts.
    pub fn linking(&self, entry: &CatalogueEntry) -> Linking {
        let offer = entry.oauth().unwrap().clone();
        let ways = (crate::partners::client().unwrap(), self.vault.clone());
        Linking::new(entry.id().clone(), offer, settings(&self.base, entry), ways).unwrap()
    }

    /// One of them, as it is called.
    pub fn caller(&self, entry: &CatalogueEntry) -> Arc<dyn Partner> {
        self.caller_at(&self.base, entry, crate::partners::client().unwrap())
    }

    /// One of them, when it is at another address, called by this client.
    pub fn caller_at(
        &self,
        base: &str,
        entry: &CatalogueEntry,
        http: reqwest::Client,
    ) -> Arc<dyn Partner> {
        speak(entry, settings(base, entry), http, self.vault.clone()).unwrap()
    }

    /// Has this partner's token be there already.
    pub async fn give_token(&self, entry: &CatalogueEntry) {
        let token = json!({ "value": "t", "ends_at": "2200-01-01T00:00:00Z" }).to_string();
        let name = "client_credentials_token";
        self.vault.put_partner_secret(entry.id(), name, &token.into()).await.unwrap();
    }

    /// Gives the database back.
    pub async fn close(self) {
        self.pool.close().await;
        self.database.drop().await;
    }
}

fn settings(base: &str, entry: &CatalogueEntry) -> PartnerSettings {
    PartnerSettings {
        api_url: format!("{base}/{}", entry.id()).parse().unwrap(),
        client_id: "us".to_owned(),
        client_secret: SecretString::from("our-secret"),
        webhook_secrets: vec![WebhookSecret::parse("a-secret-of-the-suite-for-all").unwrap()],
        redirect_uri: "https://anchor.example/callback".parse().unwrap(),
    }
}

async fn serve(listener: TcpListener, desk: Desk) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(converse(socket, desk.clone()));
    }
}

async fn converse(mut socket: TcpStream, desk: Desk) {
    let Some(came) = read(&mut socket).await else { return };
    let bytes = if came.line.contains("/oauth/token") {
        let token = json!({ "access_token": "t", "token_type": "Bearer", "expires_in": 3600 });
        response("200 OK", &token)
    } else {
        desk.answer.lock().unwrap().clone()
    };
    desk.came.lock().unwrap().push(came);
    socket.write_all(&bytes).await.ok();
    socket.shutdown().await.ok();
}

/// The next request; none when the other side hangs up before it is whole.
pub async fn read(socket: &mut (impl AsyncRead + Unpin)) -> Option<Came> {
    let mut seen = Vec::new();
    let mut buffer = [0_u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if body.len() >= length {
                let line = text.lines().next().unwrap_or_default().to_owned();
                return Some(Came { line, head, body: body.to_owned() });
            }
        }
        let read = socket.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        seen.extend_from_slice(&buffer[..read]);
    }
}

/// A whole JSON answer.
pub fn response(status: &str, body: &Value) -> Vec<u8> {
    response_of(status, "application/json", &body.to_string())
}

/// A whole answer of any kind.
pub fn response_of(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nretry-after: 7\r\n");
    format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

/// An order of this product.
pub fn order_of(product: &Product) -> Order {
    Order {
        idempotency_key: Uuid::from_u128(7),
        reference: "MFRGGZDFMZTWQ2LK".to_owned(),
        product: product.id.clone(),
        kind: product.kind,
        amount: "20.00".parse().unwrap(),
        currency: "AUD".parse().unwrap(),
        account: (product.kind == domain::reward::ValueKind::Credit)
            .then(|| SecretString::from("12345678903")),
    }
}

/// The yes that this order should get: a voucher and a credit at once.
pub fn yes_to(order: &Order) -> Value {
    json!({
        "voucher_id": "V1", "credit_id": "C1", "reference": order.reference,
        "product": order.product, "code": "ABCD-EFGH-JKLM", "pin": "1234", "barcode": null,
        "amount": order.amount, "currency": order.currency, "remaining": order.amount,
        "expires_on": "2029-11-24", "issued_at": "2026-11-24T03:00:00Z",
        "accepted_at": "2026-11-24T03:00:00Z", "state": "accepted",
    })
}

/// Soon enough for a test.
pub fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}
