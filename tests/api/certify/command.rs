//! Does `anchor partner certify` say by its exit code whether a partner is certified, and send
//! nothing before it can sign?
//!
//! Rows: P7, P12, U5.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};

use anchor::access::Role;
use serde_json::{Value, json};
use tokio::process::Command;

use super::rig::{Rig, SECURITY_CODE, account_number};
use crate::support::{self, TestApp, Who, anchor};

/// A terminal with these variables.
struct Terminal {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Terminal {
    fn at(rig: &Rig) -> Self {
        let known = support::settings("woolworths", &rig.sandbox_url);
        let mut variables: BTreeMap<String, String> = known.into_iter().collect();
        variables.insert("ANCHOR_SEAL_KEY".to_owned(), "7".repeat(64));
        let folder = tempfile::tempdir().unwrap();
        let account = format!(
            "account_number = \"{}\"\nsecurity_code = \"{SECURITY_CODE}\"\n",
            account_number("woolworths")
        );
        std::fs::write(folder.path().join("account.toml"), account).unwrap();
        Self { folder, variables }
    }

    async fn certify(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anchor"));
        command.args(["partner", "certify"]).args(words).current_dir(self.folder.path());
        command.env_clear().envs(&self.variables).stdin(Stdio::null()).kill_on_drop(true);
        command.output().await.unwrap()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

fn text(output: &Output) -> String {
    let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    of(&output.stdout) + &of(&output.stderr)
}

/// An address that is free a moment later.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn calls(rig: &Rig) -> usize {
    let page = reqwest::get(&rig.sandbox_url).await.unwrap().text().await.unwrap();
    page.matches("POST /woolworths/oauth/token").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_partner_exits_0_with_a_report_that_verifies_and_a_bad_one_exits_1() {
    anchor::install_tls();
    let listen = free_address();
    let rig = Rig::open_telling("woolworths", &format!("http://{listen}")).await;
    let terminal = Terminal::at(&rig);
    let words = ["woolworths", "--listen", &listen, "--test-data", "account.toml"];
    let done =
        terminal.certify(&[&words[..], &["--report", "good.json", "--json"]].concat()).await;
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(told["certificate"]["passed"], json!(true), "{told}");
    assert_eq!(told["certificate"]["steps"]["statement_reconciled"], json!(true), "{told}");

    let signed: Value = read(&terminal.path("good.json"));
    let public_key = signed["public_key"].as_str().unwrap();
    let verify = ["--verify", "good.json", "--public-key", public_key];
    let verified = terminal.certify(&verify).await;
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    assert!(text(&verified).contains("Certified"), "{}", text(&verified));
    let forged = signed.to_string().replace("\\\"passed\\\":true", "\\\"passed\\\":false");
    assert_ne!(forged, signed.to_string());
    std::fs::write(terminal.path("forged.json"), forged).unwrap();
    let verified = terminal.certify(&["--verify", "forged.json"]).await;
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified));
    let other = ["--verify", "good.json", "--public-key", &"0".repeat(64)];
    assert_eq!(terminal.certify(&other).await.status.code(), Some(1));

