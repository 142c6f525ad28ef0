//! Would a bug be found? Each is planted on purpose, and the same run with the same invariants must
//! find it; without it, the same plan must find nothing.
//!
//! The plans are short and full of what each bug needs to do harm: a bug that is found in two
//! months of two dozen members is found in a thousand years.
//!
//! Rows: D1, D4, D6, Q3. Cases: I1, I3, I6, I10.

use super::go_between::Bug;
use super::plan::{Extent, Kind, Odds, Plan};
use super::run::{Report, run};

const FEW: Extent = Extent { members: 24, days: 60 };

/// In so many plans a bug does harm: what it needs does not come together in each.
const PLANS: u64 = 6;

/// Finds a bug by one of these invariants, and in the same plan without it nothing.
async fn finds(bug: Bug, extent: Extent, odds: Odds, by: &[&str]) {
    let first = super::asked("ANCHOR_SEED").unwrap_or(7);
    for seed in first..first + PLANS {
        let Report { violations, .. } = &run(Plan::from(seed, extent, odds), Some(bug)).await;
        if violations.iter().any(|violation| by.contains(&violation.invariant)) {
            let without = run(Plan::from(seed, extent, odds), None).await;
            assert!(without.violations.is_empty(), "without {bug:?}: {without}");
            return;
        }
        println!("seed {seed}: {bug:?} did no harm that is found by {by:?}");
    }
    panic!("{bug:?} was not found by {by:?} in {PLANS} plans from seed {first} on");
}

#[tokio::test(flavor = "multi_thread")]
async fn that_silence_is_taken_for_a_no_is_found() {
    let odds = Odds {
        faults: 1.0,
        kinds: &[("issue", "timeout_after"), ("issue", "drop")],
        ..Odds::CALM
    };
    finds(Bug::SilenceIsNo, FEW, odds, &["I1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_retry_has_a_new_key_is_found() {
    let odds = Odds { faults: 1.0, kinds: &[("issue", "slow")], ..Odds::CALM };
    finds(Bug::NewKeyEachTime, FEW, odds, &["I1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_rows_are_committed_apart_from_their_checkpoint_is_found() {
    let odds = Odds { disturbed: 0.5, disturbances: &[Kind::DieHalfway], ..Odds::CALM };
    finds(Bug::ProjectsApart, Extent { members: 40, days: 64 }, odds, &["I6", "I7"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_nobody_looks_after_a_lost_answer_is_found() {
    let odds = Odds { cut: 0.9, ..Odds::CALM };
    finds(Bug::LooksNothingUp, FEW, odds, &["I3", "I10"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_worker_sends_whenever_it_wakes_is_found() {
    let odds = Odds {
        faults: 1.0,
        // The next one says yes, and so there are two.
        at_first: &["woolworths"],
        kinds: &[("issue", "refuse")],
        disturbed: 0.9,
        disturbances: &[Kind::PauseBeforeSend],
        ..Odds::CALM
    };
    let more = Extent { members: 40, ..FEW };
    finds(Bug::NoDeadline, more, odds, &["I1"]).await;
}
