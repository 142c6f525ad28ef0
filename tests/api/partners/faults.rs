//! Does every fault of the sandbox's webhooks and answers end in the state that the facts say? And
//! those of a partner that is worse than the sandbox?
//!
//! Rows: P11, W2, W3, W5, D2, D4. Cases: C12, C22. Threats: T23.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{TestApp, Who};

async fn fault(app: &TestApp, operation: &str, kind: &str) {
    let faults = json!([{ "kind": kind, "times": 1 }]);
    let body = json!({ "partner": "woolworths", "operation": operation, "faults": faults });
    app.control("faults", body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_come_twice_late_shuffled_or_wrongly_signed_count_once() {
    let app = TestApp::start().await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    let kinds = ["duplicate_webhook", "secret_rotated", "clock_skew", "webhooks_shuffled"];
    for (kind, left) in kinds.into_iter().zip(["15.00", "10.00", "5.00", "2.50"]) {
        fault(&app, "webhook", kind).await;
        app.redeem(&reward, if left == "2.50" { "2.50" } else { "5.00" }).await;
        app.until(&format!("{kind}: {left} is left"), async || {
            let reward = app.reward(&member, "month_1").await.unwrap();
            reward["distribution_details"]["remaining"] == left
        })
        .await;
    }
    let refused: Vec<String> =
        sqlx::query_scalar("SELECT kind FROM security_events ORDER BY kind")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert!(refused.iter().any(|kind| kind == "signature_wrong"), "{refused:?}");
    assert!(refused.iter().any(|kind| kind == "signature_stale"), "{refused:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_before_the_answer_and_a_forgotten_token_change_nothing() {
    let app = TestApp::start().await;
    for kind in ["webhook_first", "token_revoked", "slow"] {
        fault(&app, "issue", kind).await;
        let member = Who::member();
        app.set_out(&member, 30).await;
        let reward = app.until_reward(&member, "month_1", "issued").await;
        assert_eq!(reward["partner_used"], "woolworths", "{kind}");
    }
    assert_eq!(app.book().await.len(), 3, "one voucher each");
    app.finish().await;
}

/// A partner that gives tokens and spoils everything else: each order in another way, in turn.
async fn spoiling_desk(trap: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let redirect = format!(
        "HTTP/1.1 307 There\r\nlocation: {trap}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let head = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\n";
    let ways: [(String, &[u8], Duration); 3] = [
        (redirect, b"", Duration::from_secs(3_600)),
        (format!("{head}content-length: 999\r\n\r\n{{"), b" ", Duration::from_millis(100)),
        (format!("{head}\r\n"), &[b' '; 16_384], Duration::ZERO),
    ];
    tokio::spawn(async move {
        let look_up = ways[0].clone();
        let mut orders = ways.into_iter().cycle();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut asked = vec![0; 16_384];
            let length = socket.read(&mut asked).await.unwrap_or(0);
            if asked[..length].windows(12).any(|window| window == b"/oauth/token") {
                let token =
                    json!({"access_token": "t", "token_type": "Bearer", "expires_in": 900});
                let token = token.to_string();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                     content-length: {}\r\n\r\n{token}",
                    token.len()
                );
                socket.write_all(answer.as_bytes()).await.ok();
                continue;
            }
            let is_order = asked.starts_with(b"POST");
            let (says, then, every) =
                if is_order { orders.next().unwrap() } else { look_up.clone() };
            tokio::spawn(async move {
                let mut is_there = socket.write_all(says.as_bytes()).await.is_ok();
                while is_there {
                    tokio::time::sleep(every).await;
                    is_there = socket.write_all(then).await.is_ok();
                }
            });
        }
    });
    base
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_redirects_drips_or_never_ends_is_unknown_and_nobody_else_is_asked() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let desk = spoiling_desk(&format!("http://{}/", trap.local_addr().unwrap())).await;
    let app = TestApp::start_with(&[("WOOLWORTHS_API_URL", &desk)]).await;
    let members: Vec<Who> = (0..3).map(|_| Who::member()).collect();
    for member in &members {
        assert_eq!(app.set_out(member, 30).await.status, 200);
    }
    let whys = async || {
        // The first of each: look-ups that follow are redirected.
        let mut whys: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT ON (aggregate_id) payload->>'why' FROM events
              WHERE event_type = 'IssuanceOutcomeUnknown' ORDER BY aggregate_id, position",
        )
        .fetch_all(&app.pool)
        .await
        .unwrap();
        whys.sort();
        whys
    };
    app.until("every outcome is unknown", async || whys().await.len() == 3).await;
    assert_eq!(whys().await, ["answer_too_large", "redirected", "timed_out"]);
    for member in &members {
        app.until_reward(member, "month_1", "processing").await;
    }
    let asked: Vec<(String, i64)> = sqlx::query_as(
        "SELECT payload->>'partner_id', count(*) FROM events
          WHERE event_type IN ('IssuanceRequested', 'PartnerChosen') GROUP BY 1, event_type",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert!(!asked.is_empty());
    assert!(
        asked.iter().all(|(partner, times)| partner == "woolworths" && *times == 3),
        "{asked:?}"
    );
    assert_eq!(app.book().await.len(), 0, "no other partner was asked");
    let followed = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
    assert!(followed.is_err(), "no redirect was followed");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_to_go_wrong_at_the_sandbox_is_counted_down_and_told() {
    let app = TestApp::start().await;
    let left = async || -> Value {
        let url = format!("{}/control/faults", app.sandbox_url);
        app.http.get(url).send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(left().await, json!({ "faults": [] }));
    app.fault("woolworths", "refuse", 2).await;
    let fault = |times: u32| {
        json!({ "faults": [{ "partner": "woolworths", "operation": "issue", "kind": "refuse",
            "times": times }] })
    };
    assert_eq!(left().await, fault(2));
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until_reward(&member, "month_1", "issued").await;
    assert_eq!(left().await, fault(1), "one was used, and the next partner gave the voucher");
    app.finish().await;
}
