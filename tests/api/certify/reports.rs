//! Can a report be relied on by whoever has it, and does it keep what must not be told?
//!
//! Rows: P7, P9, C4.

use anchor::conformance::{NotGenuine, SealKey, SignedReport};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::rig::{Rig, SECURITY_CODE, account_number};

fn key(digit: &str) -> SealKey {
    SealKey::parse(&SecretString::from(digit.repeat(64))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_report_opens_as_it_was_written_and_not_once_a_byte_is_changed() {
    let mut rig = Rig::open("relationships-australia").await;
    let report = rig.tried().await;
    rig.close().await;
    let (key, another) = (key("7"), key("8"));
    let signed = key.sign(&report).unwrap();
    let bytes = serde_json::to_vec(&signed).unwrap();
    assert_eq!(SignedReport::open(&bytes, None), Ok((signed.clone(), report.clone())));
    assert!(SignedReport::open(&bytes, Some(&key.public_key())).is_ok());
    let other = SignedReport::open(&bytes, Some(&another.public_key()));
    assert_eq!(other, Err(NotGenuine::AnotherKey));

    // The key, its name and the signature byte by byte, the report here and there.
    let seal = bytes.len() - 400;
    for at in (0..seal).step_by(41).chain(seal..bytes.len()) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(SignedReport::open(&changed, None).is_err(), "byte {at}");
    }
    let mut replaced = signed.clone();
    replaced.public_key = another.public_key();
    replaced.key_id = another.key_id();
    let replaced = serde_json::to_vec(&replaced).unwrap();
    assert_eq!(SignedReport::open(&replaced, None), Err(NotGenuine::Changed));
    assert_eq!(SignedReport::open(b"{}", None), Err(NotGenuine::Unreadable));

    let certificate = signed.certificate(&report);
    assert!(certificate.passed && certificate.steps.token_obtained);
    assert_eq!((certificate.digest.len(), certificate.key_id.len()), (64, 8));
    assert_eq!(certificate.partner.as_str(), "relationships-australia");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_holds_no_secret_code_or_account_number_whatever_the_partner_does() {
    for (partner, fault) in [("woolworths", "same_code"), ("agl", "refuse")] {
        let mut rig = Rig::open(partner).await;
        rig.fault("issue", json!({ "kind": fault })).await;
        let report = rig.tried().await;
        let text = format!("{report}{}", serde_json::to_string(&report).unwrap());
        let given = rig.given();
        let mut secrets: Vec<String> = vec![
            rig.settings.client_secret.expose_secret().to_owned(),
            account_number(partner).to_owned(),
            SECURITY_CODE.to_owned(),
            "sbx_".to_owned(),
            format!("{partner}-webhook-secret"),
        ];
        for line in given.iter().filter(|line| line["line"] == "voucher") {
            for name in ["code", "pin", "barcode"] {
                secrets.push(line[name].as_str().unwrap().to_owned());
            }
        }
        assert!(partner != "woolworths" || secrets.len() > 8, "codes to look for");
        for secret in secrets {
            assert!(!text.contains(&secret), "{partner}: {secret} in {text}");
        }
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_written_down_without_what_lets_people_in() {
    let mut rig = Rig::open("woolworths").await;
    let address = rig.settings.api_url.to_string();
    rig.settings.api_url.set_username("somebody").unwrap();
    rig.settings.api_url.set_password(Some("their-password")).unwrap();
    let report = rig.tried().await;
    assert_eq!(report.api, address);
    let text = format!("{report}{}", serde_json::to_string(&report).unwrap());
    assert!(!text.contains("their-password") && !text.contains("somebody"), "{text}");
    rig.close().await;
}
