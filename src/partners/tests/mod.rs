//! Are signatures, settings and files refused when they should be?
//!
//! Rows: P1, P12, W2, W3, W4.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use domain::partner::Product;
use url::Url;

use super::catalogue::{Catalogue, CatalogueError};
use super::settings::{self, WebhookSecret};
use super::signature::{SignatureError, SignatureHeaders, sign, verify};

const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap()
}

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

fn published() -> WebhookSecret {
    secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
}

/// Verifies `BODY` under `ID` as sent at `timestamp`, with `signature`.
fn checked(
    secrets: &[WebhookSecret],
    timestamp: &str,
    signature: &str,
) -> Result<(), SignatureError> {
    let headers =
        SignatureHeaders { id: Some(ID), timestamp: Some(timestamp), signature: Some(signature) };
    verify(secrets, &headers, BODY, now()).map(|verified| assert_eq!(verified.id(), ID))
}

#[test]
fn the_published_example_of_standard_webhooks_is_accepted() {
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(checked(&[published()], "1614265330", signature), Ok(()));
    assert_eq!(sign(&published(), ID, 1_614_265_330, BODY), signature);
}

#[test]
fn any_live_secret_will_do_while_it_is_changed() {
    let (old, new) = (secret("the-old-secret-of-24-bytes!"), published());
    for signer in [&old, &new] {
        let signature = sign(signer, ID, now().timestamp(), BODY);
        assert_eq!(checked(&[old.clone(), new.clone()], "1614265330", &signature), Ok(()));
    }
    let by_old = sign(&old, ID, now().timestamp(), BODY);
    assert_eq!(checked(&[new], "1614265330", &by_old), Err(SignatureError::Wrong));
}

#[test]
fn a_forged_truncated_or_empty_signature_is_refused() {
    let right = sign(&published(), ID, now().timestamp(), BODY);
    let other = sign(&secret("somebody-else's-secret-here"), ID, now().timestamp(), BODY);
    let many = vec![right.as_str(); 17].join(" ");
    for (signature, why) in [
        (other.as_str(), SignatureError::Wrong),
        (&right[..20], SignatureError::Malformed),
        ("", SignatureError::Malformed),
        ("v1", SignatureError::Malformed),
        ("v1,", SignatureError::Malformed),
        ("v1,!!!!", SignatureError::Malformed),
        ("v2,abcd", SignatureError::Wrong),
        (many.as_str(), SignatureError::Malformed),
    ] {
        assert_eq!(checked(&[published()], "1614265330", signature), Err(why), "{signature}");
    }
    assert_eq!(checked(&[], "1614265330", &right), Err(SignatureError::Wrong));
}

#[test]
fn a_changed_body_id_or_timestamp_is_refused() {
    let signature = sign(&published(), ID, now().timestamp(), BODY);
    assert_eq!(checked(&[published()], "1614265331", &signature), Err(SignatureError::Wrong));
    let headers = |id| SignatureHeaders {
        id: Some(id),
        timestamp: Some("1614265330"),
        signature: Some(&signature),
    };
    let with = |id, body: &[u8]| verify(&[published()], &headers(id), body, now());
    assert_eq!(with("msg_other", BODY), Err(SignatureError::Wrong));
    assert_eq!(with(ID, b"{}"), Err(SignatureError::Wrong));
    let too_long = "x".repeat(129);
    for bad in ["", "a.b", "a b", "ä", too_long.as_str()] {
        assert_eq!(with(bad, BODY), Err(SignatureError::Malformed), "{bad}");
    }
    let missing = SignatureHeaders { id: None, ..headers(ID) };
    assert_eq!(verify(&[published()], &missing, BODY, now()), Err(SignatureError::Missing));
}

#[test]
fn what_is_not_fresh_is_refused_on_both_sides_of_now() {
    for (seconds, is_fresh) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)]
    {
        let sent = now() + Duration::seconds(seconds);
        let signature = sign(&published(), ID, sent.timestamp(), BODY);
        let result = checked(&[published()], &sent.timestamp().to_string(), &signature);
        assert_eq!(result.is_ok(), is_fresh, "{seconds}");
    }
    for odd in ["", "-1", "1614265330.5", "soon", "99999999999999"] {
        assert!(checked(&[published()], odd, "v1,AAAA").is_err(), "{odd}");
    }
}

#[test]
fn a_short_or_garbled_secret_is_refused_and_none_is_printed() {
    assert!(WebhookSecret::parse("too-short").is_err());
    assert!(WebhookSecret::parse("whsec_not*base64").is_err());
    assert_eq!(format!("{:?}", published()), "WebhookSecret(..)");
}

fn read(variables: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let public = Url::parse("https://anchor.example").unwrap();
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let (found, problems) = settings::read(&Catalogue::built_in().unwrap(), &public, &lookup);
    let problems = problems.iter().map(ToString::to_string).collect();
    (found.keys().map(ToString::to_string).collect(), problems)
}

