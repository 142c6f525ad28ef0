//! Lines are cut again and again between a commit and its answer, in mid-storm: does every command
//! still count once, and is everybody told the truth?
//!
//! Taken away in the other test: the look-up by command id.
//!
//! Rows: D6. Cases: C2, C10.

use std::sync::atomic::Ordering;

use super::storm::{Force, Storm};
use super::taken_away;
use super::verdict::{Rule, broken, summary, violations};
use crate::line::Line;
use crate::storm_writer::told::Told;
use crate::support::Log;

const FORCE: Force = Force { commands: Some(16), ..Force::LEDGERS };
/// A line is cut whenever a process has been told of so many more commands.
const EVERY: usize = 6;

/// A storm over lines that are cut; how many cuts came after a commit.
async fn storm_over_cut_lines(log: &Log) -> (Vec<Told>, usize) {
    let line = Line::to(&log.database.url).await;
    let storm = Storm::begin(&line.url, FORCE).await;
    let cutting = storm.acknowledged().into_iter().map(|mut acknowledged| {
        let cuts = line.cuts.clone();
        tokio::spawn(async move {
            let mut next = EVERY;
            while acknowledged.wait_for(|told| *told >= next).await.is_ok() {
                cuts.answers.fetch_add(1, Ordering::SeqCst);
                next += EVERY;
            }
        })
    });
    let cutting: Vec<_> = cutting.collect();
    let told = storm.end().await;
    for cutting in cutting {
        cutting.await.unwrap();
    }
    let after_commit = line.cuts.after_commit.load(Ordering::SeqCst);
    let cuts = line.cuts.done.load(Ordering::SeqCst);
    println!("{}; {cuts} lines cut, {after_commit} after a commit", summary(&told));
    (told, after_commit)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_lost_in_a_storm_are_looked_up_and_nobody_is_told_what_is_not_so() {
    let log = Log::create().await;
    let (told, after_commit) = storm_over_cut_lines(&log).await;
    let violations = violations(&log.pool, &told).await;
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(after_commit > 0, "answers to commits really were lost");
    log.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_look_up_the_storm_finds_commands_that_count_twice() {
    let log = Log::create().await;
    taken_away::the_look_up(&log.pool).await;
    let (told, _) = storm_over_cut_lines(&log).await;
    let broken = broken(&violations(&log.pool, &told).await);
    println!("{broken:?}");
    assert!(broken.contains(&Rule::LosersWriteNothing), "{broken:?}");
    assert!(broken.contains(&Rule::Once), "{broken:?}");
    log.end().await;
}
