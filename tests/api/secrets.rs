//! Where do secrets and personal data end up? Nowhere in a dump, nowhere in the logs.
//!
//! The program runs as in production but with everything it can log switched on; then the database
//! is dumped, and both texts are searched for everything that was put in and everything that came
//! out, as it is, in hexadecimal and in base64.
//!
//! Rows: C4, C2, P9, U6. Cases: C9, I8. Threats: T12, T15.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anchor::access::Role;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::messages::{Mailbox, Receiver, somebody, until_message};
use crate::support::{TestApp, Who};

const EMAIL: &str = "quokka.rottnest@members.example";
const NAME: &str = "Quokka Rottnest";
const MAIL_PASSWORD: &str = "tawny-frogmouth-at-the-mail-server";
const STAFF: &str = "bilby.burrow@staff.example";
const SPILLED: &str = "a-marker-in-a-webhook-that-nobody-knows";

/// Everything that must not be found, with what it is.
type Secrets = BTreeMap<String, String>;

fn serve(variables: &BTreeMap<String, String>, address: &str, log: File) -> Child {
    Command::new(env!("CARGO_BIN_EXE_anchor"))
        .arg("serve")
        .env_clear()
        .envs(variables)
        .env("ANCHOR_LISTEN", address)
        .env("ANCHOR_LOG_FORMAT", "json")
        .env("RUST_LOG", "trace")
        .stdout(log.try_clone().unwrap())
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap()
}

fn dump(database: &str) -> String {
    let programs = anchor::postgres::binaries::find().unwrap();
    let output = Command::new(programs.join("pg_dump")).arg(database).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Does everything in which a secret or a person's data takes part; answers what must stay hidden.
async fn use_it(app: &TestApp, secrets: &mut Secrets) {
    let (member, service) = (Who::member(), Who::new(Role::Service));
    let path = format!("/api/members/{}/contact", member.sub);
    let contact = json!({ "email": EMAIL, "name": NAME, "locale": "en-AU" });
    assert_eq!(app.ask(&service, Method::PUT, &path, Some(contact)).await.status, 200);
    app.set_out(&member, 365).await;
    let chosen = app.until_reward(&member, "year_1", "awaiting_choice").await;
    let claim = format!("{}/api/rewards/{}/claim", app.base, chosen["id"].as_str().unwrap());
    let token = member.token();
    for _ in 0..2 {
        let claim = app.http.post(&claim).bearer_auth(token.expose_secret());
        let claim = claim.header("idempotency-key", "once").json(&json!({ "partnerId": "coles" }));
        assert!(claim.send().await.unwrap().status().is_success());
    }
    secrets.insert(token.expose_secret().to_owned(), "a bearer token".into());
    for milestone in ["month_1", "year_1"] {
        let reward = app.until_reward(&member, milestone, "issued").await;
        let reveal = format!("/api/rewards/{}/reveal", reward["id"].as_str().unwrap());
        let revealed = app.post(&member, &reveal, json!({})).await;
        for field in ["code", "pin", "barcode"] {
            let secret = revealed.body[field].as_str().unwrap_or_else(|| panic!("{field}"));
            secrets.insert(secret.to_owned(), format!("a voucher's {field}"));
        }
        app.redeem(&reward, "1.00").await;
        app.until_reward(&member, milestone, "partly_redeemed").await;
    }
    let journey = app.leave_for(&member, "agl").await;
    let back = app.agree_there(&journey, ("31415926", "OWL-77")).await;
    for (name, value) in back.query_pairs().filter(|(name, _)| name == "code" || name == "state") {
        secrets.insert(value.into_owned(), format!("a link's {name}"));
    }
    assert_eq!(app.come_back(&member, &back).await.status, 200);
    let cookie = journey.cookie.split_once('=').unwrap().1.to_owned();
    secrets.insert(cookie, "what a browser was given".into());
    secrets.insert("sbx_member_".to_owned(), "how a member's token begins".into());
    secrets.insert("31415926".to_owned(), "an account number".into());
    let spill = json!({ "type": "tea.spilled", "data": { "note": SPILLED } });
    app.webhook("woolworths", &spill).await;
    let wrong = json!({ "email": EMAIL, "surname": NAME });
    assert_eq!(app.ask(&service, Method::PUT, &path, Some(wrong)).await.status, 422);
    let lost = format!("/api/rewards?{}", EMAIL.replace('@', "="));
    assert_eq!(app.get(&member, &lost).await.status, 400);
    let receiver = Receiver::start().await;
    let wish = json!({ "url": receiver.url });
    let entered = app.post(&Who::new(Role::Admin), "/api/outgoing-webhooks", wish).await;
    let secret = entered.body["secret"].as_str().unwrap().to_owned();
    secrets.insert(secret.trim_start_matches("whsec_").to_owned(), "what signs notices".into());
    let awake = somebody(app, Some(EMAIL), 12, 30).await;
    until_message(app, &awake, "issued", "sent").await;
    app.until("a notice came", async || receiver.count("reward.issued") >= 1).await;
    receiver.stop().await;
    app.until_idle().await;
}

fn what_is_known_before(app: &TestApp) -> Secrets {
    let mut secrets = Secrets::new();
    for (name, value) in &app.variables {
        if name.contains("SECRET") || name.contains("ENCRYPTION_KEY") {
            secrets.insert(value.clone(), name.clone());
        }
    }
    secrets.insert(EMAIL.into(), "an e-mail address".into());
    secrets.insert(NAME.into(), "a name".into());
    secrets.insert(MAIL_PASSWORD.into(), "the mail server's password".into());
    secrets.insert(STAFF.into(), "an address of support's".into());
    secrets.insert(SPILLED.into(), "a webhook's body".into());
    secrets.insert("redemption_id\\\":".into(), "a webhook's body, quoted".into());
    secrets.insert("sbx_".into(), "a partner's token".into());
    secrets
}

/// How a secret may look. Four digits are in any timestamp: short ones count as whole values.
fn forms_of(secret: &str) -> Vec<String> {
    if secret.len() <= 6 {
        return ["\"", "'", "\t", " "].map(|edge| format!("{edge}{secret}{edge}")).to_vec();
    }
    let mut forms = vec![secret.to_owned(), hex::encode(secret)];
    for encoded in [STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)] {
        // Without the end, which depends on what follows.
        forms.push(encoded.trim_end_matches('=')[..encoded.len() - 4].to_owned());
    }
    forms
}

