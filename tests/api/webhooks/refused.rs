//! What is refused? Fifty classes of bad webhooks, each with its status, none with an effect.
//!
//! Rows: W2, W3, W4, W5. Threats: T1, T2, T19.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::{count, issued, redeemed};
use crate::edge::coverage::assert_problem;
use crate::support::{Answer, TestApp, Webhook};

const ID: &str = "webhook-id";
const AT: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// A request as it leaves: right, until something is done to it.
#[derive(Clone)]
struct Sent {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn of(webhook: &Webhook) -> Self {
        let mut sent = Self {
            method: Method::POST,
            path: format!("/api/webhooks/{}", webhook.partner),
            headers: HeaderMap::new(),
            body: webhook.body.clone(),
        };
        sent.set(ID, &webhook.id);
        sent.set(AT, webhook.at.to_string());
        sent.set(SIGNATURE, &webhook.signature);
        sent
    }

    fn set(&mut self, name: &'static str, value: impl AsRef<[u8]>) {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
    }

    fn with(&self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let mut sent = self.clone();
        sent.set(name, value);
        sent
    }

    fn without(&self, names: &[&str]) -> Self {
        let mut sent = self.clone();
        names.iter().for_each(|name| drop(sent.headers.remove(*name)));
        sent
    }

    fn twice(&self, name: &'static str) -> Self {
        let mut sent = self.clone();
        sent.headers.append(name, sent.headers[name].clone());
        sent
    }

