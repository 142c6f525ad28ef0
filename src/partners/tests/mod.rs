//! Are signatures, settings and files refused when they should be?
//!
//! Rows: P1, P12, W2, W3, W4.

mod signatures;

use std::collections::BTreeMap;

use domain::partner::Product;
use url::Url;

use super::catalogue::{Catalogue, CatalogueError};
use super::settings::{self, WebhookSecret};

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

fn published() -> WebhookSecret {
    secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
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
        ("standard_webhooks", "github", 36, "signature_header"),
        ("\"standard_webhooks\"", "\"stripe\"\nsignature_header = \"A B\"", 37, "a-z"),
        (
            "standard_webhooks\"",
            "stripe\"\nsignature_header = \"x\"\nid_field = \"\"",
            38,
            "1 to 64",
        ),
        ("\"standard_webhooks\"", "\"github\"\nid_header = \"x-id\"", 37, "id_header"),
        ("standard_webhooks\"", "standard_webhooks\"\nid_field = \"id\"", 37, "is signed"),
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
