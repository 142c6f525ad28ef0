//! Rows: F5.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, TimeZone, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::mint::mint_at;
use super::published_keys::PublishedKeys;
use super::token::TokenRules;
use super::*;

const ISSUER: &str = "https://project.example/auth/v1";

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 10, 0, 0).single().expect("a real instant")
}

fn secret() -> SecretString {
    SecretString::from("a shared secret of the tests, long enough")
}

fn access() -> TokenTrust {
    TokenTrust::by(TokenRules::Shared { issuer: ISSUER.to_owned(), secret: secret() }, now)
}

fn valid() -> Value {
    json!({
        "sub": Uuid::from_u128(7), "aud": "authenticated", "iss": ISSUER, "aal": "aal1",
        "exp": (now() + Duration::hours(1)).timestamp(),
        "app_metadata": { "anchor_role": "member" },
    })
}

fn but(changes: Value) -> Value {
    let mut token_claims = valid();
    for (name, value) in changes.as_object().expect("an object") {
        token_claims[name] = value.clone();
    }
    token_claims
}

fn signed(token_claims: &Value) -> String {
    signed_by(token_claims, secret().expose_secret().as_bytes(), Algorithm::HS256)
}

fn signed_by(token_claims: &Value, key: &[u8], algorithm: Algorithm) -> String {
    encode(&Header::new(algorithm), token_claims, &EncodingKey::from_secret(key)).expect("signs")
}

async fn refusal(token: &str) -> AccessError {
    access().person(token).await.expect_err("this token must be refused")
}

#[actix_web::test]
async fn a_good_token_gives_its_person() {
    let person = access().person(&signed(&valid())).await.expect("accepted");
    assert_eq!(person.id, Uuid::from_u128(7));
    assert_eq!((person.role, person.aal), (Role::Member, Aal::One));
    assert_eq!(person.actor(), format!("member:{}", Uuid::from_u128(7)));
}

#[actix_web::test]
async fn a_token_without_a_role_is_a_members_and_two_factors_are_seen() {
    let token = signed(&but(json!({ "app_metadata": {}, "aal": "aal2" })));
    let person = access().person(&token).await.expect("accepted");
    assert_eq!((person.role, person.aal), (Role::Member, Aal::Two));
}

#[actix_web::test]
async fn an_unknown_role_becomes_no_other_role() {
    let token = signed(&but(json!({ "app_metadata": { "anchor_role": "root" } })));
    assert_eq!(refusal(&token).await, AccessError::NotAccepted("its role is unknown"));
}

#[actix_web::test]
async fn a_partners_token_must_say_of_which_partner() {
    let token = signed(&but(json!({ "app_metadata": { "anchor_role": "partner" } })));
    assert!(matches!(refusal(&token).await, AccessError::NotAccepted(_)));
    let coles = json!({ "app_metadata": { "anchor_role": "partner", "partner_id": "coles" } });
    let person = access().person(&signed(&but(coles))).await.expect("accepted");
    assert_eq!(person.partner_id, Some("coles".parse().expect("an id")));
}

#[actix_web::test]
async fn a_wrong_secret_is_refused() {
    let token = signed_by(&valid(), b"another secret", Algorithm::HS256);
    assert_eq!(refusal(&token).await, AccessError::NotAccepted("its signature does not match"));
}

#[actix_web::test]
async fn a_token_cannot_choose_how_it_is_checked() {
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let body = URL_SAFE_NO_PAD.encode(valid().to_string());
    for unsigned in [format!("{none}.{body}."), format!("{none}.{body}.x")] {
        assert!(matches!(refusal(&unsigned).await, AccessError::NotAccepted(_)));
    }
    let other = signed_by(&valid(), secret().expose_secret().as_bytes(), Algorithm::HS512);
    assert!(matches!(refusal(&other).await, AccessError::NotAccepted(_)));
}

#[actix_web::test]
async fn an_expired_token_is_refused_after_half_a_minute_of_grace() {
    let at = |seconds: i64| signed(&but(json!({ "exp": now().timestamp() - seconds })));
    assert!(access().person(&at(29)).await.is_ok());
    assert_eq!(refusal(&at(31)).await, AccessError::Expired);
}

#[actix_web::test]
async fn a_token_that_is_not_valid_yet_is_refused_and_one_without_end_harms_nobody() {
    let from = |seconds: i64| signed(&but(json!({ "nbf": now().timestamp() + seconds })));
    assert!(access().person(&from(20)).await.is_ok());
    assert_eq!(refusal(&from(60)).await, AccessError::NotAccepted("it is not valid yet"));
    let endless = signed(&but(json!({ "exp": i64::MAX })));
    assert!(access().person(&endless).await.is_ok());
}

