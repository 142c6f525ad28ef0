//! Is each fault found that the sandbox can show, and named for what it is?
//!
//! Every fault is switched on at a sandbox of its own, and the report must name the promise that is
//! broken and no other: a partner's engineer reads where to look.
//!
//! Rows: P7, P11, A2, W2, W3, D4.

use anchor::conformance::Finding;
use serde_json::{Value, json};

use super::rig::Rig;

/// What goes wrong, where, and what the report then says.
struct Case {
    operation: &'static str,
    fault: Value,
    /// The promises that are broken.
    broken: &'static [&'static str],
    /// Words of what was seen.
    seen: &'static str,
}

fn case(
    operation: &'static str,
    fault: Value,
    broken: &'static [&'static str],
    seen: &'static str,
) -> Case {
    Case { operation, fault, broken, seen }
}

fn cases() -> Vec<Case> {
    let kind = |kind: &str| json!({ "kind": kind });
    let slow = |kind: &str, delay_ms: u64| json!({ "kind": kind, "delay_ms": delay_ms });
    let no_answer = &["order_in_time", "order_taken"];
    vec![
        case("issue", kind("refuse"), &["order_taken"], "422 product_unavailable"),
        case("issue", kind("rate_limit"), &["order_taken"], "429 rate_limited"),
        case("issue", kind("error_500"), &["order_taken"], "500"),
        case("issue", slow("slow", 5_200), &["order_in_time"], "after 5"),
        case("issue", kind("timeout_before"), no_answer, "no answer within"),
        case("issue", kind("timeout_after"), no_answer, "no answer within"),
        case("issue", kind("drop"), &["order_taken"], "no answer: "),
        case("issue", kind("wrong_amount"), &["order_as_ordered"], "amount_differs"),
        case("issue", kind("webhook_first"), &["webhook_after_answer"], "1 of 4"),
        case("issue", kind("token_revoked"), &["token_lasts"], "had been given was refused"),
        case("webhook", kind("duplicate_webhook"), &["webhook_once"], "1 of 5"),
        case("webhook", slow("webhooks_shuffled", 3_000), &["webhook_order"], "after a later one"),
        case("webhook", kind("secret_rotated"), &["webhook_signed"], "signature_wrong"),
        case("webhook", kind("clock_skew"), &["webhook_fresh"], "signature_stale"),
        case("statement", kind("truncated_statement"), &["statement_whole"], "cut_off"),
    ]
}

async fn is_found(case: Case) {
    let mut rig = Rig::open("woolworths").await;
    rig.fault(case.operation, case.fault.clone()).await;
    let report = rig.tried().await;
    let fault = &case.fault["kind"];
    assert!(!report.passed, "{fault}: {report}");
    assert_eq!(report.broken(), case.broken, "{fault}: {report}");
    let is_bad = |check: &&anchor::conformance::Check| check.finding == Finding::Failed;
    let bad = report.checks.iter().filter(is_bad);
    assert!(bad.into_iter().any(|bad| bad.seen.contains(case.seen)), "{fault}: {report}");
    assert!(report.to_string().contains("FAILED"), "{report}");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_sandbox_is_found_and_the_broken_promise_named() {
    let cases = cases();
    assert_eq!(cases.len(), 15, "the sixteenth has a test of its own");
    futures::future::join_all(cases.into_iter().map(is_found)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_given_twice_is_found_among_all_that_were_given() {
    let mut rig = Rig::open("woolworths").await;
    // The first voucher keeps its own code, whatever is said of it.
    rig.fault("issue", json!({ "kind": "same_code", "times": 100 })).await;
    let report = rig.tried().await;
    assert!(!report.passed && report.broken().contains(&"two_orders_two_values"), "{report}");
    assert!(report.to_string().contains("the same code for both"), "{report}");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_never_ends_ends_the_run_all_the_same() {
    let ends = async |kind: &str| {
        let mut rig = Rig::open("woolworths").await;
        rig.fault("issue", json!({ "kind": kind, "times": 1000 })).await;
        let report = rig.tried().await;
        assert!(!report.passed && !report.steps.value_issued, "{kind}: {report}");
        assert!(report.broken().contains(&"order_taken"), "{kind}: {report}");
        rig.close().await;
    };
    let kinds = ["refuse", "rate_limit", "error_500", "timeout_after", "drop", "token_revoked"];
    futures::future::join_all(kinds.map(ends)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_accounts_referrals_and_tokens_are_found_too() {
    let cases = [
        ("agl", "verify", "refuse", "account_verified"),
        ("agl", "ask", "error_500", "account_told"),
        ("agl", "token", "error_500", "token_given"),
        ("agl", "look_up", "error_500", "no_call_without_a_token"),
        ("relationships-australia", "refer", "drop", "referral_taken"),
        ("relationships-australia", "refer", "refuse", "referral_taken"),
        ("agl", "webhook", "secret_rotated", "webhook_signed"),
        ("opal", "statement", "truncated_statement", "statement_whole"),
    ];
    let is_found = async |(partner, operation, kind, broken): (&str, &str, &str, &str)| {
        let mut rig = Rig::open(partner).await;
        rig.fault(operation, json!({ "kind": kind })).await;
        let report = rig.tried().await;
        assert_eq!(report.broken(), [broken], "{partner} {operation} {kind}: {report}");
        rig.close().await;
    };
    futures::future::join_all(cases.map(is_found)).await;
}
