//! Servers and the database are killed every few seconds, under load: is everything there that was
//! acknowledged, and does nobody have to help?
//!
//! Two processes; one or the other is killed, and now and then the database stops at once. Whoever
//! is gone is started again, as an init system would, and told nothing. In the suite it goes on for
//! 40 seconds; `ANCHOR_FIRE_SECONDS=300 cargo check-all -- killed_every_few_seconds` is five
//! minutes.
//!
//! Rows: D6, R2. Cases: C5, C8, C19, I1, I2, I9.

use std::time::{Duration, Instant};

use super::dice::Dice;
use super::house::{House, faults, waiting_for_a_hand};
use super::load::{Load, lost};

const SECONDS: u64 = 40;
const CLIENTS: usize = 6;
/// From one kill to the next, in milliseconds.
const PAUSE: std::ops::Range<u64> = 1_500..4_500;
/// One in so many is the database's.
const DATABASE_ONE_IN: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

fn how_long() -> Duration {
    let given = std::env::var("ANCHOR_FIRE_SECONDS").ok();
    Duration::from_secs(given.map_or(SECONDS, |seconds| seconds.parse().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_killed_every_few_seconds_loses_nothing_and_nobody_has_to_help() {
    let (mut dice, lasting) = (Dice::throw("killed"), how_long());
    let mut house = House::start(2).await;
    let load = Load::begin(&house.app, &house.bases, CLIENTS);
    let (began, mut processes, mut databases) = (Instant::now(), 0, 0);
    load.until_more(CLIENTS, PATIENCE).await;
    while began.elapsed() < lasting {
        let pause = PAUSE.start + dice.below(PAUSE.end - PAUSE.start);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if dice.below(DATABASE_ONE_IN) == 0 {
            tokio::task::block_in_place(|| house.cluster.crash_and_restart()).unwrap();
            databases += 1;
        } else {
            let one = usize::try_from(dice.below(2)).unwrap();
            house.servers[one].kill().await;
            processes += 1;
        }
        // Killed, or given up because the database was gone while it started.
        for server in &mut house.servers {
            if server.has_ended() {
                server.set_off_again(&house.app);
            }
        }
    }
    for server in &mut house.servers {
        if server.has_ended() {
            server.set_off_again(&house.app);
        }
        server.until_ready(&house.app).await;
    }
    load.until_more(CLIENTS, PATIENCE).await;
    let told = load.end().await;
    println!(
        "{:?}: killed {processes} processes and {databases} times the database; {} acknowledged \
         ({} journeys, {} rewards, {} claims, {} webhooks), {} times not taken",
        began.elapsed(),
        told.all(),
        told.journeys.len(),
        told.reached.len(),
        told.claimed.len(),
        told.webhooks.len(),
        told.not_taken
    );
    let pool = house.app.pool.clone();
    let lost = lost(&pool, &told).await;
    assert!(lost.is_empty(), "{lost:#?}");
    house.settle(&pool).await;
    let waiting = waiting_for_a_hand(&pool).await;
    assert!(waiting.is_empty(), "{waiting:?}");
    let faults = faults(&house.app, &pool).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    house.end().await;
}
