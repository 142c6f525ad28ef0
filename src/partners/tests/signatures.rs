//! Is everything refused that is not theirs, in every scheme, and nothing else?
//!
//! Rows: W2, W3, W4. Threats: T1, T2.

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest, Sha256};

use super::{published, secret};
use crate::partners::settings::WebhookSecret;
use crate::partners::signature::{
    Agreed, SignatureError, Unsigned, VerifiedNotice, WebhookScheme, claimed_id, headers, sign,
    verify,
};

const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;

type Sent = Vec<(String, String)>;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap()
}

fn stranger() -> WebhookSecret {
    secret("somebody-else's-secret-here")
}

fn schemes() -> [WebhookScheme; 3] {
    let signature_header = "x-signature".to_owned();
    [
        WebhookScheme::StandardWebhooks,
        WebhookScheme::Github { signature_header: signature_header.clone(), id_field: None },
        WebhookScheme::Stripe { signature_header, id_field: Some("id".to_owned()) },
    ]
}

fn sent(scheme: &WebhookScheme, secret: &WebhookSecret, seconds: i64) -> Sent {
    let at = (now() + Duration::seconds(seconds)).timestamp();
    headers(scheme, secret, &Unsigned { id: ID, at, body: BODY })
}

fn checked(
    scheme: &WebhookScheme,
    secrets: &[WebhookSecret],
    sent: &Sent,
    body: &[u8],
) -> Result<VerifiedNotice, SignatureError> {
    let header = |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let agreed = Agreed { scheme: scheme.clone(), secrets: secrets.to_vec() };
    verify(&agreed, &header, body, now())
}

/// The same with another value in the header that has the signature, which is the last.
fn with(sent: &Sent, value: impl Into<String>) -> Sent {
    let mut sent = sent.clone();
    sent.last_mut().unwrap().1 = value.into();
    sent
}

#[test]
fn the_published_examples_are_accepted() {
    let standard = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(sign(&published(), ID, 1_614_265_330, BODY), standard);
    let [scheme, ..] = schemes();
    let verified = checked(&scheme, &[published()], &sent(&scheme, &published(), 0), BODY);
    assert_eq!(verified.unwrap().id(), ID);
    let github = WebhookScheme::Github {
        signature_header: "x-hub-signature-256".to_owned(),
        id_field: None,
    };
    let theirs = WebhookSecret::raw("It's a Secret to Everybody").unwrap();
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let came = vec![("x-hub-signature-256".to_owned(), signature.to_owned())];
    assert!(checked(&github, &[theirs], &came, b"Hello, World!").is_ok());
}

#[test]
fn in_every_scheme_any_live_secret_will_do_while_it_is_changed() {
    let (old, new) = (secret("the-old-secret-of-24-bytes!"), published());
    for scheme in schemes() {
        for signer in [&old, &new] {
            let signed = sent(&scheme, signer, 0);
            let both = [old.clone(), new.clone()];
            assert!(checked(&scheme, &both, &signed, BODY).is_ok(), "{scheme:?}");
        }
        let by_old = sent(&scheme, &old, 0);
        let only_new = checked(&scheme, std::slice::from_ref(&new), &by_old, BODY);
        assert_eq!(only_new, Err(SignatureError::Wrong), "{scheme:?}");
        assert_eq!(checked(&scheme, &[], &by_old, BODY), Err(SignatureError::Wrong));
    }
}

#[test]
fn in_every_scheme_what_is_forged_truncated_empty_missing_or_changed_is_refused() {
    for scheme in schemes() {
        let right = sent(&scheme, &published(), 0);
        let of = |sent: &Sent| checked(&scheme, &[published()], sent, BODY).map(|_| ());
        assert_eq!(of(&right), Ok(()), "{scheme:?}");
        let forged = sent(&scheme, &stranger(), 0);
        assert_eq!(of(&forged), Err(SignatureError::Wrong), "{scheme:?}");
        let value = right.last().unwrap().1.clone();
        for odd in ["", "v1", "v1,", "v1,!!!!", "sha256=", "sha256=zz"] {
            let refused = of(&with(&right, odd));
            assert_eq!(refused, Err(SignatureError::Malformed), "{scheme:?} {odd}");
        }
        for odd in ["t=1,v1", "t=1,v1=00", "v9,v1=00"] {
            // Standard Webhooks takes what stands before a comma for a version.
            assert!(of(&with(&right, odd)).is_err(), "{scheme:?} {odd}");
        }
        let short = &value[..value.len() - 2];
        assert_eq!(of(&with(&right, short)), Err(SignatureError::Malformed), "{scheme:?}");
        let long = format!("{value} {}", "x".repeat(4_096));
        assert_eq!(of(&with(&right, long)), Err(SignatureError::Malformed), "{scheme:?}");
        for missing in 0..right.len() {
            let mut less = right.clone();
            less.remove(missing);
            assert_eq!(of(&less), Err(SignatureError::Missing), "{scheme:?}");
        }
        let changed = checked(&scheme, &[published()], &right, b"{}");
        assert_eq!(changed, Err(SignatureError::Wrong), "{scheme:?}");
    }
}