    fn to(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    async fn send(&self, app: &TestApp) -> Answer {
        let url = format!("{}{}", app.base, self.path);
        let request = app.http.request(self.method.clone(), url).headers(self.headers.clone());
        TestApp::answer(request.body(self.body.clone()).send().await.unwrap()).await
    }
}

/// What a signature or its headers can have that they must not.
fn unsigned(app: &TestApp, right: &Webhook) -> Vec<(&'static str, Sent)> {
    let (secret, sent) = (app.webhook_secret("woolworths"), Sent::of(right));
    let again = |secret: &str, id: &str, at: i64, body: &[u8]| {
        Sent::of(&Webhook::at("woolworths", secret, (id.to_owned(), at), body))
    };
    let theirs = |secret: &str| again(secret, &right.id, right.at, &right.body);
    let value = right.signature.trim_start_matches("v1,");
    let one_more = [right.signature.as_str(); 17].join(" ");
    let over_the_body = anchor::partners::settings::WebhookSecret::parse(&secret).unwrap();
    let over_the_body = anchor::partners::signature::headers(
        &anchor::partners::signature::WebhookScheme::Github {
            signature_header: SIGNATURE.to_owned(),
            id_field: None,
        },
        &over_the_body,
        &anchor::partners::signature::Unsigned { id: "", at: 0, body: &right.body },
    );
    vec![
        ("no header at all", sent.without(&[ID, AT, SIGNATURE])),
        ("no id", sent.without(&[ID])),
        ("no timestamp", sent.without(&[AT])),
        ("no signature", sent.without(&[SIGNATURE])),
        ("an empty id", sent.with(ID, "")),
        ("an id with a dot", again(&secret, "a.b", right.at, &right.body)),
        ("an id with a space", again(&secret, "a b", right.at, &right.body)),
        ("an id of 129", again(&secret, &"x".repeat(129), right.at, &right.body)),
        ("an id that is no ASCII", sent.with(ID, "ä")),
        ("an id that is no text", sent.with(ID, [0xff])),
        ("the id twice", sent.twice(ID)),
        ("the timestamp twice", sent.twice(AT)),
        ("the signature twice", sent.twice(SIGNATURE)),
        ("an empty timestamp", sent.with(AT, "")),
        ("a negative timestamp", sent.with(AT, format!("-{}", right.at))),
        ("a timestamp with a plus", sent.with(AT, format!("+{}", right.at))),
        ("half seconds", sent.with(AT, format!("{}.5", right.at))),
        ("milliseconds", sent.with(AT, format!("{}000", right.at))),
        ("a timestamp in words", sent.with(AT, "2026-11-24T03:00:00Z")),
        ("a timestamp beyond any time", sent.with(AT, "9".repeat(30))),
        ("too old", again(&secret, &right.id, right.at - 310, &right.body)),
        ("too new", again(&secret, &right.id, right.at + 310, &right.body)),
        ("an empty signature", sent.with(SIGNATURE, "")),
        ("a signature without a version", sent.with(SIGNATURE, value)),
        ("a version without a signature", sent.with(SIGNATURE, "v1")),
        ("a version and an empty signature", sent.with(SIGNATURE, "v1,")),
        ("a signature that is no base64", sent.with(SIGNATURE, "v1,!!!!")),
        ("a signature cut short", sent.with(SIGNATURE, &right.signature[..20])),
        ("a signature of 33 bytes", sent.with(SIGNATURE, format!("v1,AAAA{value}"))),
        ("a version nobody has", sent.with(SIGNATURE, format!("v2,{value}"))),
        ("a version in capitals", sent.with(SIGNATURE, format!("V1,{value}"))),
        ("seventeen signatures", sent.with(SIGNATURE, one_more)),
        ("a signature of 4 kB", sent.with(SIGNATURE, format!("v1,{}", "A".repeat(4_096)))),
        ("the way of another scheme", sent.with(SIGNATURE, &over_the_body[0].1)),
        ("a stranger's secret", theirs("another-secret-that-nobody-agreed-on")),
        ("another partner's secret", theirs(&app.webhook_secret("coles"))),
        ("another partner's address", sent.to("/api/webhooks/coles")),
        ("a changed body", Sent { body: changed(&right.body), ..sent.clone() }),
        ("a newline more", Sent { body: [&right.body[..], b"\n"].concat(), ..sent.clone() }),
        ("another id", sent.with(ID, "msg_another")),
        ("another timestamp", sent.with(AT, (right.at + 1).to_string())),
    ]
}

fn changed(body: &[u8]) -> Vec<u8> {
    String::from_utf8(body.to_vec()).unwrap().replace("5.00", "9.00").into_bytes()
}

/// Signed rightly, and still no notice.
fn signed(app: &TestApp) -> Vec<(&'static str, u16, Sent)> {
    let secret = app.webhook_secret("woolworths");
    let of = |body: &[u8]| Sent::of(&Webhook::new("woolworths", &secret, body));
    let deep = format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65));
    let object = of(b"{}");
    vec![
        ("nothing", 400, of(b"")),
        ("an array", 400, of(b"[{}]")),
        ("a text", 400, of(b"\"voucher.redeemed\"")),
        ("an object that breaks off", 400, of(b"{\"type\":")),
        ("two objects", 400, of(b"{} {}")),
        ("a mark before the object", 400, of("\u{feff}{}".as_bytes())),
        ("a control character", 400, of(b"{\"a\": \"\x01\"}")),
        ("no number", 400, of(b"{\"a\": NaN}")),
        ("no UTF-8", 400, of(b"{\"a\": \"\xff\"}")),
        ("65 levels", 400, of(deep.as_bytes())),
        ("more than 256 kB", 413, of(&vec![b' '; 256 * 1024 + 1])),
        ("nobody's address", 404, object.to("/api/webhooks/nobody")),
        ("a partner that is not called", 404, object.to("/api/webhooks/lifeline")),
        ("a partner in capitals", 404, object.to("/api/webhooks/WOOLWORTHS")),
        ("an address beside", 404, object.to("/api/webhooks/woolworths/more")),
        ("another method", 405, Sent { method: Method::PUT, ..object.clone() }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_class_of_bad_webhooks_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let (member, voucher) = issued(&app).await;
    app.until_idle().await;
    let head = app.head().await;
    let body = redeemed(&voucher, "R1", "5.00", "15.00").to_string();
    let right = Webhook::new("woolworths", &app.webhook_secret("woolworths"), body);
    let unsigned = unsigned(&app, &right);
    let (bad, signed) = (unsigned.len(), signed(&app));
    assert!(bad >= 40, "{bad}");
    let all = unsigned.into_iter().map(|(what, sent)| (what, 401, sent)).chain(signed);
    for (what, status, sent) in all {
        let answer = sent.send(&app).await;
        assert_problem(&answer, status, what);
        let code = match status {
            401 => "signature_not_accepted",
            400 => "not_json",
            _ => answer.code(),
        };
        assert_eq!(answer.code(), code, "{what}: which check failed is not told");
    }
    assert_eq!(count(&app, "SELECT count(*) FROM inbox").await, 0);
    let known = "SELECT sum(count)::bigint FROM security_events WHERE kind LIKE 'signature_%'";
    assert_eq!(count(&app, known).await, i64::try_from(bad).unwrap());
    app.assert_nothing_since(head).await;
    let answer = Sent::of(&right).send(&app).await;
    assert_eq!((answer.status, answer.body), (202, json!({ "accepted": true })));
    app.until_reward(&member, "month_1", "partly_redeemed").await;
    app.finish().await;
}
