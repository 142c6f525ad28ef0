//! What can be asked: partners, activity, the summary, and what is reported of a member.
//!
//! Rows: Q2, M1, M2, P6, A1, F5, C2.

use anchor::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::edge::coverage::assert_problem;
use crate::support::{TestApp, Who};

#[tokio::test(flavor = "multi_thread")]
async fn partners_are_listed_for_everybody_with_whether_they_can_give() {
    let app = TestApp::start().await;
    app.until_idle().await;
    let all =
        TestApp::answer(app.http.get(format!("{}/api/partners", app.base)).send().await.unwrap())
            .await;
    let partners = all.body["partners"].as_array().unwrap();
    assert_eq!(all.body["total"], partners.len());
    let woolworths = partners.iter().find(|each| each["id"] == "woolworths").unwrap();
    assert_eq!((&woolworths["type"], &woolworths["status"]), (&json!("retail"), &json!("active")));
    assert_eq!(woolworths["available"], true);
    let service = Who::new(Role::Service);
    let retail = app.get(&service, "/api/partners?type=retail&capability=vouchers").await;
    assert!(retail.body["partners"].as_array().unwrap().iter().all(|p| p["type"] == "retail"));
    let one = app.get(&service, "/api/partners/woolworths").await;
    assert_eq!(one.body, *woolworths);
    assert_problem(&app.get(&service, "/api/partners/nobody").await, 404, "unknown");
    let page = app.get(&service, "/api/partners?limit=1").await;
    let next =
        format!("/api/partners?limit=1&cursor={}", page.body["next_cursor"].as_str().unwrap());
    assert_ne!(app.get(&service, &next).await.body["partners"], page.body["partners"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_see_their_own_activity_and_nothing_of_members() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    app.until_idle().await;
    let staff = app.get(&Who::new(Role::Support), "/api/activity?limit=200").await;
    let activities = staff.body["activities"].as_array().unwrap();
    assert!(activities.iter().any(|each| each["activity_type"] == "MilestoneReached"));
    let theirs = app.get(&Who::new(Role::Partner), "/api/activity").await;
    let activities = theirs.body["activities"].as_array().unwrap();
    assert!(activities.iter().any(|each| each["activity_type"] == "VoucherIssued"));
    assert!(activities.iter().all(|each| each["partner_id"] == "woolworths"));
    let text = theirs.body.to_string();
    for hidden in [member.sub.to_string(), "milestone".to_owned(), "grocery".to_owned()] {
        assert!(!text.contains(&hidden), "{hidden}: {text}");
    }
    let coles = app.get(&Who::new(Role::Partner), "/api/activity?partner=coles").await;
    assert_problem(&coles, 404, "another partner's");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_is_of_any_moment_and_adds_up() {
    let app = TestApp::start().await;
    let (member, finance) = (Who::member(), Who::new(Role::Finance));
    app.until_idle().await;
    let before = app.head().await;
    app.set_out(&member, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    app.until_idle().await;
    let now = app.get(&finance, "/api/reconciliation/summary").await;
    let line = |summary: &Value, partner: &str| {
        let lines = summary["partners"].as_array().unwrap();
        lines.iter().find(|line| line["partner_id"] == partner).cloned().unwrap_or_default()
    };
    let woolworths = line(&now.body, "woolworths");
    assert_eq!(
        (&woolworths["issued"], &woolworths["outstanding"]),
        (&json!("20.00"), &json!("20.00"))
    );
    assert_eq!(now.body["totals"][0]["issued"], "20.00");
    assert_eq!(now.body["totals"][0].get("partner_id"), None);
    let earlier = format!("/api/reconciliation/summary?as_of={before}");
    assert_eq!(line(&app.get(&finance, &earlier).await.body, "woolworths"), Value::Null);

    // Right after the milestone, which is owed and not ordered anywhere yet.
    let reached: (i64, chrono::DateTime<chrono::Utc>) = sqlx::query_as(
        "SELECT position, recorded_at FROM events WHERE event_type = 'MilestoneReached'",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    let path = format!("/api/reconciliation/summary?as_of={}", reached.0);
    let then = app.get(&finance, &path).await.body;
    let owed = &then["partners"].as_array().unwrap()[0];
    assert_eq!(
        (owed.get("partner_id"), &owed["committed"]),
        (Some(&Value::Null), &json!("20.00"))
    );
    assert_eq!((&then["as_of"], &then["position"]), (&json!(reached.1), &json!(reached.0)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_again_records_nothing_and_a_correction_needs_a_reason() {
    let app = TestApp::start().await;
    let (member, service) = (Who::member(), Who::new(Role::Service));
    let first = app.set_out(&member, 10).await;
    let again = app.set_out(&member, 10).await;
    assert_eq!((&first.body["recorded"], &again.body["recorded"]), (&json!(true), &json!(false)));
    assert_eq!(again.body["clean_days"], 10);
    let corrected = app.set_out(&member, 12).await;
    assert_problem(&corrected, 422, "without a reason");
    assert_eq!(corrected.code(), "reason_required");
    let journey = json!({
        "started_on": first.body["started_on"], "time_zone": "Australia/Perth", "reason": "moved",
    });
    let path = format!("/api/members/{}/journey", member.sub);
    let moved = app.ask(&service, Method::PUT, &path, Some(journey)).await;
    assert_eq!((moved.status, &moved.body["time_zone"]), (200, &json!("Australia/Perth")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_kept_sealed_and_the_same_again_is_nothing_new() {
    let app = TestApp::start().await;
    let (member, service) = (Who::member(), Who::new(Role::Service));
    let path = format!("/api/members/{}/contact", member.sub);
    let contact = json!({ "email": "robin@members.example", "name": "Robin", "locale": "en-AU" });
    let first = app.ask(&service, Method::PUT, &path, Some(contact.clone())).await;
    assert_eq!((first.status, &first.body["recorded"]), (200, &json!(true)), "{first:?}");
    assert!(!first.body.to_string().to_lowercase().contains("robin"));
    let again = app.ask(&service, Method::PUT, &path, Some(contact)).await;
    assert_eq!(again.body["recorded"], false);
    let clear: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM events WHERE lower(payload::text) LIKE '%robin%'",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(clear, 0);
    app.finish().await;
}
