//! Can the key that wraps every other key be changed while rewards are issued, without an error?
//!
//! In the order that `anchor keys --help` gives, with one instance before and one after the swap;
//! then every start with the wrong keys, which ends at once and names the one that is missing.
//!
//! Rows: P9, P12, C4, R2, U5. Cases: C26, I1, I2.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::process::Stdio;

use anchor::access::Role;
use anchor::config::Config;
use anchor::database;
use anchor::startup::{Application, Parts};
use anchor::vault::{Keyring, rotation};
use futures::future::join_all;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::support::{Doors, TestApp, Who};

const MEMBERS: usize = 50;
const PRESENT: &str = "ENCRYPTION_KEY";
const PREVIOUS: &str = "ENCRYPTION_KEY_PREVIOUS";

fn key(byte: &str) -> String {
    byte.repeat(32)
}

fn id_of(key: &str) -> String {
    hex::encode(&Sha256::digest(hex::decode(key).unwrap())[..4])
}

fn given(app: &TestApp, present: &str, previous: &str) -> BTreeMap<String, String> {
    let mut variables = app.variables.clone();
    variables.insert(PRESENT.to_owned(), present.to_owned());
    variables.insert(PREVIOUS.to_owned(), previous.to_owned());
    variables
}

/// How the program ended: its code, and what it said on both outputs.
struct Ended {
    code: Option<i32>,
    out: String,
    said: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{} {}", self.out, self.said))
    }
}

async fn anchor(words: &[&str], variables: &BTreeMap<String, String>) -> Ended {
    let ended = Command::new(env!("CARGO_BIN_EXE_anchor"))
        .args(words)
        .env_clear()
        .envs(variables)
        .env("ANCHOR_LISTEN", "127.0.0.1:0")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: ended.status.code(), out: text(ended.stdout), said: text(ended.stderr) }
}

