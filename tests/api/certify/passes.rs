//! Does a partner that keeps every promise of its protocol get its certificate, in each protocol?
//!
//! Rows: P7, P10, P11, A2.

use anchor::conformance::{Finding, Steps};

use super::rig::Rig;

const WHOLE: Steps = Steps {
    token_obtained: true,
    value_issued: true,
    webhook_verified: true,
    statement_reconciled: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_of_each_protocol_passes_at_the_sandbox() {
    let nothing = Steps { token_obtained: true, ..Steps::default() };
    let partners = [
        ("woolworths", WHOLE),
        ("agl", WHOLE),
        ("opal", WHOLE),
        ("fuel-voucher", WHOLE),
        ("relationships-australia", nothing),
    ];
    for (partner, steps) in partners {
        let mut rig = Rig::open(partner).await;
        let report = rig.tried().await;
        assert!(report.passed, "{report}");
        assert_eq!(report.steps, steps, "{partner}");
        assert!(report.checks.len() > 8, "{report}");
        assert!(report.verdict().starts_with("Certified"), "{report}");
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_knows_an_account_only_later_keeps_its_promise_too() {
    let mut rig = Rig::open("opal").await;
    rig.fault("verify", serde_json::json!({ "kind": "slow", "times": 2 })).await;
    let report = rig.tried().await;
    assert!(report.passed, "{report}");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_tried_is_named_and_gives_no_certificate() {
    let mut rig = Rig::open_telling("agl", "http://127.0.0.1:1").await;
    let report = rig.tried_with(None).await;
    assert!(!report.passed && report.broken().is_empty(), "{report}");
    assert_eq!(report.steps, Steps { token_obtained: true, ..Steps::default() });
    let text = report.to_string();
    for option in ["--listen", "--test-data"] {
        assert!(text.contains(option), "{text}");
    }
    let left_out = report.checks.iter().filter(|check| check.finding == Finding::NotChecked);
    assert!(left_out.count() > 10, "{text}");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kit_orders_little_and_leaves_no_voucher_to_be_spent_where_it_can_be_taken_back() {
    let mut rig = Rig::open("woolworths").await;
    assert!(rig.tried().await.passed);
    let book = rig.book().await;
    let vouchers = book["vouchers"].as_array().unwrap();
    assert_eq!(vouchers.len(), 4, "two of each product: {vouchers:?}");
    assert!(vouchers.iter().all(|voucher| voucher["amount"] == "5.00"), "{vouchers:?}");
    let of_shop = vouchers.iter().filter(|voucher| voucher["product"] == "woolworths-egift");
    assert!(of_shop.into_iter().all(|voucher| voucher["remaining"] == "0.00"), "{vouchers:?}");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_the_one_thing_that_is_tried() {
    let mut rig = Rig::open("woolworths").await;
    rig.settings.client_secret = "another-secret".into();
    let report = rig.tried().await;
    assert!(!report.passed, "{report}");
    assert_eq!(report.broken(), ["token_given"], "{report}");
    assert!(rig.book().await["vouchers"].as_array().unwrap().is_empty());
    rig.close().await;
}
