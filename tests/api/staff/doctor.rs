//! Does `anchor doctor` say what is wrong, in plain words, and nothing when nothing is?
//!
//! Rows: U5, U6, P12, W4.

use std::collections::BTreeMap;

use chrono::Duration;
use serde_json::Value;

use crate::support::{TestApp, Who, anchor};

async fn findings(variables: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let ended = anchor(variables, &["--json", "doctor"], "").await;
    let said: Value = serde_json::from_str(&ended.said).unwrap_or_else(|_| {
        panic!("{} {} {}", ended.code, ended.said, ended.beside);
    });
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let found: Vec<(String, String)> = said["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            assert!(!text(finding, "to_do").is_empty(), "{finding}");
            (text(finding, "code"), text(finding, "found"))
        })
        .collect();
    assert_eq!(ended.code, i32::from(!found.is_empty()), "{found:?}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_does_not_load_is_told_by_settings_address_credentials_and_status() {
    let app = TestApp::start().await;
    assert_eq!(findings(&app.variables).await, []);
    let mut variables = app.variables.clone();
    let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
    set("COLES_CLIENT_SECRET", "another-secret-than-the-partner-has");
    set("ALDI_API_URL", "http://127.0.0.1:9/aldi");
    set("KMART_CLIENT_ID", "");
    let suspend = ["partner", "suspend", "target", "--reason", "tested"];
    assert_eq!(anchor(&app.variables, &suspend, "").await.code, 0);
    app.until_idle().await;
    let found = findings(&variables).await;
    for (code, subject) in [
        ("partner_settings_bad", "KMART_CLIENT_ID"),
        ("partner_credentials_refused", "coles"),
        ("partner_not_reached", "aldi"),
        ("partner_not_active", "target"),
    ] {
        let is_told = found.iter().any(|(known, text)| known == code && text.contains(subject));
        assert!(is_told, "{code} of {subject}: {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(!format!("{found:?}").contains("another-secret"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reward_that_is_not_issued_and_a_webhook_that_is_not_taken_are_told_with_their_reason() {
    let app = TestApp::start().await;
    for partner in ["woolworths", "coles"] {
        let suspend = ["partner", "suspend", partner, "--reason", "tested"];
        assert_eq!(anchor(&app.variables, &suspend, "").await.code, 0);
    }
    app.until_idle().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until("it is reached", async || app.reward(&member, "month_1").await.is_some()).await;
    app.forward(Duration::minutes(15)).await;
    let url = format!("{}/api/webhooks/agl", app.base);
    let forged = app.http.post(url).header("webhook-id", "msg_1").body("{}");
    assert_eq!(forged.send().await.unwrap().status(), 401);
    let found = findings(&app.variables).await;
    for (code, subject) in [
        ("rewards_not_issued", "none of theirs is available"),
        ("webhooks_refused", "agl"),
        ("partner_not_active", "woolworths"),
    ] {
        let is_told = found.iter().any(|(known, text)| known == code && text.contains(subject));
        assert!(is_told, "{code} of {subject}: {found:?}");
    }
    app.end().await;
}