const COMPLETE: [(&str, &str); 4] = [
    ("COLES_API_URL", "https://api.coles.example/v1"),
    ("COLES_CLIENT_ID", "anchor"),
    ("COLES_CLIENT_SECRET", "a-secret-value"),
    ("COLES_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
];

#[test]
fn a_partner_is_configured_whole_or_not_at_all() {
    assert_eq!(read(&[]), (vec![], vec![]));
    assert_eq!(read(&COMPLETE), (vec!["coles".to_owned()], vec![]));
    let (found, problems) = read(&COMPLETE[..2]);
    assert!(found.is_empty());
    assert_eq!(problems.len(), 2, "both missing ones are named: {problems:?}");
    assert!(problems[0].starts_with("COLES_CLIENT_SECRET is missing"));
}

#[test]
fn an_unsound_setting_is_named_without_its_value() {
    for (name, value) in [
        ("COLES_API_URL", "http://api.coles.example"),
        ("COLES_API_URL", "not an address"),
        ("COLES_WEBHOOK_SECRET", "short-and-secret"),
        ("COLES_REDIRECT_URI", "nowhere"),
    ] {
        let mut variables: Vec<(&str, &str)> = COMPLETE.to_vec();
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
        let (_, problems) = read(&variables);
        assert_eq!(problems.len(), 1, "{name}={value}");
        assert!(problems[0].contains(name) && !problems[0].contains(value), "{problems:?}");
    }
}

#[test]
fn a_bad_partner_file_is_named_with_its_line() {
    let text = include_str!("../catalogue/coles.toml");
    let parse = |text: &str| Catalogue::parse(&[("coles.toml", text)]).map(|_| ());
    assert_eq!(parse(text), Ok(()));
    for (there, instead, line, said) in [
        ("kind = \"voucher\"", "kind = \"coins\"", 12, "coins"),
        ("name = \"Coles\"", "surprise = 1", 1, "surprise"),
        ("funding_model = \"pay_on_redemption\"\n", "", 2, "funding_model"),
        ("protocol = \"retail\"", "protocol = \"carrier-pigeon\"", 3, "carrier-pigeon"),
        ("\"gift_cards\", ", "\"lottery\", ", 4, "lottery"),
        ("capability = \"gift_cards\"", "capability = \"bill_credits\"", 17, "bill_credits"),
        ("coles-gift-card", "coles-egift", 10, "twice"),
        ("at_most = 19", "at_most = 3", 23, "characters"),
        ("calls_at_once = 64", "calls_at_once = 0", 28, "no calls"),
        ("standard_webhooks", "trust_me", 36, "trust_me"),
    ] {
        let errors = parse(&text.replacen(there, instead, 1)).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        let CatalogueError { file, line: found, reason } = &errors[0];
        assert_eq!((file.as_str(), *found), ("coles.toml", line), "{there}: {reason}");
        assert!(reason.contains(said), "{reason}");
    }
    assert!(Catalogue::parse(&[("Not An Id.toml", text)]).is_err());
    let both = [("a.toml", "x = 1"), ("b.toml", "y = 1")];
    assert_eq!(Catalogue::parse(&both).unwrap_err().len(), 2, "all are named at once");
}

#[test]
fn every_file_of_the_folder_is_part_of_the_program() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/partners/catalogue");
    let files = std::fs::read_dir(folder).unwrap().count();
    let catalogue = Catalogue::built_in().unwrap();
    assert_eq!((catalogue.iter().count(), files), (17, 17), "touch catalogue.rs after a new file");
    assert_eq!(catalogue.iter().filter(|entry| entry.moves_value()).count(), 13);
    for entry in catalogue.iter() {
        for capability in entry.details().capabilities {
            let issues = capability.ends_with("vouchers")
                || capability.ends_with("_cards")
                || capability.ends_with("_credits");
            let has = |product: &Product| product.capability.as_ref() == Some(&capability);
            assert_eq!(entry.products().iter().any(has), issues, "{}: {capability}", entry.id());
        }
    }
}

#[test]
fn a_folder_adds_partners_and_replaces_files_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../catalogue/coles.toml");
    let shop = text.replace("Coles", "Corner Shop").replace("coles", "corner-shop");
    std::fs::write(folder.path().join("corner-shop.toml"), shop).unwrap();
    std::fs::write(folder.path().join("coles.toml"), text.replace("6000", "60")).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a partner").unwrap();
    let catalogue = Catalogue::with_folder(Some(folder.path())).unwrap();
    assert_eq!(catalogue.iter().count(), 18);
    let contract = |id: &str| catalogue.get(&id.parse().unwrap()).unwrap().contract().unwrap();
    assert_eq!(contract("coles").calls_per_minute, 60);
    assert_eq!(contract("corner-shop").calls_per_minute, 6000);
    let absent = Catalogue::with_folder(Some(&folder.path().join("nowhere"))).unwrap_err();
    assert!(absent[0].to_string().contains("nowhere"), "{absent:?}");
}

#[test]
fn the_help_lines_are_the_right_ones() {
    let catalogue = Catalogue::built_in().unwrap();
    let phone = |id: &str| catalogue.get(&id.parse().unwrap()).unwrap().details().phone;
    assert_eq!(phone("lifeline").as_deref(), Some("13 11 14"));
    assert_eq!(phone("gambling-help").as_deref(), Some("1800 858 858"));
    assert_eq!(phone("financial-counsellors-australia").as_deref(), Some("1800 007 007"));
    assert_eq!(phone("relationships-australia"), None, "its number is not confirmed");
}