async fn count(app: &TestApp, kinds: &[&str]) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = ANY($1)")
        .bind(kinds)
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// An instance on the same database whose keys are these.
async fn beside(app: &TestApp, present: &str, previous: &str) -> (Application, String) {
    let variables = given(app, present, previous);
    let config = Config::read(&|name| variables.get(name).cloned()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let parts = Parts { server: true, workers: true };
    (Application::start(config, parts, listener).await.unwrap(), base)
}

/// Members with an address on file, so that each has a key from before the change.
async fn known_members(app: &TestApp) -> Vec<Who> {
    let members: Vec<Who> = (0..MEMBERS).map(|_| Who::member()).collect();
    let service = Who::new(Role::Service);
    for member in &members {
        let path = format!("/api/members/{}/contact", member.sub);
        let contact = json!({ "email": "quoll@members.example", "locale": "en-AU" });
        assert_eq!(app.ask(&service, Method::PUT, &path, Some(contact)).await.status, 200);
    }
    members
}

async fn set_out(app: &TestApp, members: &[Who]) {
    let all = join_all(members.iter().map(|member| app.set_out(member, 30))).await;
    assert!(all.iter().all(|answer| answer.status == 200), "{all:?}");
}

/// Every owner sees their own code, and the partner's book has just these vouchers.
async fn assert_all_revealed(app: &TestApp, members: &[Who]) {
    let mut seen = BTreeSet::new();
    for member in members {
        let reward = app.until_reward(member, "month_1", "issued").await;
        let path = format!("/api/rewards/{}/reveal", reward["id"].as_str().unwrap());
        let revealed = app.post(member, &path, json!({})).await;
        assert_eq!(revealed.status, 200, "{revealed:?}");
        assert!(revealed.body["code"].as_str().is_some_and(|code| !code.is_empty()));
        seen.insert(reward["distribution_details"]["voucherId"].as_str().unwrap().to_owned());
    }
    let book = app.book().await;
    let id = |voucher: &Value| voucher["partner_ref"].as_str().unwrap().to_owned();
    assert_eq!(book.len(), MEMBERS, "one voucher each");
    assert_eq!(seen, book.iter().map(id).collect::<BTreeSet<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_changed_while_fifty_vouchers_are_issued_and_nothing_is_lost() {
    let (old, new) = (key("0d"), key("9e"));
    // Step 1 is done: the new key is known here, and the old one wraps.
    let mut app = TestApp::start_with(&[(PRESENT, &old), (PREVIOUS, &new)]).await;
    let members = known_members(&app).await;
    let slow = json!([{ "kind": "slow", "times": MEMBERS, "delay_ms": 1_500 }]);
    let slow = json!({ "partner": "woolworths", "operation": "issue", "faults": slow });
    app.control("faults", slow).await;

    set_out(&app, &members[..MEMBERS / 2]).await;
    app.until("the first have been ordered", async || {
        count(&app, &["IssuanceRequested"]).await > 0
    })
    .await;
    // Step 2: swapped at the second instance, not yet at the first.
    let (second, base) = beside(&app, &new, &old).await;
    app.doors = Doors::new(vec![app.base.clone(), base.clone()]);
    set_out(&app, &members[MEMBERS / 2..]).await;
    // Step 3, as `anchor keys rotate` does it.
    let url = SecretString::from(app.variables["DATABASE_URL"].clone());
    let keys = database::connect(&url, database::Role::Keys, 2).await.unwrap();
    let previous = [SecretString::from(old.clone())];
    let ring = Keyring::parse(&SecretString::from(new.clone()), &previous).unwrap();
    let done = rotation::rewrap(&keys, &ring, |_, _| ()).await.unwrap();
    assert!(done.member_keys >= MEMBERS as u64 && done.program_keys >= 3, "{done:?}");
    let issued = count(&app, &["VoucherIssued"]).await;
    assert!(issued < MEMBERS as i64, "it was in the middle: {issued} were issued");
    app.stop().await;
    app.doors = Doors::new(vec![base]);

    for member in &members {
        app.until_reward(member, "month_1", "issued").await;
    }
    let odd = ["IssuanceOutcomeUnknown", "IssuanceDeferred", "IssuanceRefused"];
    assert_eq!(count(&app, &odd).await, 0, "no call went wrong");
    assert_eq!(count(&app, &["IssuanceRequested"]).await, MEMBERS as i64);
    assert_all_revealed(&app, &members).await;
    app.until_idle().await;
    assert_old_is_removable(&app, &old, &new).await;
    second.stop().await;

    // Step 5: the new key alone.
    app.variables = given(&app, &new, "");
    app.restart().await;
    app.doors = Doors::new(vec![app.base.clone()]);
    assert_all_revealed(&app, &members).await;
    assert_no_start_without(&app, &old, &new).await;
    keys.close().await;
    app.finish().await;
}

/// Step 4, and that steps 3 and 4 may be repeated.
async fn assert_old_is_removable(app: &TestApp, old: &str, new: &str) {
    let both = given(app, new, old);
    let again = anchor(&["keys", "rotate", "--json"], &both).await;
    assert_eq!(
        (again.code, &again.json()["missing_keys"]),
        (Some(0), &json!([])),
        "{}",
        again.said
    );
    let nothing = anchor(&["keys", "rotate"], &both).await;
    assert_eq!(nothing.code, Some(0));
    assert!(nothing.out.contains("nothing to do"), "{}", nothing.out);
    let status = anchor(&["keys", "status", "--json"], &both).await;
    assert_eq!(status.code, Some(0), "{}", status.said);
    let keys = status.json()["keys"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 2, "{keys}");
    assert_eq!(
        keys[1],
        json!({
            "id": id_of(old), "known": "previous", "removable": true,
            "member_keys": 0, "program_keys": 0,
        })
    );
    assert_eq!((&keys[0]["id"], &keys[0]["removable"]), (&json!(id_of(new)), &json!(false)));
    assert_eq!(keys[0]["member_keys"], json!(MEMBERS));
    let told = anchor(&["keys", "status"], &both).await;
    assert!(told.out.contains(&format!("{} (ENCRYPTION_KEY_PREVIOUS) wraps nothing", id_of(old))));
    for ended in [&again, &nothing, &status, &told] {
        assert_no_key_in(ended, &[old, new]);
    }
}

fn assert_no_key_in(ended: &Ended, keys: &[&str]) {
    for key in keys {
        assert!(!ended.out.contains(key) && !ended.said.contains(key), "a key is printed");
    }
}

async fn assert_no_start_without(app: &TestApp, old: &str, new: &str) {
    let wrong = key("77");
    for present in [old, &wrong] {
        let given = given(app, present, "");
        let ended = anchor(&["serve"], &given).await;
        assert_eq!(ended.code, Some(78), "{}", ended.said);
        let named = format!("the key {} is missing", id_of(new));
        assert!(ended.said.contains(&named), "{}", ended.said);
        let status = anchor(&["keys", "status", "--json"], &given).await;
        assert_eq!(status.code, Some(1), "{}", status.said);
        assert!(status.said.contains(&id_of(new)), "{}", status.said);
        let last = status.json()["keys"][1].clone();
        assert_eq!((&last["id"], &last["known"]), (&json!(id_of(new)), &json!("not_given")));
        let rotate = anchor(&["keys", "rotate"], &given).await;
        assert_eq!(rotate.code, Some(1), "{}", rotate.said);
        assert!(rotate.said.contains(&id_of(new)), "{}", rotate.said);
        for ended in [&ended, &status, &rotate] {
            assert_no_key_in(ended, &[present, new]);
        }
    }
    let none = given(app, "", "");
    let ended = anchor(&["serve"], &none).await;
    assert_eq!(ended.code, Some(78), "{}", ended.said);
    assert!(ended.said.contains("ENCRYPTION_KEY is missing"), "{}", ended.said);
    // Which one it is can be asked without having it.
    let status = anchor(&["keys", "status"], &none).await;
    assert_eq!(status.code, Some(1), "{}", status.said);
    assert!(status.out.contains(&format!("{} (not given)", id_of(new))), "{}", status.out);
    let no_key = anchor(&["serve"], &given(app, "not-a-key-and-secret", "")).await;
    assert_eq!(no_key.code, Some(78));
    assert_no_key_in(&no_key, &["not-a-key-and-secret"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_key_is_printed_alone_and_can_be_used_at_once() {
    let none = BTreeMap::new();
    let (one, two) =
        (anchor(&["keys", "generate"], &none).await, anchor(&["keys", "generate"], &none).await);
    assert_eq!((one.code, one.out.lines().count()), (Some(0), 1));
    assert_ne!(one.out, two.out);
    assert!(one.said.contains("ENCRYPTION_KEY") && !one.said.contains(one.out.trim()));
    assert_eq!(hex::decode(one.out.trim()).unwrap().len(), 32);
    let json = anchor(&["keys", "generate", "--json"], &none).await.json();
    assert!(Keyring::parse(&json["key"].as_str().unwrap().to_owned().into(), &[]).is_ok());
}
