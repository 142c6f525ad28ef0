//! Is taken what others sign? The reference packages of Standard Webhooks from npm and from PyPI,
//! byte for byte; and partners whose files say another scheme.
//!
//! Rows: W2, W3, P1. Threats: T1, T2.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anchor::partners::settings::WebhookSecret;
use anchor::partners::signature::{Unsigned, WebhookScheme, headers};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{count, kinds_of_security_events};
use crate::support::{TestApp, Webhook};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/// Has a program that nobody here wrote sign these bodies.
fn signed_by(program: &[&str], id: &str, at: i64, bodies: &[Vec<u8>]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`cargo check-all` installs what is foreign");
    let bodies: Vec<String> = bodies.iter().map(|body| STANDARD.encode(body)).collect();
    let told = json!({ "secret": SECRET, "id": id, "at": at, "bodies": bodies });
    child.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success(), "`cargo check-all` installs what is foreign");
    serde_json::from_slice(&said.stdout).unwrap()
}

fn bodies() -> Vec<Vec<u8>> {
    let long = json!({ "type": "tea.spilled", "note": "ü😀".repeat(20 * 1024 / 6) });
    let bodies = [
        r#"{"type":"tea.spilled","note":"🫖 für zwei 👩‍👩‍👧"}"#.to_owned(),
        r#"{"type":"tea.poured","type":"tea.spilled","n":1,"n":2}"#.to_owned(),
        "{\"type\":\"tea.spilled\"}\n".to_owned(),
        " \r\n{ \"type\" : \"tea.spilled\" , \"n\": 1.0e2 }\t\n\n".to_owned(),
        long.to_string(),
    ];
    bodies.map(String::into_bytes).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_reference_packages_sign_is_taken_byte_for_byte() {
    let app = TestApp::start_with(&[("WOOLWORTHS_WEBHOOK_SECRET", SECRET)]).await;
    let (bodies, at) = (bodies(), anchor::clock::real_now().timestamp());
    let programs: [&[&str]; 2] = [&["node", "sign.mjs"], &[".venv/bin/python", "sign.py"]];
    for program in programs {
        let id = format!("msg_{}", program[0].trim_start_matches('.').replace('/', "-"));
        let signatures = signed_by(program, &id, at, &bodies);
        assert_eq!(signatures.len(), bodies.len());
        for (body, signature) in bodies.iter().zip(signatures) {
            let partner = "woolworths";
            let webhook = Webhook { partner, id: id.clone(), at, signature, body: body.clone() };
            assert_eq!(webhook.send(&app).await.status, 202, "{program:?}");
            let kept = "DELETE FROM inbox RETURNING body_digest";
            let kept: String = sqlx::query_scalar(kept).fetch_one(&app.pool).await.unwrap();
            assert_eq!(kept, digest(body), "byte for byte");
            let other = Webhook { body: [&body[..], b" "].concat(), ..webhook };
            assert_eq!(other.send(&app).await.status, 401, "{program:?}");
        }
    }
    app.end().await;
}

fn digest(body: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(body))
}

/// The partner's file with another scheme.
fn file(text: &str, scheme: &str) -> String {
    let changed = text.replace("scheme = \"standard_webhooks\"", scheme);
    assert_ne!(changed, text);
    changed
}

async fn knock(app: &TestApp, partner: &str, signed: &[(String, String)], body: &str) -> u16 {
    let url = format!("{}/api/webhooks/{partner}", app.base);
    let request = signed
        .iter()
        .fold(app.http.post(url), |request, (name, value)| request.header(name, value));
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_whose_files_name_another_scheme_are_heard_in_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let coles = include_str!("../../../src/partners/catalogue/coles.toml");
    let coles = file(coles, "scheme = \"github\"\nsignature_header = \"x-hub-signature-256\"");
    let aldi = include_str!("../../../src/partners/catalogue/aldi.toml");
    let aldi = file(
        aldi,
        "scheme = \"stripe\"\nsignature_header = \"stripe-signature\"\nid_field = \"id\"",
    );
    std::fs::write(folder.path().join("coles.toml"), coles).unwrap();
    std::fs::write(folder.path().join("aldi.toml"), aldi).unwrap();
    let folder = folder.path().display().to_string();
    let app = TestApp::start_with(&[("ANCHOR_PARTNERS_DIR", &folder)]).await;
    let low = json!({ "float": "F1", "balance": "10.00", "threshold": "50.00" });
    for partner in ["coles", "aldi"] {
        let told = json!({ "partner": partner, "type": "balance.low", "data": low });
        app.control("tell", told).await;
    }
    let told = "SELECT count(*) FROM events WHERE event_type = 'FloatLowReported'";
    app.until("both are heard", async || count(&app, told).await == 2).await;

    let scheme = WebhookScheme::Github {
        signature_header: "x-hub-signature-256".to_owned(),
        id_field: None,
    };
    let body = json!({ "type": "balance.low", "timestamp": "2026-11-24T03:00:00Z", "data": low });
    let body = body.to_string();
    let at = anchor::clock::real_now().timestamp();
    let unsigned = Unsigned { id: "msg_1", at, body: body.as_bytes() };
    let secret = WebhookSecret::raw(&app.webhook_secret("coles")).unwrap();
    let signed = headers(&scheme, &secret, &unsigned);
    let before = count(&app, "SELECT count(*) FROM inbox").await;
    for _ in 0..3 {
        assert_eq!(knock(&app, "coles", &signed, &body).await, 202);
    }
    // No header tells these from each other, and nothing that is not signed may.
    let renamed = [signed.clone(), vec![("x-github-delivery".into(), "another".into())]].concat();
    assert_eq!(knock(&app, "coles", &renamed, &body).await, 202);
    assert_eq!(count(&app, "SELECT count(*) FROM inbox").await, before + 1, "one, for ever");

    let standard = headers(&WebhookScheme::StandardWebhooks, &secret, &unsigned);
    for (partner, signed) in [("coles", &standard), ("aldi", &standard), ("woolworths", &signed)] {
        assert_eq!(knock(&app, partner, signed, &body).await, 401, "{partner}");
    }
    assert_eq!(knock(&app, "coles", &signed, &body.replace("10.00", "11.00")).await, 401);
    assert!(!kinds_of_security_events(&app).await.is_empty());
    app.finish().await;
}

#[test]
fn a_scheme_without_what_it_needs_stops_the_start_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let coles = include_str!("../../../src/partners/catalogue/coles.toml");
    let coles = file(coles, "scheme = \"github\"");
    std::fs::write(folder.path().join("coles.toml"), coles).unwrap();
    let folder = Value::from(folder.path().display().to_string());
    let variable = |name: &str| {
        (name == "ANCHOR_PARTNERS_DIR").then(|| folder.as_str().unwrap_or_default().to_owned())
    };
    let problems = anchor::config::Config::read(&variable).unwrap_err().to_string();
    assert!(problems.contains("coles.toml, line 36: this scheme needs"), "{problems}");
}