#[actix_web::test]
async fn audience_issuer_subject_and_expiry_are_all_needed() {
    for changed in [
        json!({ "aud": "somebody" }),
        json!({ "iss": "https://elsewhere.example/auth/v1" }),
        json!({ "sub": "not-a-uuid" }),
        json!({ "aud": null }),
        json!({ "iss": null }),
        json!({ "exp": null }),
    ] {
        let refused = refusal(&signed(&but(changed.clone()))).await;
        assert!(matches!(refused, AccessError::NotAccepted(_)), "{changed}: {refused:?}");
    }
    for junk in ["", "x", "a.b.c", &"x".repeat(9000)] {
        assert!(matches!(refusal(junk).await, AccessError::NotAccepted(_)));
    }
}

#[actix_web::test]
async fn what_is_minted_is_accepted() {
    let order = NewToken {
        sub: Uuid::from_u128(9),
        role: Role::Partner,
        partner_id: Some("coles".parse().expect("an id")),
        has_second_factor: true,
        ttl: Duration::hours(8),
    };
    let token = mint_at(&secret(), ISSUER, &order, now()).expect("minted");
    let person = access().person(token.expose_secret()).await.expect("accepted");
    assert_eq!((person.role, person.aal), (Role::Partner, Aal::Two));
    assert_eq!(person.partner_id, order.partner_id);
    let nameless = NewToken { partner_id: None, ..order };
    let refused = mint_at(&secret(), ISSUER, &nameless, now()).err();
    assert_eq!(refused, Some(MintError::PartnerMissing));
}

/// A P-256 key of the tests in PKCS #8: a fixed scalar behind the standard's fixed opening.
fn elliptic_key() -> EncodingKey {
    let opening = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    let mut der = hex::decode(opening).expect("hex");
    der.extend([7; 32]);
    EncodingKey::from_ec_der(&der)
}

/// An issuer that publishes the tests' key under the id `first`; counts how often it is asked.
fn publisher() -> (url::Url, Arc<AtomicUsize>) {
    let mut published = Jwk::from_encoding_key(&elliptic_key(), Algorithm::ES256).expect("a key");
    published.common.key_id = Some("first".to_owned());
    let set = JwkSet { keys: vec![published] };
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = HttpServer::new(move || {
        let (set, counter) = (set.clone(), Arc::clone(&counter));
        App::new().default_service(web::to(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = HttpResponse::Ok().json(&set);
            async { answer }
        }))
    });
    let server = server.workers(1).bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/jwks.json", server.addrs()[0]).parse().expect("a url");
    actix_web::rt::spawn(server.disable_signals().run());
    (url, asked)
}

fn published(url: url::Url) -> TokenTrust {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let keys = PublishedKeys::new(url).expect("a client");
    TokenTrust::by(TokenRules::Published { issuer: ISSUER.to_owned(), keys }, now)
}

fn signed_with_id(id: &str) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::ES256) };
    encode(&header, &valid(), &elliptic_key()).expect("signs")
}

#[actix_web::test]
async fn published_keys_are_fetched_once_and_unknown_ids_do_not_flood_the_publisher() {
    let (url, asked) = publisher();
    let access = published(url);
    for _ in 0..3 {
        assert!(access.person(&signed_with_id("first")).await.is_ok());
    }
    for _ in 0..3 {
        let refused = access.person(&signed_with_id("second")).await;
        assert_eq!(refused, Err(AccessError::NotAccepted("its key is not published")));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_published_key_is_never_taken_for_a_shared_secret() {
    let (url, _) = publisher();
    let header = Header { kid: Some("first".to_owned()), ..Header::new(Algorithm::HS256) };
    let forged = encode(&header, &valid(), &EncodingKey::from_secret(b"x")).expect("signs");
    let refused = published(url).person(&forged).await;
    assert!(matches!(refused, Err(AccessError::NotAccepted(_))), "{refused:?}");
}

#[actix_web::test]
async fn without_any_keys_nobody_is_let_in_and_it_says_try_again() {
    let access = published("http://127.0.0.1:9/jwks.json".parse().expect("a url"));
    let refused = access.person(&signed_with_id("first")).await;
    assert_eq!(refused, Err(AccessError::KeysUnavailable));
}
