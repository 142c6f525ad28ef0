//! Do two people settle what nobody saw, and does each answer end sensibly?
//!
//! Rows: R6, D4. Threats: T11.

use serde_json::json;

use super::scenes::*;
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn another_word_by_the_second_person_starts_nothing() {
    let app = TestApp::start().await;
    let (scene, one, two) = (unknown(&app).await, helper(), helper());
    let first = scene.act(&app, &one, "resolve", json!({ "outcome": "not_issued" })).await;
    assert_eq!((first.status, &first.body["result"]), (202, &json!(null)), "{first:?}");
    let other = json!({ "outcome": "issued", "partner_ref": "V1" });
    let differs = scene.act(&app, &two, "resolve", other).await;
    assert_eq!((differs.status, differs.code()), (409, "outcome_differs"), "{differs:?}");
    assert_eq!(scene.count(&app, "AttestationBegun").await, 1);
    assert_eq!(scene.seen(&app).await["first_person"], one.sub.to_string());
    for more in [
        json!({ "outcome": "issued" }),
        json!({ "outcome": "not_issued", "partner_ref": "V1" }),
        json!({ "outcome": "perhaps" }),
        json!({}),
    ] {
        let answer = scene.act(&app, &two, "resolve", more).await;
        assert_eq!((answer.status, answer.code()), (422, "invalid_field"), "{answer:?}");
    }
    let case = json!({ "outcome": "not_issued", "evidence": "case 2026-113" });
    let done = scene.act(&app, &two, "resolve", case).await;
    assert_eq!(done.status, 200, "{done:?}");
    let stream = scene.stream(&app).await;
    let (_, attested, _) = stream.iter().find(|(name, ..)| name == "OutcomeAttested").unwrap();
    assert_eq!(attested["first_person"], one.sub.to_string());
    assert_eq!(attested["second_person"], two.sub.to_string());
    assert_eq!(attested["evidence"], "case 2026-113");
    scene.until(&app, "issued").await;
    assert_eq!(live(&app).await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_that_was_issued_is_looked_for_until_its_code_is_there() {
    let app = TestApp::start().await;
    fault(&app, ("woolworths", "look_up"), "error_500", 2).await;
    app.fault("woolworths", "drop", 1).await;
    let scene = dropped(&app).await;
    let issued = app.book().await[0]["partner_ref"].clone();
    let word = json!({ "outcome": "issued", "partner_ref": issued });
    assert_eq!(scene.act(&app, &helper(), "resolve", word.clone()).await.status, 202);
    let done = scene.act(&app, &helper(), "resolve", word).await;
    assert_eq!((done.status, &done.body["result"]), (200, &json!("attested_issued")), "{done:?}");
    app.until("it is the member's", async || {
        app.forward(chrono::Duration::seconds(60)).await;
        scene.seen(&app).await["status"] == "issued"
    })
    .await;
    let reward = app.reward(&scene.member, "month_1").await.unwrap();
    assert_eq!(reward["distribution_details"]["voucherId"], issued);
    assert_eq!((scene.count(&app, "IssuanceRequested").await, live(&app).await), (1, 1));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_to_be_issued_and_never_was_is_not_ordered_again_by_itself() {
    let app = TestApp::start().await;
    fault(&app, ("woolworths", "look_up"), "error_500", 2).await;
    app.fault("woolworths", "error_500", 1).await;
    let scene = dropped(&app).await;
    let word = json!({ "outcome": "issued", "partner_ref": "NOBODY-KNOWS" });
    assert_eq!(scene.act(&app, &helper(), "resolve", word.clone()).await.status, 202);
    let done = scene.act(&app, &helper(), "resolve", word).await;
    assert_eq!(done.status, 200, "{done:?}");
    app.until("it was looked for in vain", async || {
        app.forward(chrono::Duration::seconds(60)).await;
        let stream = scene.stream(&app).await;
        stream.iter().any(|(_, payload, _)| payload["why"] == "not_found_and_attested")
    })
    .await;
    assert_eq!(scene.count(&app, "IssuanceRepeated").await, 0, "nothing is ordered once more");
    assert_eq!(live(&app).await, 0);
    let word = json!({ "outcome": "not_issued" });
    assert_eq!(scene.act(&app, &helper(), "resolve", word.clone()).await.status, 202);
    assert_eq!(scene.act(&app, &helper(), "resolve", word).await.status, 200);
    scene.until(&app, "issued").await;
    assert_eq!(live(&app).await, 1);
    app.finish().await;
}
