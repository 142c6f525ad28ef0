//! Would it be found out? The same faults where a mechanism is missing that withstands them.
//!
//! Each test passes only when the house then finds what is broken, and names the invariant.
//!
//! Rows: D6. Cases: C2, C19, I3, I10.

use super::fault::{Fault, Place, Side, Way};
use super::flow::Step;
use super::house::House;
use super::plays::Play;
use crate::storms::taken_away;

/// So often something is acknowledged and the server stopped.
const TRIES: usize = 10;

fn fault(what: &str, side: Side, way: Way) -> Option<Fault> {
    Some(Fault { place: Place { what: what.to_owned(), nth: 1 }, side, way })
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_looks_up_a_lost_answer_it_is_found_that_a_command_counted_twice() {
    let house = House::open().await;
    taken_away::the_look_up(&house.owner).await;
    let lost = fault("append VoucherRevealed", Side::After, Way::Cut);
    let play = Play { steps: vec![(Step::SetOut, None), (Step::Reveal, lost)] };
    let played = play.at(&house).await;
    assert_eq!(played.struck.len(), 1, "the answer really was lost: {played:?}");
    assert!(played.broken.iter().any(|what| what.contains("I10: command")), "{played:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_commit_does_not_wait_for_the_disk_it_is_found_that_something_is_gone() {
    let house = House::open().await;
    for statement in [
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "ALTER SYSTEM SET wal_writer_flush_after = '1GB'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(statement).execute(&house.owner).await.unwrap();
    }
    // The first look has been answered, and the second one is the next to write anything. What is
    // lost by then is a matter of moments: it is tried until something is.
    let place = Place { what: "insert idempotent_requests".to_owned(), nth: 2 };
    let stop = Fault { place, side: Side::Before, way: Way::Stop };
    let play = Play { steps: vec![(Step::SetOut, None), (Step::Reveal, Some(stop))] };
    let mut broken = Vec::new();
    for _ in 0..TRIES {
        let played = play.at(&house).await;
        assert!(!played.struck.is_empty(), "it really was stopped: {played:?}");
        broken.extend(played.broken);
        if !broken.is_empty() {
            break;
        }
    }
    assert!(broken.iter().any(|what| what.contains("I3: 2 x")), "{broken:?}");
    house.close().await;
}