#[test]
fn where_there_is_a_time_it_is_within_the_window_on_both_sides_of_now() {
    for scheme in schemes() {
        let has_time = !matches!(scheme, WebhookScheme::Github { .. });
        for (seconds, is_fresh) in
            [(0, true), (300, true), (-300, true), (301, !has_time), (-301, !has_time)]
        {
            let signed = sent(&scheme, &published(), seconds);
            let result = checked(&scheme, &[published()], &signed, BODY);
            assert_eq!(result.is_ok(), is_fresh, "{scheme:?} {seconds}");
        }
    }
}

#[test]
fn at_most_sixteen_signatures_are_looked_at_and_one_right_one_is_enough() {
    let [standard, _, stripe] = schemes();
    for (scheme, between) in [(standard, " "), (stripe, ",")] {
        let (right, wrong) = (sent(&scheme, &published(), 0), sent(&scheme, &stranger(), 0));
        let last = |sent: &Sent| sent.last().unwrap().1.clone();
        let (right_one, wrong_one) = (last(&right), last(&wrong));
        let wrong_one = wrong_one.rsplit_once("t=1614265330,").map_or(&*wrong_one, |(_, v)| v);
        for (others, is_taken) in [(1, true), (15, true), (16, false)] {
            let value = format!("{right_one}{}", format!("{between}{wrong_one}").repeat(others));
            let result = checked(&scheme, &[published()], &with(&right, value), BODY);
            assert_eq!(result.is_ok(), is_taken, "{scheme:?} {others}");
        }
    }
}

#[test]
fn a_standard_id_and_timestamp_have_one_form_each() {
    let [scheme, ..] = schemes();
    let right = sent(&scheme, &published(), 0);
    let of = |n: usize, value: &str| {
        let mut changed = right.clone();
        changed[n].1 = value.to_owned();
        checked(&scheme, &[published()], &changed, BODY).map(|_| ())
    };
    let too_long = "x".repeat(129);
    for bad in ["", "a.b", "a b", "ä", too_long.as_str()] {
        assert_eq!(of(0, bad), Err(SignatureError::Malformed), "{bad}");
    }
    for odd in ["", "-1", "+1614265330", "1614265330.5", " 1614265330", "soon", "9999999999999"] {
        assert_eq!(of(1, odd), Err(SignatureError::Malformed), "{odd}");
    }
    assert_eq!(of(0, "msg_other"), Err(SignatureError::Wrong));
    assert_eq!(of(1, "1614265331"), Err(SignatureError::Wrong));
}

#[test]
fn stripes_header_has_its_time_once_and_what_is_of_another_version_is_passed_over() {
    let [.., scheme] = schemes();
    let right = sent(&scheme, &published(), 0);
    let value = right.last().unwrap().1.clone();
    let of =
        |value: String| checked(&scheme, &[published()], &with(&right, value), BODY).map(|_| ());
    assert_eq!(of(format!("{value},v0=anything")), Ok(()));
    assert_eq!(of(format!("{value},t=1614265330")), Err(SignatureError::Malformed));
    assert_eq!(of(value.replace("t=1614265330,", "")), Err(SignatureError::Malformed));
    assert_eq!(of("t=1614265330".to_owned()), Err(SignatureError::Wrong));
    assert_eq!(of(value.replace("t=1614265330", "t=1614265331")), Err(SignatureError::Wrong));
}

#[test]
fn an_id_comes_from_what_is_signed_or_is_the_bodys_digest() {
    let [standard, github, stripe] = schemes();
    let id = |scheme: &WebhookScheme, body: &[u8]| {
        let unsigned = Unsigned { id: ID, at: now().timestamp(), body };
        let signed = headers(scheme, &published(), &unsigned);
        checked(scheme, &[published()], &signed, body).unwrap().id().to_owned()
    };
    let digest = |body: &[u8]| format!("sha256_{}", hex::encode(Sha256::digest(body)));
    let body = br#"{"id": "evt_1"}"#.as_slice();
    assert_eq!(id(&standard, body), ID);
    assert_eq!(id(&github, body), digest(body), "the same bytes are the same for ever");
    assert_eq!(id(&stripe, body), "evt_1");
    let too_long = format!(r#"{{"id": "{}"}}"#, "x".repeat(129));
    for odd in ["{}", "not json", r#"{"id": 5}"#, r#"{"id": "a b"}"#, r#"{"id": ""}"#, &too_long] {
        assert_eq!(id(&stripe, odd.as_bytes()), digest(odd.as_bytes()), "{odd}");
    }
    let none = |scheme: &WebhookScheme| claimed_id(scheme, &|_| Some("evt_1")).is_none();
    assert!(none(&github) && none(&stripe), "nothing of a body is looked at before");
}
