//! There is no more room on the database's disk: is nothing said to be taken that is not kept, and
//! does everybody go on by themselves once there is room?
//!
//! A limit on the size of the server's files takes the room away, which needs no right that a test
//! may not have. Without room for its log the server ends, and is started once there is some; with
//! room for that and not for its tables it refuses what it cannot keep, and stays.
//!
//! Rows: D6, W5. Cases: C21.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::house::{House, faults, waiting_for_a_hand};
use super::load::{Load, lost};

const CLIENTS: usize = 4;
const BETWEEN: usize = 40;
const PATIENCE: Duration = Duration::from_secs(60);
/// As large as a piece of the server's log, which is made whole.
const ROOM_FOR_THE_LOG: &str = "16777216";
/// More than fit into a table of that size.
const WEBHOOKS: &str = "
    INSERT INTO public.inbox (partner_id, external_id, sent_at, kind, body_digest, state)
    SELECT 'woolworths', repeat('x', 110) || gen_random_uuid(), now(), 'balance.low',
           repeat('0', 64), 'done'
      FROM generate_series(1, 60000) n";

/// Lets no file of the server grow beyond so many bytes: said as the server's own user, who may.
fn limit(data: &Path, bytes: &str) {
    let pid = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let first: u32 = pid.lines().next().unwrap().trim().parse().unwrap();
    let owner = std::fs::metadata(data).unwrap();
    let set = |pid: &str| {
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", pid, &format!("--fsize={bytes}:")]).current_dir("/");
        prlimit.uid(owner.uid()).gid(owner.gid()).output().unwrap()
    };
    let said = set(&first.to_string());
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    // A connection that ended meanwhile needs no limit.
    let children = format!("/proc/{first}/task/{first}/children");
    let children = std::fs::read_to_string(children).unwrap();
    children.split_whitespace().for_each(|pid| drop(set(pid)));
}

async fn is_ready(house: &House, base: &str) -> bool {
    let ready = format!("{base}/health/ready");
    house.app.http.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200)
}

async fn until_none_is_ready(house: &House) {
    let waiting = async {
        for base in &house.bases {
            while is_ready(house, base).await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("readiness goes red");
}

async fn assert_all_is_well(house: House, load: Load) {
    for server in &house.servers {
        server.until_ready(&house.app).await;
    }
    load.until_more(BETWEEN, PATIENCE).await;
    let told = load.end().await;
    println!("acknowledged {}, not taken {}", told.all(), told.not_taken);
    let pool = house.app.pool.clone();
    let lost = lost(&pool, &told).await;
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(told.not_taken > 0, "there really was no room");
    house.settle(&pool).await;
    let waiting = waiting_for_a_hand(&pool).await;
    assert!(waiting.is_empty(), "{waiting:?}");
    let faults = faults(&house.app, &pool).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_the_log_nothing_is_taken_and_all_goes_on_once_there_is_some() {
    let mut house = House::start(2).await;
    let data = house.beside("first").join("pgdata");
    let load = Load::begin(&house.app, &house.bases, CLIENTS);
    load.until_more(BETWEEN, PATIENCE).await;
    limit(&data, "0");
    until_none_is_ready(&house).await;
    // Its end, if it has not come to it by itself, and then room.
    house.cluster.crash().ok();
    house.cluster.start_again().unwrap();
    assert_all_is_well(house, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_a_table_the_server_stays_and_what_it_cannot_keep_is_not_taken() {
    let house = House::start(2).await;
    let data = house.beside("first").join("pgdata");
    sqlx::query(WEBHOOKS).execute(&house.app.pool).await.unwrap();
    limit(&data, ROOM_FOR_THE_LOG);
    let load = Load::begin(&house.app, &house.bases, CLIENTS);
    load.until_refused(2 * CLIENTS, PATIENCE).await;
    let more = sqlx::query(WEBHOOKS).execute(&house.app.pool).await;
    assert!(more.is_err(), "there really is no room in the table");
    limit(&data, "unlimited");
    assert_all_is_well(house, load).await;
}
