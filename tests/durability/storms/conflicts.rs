//! Many writers on a few streams, from several processes and by the stock repository: does each
//! command count wholly or not at all?
//!
//! What is counted: every command's answer, and every *attempt*. The ledger decides a command anew
//! after a conflict, so an attempt that lost is seen by the number that its events would carry; the
//! stock repository's commands are one attempt each.
//!
//! Rows: D6, R2, Q4.

use std::collections::BTreeSet;

use super::storm::{Force, Storm};
use super::taken_away;
use super::verdict::{Rule, broken, summary, violations};
use crate::support::Log;

/// Smaller, because a storm without its mechanism breaks soon.
const SMALL: Force = Force { commands: Some(8), ..Force::FULL };

#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_of_conflicts_every_command_counts_wholly_or_not_at_all() {
    let log = Log::create().await;
    let told = Storm::rage(&log.database.url, Force::FULL).await;
    println!("{}", summary(&told));
    let violations = violations(&log.pool, &told).await;
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(told.len() >= 48, "everybody was answered");
    assert!(told.iter().any(|told| told.attempts > 1), "there were conflicts");
    log.end().await;
}

/// The rules that a storm breaks once a mechanism is gone.
async fn broken_without(log: &Log, force: Force) -> BTreeSet<Rule> {
    let told = Storm::rage(&log.database.url, force).await;
    println!("{}", summary(&told));
    let violations = violations(&log.pool, &told).await;
    let broken = broken(&violations);
    println!("{broken:?}");
    broken
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_append_lock_the_storm_finds_commands_that_fail() {
    let log = Log::create().await;
    taken_away::the_append_lock(&log.pool).await;
    // The key of the batches still stands: nothing is wrong in the table, but nobody gets through.
    let broken = broken_without(&log, SMALL).await;
    assert_eq!(broken, BTreeSet::from([Rule::Answered]));
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_lock_and_the_key_behind_it_the_storm_finds_positions_given_twice() {
    let log = Log::create().await;
    taken_away::the_append_lock(&log.pool).await;
    taken_away::the_key_of_the_batches(&log.pool).await;
    let broken = broken_without(&log, SMALL).await;
    assert!(broken.is_superset(&BTreeSet::from([Rule::Dense, Rule::Batches])), "{broken:?}");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_optimistic_check_the_storm_finds_streams_with_two_histories() {
    let log = Log::create().await;
    taken_away::the_key_of_the_streams(&log.pool).await;
    let broken = broken_without(&log, SMALL).await;
    assert!(broken.contains(&Rule::Streams), "{broken:?}");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_losers_are_passed_over_in_silence_the_storm_finds_what_was_lost() {
    let log = Log::create().await;
    taken_away::the_conflict(&log.pool).await;
    let broken = broken_without(&log, SMALL).await;
    assert!(broken.contains(&Rule::AcknowledgedIsStored), "{broken:?}");
    log.end().await;
}
