//! A worker stands still in the middle of an order, another takes over, and the first one wakes: is
//! one voucher issued?
//!
//! Two processes. The call of the first is held on its way, and the process stopped as by the
//! operating system, for its lease and five seconds by the ledger's clock and on until its order is
//! looked into. The other asks the partner, who knows of nothing, and sends the same again; then
//! the first wakes, and its call goes on.
//!
//! Rows: D4, D6, R2. Cases: C7, C23, I1, I2.

use std::time::Duration;

use anchor::access::Role;
use nix::sys::signal::Signal;
use secrecy::ExposeSecret;
use serde_json::json;

use super::between::Between;
use super::books::{Books, has, of};
use crate::whole::{ServerProcess, TestApp, Who};

/// The lease and five seconds; then what remains until the order is looked into.
const LEASE_AND_FIVE: i64 = 65;
const UNTIL_LOOKED_INTO: i64 = 30;
/// Longer than a send may still begin after its claim.
const PAST_ITS_DEADLINE: Duration = Duration::from_secs(21);

struct Stage {
    app: TestApp,
    servers: Vec<ServerProcess>,
    line: Between,
}

impl Stage {
    /// Everything, with the first worker asleep in the middle of what begins like this, and the
    /// other one done with the order in its place.
    async fn set(held: &str) -> Self {
        let line = Between::holding(held).await;
        let through = format!("http://127.0.0.1:{}/woolworths", line.port);
        let further = [("WOOLWORTHS_API_URL", through.as_str())];
        let (app, servers) = ServerProcess::start_several_with(2, &further).await;
        line.leads_to(&app.sandbox_url);
        servers[1].signal(Signal::SIGSTOP);
        let member = Who::member();
        set_out(&app, servers[0].base(), &member).await;
        line.until_held().await;
        servers[0].signal(Signal::SIGSTOP);
        servers[1].signal(Signal::SIGCONT);
        app.forward(chrono::Duration::seconds(LEASE_AND_FIVE)).await;
        app.forward(chrono::Duration::seconds(UNTIL_LOOKED_INTO)).await;
        let stage = Self { app, servers, line };
        stage.until_issued().await;
        stage
    }

    async fn until_issued(&self) {
        let issued = "SELECT count(*) FROM events WHERE event_type = 'VoucherIssued'";
        self.app
            .until("the other one has issued it", async || {
                sqlx::query_scalar::<_, i64>(issued).fetch_one(&self.app.pool).await.unwrap() == 1
            })
            .await;
    }

    fn wake_the_first(&self) {
        self.servers[0].signal(Signal::SIGCONT);
        self.line.release();
    }

    /// One voucher, and so many orders went through, after both have finished what they do.
    async fn assert_one_voucher(self, orders: usize) {
        self.app.until_idle().await;
        let head = self.app.head().await;
        let books = Books::read(&self.app).await;
        assert_eq!((books.rewards.len(), books.issued.len()), (1, 1));
        assert!(books.faults().is_empty(), "{:#?}", books.faults());
        let reward = books.rewards.values().next().unwrap();
        assert_eq!(of(reward, "IssuanceRequested").count(), 1, "{reward:#?}");
        assert_eq!(of(reward, "VoucherIssued").count(), 1, "{reward:#?}");
        assert!(has(reward, "IssuanceNotFound") && !has(reward, "LateIssueFound"), "{reward:#?}");
        assert_eq!(reward.last().unwrap().what, "VoucherIssued", "the late one adds nothing");
        for server in self.servers {
            server.stop().await;
        }
        self.app.assert_nothing_since(head).await;
        assert_eq!(self.line.orders().len(), orders, "so many were sent");
        self.app.finish().await;
    }
}

async fn set_out(app: &TestApp, base: &str, member: &Who) {
    let started_on = app.today().await - chrono::Duration::days(30);
    let journey = json!({ "started_on": started_on, "time_zone": "Australia/Sydney" });
    let answer = app
        .http
        .put(format!("{base}/api/members/{}/journey", member.sub))
        .bearer_auth(Who::new(Role::Service).token().expose_secret())
        .json(&journey)
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_arrives_after_another_worker_sent_it_again_is_the_same_order() {
    let stage = Stage::set("POST /woolworths/vouchers ").await;
    assert_eq!(stage.line.orders().len(), 1, "the other's went through");
    stage.wake_the_first();
    stage.app.until("the late one went through", async || stage.line.orders().len() == 2).await;
    let orders = stage.line.orders();
    assert_eq!(orders[0], orders[1], "the same key, the same bytes");
    stage.assert_one_voucher(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_wakes_after_its_deadline_sends_nothing() {
    // It has recorded that it will send, and asks for the token to send it with.
    let stage = Stage::set("POST /woolworths/oauth/token ").await;
    assert_eq!(stage.line.orders().len(), 1, "the other's went through");
    tokio::time::sleep(PAST_ITS_DEADLINE).await;
    stage.wake_the_first();
    // Told to stop, it finishes what it is doing.
    stage.assert_one_voucher(1).await;
}
