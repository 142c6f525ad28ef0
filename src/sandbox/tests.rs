//! Does the sandbox behave as a partner would: one voucher a key, a book that outlives it, faults
//! when asked?
//!
//! Rows: P11, P8, P2, D4, A2.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;

struct Shop {
    running: Running,
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Shop {
    async fn open(book: &Path) -> Self {
        crate::install_tls();
        let variables = BTreeMap::from([
            ("DATABASE_URL", "postgres://localhost/none".to_owned()),
            ("ENCRYPTION_KEY", "5a".repeat(32)),
            ("SUPABASE_URL", "https://tokens.example".to_owned()),
            ("WOOLWORTHS_API_URL", "http://127.0.0.1:1/woolworths".to_owned()),
            ("WOOLWORTHS_CLIENT_ID", "us".to_owned()),
            ("WOOLWORTHS_CLIENT_SECRET", "our-secret".to_owned()),
            ("WOOLWORTHS_WEBHOOK_SECRET", "a-secret-of-the-tests-for-webhooks".to_owned()),
        ]);
        let config = Config::read(&|name| variables.get(name).cloned()).unwrap();
        let sandbox = SandboxConfig::acting_as(&config.catalogue, &config.partners)
            .keeping_book_in(book.to_owned());
        let running = Sandbox::start(sandbox).await.unwrap();
        let base = format!("http://{}", running.address);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut shop = Self { running, http, base, token: String::new() };
        shop.token = shop.token_with("our-secret").await.unwrap();
        shop
    }

    async fn token_with(&self, secret: &str) -> Result<String, StatusCode> {
        let url = format!("{}/woolworths/oauth/token", self.base);
        let asked = self.http.post(url).basic_auth("us", Some(secret));
        let answer = asked.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
        if !answer.status().is_success() {
            return Err(answer.status());
        }
        let body: Value = answer.json().await.unwrap();
        Ok(body["access_token"].as_str().unwrap().to_owned())
    }

    async fn order(&self, key: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/woolworths/vouchers", self.base);
        let order = self.http.post(url).bearer_auth(&self.token).header("Idempotency-Key", key);
        let answer = order.json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn text(&self, path: &str) -> String {
        let url = format!("{}{path}", self.base);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.unwrap();
        answer.text().await.unwrap()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.base);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn control(&self, what: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/control/{what}", self.base);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

fn twenty(reference: &str) -> Value {
    let catalogue = crate::partners::Catalogue::built_in().unwrap();
    let details = catalogue.get(&"woolworths".parse().unwrap()).unwrap().details();
    let product = &details.products[0].id;
    json!({ "reference": reference, "product": product, "amount": "20.00", "currency": "AUD" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_voucher_however_often_it_is_asked() {
    let book = tempfile::tempdir().unwrap();
    let shop = Shop::open(book.path()).await;
    let (status, first) = shop.order("k1", &twenty("REF1")).await;
    assert_eq!(
        (status, &first["amount"], &first["state"]),
        (201, &json!("20.00"), &json!("active"))
    );
    assert_eq!(shop.order("k1", &twenty("REF1")).await, (200, first.clone()));
    assert_eq!(shop.order("k1", &twenty("REF2")).await.0, 409, "another body under the key");
    let (_, second) = shop.order("k2", &twenty("REF2")).await;
    assert_ne!(first["voucher_id"], second["voucher_id"]);
    let found = shop.get("/woolworths/vouchers/by-reference/REF1").await;
    assert_eq!((found.0, &found.1["code"]), (200, &first["code"]));
    assert_eq!(shop.get("/woolworths/vouchers/by-reference/REF9").await.0, 404);
    shop.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_at_once_are_one_voucher() {
    let book = tempfile::tempdir().unwrap();
    let shop = Shop::open(book.path()).await;
    let body = twenty("REF1");
    let copies = (0..16).map(|_| shop.order("k1", &body));
    for (status, _) in futures::future::join_all(copies).await {
        assert!([200, 201, 409].contains(&status), "{status}");
    }
    let (_, issued) = shop.get("/control/issued").await;
    assert_eq!(issued["issued"].as_array().unwrap().len(), 1);
    shop.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_outlives_the_sandbox_and_a_cut_off_line() {
    let book = tempfile::tempdir().unwrap();
    let shop = Shop::open(book.path()).await;
    let (_, voucher) = shop.order("k1", &twenty("REF1")).await;
    let at_till = json!({ "partner": "woolworths", "partner_ref": voucher["voucher_id"],
        "amount": "7.50" });
    assert_eq!(shop.control("redeem", at_till.clone()).await.0, 200);
    shop.running.stop().await;
    let path = book.path().join("book.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"line\":\"voucher\",\"par");
    std::fs::write(&path, text).unwrap();

    let again = Shop::open(book.path()).await;
    let id = voucher["voucher_id"].as_str().unwrap();
    let balance = format!("/woolworths/vouchers/{id}/balance");
    assert_eq!(again.get(&balance).await.1["remaining"], "12.50");
    assert_eq!(again.order("k1", &twenty("REF1")).await.0, 200, "the key is remembered");
    assert_eq!(again.order("k2", &twenty("REF2")).await.0, 201);
    again.running.stop().await;
    let third = Shop::open(book.path()).await;
    let (_, issued) = third.get("/control/issued").await;
    assert_eq!(issued["issued"].as_array().unwrap().len(), 2, "written after the cut-off line");
    third.running.stop().await;
    std::fs::write(&path, "garbage\n").unwrap();
    let unreadable = super::book::Book::open(book.path());
    assert!(unreadable.is_err_and(|error| error.to_string().contains("line 1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_spends_more_than_there_is_and_nobody_orders_without_a_token() {
    let book = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(book.path()).await;
    let (_, voucher) = shop.order("k1", &twenty("REF1")).await;
    let id = &voucher["voucher_id"];
    let at_till =
        |amount: &str| json!({ "partner": "woolworths", "partner_ref": id, "amount": amount });
    for amount in ["20.01", "0.00"] {
        assert_eq!(shop.control("redeem", at_till(amount)).await.0, 422, "{amount}");
    }
    assert_eq!(shop.control("redeem", at_till("-1.00")).await.0, 400);
    assert_eq!(shop.token_with("another-secret").await, Err(StatusCode::UNAUTHORIZED));
    shop.token = "sbx_made_up".to_owned();
    assert_eq!(shop.order("k2", &twenty("REF2")).await.0, 401);
    shop.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_go_wrong_goes_wrong_as_often_as_it_was_asked_for() {
    let book = tempfile::tempdir().unwrap();
    let shop = Shop::open(book.path()).await;
    let faults = |kind: &str, times: u32| {
        json!({ "partner": "woolworths", "operation": "issue",
            "faults": [{ "kind": kind, "times": times }] })
    };
    assert_eq!(shop.control("faults", faults("refuse", 2)).await.0, 200);
    assert_eq!(shop.control("faults", faults("error_500", 1)).await.0, 200);
    assert_eq!(shop.control("faults", faults("no_such_fault", 1)).await.0, 400);
    let mut seen = Vec::new();
    for n in 0..4 {
        seen.push(shop.order(&format!("k{n}"), &twenty(&format!("REF{n}"))).await.0);
    }
    assert_eq!(seen, [422, 422, 500, 201]);
    shop.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_statement_adds_up_and_can_be_cut_short_on_request() {
    let book = tempfile::tempdir().unwrap();
    let shop = Shop::open(book.path()).await;
    let (_, voucher) = shop.order("k1", &twenty("REF1")).await;
    let at_till = json!({ "partner": "woolworths", "partner_ref": voucher["voucher_id"],
        "amount": "12.50" });
    let (_, spent) = shop.control("redeem", at_till).await;
    let undone = json!({ "partner": "woolworths", "partner_ref": voucher["voucher_id"],
        "redemption_id": spent["redemption_id"] });
    assert_eq!(shop.control("reverse", undone).await.0, 200);
    let today = crate::clock::real_now().with_timezone(&chrono_tz::Australia::Sydney);
    let path = format!("/woolworths/statements/{}", today.date_naive());
    let whole = shop.text(&path).await;
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 5, "{whole}");
    assert!(lines[0].starts_with("H,ANCHOR-RECON,1,woolworths,"), "{whole}");
    for (line, movement) in
        lines[1..4].iter().zip(["ISSUE,REF1", "REDEEM,REF1", "REDEEM_REVERSAL,REF1"])
    {
        assert!(line.contains(&format!(",{movement},")), "{line}");
    }
    let above = whole.rsplit_once("T,").unwrap().0;
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(above.as_bytes()));
    let totals = "ISSUE:1:2000,REDEEM:1:-1250,REDEEM_REVERSAL:1:1250,2000";
    assert_eq!(lines[4], format!("T,3,{totals},SHA256:{digest}"));
    let before = shop.text("/woolworths/statements/2020-01-01").await;
    assert_eq!(before.lines().count(), 2, "nothing happened then: {before}");
    let faults = json!({ "partner": "woolworths", "operation": "statement",
        "faults": [{ "kind": "truncated_statement" }] });
    assert_eq!(shop.control("faults", faults).await.0, 200);
    assert!(shop.text(&path).await.len() < whole.len());
    shop.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sandboxes_of_one_seed_give_the_same_ids_and_codes() {
    let mut given = Vec::new();
    for _ in 0..2 {
        let book = tempfile::tempdir().unwrap();
        let shop = Shop::open(book.path()).await;
        let (_, first) = shop.order("k1", &twenty("REF1")).await;
        let (_, second) = shop.order("k2", &twenty("REF2")).await;
        let names = ["voucher_id", "code", "pin", "barcode"];
        given
            .push((names.map(|name| first[name].clone()), names.map(|name| second[name].clone())));
        shop.running.stop().await;
    }
    assert_eq!(given[0], given[1]);
    assert_ne!(given[0].0, given[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_and_the_page_shows_the_last_calls_without_bodies() {
    let book = tempfile::tempdir().unwrap();
    let shop = Shop::open(book.path()).await;
    let faults = json!({ "partner": "woolworths", "operation": "issue",
        "faults": [{ "kind": "token_revoked" }] });
    shop.control("faults", faults).await;
    assert_eq!(shop.order("k1", &twenty("REF1")).await.0, 401);
    assert_eq!(shop.order("k1", &twenty("REF1")).await.0, 401, "until there is a new one");
    let page = shop.text("/").await;
    assert!(page.contains("POST /woolworths/vouchers") && page.contains("<td>401"), "{page}");
    assert!(page.contains("woolworths-egift") && page.contains("/control/faults"));
    assert!(!page.contains("REF1") && !page.contains("our-secret"), "no body, no secret");
    shop.running.stop().await;
}
