//! What happens when one partner is gone? Its breaker opens, waiting vouchers come from the next by
//! the rules, and it closes by itself.
//!
//! Rows: D1, D5, M3. Threats: T20.

use chrono::Duration;

use crate::staff::alerts::until_alert;
use crate::support::{TestApp, Who};
use anchor::config::Config;
use anchor::sandbox::{Running, Sandbox, SandboxConfig};

/// The sandbox of Woolworths alone.
async fn shop(app: &TestApp, port: u16, book: &tempfile::TempDir) -> Running {
    let config = Config::read(&|name| app.variables.get(name).cloned()).unwrap();
    let mut settings = config.partners.clone();
    settings.retain(|partner, _| partner.as_str() == "woolworths");
    let sandbox = SandboxConfig::acting_as(&config.catalogue, &settings)
        .at_port(port)
        .keeping_book_in(book.path().to_owned());
    Sandbox::start(sandbox).await.unwrap()
}

async fn breaker(app: &TestApp) -> String {
    let metrics = app.http.get(format!("{}/metrics", app.base)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = metrics.lines().find(|line| line.contains("breaker{partner=\"woolworths\"}"));
    line.unwrap_or_default().rsplit(' ').next().unwrap_or_default().to_owned()
}

async fn is_available(app: &TestApp) -> bool {
    app.get(&Who::member(), "/api/partners/woolworths").await.body["available"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_gone_is_left_alone_and_taken_up_again_when_it_is_back() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/woolworths");
    let app = TestApp::start_with(&[("WOOLWORTHS_API_URL", &url)]).await;
    let book = tempfile::tempdir().unwrap();
    let running = shop(&app, port, &book).await;
    let early = Who::member();
    app.set_out(&early, 30).await;
    let reward = app.until_reward(&early, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "woolworths");
    assert_eq!((breaker(&app).await.as_str(), is_available(&app).await), ("0", true));

    running.stop().await;
    let waiting: Vec<Who> = (0..6).map(|_| Who::member()).collect();
    for member in &waiting {
        app.set_out(member, 30).await;
    }
    app.until("its breaker is open", async || !is_available(&app).await).await;
    assert_ne!(breaker(&app).await, "0");
    let alert = until_alert(&app, "open", "breaker_open").await;
    assert_eq!(alert["subject"], "woolworths");
    let next = Who::member();
    app.set_out(&next, 30).await;
    let reward = app.until_reward(&next, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "coles", "who comes now goes to the next at once");
    // What had been ordered there waits its time, then goes to the next: nothing was ever sent.
    for _ in 0..10 {
        app.forward(Duration::hours(3)).await;
        app.until("they were tried again", async || {
            let due: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM read.reward_todo
                  WHERE step IN ('choose', 'issue') AND next_at <= ledger_now()",
            )
            .fetch_one(&app.pool)
            .await
            .unwrap();
            due == 0
        })
        .await;
    }
    for member in &waiting {
        let reward = app.until_reward(member, "month_1", "issued").await;
        assert_eq!(reward["partner_used"], "coles", "{reward}");
    }

    let running = shop(&app, port, &book).await;
    app.until("its breaker is closed", async || is_available(&app).await).await;
    assert_eq!(breaker(&app).await, "0");
    let late = Who::member();
    app.set_out(&late, 30).await;
    let reward = app.until_reward(&late, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "woolworths");
    assert_eq!(app.book().await.len(), 7, "one voucher each");
    app.finish().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_are_put_off_and_then_carried_out() {
    let app = TestApp::start().await;
    app.fault("woolworths", "rate_limit", 2).await;
    let member = Who::member();
    app.set_out(&member, 30).await;
    app.until("it was put off", async || {
        let put_off: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM events WHERE event_type = 'IssuanceDeferred'",
        )
        .fetch_one(&app.pool)
        .await
        .unwrap();
        put_off >= 1
    })
    .await;
    app.forward(Duration::minutes(2)).await;
    app.forward(Duration::minutes(2)).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], "woolworths", "nobody else was asked");
    assert_eq!(app.book().await.len(), 1);
    app.finish().await;
}
