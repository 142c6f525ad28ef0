//! What if Anchor is two processes on one database? One voucher each, whoever asks where, also when
//! one of them is killed in the middle.
//!
//! Real processes, as an operator starts them; every client asks both in turn. A request that dies
//! with its process is made again, as any client does; no answer is ever a 5xx.
//!
//! Rows: R2, R3, D6, F1. Cases: C5, C8, C23, I1, I2.

use chrono::Duration;

use crate::many_at_once::{CROWD, one_voucher_each};
use crate::support::{ServerProcess, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_make_one_voucher_each() {
    let _alone = CROWD.lock().await;
    let (app, servers) = ServerProcess::start_several(2).await;
    one_voucher_each(&app).await;
    end(app, servers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_leaves_one_voucher_each() {
    let _alone = CROWD.lock().await;
    let (app, mut servers) = ServerProcess::start_several(2).await;
    let killing = async {
        app.until("vouchers are being issued", async || issued(&app).await >= 40).await;
        servers[1].kill_and_restart(&app).await;
        assert!(issued(&app).await < 300, "it was in the middle");
        // What the dead one had taken up is taken over once its lease is over.
        app.forward(Duration::minutes(3)).await;
    };
    tokio::join!(one_voucher_each(&app), killing);
    end(app, servers).await;
}

async fn issued(app: &TestApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'VoucherIssued'")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// Waits for the last work, which needs the servers, then has everything end in order.
async fn end(app: TestApp, servers: Vec<ServerProcess>) {
    app.until_idle().await;
    for server in servers {
        server.stop().await;
    }
    app.finish().await;
}
