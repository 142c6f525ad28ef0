//! The sandbox as one partner, and somewhere for its webhooks to go.

use std::time::Duration;

use anchor::conformance::{Kit, Listener, Patience, Report, run};
use anchor::partners::settings::{self, PartnerSettings};
use anchor::partners::{AccountClaim, Catalogue, CatalogueEntry};
use anchor::sandbox::{Running, Sandbox, SandboxConfig};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::support;

/// A machine with much to do is not a slow partner.
const PATIENCE: Patience = Patience {
    in_time: Duration::from_secs(5),
    answer: Duration::from_secs(8),
    webhooks: Duration::from_secs(30),
};
/// The code that goes with the account for trying.
pub const SECURITY_CODE: &str = "7731-the-code";

/// A number of the right form at this partner.
pub fn account_number(partner: &str) -> &'static str {
    match partner {
        "agl" => "12345678903",
        "opal" => "3085220012345670",
        "woolworths" => "6280111122223333444",
        _ => "0",
    }
}

/// One partner at the sandbox.
pub struct Rig {
    pub entry: CatalogueEntry,
    pub settings: PartnerSettings,
    pub sandbox_url: String,
    sandbox: Running,
    listener: Option<Listener>,
    book: tempfile::TempDir,
}

impl Rig {
    /// Has the sandbox act as this partner, and its webhooks come to the kit.
    pub async fn open(partner: &str) -> Self {
        anchor::install_tls();
        let listener = Listener::open("127.0.0.1:0".parse().unwrap()).unwrap();
        let webhooks_to = format!("http://{}", listener.address());
        let mut rig = Self::open_telling(partner, &webhooks_to).await;
        rig.listener = Some(listener);
        rig
    }

    /// The same, its webhooks going elsewhere.
    pub async fn open_telling(partner: &str, webhooks_to: &str) -> Self {
        let catalogue = Catalogue::built_in().unwrap();
        let entry = catalogue.get(&partner.parse().unwrap()).unwrap().clone();
        let book = tempfile::tempdir().unwrap();
        let acting = |url: &str| {
            let known = support::settings(partner, url);
            let variable = |name: &str| {
                known.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            };
            let anywhere = Url::parse("http://127.0.0.1/").unwrap();
            settings::of(&entry, &anywhere, &variable).unwrap()
        };
        let partners = [(entry.id().clone(), acting("http://127.0.0.1:1"))].into();
        let config = SandboxConfig::acting_as(&catalogue, &partners)
            .keeping_book_in(book.path().to_owned())
            .sending_webhooks_to(Some(webhooks_to.parse().unwrap()))
            .telling_of_issuing();
        let sandbox = Sandbox::start(config).await.unwrap();
        let sandbox_url = format!("http://{}", sandbox.address);
        let settings = acting(&sandbox_url);
        Self { entry, settings, sandbox_url, sandbox, listener: None, book }
    }

    /// Has something go wrong.
    pub async fn fault(&self, operation: &str, fault: Value) {
        let partner = self.entry.id();
        let body = json!({ "partner": partner, "operation": operation, "faults": [fault] });
        let url = format!("{}/control/faults", self.sandbox_url);
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{body}");
    }

    /// What the sandbox really gave.
    pub async fn book(&self) -> Value {
        let url = format!("{}/control/book", self.sandbox_url);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// The lines of the sandbox's own book: with codes, which its desk never shows.
    pub fn given(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.book.path().join("book.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Tries the partner.
    pub async fn tried(&mut self) -> Report {
        let number = SecretString::from(account_number(self.entry.id().as_str()));
        let security_code = Some(SecretString::from(SECURITY_CODE));
        self.tried_with(Some(AccountClaim { number, security_code, grant: None })).await
    }

    /// Tries the partner with this account, or with none.
    pub async fn tried_with(&mut self, account: Option<AccountClaim>) -> Report {
        let kit = Kit {
            entry: &self.entry,
            settings: &self.settings,
            account,
            listener: self.listener.take(),
            patience: PATIENCE,
        };
        run(kit, &|_| {}).await.unwrap()
    }

    /// Closes the sandbox.
    pub async fn close(self) {
        self.sandbox.stop().await;
    }
}
