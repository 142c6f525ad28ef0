//! Are there seventeen partners, and is another one a file?
//!
//! Rows: P1, P5, P10, P12, Q2.

use serde_json::{Value, json};

use crate::support::{TestApp, Who};

const COLES: &str = include_str!("../../../src/partners/catalogue/coles.toml");

#[tokio::test(flavor = "multi_thread")]
async fn there_are_seventeen_partners_in_the_agreed_shape() {
    let app = TestApp::start().await;
    let url = format!("{}/api/partners", app.base);
    let all = TestApp::answer(app.http.get(url).send().await.unwrap()).await;
    assert_eq!((all.status, &all.body["total"]), (200, &json!(17)), "{all:?}");
    let partners = all.body["partners"].as_array().unwrap();
    let ids: Vec<&str> = partners.iter().map(|partner| partner["id"].as_str().unwrap()).collect();
    let mut expected = [
        "woolworths",
        "coles",
        "aldi",
        "kmart",
        "target",
        "energy-australia",
        "agl",
        "origin",
        "telstra",
        "optus",
        "opal",
        "myki",
        "fuel-voucher",
        "relationships-australia",
        "lifeline",
        "financial-counsellors-australia",
        "gambling-help",
    ];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    for partner in partners {
        assert!(partner["name"].is_string() && partner["capabilities"].is_array(), "{partner}");
        assert_eq!(
            partner["available"], true,
            "also help lines, which need no settings: {partner}"
        );
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_partner_is_one_file_and_gives_what_is_claimed_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let shop = COLES.replace("Coles", "Corner Shop").replace("coles", "corner-shop");
    std::fs::write(folder.path().join("corner-shop.toml"), shop).unwrap();
    let folder = folder.path().display().to_string();
    let app = TestApp::start_knowing("corner-shop", &folder).await;
    let member = Who::member();
    app.set_out(&member, 365).await;
    let reward = app.until_reward(&member, "year_1", "awaiting_choice").await;
    let eligible = reward["eligible_partners"].as_array().unwrap();
    assert_eq!(eligible.last(), Some(&json!("corner-shop")), "after those that are named");
    let path = format!("/api/rewards/{}/claim", reward["id"].as_str().unwrap());
    let claimed = app.post(&member, &path, json!({ "partnerId": "corner-shop" })).await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
    let issued: Vec<Value> =
        app.book().await.into_iter().filter(|v| v["partner"] == "corner-shop").collect();
    assert_eq!((issued.len(), &issued[0]["amount"]), (1, &json!("200.00")));
    app.finish().await;
}

#[test]
fn a_bad_file_stops_the_start_with_its_line_beside_every_other_problem() {
    let folder = tempfile::tempdir().unwrap();
    let odd = COLES.replace("kind = \"voucher\"", "kind = \"coins\"");
    std::fs::write(folder.path().join("corner-shop.toml"), odd).unwrap();
    let folder = folder.path().display().to_string();
    let variable = |name: &str| (name == "ANCHOR_PARTNERS_DIR").then(|| folder.clone());
    let problems = anchor::config::Config::read(&variable).unwrap_err().to_string();
    assert!(problems.contains("corner-shop.toml, line 12: unknown variant"), "{problems}");
    assert!(problems.contains("DATABASE_URL is missing"), "{problems}");
}
