//! Where does all of it stand? Upon a server of its own that keeps what it acknowledges, so that it
//! can be stopped at once, filled up, or replaced.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use anchor::database::migrate;
use anchor::postgres::{Durability, PrivateCluster};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use test_database::TestDatabase;

use super::books::Books;
use crate::whole::{PARTNERS, ServerProcess, TestApp};

pub const DATABASE: &str = "house";
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A server, Anchor's processes upon it, and the partners.
pub struct House {
    pub cluster: PrivateCluster,
    pub app: TestApp,
    pub servers: Vec<ServerProcess>,
    pub bases: Vec<String>,
    pub folder: tempfile::TempDir,
}

impl House {
    /// With so many processes.
    pub async fn start(processes: usize) -> Self {
        let (cluster, folder) = cluster().await;
        Self::upon(cluster, folder, processes, &[]).await
    }

    /// Upon a server that stands.
    pub async fn upon(
        cluster: PrivateCluster,
        folder: tempfile::TempDir,
        processes: usize,
        further: &[(&str, &str)],
    ) -> Self {
        let bases = ServerProcess::addresses(processes);
        let database = TestDatabase::at(cluster.url("postgres"), DATABASE);
        let app = TestApp::upon(database, bases.clone(), further, &PARTNERS).await;
        let servers = ServerProcess::start_at(&app, bases.clone()).await;
        Self { cluster, app, servers, bases, folder }
    }

    /// A folder beside the server's own.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Moves the clock on until nothing is open any more, and nothing is due.
    pub async fn settle(&self, pool: &PgPool) {
        for _ in 0..60 {
            let quiet = async {
                while open(pool).await > 0 {
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
            };
            if tokio::time::timeout(Duration::from_secs(4), quiet).await.is_ok() {
                return;
            }
            anchor::clock::forward(pool, chrono::Duration::minutes(2)).await.unwrap();
        }
        panic!("{} rewards are still open", open(pool).await);
    }

    /// Ends it in order.
    pub async fn end(self) {
        for server in self.servers {
            server.stop().await;
        }
        self.app.end().await;
        self.cluster.stop().await;
    }
}

/// Rewards that a person need not choose for and that are neither given nor failed, whatever is yet
/// to be projected, and webhooks that are yet to be applied.
async fn open(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM read.reward_todo WHERE step IN ('choose', 'issue', 'resolve'))
              + (SELECT count(*) FROM public.inbox WHERE state = 'new')
              + (SELECT count(*) FROM checkpoints WHERE schema = 'read' AND position <
                    (SELECT coalesce(max(last_position), 0) FROM ledger_batches))",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

/// That nothing waits for a hand: nothing halted, parked, failed or in people's hands.
pub async fn waiting_for_a_hand(pool: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT 'halted ' || name, coalesce(error, '') FROM checkpoints WHERE state = 'halted'
         UNION ALL SELECT 'parked webhook of ' || partner_id, coalesce(reason, '')
           FROM public.inbox WHERE state = 'parked'
         UNION ALL SELECT 'parked event of ' || name, error FROM public.parked
         UNION ALL SELECT 'in people''s hands', reward_id::text FROM read.reward_todo
          WHERE step = 'manual'",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// What the books say of rewards whose value is a voucher; credits wait for an account here.
pub async fn faults(app: &TestApp, pool: &PgPool) -> Vec<String> {
    let mut books = Books::read_at(app, pool).await;
    books.rewards.retain(|_, reward| super::books::has(reward, "PartnerChosen"));
    books.faults()
}

/// A server that keeps what it acknowledges.
pub async fn cluster() -> (PrivateCluster, tempfile::TempDir) {
    // It may run as another user than we do, and must be able to pass. In memory where the system
    // offers that: what a stop at once leaves behind does not depend on the disk.
    let passable = std::fs::Permissions::from_mode(0o711);
    let prefix = || {
        let mut folder = tempfile::Builder::new();
        folder.prefix("anchor-fire-").permissions(passable.clone());
        folder
    };
    let folder = prefix().tempdir_in("/dev/shm").or_else(|_| prefix().tempdir()).unwrap();
    let data = folder.path().join("first");
    let cluster = PrivateCluster::start(&data, Durability::Durable).await.unwrap();
    cluster.create_database_if_missing(DATABASE).await.unwrap();
    migrate(&cluster.url(DATABASE)).await.unwrap();
    (cluster, folder)
}

/// Somebody who may look at everything.
pub async fn owner(url: &SecretString) -> PgPool {
    PgPool::connect(url.expose_secret()).await.unwrap()
}
