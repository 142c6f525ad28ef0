//! Is value that surfaces late found once, taken back or lost, and never taken for what is known?
//!
//! Rows: D4, R2, A1. Cases: C12, C24.

use uuid::Uuid;

use crate::reward::tests::given::*;
use crate::reward::*;

fn late(word: LateCommand) -> RewardCommand {
    RewardCommand::Late(word)
}

fn find(attempt: u32, id: &str) -> RewardCommand {
    late(LateCommand::Find { attempt, partner_ref: id.to_owned() })
}

fn recall(attempt: u32, id: &str) -> RewardCommand {
    let idempotency_key = Uuid::from_u128(7);
    late(LateCommand::RequestRecall { attempt, partner_ref: id.to_owned(), idempotency_key })
}

fn recalled(id: &str, value: &str) -> RewardCommand {
    let (partner_ref, taken_back) = (id.to_owned(), amount(value));
    late(LateCommand::RecordRecalled { attempt: 1, partner_ref, taken_back })
}

fn not_recalled(id: &str) -> RewardCommand {
    let (partner_ref, why) = (id.to_owned(), "window_over".to_owned());
    late(LateCommand::RecordRecallRefused { attempt: 1, partner_ref, why })
}

fn no_word(id: &str) -> RewardCommand {
    let (partner_ref, why) = (id.to_owned(), "timed_out".to_owned());
    late(LateCommand::RecordRecallUnknown { attempt: 1, partner_ref, why, resolve_at: now() })
}

/// The first partner's outcome was attested as none, and the second one gave.
fn fallen_back() -> Vec<RewardCommand> {
    let says_no = |person| says(person, 1, AttestedOutcome::NotIssued);
    let first = vec![reach(), choose("woolworths"), request(1, 1), unknown(1)];
    let settled = vec![says_no(1), says_no(2), choose("coles"), request_at("coles", 2, 1)];
    [first, settled, vec![voucher_of(2, "C9", "20.00")]].concat()
}

fn and(more: Vec<RewardCommand>) -> Reward {
    given([fallen_back(), more].concat())
}

#[test]
fn what_the_first_partner_gave_after_all_is_found_once_and_moves_nothing_else() {
    let reward = given(fallen_back());
    assert_eq!(reward.when(find(1, "V1")), Ok(vec!["LateIssueFound"]));
    assert_eq!(reward.when(voucher(1)), Ok(vec!["LateIssueFound"]), "its answer says the same");
    let found = and(vec![find(1, "V1")]);
    assert_eq!(found.status(), RewardStatus::Issued);
    assert_eq!(found.voucher().unwrap().voucher_id, "C9");
    for again in [find(1, "V1"), voucher(1)] {
        assert_eq!(found.when(again), Ok(vec![]));
    }
    assert_eq!(found.when(find(2, "C9")), Ok(vec![]), "what it is known to have given");
    assert_eq!(found.when(find(2, "C8")), Ok(vec!["LateIssueFound"]), "and another one");
    assert!(matches!(found.when(find(9, "V1")), Err(RewardError::AttemptNotOpen { .. })));
}

#[test]
fn what_comes_for_an_open_attempt_is_not_late() {
    let open = given(vec![reach(), choose("woolworths"), request(1, 1), unknown(1)]);
    assert!(matches!(open.when(find(1, "V1")), Err(RewardError::Unsettled { .. })));
}

#[test]
fn a_late_value_is_taken_back_or_lost_or_both_by_parts() {
    let unasked = and(vec![find(1, "V1")]);
    assert_eq!(unasked.when(recalled("V1", "20.00")), Err(RewardError::NoSuchValue));
    assert_eq!(unasked.when(recall(1, "V1")), Ok(vec!["RecallRequested"]));
    assert_eq!(unasked.when(recall(1, "V2")), Err(RewardError::NoSuchValue));
    let asked = and(vec![find(1, "V1"), recall(1, "V1")]);
    assert_eq!(asked.when(recall(1, "V1")), Ok(vec![]), "one question");
    assert_eq!(asked.when(no_word("V1")), Ok(vec!["RecallOutcomeUnknown"]));
    assert_eq!(asked.when(recalled("V1", "20.00")), Ok(vec!["LateIssueRecalled"]));
    assert_eq!(asked.when(not_recalled("V1")), Ok(vec!["LateIssueLost"]));
    assert_eq!(asked.when(recalled("V1", "0.00")), Ok(vec!["LateIssueLost"]), "all was spent");
    let more = asked.when(recalled("V1", "20.01"));
    assert!(matches!(more, Err(RewardError::NotWhatWasOrdered { .. })), "{more:?}");
    let parts = asked.decide(recalled("V1", "7.50"), now());
    let [RewardEvent::LateIssueRecalled(back), RewardEvent::LateIssueLost(lost)] =
        &parts.unwrap()[..]
    else {
        panic!("two parts")
    };
    assert_eq!((back.amount, lost.amount), (amount("7.50"), amount("12.50")));
    for end in [recalled("V1", "7.50"), not_recalled("V1")] {
        let settled = and(vec![find(1, "V1"), recall(1, "V1"), no_word("V1"), end.clone()]);
        assert_eq!(settled.late_values()[0].state, LateState::Settled);
        assert_eq!(settled.voucher().unwrap().remaining, amount("20.00"), "the member's own");
        for word in [end, no_word("V1"), not_recalled("V1"), recalled("V1", "20.00")] {
            assert_eq!(settled.when(word), Ok(vec![]), "once");
        }
    }
}

#[test]
fn the_words_of_a_voucher_that_was_replaced_are_nothing_new() {
    let first = vec![reach(), choose("woolworths"), request(1, 1), voucher(1), void(1)];
    let anew = vec![taken_back("V1", "20.00"), reissue(1), choose("woolworths"), request(2, 2)];
    let open = given([first.clone(), anew.clone()].concat());
    assert_eq!(open.when(voucher(1)), Ok(vec![]), "the old answer once more");
    assert_eq!(open.when(find(1, "V1")), Ok(vec![]));
    let before = Err(RewardError::GivenBefore { attempt: 1 });
    assert_eq!(open.when(voucher_of(2, "V1", "20.00")), before, "a dead one is no replacement");
    let RewardCommand::RecordVoucher(mut same_code) = voucher_of(2, "V2", "20.00") else {
        panic!("a voucher")
    };
    same_code.code_tag = "tag of V1".to_owned();
    assert_eq!(open.when(RewardCommand::RecordVoucher(same_code)), before, "nor is its code");
    let second = given([first, anew, vec![voucher_of(2, "V2", "20.00")]].concat());
    assert_eq!(second.when(voucher(1)), Ok(vec![]));
    assert_eq!(second.when(voucher_of(2, "V2", "20.00")), Ok(vec![]));
}
