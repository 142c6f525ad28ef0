//! Does a partner go live by its checklist alone, and issue nothing while it is not?
//!
//! Rows: P6, P7, R3, P9, P12, D1, D4, C4, U5.

use anchor::access::Role;
use anchor::config::Config;
use anchor::database;
use anchor::vault::Vault;
use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{TestApp, Who, anchor};

async fn turn(app: &TestApp, verb: &str, partner: &str) {
    let ended =
        anchor(&app.variables, &["partner", verb, partner, "--reason", "tested"], "").await;
    assert_eq!(ended.code, 0, "{verb}: {}", ended.beside);
    app.until_idle().await;
}

/// The events of a partner, as the activity log has them.
async fn activity(app: &TestApp, partner: &str) -> Vec<Value> {
    let path = format!("/api/activity?partner={partner}&limit=200");
    let answer = app.get(&Who::new(Role::Support), &path).await;
    answer.body["activities"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_partner_is_asked_by_nobody_also_when_the_read_model_is_behind() {
    let app = TestApp::start().await;
    turn(&app, "suspend", "woolworths").await;
    let scheduled = Who::member();
    app.set_out(&scheduled, 30).await;
    let reward = app.until_reward(&scheduled, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "coles");
    let choosing = Who::member();
    app.set_out(&choosing, 365).await;
    let choice = app.until_reward(&choosing, "year_1", "awaiting_choice").await;
    let path = format!("/api/rewards/{}/claim", choice["id"].as_str().unwrap());
    let claimed = app.post(&choosing, &path, json!({ "partnerId": "woolworths" })).await;
    assert_eq!((claimed.status, claimed.code()), (409, "partner_unavailable"), "{claimed:?}");

    turn(&app, "activate", "woolworths").await;
    // The read model stands still from here on: it goes on saying that the partner is active.
    let mut held = app.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM checkpoints WHERE name = 'partners' FOR UPDATE")
        .execute(&mut *held)
        .await
        .unwrap();
    let words = ["partner", "suspend", "woolworths", "--reason", "tested"];
    assert_eq!(anchor(&app.variables, &words, "").await.code, 0);
    let late = Who::member();
    app.set_out(&late, 30).await;
    let reward = app.until_reward(&late, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "coles", "the partner's own stream decides");
    held.rollback().await.unwrap();
    assert!(app.book().await.iter().all(|voucher| voucher["partner"] != "woolworths"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_surely_not_ordered_goes_elsewhere_and_what_may_have_been_waits() {
    let app = TestApp::start().await;
    let (deferred, unknown) = (Who::member(), Who::member());
    app.linked(&unknown, "agl", "1234567890").await;
    app.fault("woolworths", "rate_limit", 100).await;
    app.set_out(&deferred, 30).await;
    app.until("it is put off", async || has(&app, &deferred, "IssuanceDeferred").await).await;
    app.fault("agl", "error_500", 1).await;
    app.set_out(&unknown, 90).await;
    app.until("its outcome is unknown", async || {
        has(&app, &unknown, "IssuanceOutcomeUnknown").await
    })
    .await;
    turn_now(&app, ("suspend", "woolworths")).await;
    turn_now(&app, ("suspend", "agl")).await;
    app.forward(Duration::minutes(3)).await;
    let reward = app.until_reward(&deferred, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "coles");
    app.until("the partner knows of nothing", async || {
        let why = "SELECT count(*) FROM events
                     WHERE payload->>'why' = 'not_found_and_not_active'";
        sqlx::query_scalar::<_, i64>(why).fetch_one(&app.pool).await.unwrap() >= 1
    })
    .await;
    app.forward(Duration::minutes(3)).await;
    let waiting = app.reward(&unknown, "month_3").await.unwrap();
    assert_eq!(waiting["status"], "processing", "{waiting}");
    assert_eq!(app.credits().await.len(), 0, "nothing is ordered there, and nobody else is asked");

    turn_now(&app, ("activate", "agl")).await;
    app.forward(Duration::minutes(2)).await;
    let reward = app.until_reward(&unknown, "month_3", "redeemed").await;
    assert_eq!(reward["partner_used"], "agl", "the same order, once");
    assert_eq!(app.credits().await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_whose_partner_is_suspended_before_its_order_is_the_members_again() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 365).await;
    let choice = app.until_reward(&member, "year_1", "awaiting_choice").await;
    app.until_idle().await;
    // Whoever claims is told what the read model says, and that stands still.
    let mut held = app.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM checkpoints WHERE name = 'partners' FOR UPDATE")
        .execute(&mut *held)
        .await
        .unwrap();
    turn_now(&app, ("suspend", "woolworths")).await;
    let path = format!("/api/rewards/{}/claim", choice["id"].as_str().unwrap());
    let claimed = app.post(&member, &path, json!({ "partnerId": "woolworths" })).await;
    assert_eq!((claimed.status, claimed.code()), (409, "partner_unavailable"), "{claimed:?}");
    held.rollback().await.unwrap();
    app.until("it is on record", async || has(&app, &member, "ChoiceReopened").await).await;
    let reward = app.until_reward(&member, "year_1", "awaiting_choice").await;
    assert_eq!(reward["partner_used"], json!(null), "nobody chose for them: {reward}");
    let told = "SELECT count(*) FROM messages WHERE kind = 'choice_needed'";
    app.until("the member is told", async || {
        sqlx::query_scalar::<_, i64>(told).fetch_one(&app.pool).await.unwrap() == 1
    })
    .await;
    let other = app.post(&member, &path, json!({ "partnerId": "coles" })).await;
    assert_eq!(other.status, 200, "{other:?}");
    assert!(
        app.book().await.iter().all(|voucher| {
            voucher["partner"] != "woolworths" || voucher["amount"] != "200.00"
        })
    );
    app.finish().await;
}

async fn turn_now(app: &TestApp, (verb, partner): (&str, &str)) {
    let ended =
        anchor(&app.variables, &["partner", verb, partner, "--reason", "tested"], "").await;
    assert_eq!(ended.code, 0, "{verb}: {}", ended.beside);
}

async fn has(app: &TestApp, member: &Who, event: &str) -> bool {
    let path = format!("/api/activity?member={}&type={event}", member.sub);
    let answer = app.get(&Who::new(Role::Support), &path).await;
    !answer.body["activities"].as_array().unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_goes_live_by_its_checklist_and_each_step_is_on_record() {
    let app = TestApp::start_with(&[("COLES_API_URL", "https://api.coles.example/v1")]).await;
    let activate = ["partner", "activate", "coles", "--reason", "we would like to"];
    let refused = anchor(&app.variables, &activate, "").await;
    assert_eq!(refused.code, 3, "{}", refused.beside);
    for missing in ["certified", "webhook_verified", "data_sharing_agreement"] {
        assert!(refused.beside.contains(missing), "{}", refused.beside);
    }
    for (step, document) in [
        ("data_sharing_agreement", "DSA-2026-4"),
        ("contract_and_funding", "C-17"),
        ("support_contact", "C-17, page 3"),
        ("security_attestation", "SOC 2 of 2026"),
    ] {
        let by = ["--by", "Kim Quillfeather", "--on", "2026-11-20", "--document", document];
        let words: Vec<&str> =
            ["partner", "attest", "coles", step].into_iter().chain(by).collect();
        let attested = anchor(&app.variables, &words, "").await;
        assert_eq!(attested.code, 0, "{step}: {}", attested.beside);
    }
    let by = ["--by", "Kim Quillfeather", "--on", "2026-11-20", "--document", "x"];
    let words: Vec<&str> =
        ["partner", "attest", "coles", "certified"].into_iter().chain(by).collect();
    assert_eq!(
        anchor(&app.variables, &words, "").await.code,
        3,
        "no person attests what a machine sees"
    );
    let told = json!({ "partner": "coles", "type": "gift.wrapped", "data": { "gift": 1 } });
    app.control("tell", told).await;
    app.until("its webhook is a step", async || {
        let passed = activity(&app, "coles").await;
        passed.iter().any(|a| a["details"]["step"] == "webhook_verified")
    })
    .await;

    let shown = anchor(&app.variables, &["--json", "partner", "show", "coles"], "").await;
    let shown: Value = serde_json::from_str(&shown.said).unwrap();
    let steps = shown["onboarding"].as_array().unwrap();
    let passed: Vec<&str> = steps
        .iter()
        .filter(|step| step["passed"] == true)
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(passed.len(), 5, "{steps:?}");
    let attested = steps.iter().find(|step| step["step"] == "support_contact").unwrap();
    assert_eq!(attested["attested_by"], "Kim Quillfeather");
    assert_eq!(attested["evidence"], "C-17, page 3");
    let refused = anchor(&app.variables, &activate, "").await;
    assert!(refused.beside.contains("certified"), "{}", refused.beside);
    assert!(!refused.beside.contains("support_contact"), "{}", refused.beside);

    let events = activity(&app, "coles").await;
    let kinds: Vec<&str> = events.iter().map(|e| e["activity_type"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "OnboardingStepPassed").count(), 5);
    assert!(kinds.contains(&"PartnerRegistered"), "{kinds:?}");
    assert!(!json!(events).to_string().contains("Quillfeather"), "a name is for few eyes");
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.fault("woolworths", "refuse", 1).await;
    app.until("the only other partner is not asked", async || {
        has(&app, &member, "IssuanceRefused").await || has(&app, &member, "VoucherIssued").await
    })
    .await;
    assert!(app.book().await.iter().all(|voucher| voucher["partner"] != "coles"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_standard_input_rest_sealed_and_count_from_the_next_start() {
    let mut app = TestApp::start_lacking("coles").await;
    let listed = app.get(&Who::member(), "/api/partners/coles").await;
    assert_eq!(listed.body["available"], false, "{listed:?}");
    let bad = anchor(&app.variables, &["partner", "credentials", "coles"], "CLIENT_ID=us\n").await;
    assert_eq!(bad.code, 78, "{}", bad.beside);
    assert!(bad.beside.contains("COLES_CLIENT_SECRET"), "{}", bad.beside);
    let secret = "a-client-secret-from-standard-input";
    let typed = format!(
        "# of the grocer's sandbox\nAPI_URL={}/coles\nCLIENT_ID=anchor-coles\n\
         CLIENT_SECRET={secret}\nCOLES_WEBHOOK_SECRET=coles-webhook-secret-of-the-tests\n",
        app.sandbox_url
    );
    let kept = anchor(&app.variables, &["partner", "credentials", "coles"], &typed).await;
    assert_eq!(kept.code, 0, "{}", kept.beside);
    assert!(!kept.said.contains(secret) && !kept.beside.contains(secret));
    assert!(is_configured(&app, "coles").await, "what rests in the vault counts");
    app.restart().await;
    app.until_idle().await;
    let listed = app.get(&Who::member(), "/api/partners/coles").await;
    assert_eq!(listed.body["available"], true, "{listed:?}");
    let stored: Vec<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM keys.partner_secrets")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    let is_clear =
        |sealed: &Vec<u8>| sealed.windows(secret.len()).any(|part| part == secret.as_bytes());
    assert!(!stored.iter().any(is_clear));
    let events = json!(activity(&app, "coles").await).to_string();
    assert!(events.contains("PartnerCredentialsChanged") && !events.contains(secret));
    let forgotten =
        anchor(&app.variables, &["partner", "credentials", "coles", "--forget"], "").await;
    assert_eq!(forgotten.code, 0, "{}", forgotten.beside);
    assert!(!is_configured(&app, "coles").await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_gets_a_real_address_is_suspended_until_it_is_onboarded() {
    let mut app = TestApp::start().await;
    let real = "https://api.coles.example/v1".to_owned();
    let before = app.variables.insert("COLES_API_URL".to_owned(), real).unwrap();
    app.restart().await;
    app.until_idle().await;
    let coles = app.get(&Who::member(), "/api/partners/coles").await;
    assert_eq!(coles.body["status"], "suspended", "{coles:?}");
    let last = activity(&app, "coles").await.remove(0);
    assert_eq!(
        (&last["activity_type"], &last["details"]["why"]),
        (&json!("PartnerSuspended"), &json!("no_longer_sandboxed"))
    );
    let activate = ["partner", "activate", "coles", "--reason", "it is the same shop"];
    assert_eq!(anchor(&app.variables, &activate, "").await.code, 3, "its checklist is not done");
    app.variables.insert("COLES_API_URL".to_owned(), before);
    turn(&app, "activate", "coles").await;
    app.restart().await;
    let coles = app.get(&Who::member(), "/api/partners/coles").await;
    assert_eq!(coles.body["status"], "active", "no real value can flow again");
    app.finish().await;
}

async fn is_configured(app: &TestApp, partner: &str) -> bool {
    let listed = anchor(&app.variables, &["--json", "partner", "list"], "").await;
    assert_eq!(listed.code, 0, "{}", listed.beside);
    let listed: Value = serde_json::from_str(&listed.said).unwrap();
    let all = listed["partners"].as_array().unwrap();
    all.iter().find(|line| line["id"] == partner).unwrap()["configured"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_credentials_that_are_not_sound_any_more_are_a_fault_of_the_environment() {
    let app = TestApp::start_lacking("coles").await;
    let config = Config::read(&|name| app.variables.get(name).cloned()).unwrap();
    let keys = database::connect(&config.database_url, database::Role::Keys, 1).await.unwrap();
    let vault = Vault::open(keys, config.keyring).await.unwrap();
    let (coles, kept) = ("coles".parse().unwrap(), "CLIENT_ID=us".to_owned());
    vault.put_partner_secret(&coles, "credentials", &kept.into()).await.unwrap();
    for words in [&["partner", "list"][..], &["serve"]] {
        let ended = anchor(&app.variables, words, "").await;
        assert_eq!(ended.code, 78, "{words:?}: {}", ended.beside);
        assert!(ended.beside.contains("COLES_CLIENT_SECRET"), "{}", ended.beside);
    }
    let told = anchor(&app.variables, &["--json", "doctor"], "").await;
    assert!(told.said.contains("kept_credentials_unsound"), "{}", told.said);
    let forget = ["partner", "credentials", "coles", "--forget"];
    assert_eq!(anchor(&app.variables, &forget, "").await.code, 0, "it can be mended");
    assert!(!is_configured(&app, "coles").await);
    app.end().await;
}
