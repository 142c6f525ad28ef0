//! Do whole years pass without anything being given twice, lost or forgotten? Members live, workers
//! die, partners fall silent, and in the end every invariant is checked.
//!
//! - [`plan`]: what happens, all of it from one seed
//! - [`run`]: the year, from one moment at which something is due to the next
//! - [`world`], [`worker`], [`crew`]: a real Postgres, real partners over HTTP, two real workers
//! - [`deeds`]: what members and partners do; [`book`]: what the partners write down
//! - [`go_between`], [`halfway`]: where workers stall and die, and where bugs are planted
//! - [`planted`]: each of five bugs is found
//! - [`invariants`]: I1 to I10
//!
//! A hundred member-years, unless `ANCHOR_MEMBER_YEARS` says how many; `ANCHOR_SEED` asks for other
//! ones. All members live in the same year, so a thousand of them do not take ten times as many
//! steps of the clock as a hundred: each has more to do, and what strikes a spell strikes deeper.
//!
//! Rows: R2, M4, D1, D3, D4, D6. Cases: I1, I2, I3, I4, I5, I6, I7, I8, I9, I10.

mod book;
mod crew;
mod deeds;
mod go_between;
mod halfway;
mod history;
mod invariants;
mod plan;
mod planted;
mod run;
mod worker;
mod world;

use self::plan::{Extent, Odds, Plan};
use self::run::run;

/// A member who sets out in the first weeks comes to the last milestone.
const YEAR: i64 = 400;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

async fn holds(members: usize, odds: Odds) {
    let seed = asked("ANCHOR_SEED").unwrap_or(7);
    let plan = Plan::from(seed, Extent { members, days: YEAR }, odds);
    let report = run(plan, None).await;
    println!("{report}");
    assert!(report.violations.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calm_year_breaks_nothing() {
    holds(1, Odds::CALM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn member_years_break_nothing() {
    let years = asked("ANCHOR_MEMBER_YEARS").unwrap_or(100);
    let members = (years * 365).div_ceil(YEAR.unsigned_abs());
    holds(usize::try_from(members).unwrap(), Odds::STORM).await;
}