    rig.fault("issue", json!({ "kind": "rate_limit" })).await;
    let done = terminal.certify(&[&words[..], &["--report", "bad.json"]].concat()).await;
    assert_eq!(done.status.code(), Some(1), "{}", text(&done));
    assert!(text(&done).contains("429 rate_limited"), "{}", text(&done));
    let verified = terminal.certify(&["--verify", "bad.json"]).await;
    assert_eq!(verified.status.code(), Some(0), "what failed is signed too");
    assert!(text(&verified).contains("Not certified"), "{}", text(&verified));
    for secret in [SECURITY_CODE, account_number("woolworths"), "client-secret"] {
        assert!(!text(&done).contains(secret), "{secret}");
    }
    rig.close().await;
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_to_sign_with_nothing_is_sent_and_the_variable_is_named() {
    anchor::install_tls();
    let rig = Rig::open("woolworths").await;
    let mut terminal = Terminal::at(&rig);
    for bad in [None, Some("7777"), Some("not a key at all")] {
        match bad {
            None => terminal.variables.remove("ANCHOR_SEAL_KEY"),
            Some(bad) => terminal.variables.insert("ANCHOR_SEAL_KEY".to_owned(), bad.to_owned()),
        };
        let done = terminal.certify(&["woolworths"]).await;
        assert_eq!(done.status.code(), Some(78), "{}", text(&done));
        assert!(text(&done).contains("ANCHOR_SEAL_KEY"), "{}", text(&done));
        assert!(bad.is_none_or(|bad| !text(&done).contains(bad)), "{}", text(&done));
    }
    terminal.variables.insert("ANCHOR_SEAL_KEY".to_owned(), "7".repeat(64));
    terminal.variables.remove("WOOLWORTHS_CLIENT_SECRET");
    let done = terminal.certify(&["woolworths"]).await;
    assert_eq!(done.status.code(), Some(78), "{}", text(&done));
    assert!(text(&done).contains("WOOLWORTHS_CLIENT_SECRET"), "{}", text(&done));
    for words in [&["woolworths", "--api-url", "http://shop.example/"][..], &[]] {
        let done = terminal.certify(words).await;
        assert_eq!(done.status.code(), Some(2), "{}", text(&done));
    }
    assert_eq!(calls(&rig).await, 0);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_somewhere_else_goes_live_by_its_certificate_which_is_on_record() {
    let real = "https://api.woolworths.example/v1";
    let app = TestApp::start_with(&[("WOOLWORTHS_API_URL", real)]).await;
    let listen = free_address();
    let rig = Rig::open_telling("woolworths", &format!("http://{listen}")).await;
    let terminal = Terminal::at(&rig);
    let path = |name: &str| terminal.path(name).display().to_string();
    let mut variables = app.variables.clone();
    variables.insert("ANCHOR_SEAL_KEY".to_owned(), "7".repeat(64));
    let api = format!("{}/woolworths", rig.sandbox_url);
    let (data, report) = (path("account.toml"), path("good.json"));
    let words = ["--json", "partner", "certify", "woolworths", "--api-url", &api];
    let more = ["--listen", &listen, "--test-data", &data, "--report", &report];
    let done = anchor(&variables, &[&words[..], &more].concat(), "").await;
    assert_eq!(done.code, 0, "{} {}", done.said, done.beside);
    let told: Value = serde_json::from_str(&done.said).unwrap();

    app.until_idle().await;
    let activity = "/api/activity?partner=woolworths&type=PartnerCertified";
    let recorded = app.get(&Who::new(Role::Support), activity).await;
    let recorded = recorded.body["activities"].as_array().unwrap().clone();
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    let details = &recorded[0]["details"];
    assert_eq!(details["key_id"], told["certificate"]["key_id"], "{details}");
    assert!(details["api"].as_str().unwrap().starts_with(&api), "{details}");

    let activate = ["partner", "activate", "woolworths", "--reason", "it keeps its promises"];
    let refused = anchor(&variables, &activate, "").await;
    assert_eq!(refused.code, 3, "{}", refused.beside);
    assert!(!refused.beside.contains("certified"), "{}", refused.beside);
    for step in [
        "data_sharing_agreement",
        "contract_and_funding",
        "support_contact",
        "security_attestation",
    ] {
        let words = ["partner", "attest", "woolworths", step, "--by", "Kim Lee"];
        let more = ["--on", "2026-11-20", "--document", "DSA-2026-4"];
        let attested = anchor(&variables, &[&words[..], &more].concat(), "").await;
        assert_eq!(attested.code, 0, "{step}: {}", attested.beside);
    }
    let unknown = ["partner", "attest", "woolworths", "all_of_it", "--by", "Kim Lee"];
    let more = ["--on", "2026-11-20", "--document", "DSA-2026-4"];
    let unknown = anchor(&variables, &[&unknown[..], &more].concat(), "").await;
    assert!(unknown.beside.contains("support_contact"), "{}", unknown.beside);
    let live = anchor(&variables, &activate, "").await;
    assert_eq!(live.code, 0, "{}", live.beside);
    app.until_idle().await;
    let shown = app.get(&Who::member(), "/api/partners/woolworths").await;
    assert_eq!(shown.body["status"], "active", "{shown:?}");
    rig.close().await;
    app.end().await;
}