fn assert_hidden(place: &str, text: &str, secrets: &Secrets) {
    for (secret, what) in secrets {
        for form in forms_of(secret) {
            let line = text.lines().find(|line| line.contains(&form));
            assert!(line.is_none(), "{what} is in {place}: {}", line.unwrap_or_default());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_and_the_logs_at_their_most_talkative_hold_no_secret() {
    let mailbox = Mailbox::open_at(0, Some(("anchor", MAIL_PASSWORD)));
    let mail = format!("smtp://anchor:{MAIL_PASSWORD}@127.0.0.1:{}", mailbox.port);
    let further = [("SMTP_URL", mail.as_str()), ("ANCHOR_SUPPORT_EMAIL", STAFF)];
    let mut app = TestApp::start_with(&further).await;
    app.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let address = app.base.strip_prefix("http://").unwrap().to_owned();
    let mut server = serve(&app.variables, &address, File::create(&log).unwrap());
    app.until_ready().await;

    let mut secrets = what_is_known_before(&app);
    use_it(&app, &mut secrets).await;

    kill(Pid::from_raw(server.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    let status = tokio::task::spawn_blocking(move || server.wait().unwrap()).await.unwrap();
    assert!(status.success(), "it stops in order: {status}");
    let logged = read_log(&log);
    assert!(logged.contains("a milestone was reached"), "the log is one");
    assert_hidden("the logs", &logged, &secrets);
    let dumped = dump(&app.variables["DATABASE_URL"]);
    assert!(dumped.contains("VoucherIssued"), "the dump is one");
    assert_hidden("the dump", &dumped, &secrets);
    app.end().await;
}

fn read_log(log: &Path) -> String {
    let logged = std::fs::read_to_string(log).unwrap();
    for line in logged.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "one object a line: {line}");
    }
    logged
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_can_be_found_in_the_dump_only_by_who_has_the_key() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    let sealed: Vec<Value> = sqlx::query_scalar(
        "SELECT payload::jsonb -> 'code' FROM events WHERE event_type = 'VoucherIssued'",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert!(sealed.len() == 1 && !sealed[0].is_null(), "{sealed:?}");
    let readable: bool = sqlx::query_scalar(
        "SELECT has_schema_privilege('anchor_app', 'keys', 'USAGE')
             OR has_schema_privilege('anchor_read', 'keys', 'USAGE')",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert!(!readable, "keys are for the role of keys alone");
    app.finish().await;
}
