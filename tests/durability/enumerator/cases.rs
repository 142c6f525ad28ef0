//! Which place is which crash point? Each played by its name, always, beside whatever the
//! enumeration chooses.
//!
//! | case | what |
//! | --- | --- |
//! | C0, C1 | before the milestone is committed; the answer to the client is lost |
//! | C2, C10 | the line is lost during a COMMIT; the result's COMMIT is unknown |
//! | C3, C4 | events committed, rows not; chosen, and no worker is left |
//! | C5, C6, C7 | the intent alone is there; the request half sent; sent, and nobody waits |
//! | C8, C9 | the partner issued and its answer is lost; it was read and not committed |
//! | C11 | the member's answer is lost |
//! | C16, C17 | killed after a webhook was kept and before it was answered; before it was kept |
//! | C19 | the database restarts in the middle of an append |
//!
//! Rows: D6, R2, D4, W5.
//! Cases: C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C16, C17, C19.

use super::fault::{Fault, Place, Side, Way};
use super::flow::{FLOWS, Step};
use super::house::House;
use super::plays::Play;

const ORDER: &str = "ask POST /woolworths/vouchers";
const ISSUED: &str = "append VoucherIssued";
const REPORT: &str = "wish PUT /api/members/…/journey";
const REVEAL: &str = "wish POST /api/rewards/…/reveal";

type Case = (&'static str, Step, &'static str, Side, Way);

const CASES: [Case; 20] = [
    ("C0", Step::SetOut, "append MilestoneReached", Side::Before, Way::Kill),
    ("C1", Step::SetOut, REPORT, Side::After, Way::Kill),
    ("C1", Step::Claim, "wish POST /api/rewards/…/claim", Side::After, Way::Cut),
    ("C2", Step::SetOut, ISSUED, Side::After, Way::Cut),
    ("C3", Step::SetOut, "rows of rewards", Side::Before, Way::Kill),
    ("C4", Step::SetOut, "append PartnerChosen", Side::After, Way::Kill),
    ("C4", Step::SetOut, "update reward_todo", Side::After, Way::Kill),
    ("C5", Step::SetOut, "append IssuanceRequested", Side::After, Way::Kill),
    ("C6", Step::SetOut, ORDER, Side::Amid, Way::Kill),
    ("C6", Step::SetOut, ORDER, Side::Amid, Way::Cut),
    ("C7", Step::SetOut, ORDER, Side::Underway, Way::Kill),
    ("C8", Step::SetOut, ORDER, Side::After, Way::Kill),
    ("C8", Step::SetOut, ORDER, Side::After, Way::Cut),
    ("C8", Step::SetOut, ORDER, Side::After, Way::Stop),
    ("C9", Step::SetOut, ISSUED, Side::Before, Way::Kill),
    ("C10", Step::SetOut, ISSUED, Side::After, Way::Stop),
    ("C11", Step::Reveal, REVEAL, Side::After, Way::Kill),
    ("C16", Step::Redeem, "insert inbox", Side::After, Way::Kill),
    ("C17", Step::Redeem, "insert inbox", Side::Before, Way::Kill),
    ("C19", Step::SetOut, "append JourneyStarted", Side::After, Way::Stop),
];

#[tokio::test(flavor = "multi_thread")]
async fn at_every_named_crash_point_there_is_one_value_and_nobody_waits() {
    let house = House::open().await;
    let mut broken = Vec::new();
    for (case, step, what, side, way) in CASES {
        let fault = Fault { place: Place { what: what.to_owned(), nth: 1 }, side, way };
        let way_there = FLOWS[0].iter().take_while(|before| **before != step);
        let mut steps: Vec<_> = way_there.map(|before| (*before, None)).collect();
        steps.push((step, Some(fault)));
        let played = Play { steps }.at(&house).await;
        let is_played = !played.broken.is_empty() || played.struck.len() == 1;
        assert!(is_played, "{case}: {what} did not come along: {:?}", played.passed);
        broken.extend(played.broken.into_iter().map(|what| format!("{case}: {what}")));
    }
    broken.extend(house.broken_for_good().await);
    house.close().await;
    assert!(broken.is_empty(), "{broken:#?}");
}
