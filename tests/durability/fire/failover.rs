//! The database's server is lost, and its standby takes its place: is anything lost that was
//! acknowledged, and does the former one get anything more?
//!
//! Two servers, of which the first acknowledges nothing before the second has it; two processes
//! that know both by one URL; clients all the while. Nobody tells the processes.
//!
//! Rows: D6. Cases: C20.

use std::time::{Duration, Instant};

use anchor::postgres::PrivateCluster;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgPool};

use super::house::{DATABASE, House, cluster, faults, owner, waiting_for_a_hand};
use super::load::{Load, lost};

const CLIENTS: usize = 4;
/// So much is acknowledged before, and after.
const BETWEEN: usize = 60;
const PATIENCE: Duration = Duration::from_secs(90);

/// Two servers as one.
struct Pair {
    house: House,
    second: PrivateCluster,
}

impl Pair {
    async fn start() -> Self {
        let (first, folder) = cluster().await;
        let second = first.start_standby(&folder.path().join("second")).unwrap();
        first.wait_for_standby().await.unwrap();
        let url = both(&first.url(DATABASE), &second.url(DATABASE));
        let further = [("DATABASE_URL", url.as_str())];
        let house = House::upon(first, folder, 2, &further).await;
        Self { house, second }
    }

    async fn second(&self) -> PgPool {
        owner(&self.second.url(DATABASE)).await
    }

    /// Everything acknowledged is at the second server, once, and what was begun is finished.
    async fn assert_nothing_is_lost(&self, load: Load) {
        let told = load.end().await;
        let pool = self.second().await;
        println!("acknowledged {}, not taken {}", told.all(), told.not_taken);
        let lost = lost(&pool, &told).await;
        assert!(lost.is_empty(), "{lost:#?}");
        self.house.settle(&pool).await;
        let waiting = waiting_for_a_hand(&pool).await;
        assert!(waiting.is_empty(), "{waiting:?}");
        let faults = faults(&self.house.app, &pool).await;
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        pool.close().await;
    }

    async fn end(self) {
        let House { cluster, app, servers, folder, .. } = self.house;
        for server in servers {
            server.stop().await;
        }
        app.leave().await;
        self.second.stop().await;
        cluster.stop().await;
        drop(folder);
    }
}

/// One URL for both.
fn both(first: &SecretString, second: &SecretString) -> String {
    let port = |url: &SecretString| {
        let url: url::Url = url.expose_secret().parse().unwrap();
        url.port().unwrap()
    };
    let only = format!(":{}/", port(first));
    let several = format!(":{},127.0.0.1:{}/", port(first), port(second));
    let url = first.expose_secret().replace(&only, &several);
    format!("{url}?target_session_attrs=read-write")
}

async fn head(pool: &PgPool) -> i64 {
    let head = "SELECT coalesce(max(last_position), 0) FROM ledger_batches";
    sqlx::query_scalar(head).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_loses_nothing_and_gets_nothing_when_it_comes_back() {
    let mut pair = Pair::start().await;
    let load = Load::begin(&pair.house.app, &pair.house.bases, CLIENTS);
    load.until_more(BETWEEN, PATIENCE).await;

    pair.house.cluster.crash().unwrap();
    pair.second.promote().unwrap();
    let since = Instant::now();
    load.until_more(1, PATIENCE).await;
    println!("taken again after {:?}", since.elapsed());
    load.until_more(BETWEEN, PATIENCE).await;

    // It comes back and takes itself for the first still. One process starts anew meanwhile, and
    // asks the servers in the order of their names.
    pair.house.cluster.start_again().unwrap();
    let first = owner(&pair.house.cluster.url(DATABASE)).await;
    let before = head(&first).await;
    pair.house.servers[1].kill().await;
    pair.house.servers[1].set_off_again(&pair.house.app);
    pair.house.servers[1].until_ready(&pair.house.app).await;
    load.until_more(BETWEEN, PATIENCE).await;
    pair.assert_nothing_is_lost(load).await;
    assert_eq!(head(&first).await, before, "the former one gets nothing any more");
    first.close().await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_know_that_it_was_replaced_acknowledges_nothing() {
    let pair = Pair::start().await;
    let first = owner(&pair.house.cluster.url(DATABASE)).await;
    let load = Load::begin(&pair.house.app, &pair.house.bases, CLIENTS);
    load.until_more(BETWEEN, PATIENCE).await;

    pair.second.promote().unwrap();
    let since = Instant::now();
    load.until_more(CLIENTS, PATIENCE).await;
    println!("taken again after {:?}", since.elapsed());
    // Whoever waited at the former one for its standby has been broken off there, and so is one
    // who had set out for it before and comes late.
    let url = pair.house.cluster.url(DATABASE);
    let there: PgConnectOptions = url.expose_secret().parse().unwrap();
    let late = there.application_name("anchor").connect().await.unwrap();
    until_nobody_is_at(&first).await;
    drop(late);
    let before = head(&first).await;
    load.until_more(BETWEEN, PATIENCE).await;
    pair.assert_nothing_is_lost(load).await;
    assert_eq!(head(&first).await, before, "the former one gets nothing any more");
    first.close().await;
    pair.end().await;
}

async fn until_nobody_is_at(server: &PgPool) {
    let waiting = async {
        let others = "SELECT count(*) FROM pg_stat_activity
                       WHERE application_name = 'anchor' AND datname = current_database()";
        while sqlx::query_scalar::<_, i64>(others).fetch_one(server).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("everybody leaves the former server");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_the_standby_that_is_cancelled_is_no_acknowledgement() {
    let pair = Pair::start().await;
    let first = owner(&pair.house.cluster.url(DATABASE)).await;
    let load = Load::begin(&pair.house.app, &pair.house.bases, CLIENTS);
    load.until_more(BETWEEN, PATIENCE).await;
    // The standby is gone, and an operator who finds commits that hang cancels them.
    let mut second = pair.second;
    second.crash().unwrap();
    let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
                   WHERE wait_event = 'SyncRep' AND now() - query_start > interval '1 second'";
    let (mut cancelled, taken, began) = (0, load.taken(), Instant::now());
    while cancelled == 0 || began.elapsed() < Duration::from_secs(8) {
        cancelled += sqlx::query_scalar::<_, i64>(cancel).fetch_one(&first).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What was under way when it went may have been answered.
    let meanwhile = load.taken() - taken;
    println!("{cancelled} waits cancelled, {meanwhile} acknowledged meanwhile");
    let stored_alone = head(&first).await;
    second.start_again().unwrap();
    load.until_more(BETWEEN, PATIENCE).await;
    let told = load.end().await;
    assert!(meanwhile <= 2 * CLIENTS, "nothing is acknowledged that one server alone has");
    assert!(stored_alone > 0);
    let lost = lost(&first, &told).await;
    assert!(lost.is_empty(), "{lost:#?}");
    first.close().await;
    Pair { house: pair.house, second }.end().await;
}
