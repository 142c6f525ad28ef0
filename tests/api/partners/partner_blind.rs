//! What does a partner ever learn? Everything that leaves in a run through all four milestones,
//! field by field, against a list of what may.
//!
//! Rows: C1, P8, P10. Threats: T17.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Value, json};

use super::number_at;
use crate::support::{TestApp, Who};

/// A request as it left for a partner.
#[derive(Debug, Clone)]
struct Left {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

type Seen = Arc<Mutex<Vec<Left>>>;

#[derive(Clone)]
struct Post {
    seen: Seen,
    target: Arc<Mutex<String>>,
    http: reqwest::Client,
}

/// Writes down what passes, and passes it on.
async fn pass(post: web::Data<Post>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers: BTreeMap<String, String> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()))
        .collect();
    post.seen.lock().unwrap().push(Left {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        headers: headers.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let url = format!("{}{}", post.target.lock().unwrap(), request.uri());
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).unwrap();
    let mut call = post.http.request(method, url).body(body.to_vec());
    for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
        call = call.header(name, value);
    }
    let answer = call.send().await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").cloned();
    let mut response = HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap());
    if let Some(kind) = kind {
        response.insert_header(("content-type", kind.to_str().unwrap()));
    }
    response.body(answer.bytes().await.unwrap())
}

async fn post_office() -> (String, Post) {
    anchor::install_tls();
    let post = Post {
        seen: Seen::default(),
        target: Arc::default(),
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let data = web::Data::new(post.clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server =
        HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(pass)));
    tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
    (address, post)
}

/// What a header may hold.
const HEADERS: [&str; 9] = [
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "authorization",
    "content-type",
    "content-length",
    "idempotency-key",
    "connection",
];

/// The fields that may leave, by the last part of the address.
fn allowed(path: &str) -> &'static [&'static str] {
    match path.rsplit('/').next().unwrap_or_default() {
        "vouchers" | "gift-cards" | "fuel-vouchers" => {
            &["reference", "product", "amount", "currency"]
        }
        "top-ups" if !path.contains("/accounts/") => {
            &["reference", "product", "amount", "currency", "account_number"]
        }
        "credits" if !path.contains("/accounts/") => &[
            "reference",
            "product",
            "amount",
            "currency",
            "account_number",
            "reason",
            "customer_note",
        ],
        "verify" => &["account_number", "security_code"],
        _ => &["account_number"],
    }
}

/// What left holds nothing but what may leave.
fn assert_blind(left: &Left, ours: &[String]) {
    for name in left.headers.keys() {
        assert!(HEADERS.contains(&name.as_str()), "{name}: {left:?}");
    }
    assert_eq!(left.headers["user-agent"], "anchor");
    // A token is the partner's own, and may spell anything.
    let mut headers = left.headers.clone();
    headers.remove("authorization");
    let whole = format!("{} {} {headers:?}", left.path, left.body).to_lowercase();
    for word in ["month_", "year_1", "milestone", "clean", "recovery", "gambl", "day", "member"] {
        assert!(!whole.contains(word), "{word}: {left:?}");
    }
    for id in ours {
        assert!(!whole.contains(id.as_str()), "an id of ours: {left:?}");
    }
    if left.path.ends_with("/oauth/token") {
        let fields: Vec<&str> =
            left.body.split('&').filter_map(|pair| pair.split('=').next()).collect();
        assert_eq!(fields, ["grant_type"], "{left:?}");
        return;
    }
    if left.method == "POST" {
        let body: Value = serde_json::from_str(&left.body).unwrap();
        for field in body.as_object().unwrap().keys() {
            assert!(allowed(&left.path).contains(&field.as_str()), "{field}: {left:?}");
        }
    } else {
        assert!(left.body.is_empty(), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_partner_learns_a_milestone_a_day_a_programme_or_who_somebody_is() {
    let (address, post) = post_office().await;
    let partners = ["woolworths", "agl", "opal", "fuel-voucher"];
    let named: Vec<(String, String)> = partners
        .iter()
        .map(|partner| {
            let name = partner.to_uppercase().replace('-', "_");
            (format!("{name}_API_URL"), format!("{address}/{partner}"))
        })
        .collect();
    let further: Vec<(&str, &str)> =
        named.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let app = TestApp::start_with(&further).await;
    app.sandbox_url.clone_into(&mut post.target.lock().unwrap());
    let member = Who::member();
    for partner in ["agl", "opal"] {
        let account = app.linked(&member, partner, number_at(partner).unwrap()).await;
        app.agree(&member, "look_up", partner, true).await;
        let path = format!("/api/accounts/{}/balance", account["id"].as_str().unwrap());
        assert_eq!(app.get(&member, &path).await.status, 200);
    }
    app.set_out(&member, 365).await;
    let year = app.until_reward(&member, "year_1", "awaiting_choice").await;
    let claim = json!({ "partnerId": "fuel-voucher", "product": "fuel-shell" });
    let path = format!("/api/rewards/{}/claim", year["id"].as_str().unwrap());
    assert_eq!(app.post(&member, &path, claim).await.status, 200);
    app.until_reward(&member, "month_1", "issued").await;
    app.until_reward(&member, "month_3", "redeemed").await;
    app.until_reward(&member, "month_6", "issued").await;
    app.until_idle().await;
    let rewards = app.get(&member, "/api/rewards").await.body;
    let ids: Vec<String> = rewards["rewards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reward| reward["id"].as_str().unwrap().to_owned())
        .collect();

    let seen = post.seen.lock().unwrap().clone();
    let orders = seen.iter().filter(|left| left.headers.contains_key("idempotency-key")).count();
    assert_eq!(orders, 4, "one for each milestone: {seen:?}");
    let ours: Vec<String> = ids.into_iter().chain([member.sub.to_string()]).collect();
    seen.iter().for_each(|left| assert_blind(left, &ours));
    app.finish().await;
}
