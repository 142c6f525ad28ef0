//! One attempt at a time, and no answer is not a no.
//!
//! Rows: R2, D1, D3, D4. Cases: C12.

use super::given::*;
use crate::reward::*;

#[test]
fn a_voucher_is_issued_by_the_first_partner() {
    let reward = issued();
    assert_eq!(reward.status(), RewardStatus::Issued);
    assert_eq!(reward.voucher().unwrap().remaining, amount("20.00"));
}

#[test]
fn an_attempt_is_requested_once_and_one_at_a_time() {
    let chosen = given(vec![reach(), choose("woolworths")]);
    let next = RewardError::NotTheNextAttempt { given: 2, next: 1 };
    assert_eq!(chosen.when(request(2, 1)), Err(next));
    let asked = given(vec![reach(), choose("woolworths"), request(1, 1)]);
    let unsettled = RewardError::Unsettled { attempt: 1, partner_id: partner("woolworths") };
    assert_eq!(asked.when(request(1, 1)), Err(unsettled.clone()));
    assert_eq!(asked.when(request(2, 2)), Err(unsettled));
    assert!(given(vec![reach()]).when(request(1, 1)).is_err(), "no partner is chosen");
}

#[test]
fn nobody_else_is_asked_while_the_outcome_is_unknown() {
    let lost = given(vec![reach(), choose("woolworths"), request(1, 1), unknown(1)]);
    assert_eq!(lost.status(), RewardStatus::Processing);
    for command in [choose("coles"), request(2, 1)] {
        assert!(matches!(lost.when(command), Err(RewardError::Unsettled { .. })));
    }
    let other = RewardError::AlreadyClaimed { partner_id: partner("woolworths") };
    assert_eq!(lost.when(claim("coles")), Err(other));
    for command in [
        RewardCommand::Fail { why: "no".to_owned() },
        cancel(1),
        redirect(1, "coles"),
        retry(1),
        reissue(1),
    ] {
        assert!(matches!(lost.when(command), Err(RewardError::Unsettled { .. })));
    }
    assert_eq!(lost.when(voucher(1)), Ok(vec!["VoucherIssued"]), "the look-up found it");
}

#[test]
fn what_may_have_arrived_is_never_taken_for_not_sent() {
    let lost = given(vec![reach(), choose("woolworths"), request(1, 1), unknown(1)]);
    let perhaps = RewardError::MayHaveBeenProcessed { attempt: 1 };
    assert_eq!(lost.when(deferred(1)), Err(perhaps.clone()));
    assert_eq!(lost.when(refused(1, false)), Err(perhaps));
    assert_eq!(lost.when(refused(1, true)), Ok(vec!["IssuanceRefused"]), "a definite no is one");
}

#[test]
fn what_was_lost_and_is_not_known_there_may_still_arrive() {
    let asked = vec![reach(), choose("woolworths"), request(1, 1)];
    let perhaps = RewardError::MayHaveBeenProcessed { attempt: 1 };
    let again = given([asked, vec![not_found(1), repeat(1)]].concat());
    assert_eq!(again.when(deferred(1)), Err(perhaps.clone()), "the first call is still out");
    assert_eq!(again.when(refused(1, false)), Err(perhaps));
    assert_eq!(again.when(unknown(1)), Ok(vec!["IssuanceOutcomeUnknown"]));
}

#[test]
fn a_repeat_is_written_down_first_and_by_one_worker_alone() {
    let asked = vec![reach(), choose("woolworths"), request(1, 1)];
    let under_way = Err(RewardError::UnderWay { attempt: 1 });
    assert_eq!(given(asked.clone()).when(repeat(1)), under_way);
    for before in [deferred(1), not_found(1)] {
        let mut reward = given([asked.clone(), vec![before]].concat());
        assert_eq!(reward.when(repeat(1)), Ok(vec!["IssuanceRepeated"]));
        reward.decide(repeat(1), now()).unwrap().iter().for_each(|event| reward.evolve(event));
        assert_eq!(reward.when(repeat(1)), under_way);
        assert_eq!(reward.status(), RewardStatus::Processing);
        assert_eq!(reward.when(voucher(1)), Ok(vec!["VoucherIssued"]));
    }
    assert_eq!(issued().when(repeat(1)), Err(RewardError::AttemptNotOpen { attempt: 1 }));
}

#[test]
fn a_deferred_attempt_counts_its_deferrals_and_may_end_as_no_try() {
    let late =
        given(vec![reach(), choose("coles"), request_at("coles", 1, 1), deferred(1), deferred(1)]);
    assert_eq!(late.open_attempt().unwrap().deferrals, 2);
    let ended = given(vec![
        reach(),
        choose("coles"),
        request_at("coles", 1, 1),
        deferred(1),
        refused(1, false),
        choose("woolworths"),
        request(2, 1),
    ]);
    assert!(!ended.refusals()[0].counts_as_try);
    assert!(late.when(deferred(7)).is_err());
}

#[test]
fn another_partner_after_a_refusal_cites_it() {
    let refused_once = given(vec![reach(), choose("woolworths"), request(1, 1), refused(1, true)]);
    let because = |attempt| RewardCommand::Choose {
        partner_id: partner("coles"),
        product: "coles-egift".to_owned(),
        kind: ValueKind::Voucher,
        account_id: None,
        reason: ChosenBecause::AfterRefusal { attempt },
    };
    assert_eq!(refused_once.when(because(1)), Ok(vec!["PartnerChosen"]));
    assert_eq!(refused_once.when(because(5)), Err(RewardError::NoSuchRefusal { attempt: 5 }));
    assert_eq!(refused_once.when(refused(1, true)), Ok(vec![]), "the same no again");
}

#[test]
fn the_third_refusal_fails_the_reward_and_a_call_never_sent_is_no_try() {
    let mut commands = vec![reach()];
    for round in 1..=2 {
        commands.extend([choose("woolworths"), request(round, round), refused(round, true)]);
    }
    commands.extend([choose("coles"), request_at("coles", 3, 1), refused(3, false)]);
    commands.extend([choose("coles"), request_at("coles", 4, 2)]);
    let reward = given(commands);
    assert_eq!(reward.when(refused(4, true)), Ok(vec!["IssuanceRefused", "RewardFailed"]));
}

#[test]
fn not_found_is_not_a_no() {
    let lost = given(vec![reach(), choose("coles"), request_at("coles", 1, 1), unknown(1)]);
    let not_found = RewardCommand::RecordNotFound { attempt: 1 };
    assert_eq!(lost.when(not_found.clone()), Ok(vec!["IssuanceNotFound"]));
    let found_nothing = given(vec![
        reach(),
        choose("coles"),
        request_at("coles", 1, 1),
        unknown(1),
        not_found.clone(),
    ]);
    assert_eq!(found_nothing.when(not_found), Ok(vec![]));
    assert!(matches!(
        found_nothing.when(choose("woolworths")),
        Err(RewardError::Unsettled { .. })
    ));
    assert!(issued().when(RewardCommand::RecordNotFound { attempt: 1 }).is_err());
}

#[test]
fn a_voucher_is_recorded_once_and_a_second_one_is_a_case_for_people() {
    let reward = issued();
    assert_eq!(reward.when(voucher(1)), Ok(vec![]));
    let other = voucher_of(1, "V2", "20.00");
    assert_eq!(reward.when(other.clone()), Ok(vec!["LateIssueFound"]));
    let mut known = reward.clone();
    known.decide(other.clone(), now()).unwrap().iter().for_each(|event| known.evolve(event));
    assert_eq!(known.when(other), Ok(vec![]), "the same late one again");
    assert_eq!(known.status(), RewardStatus::Issued);
}

#[test]
fn a_voucher_that_surfaces_after_a_refusal_is_a_case_for_people() {
    let gone = given(vec![reach(), choose("woolworths"), request(1, 1), refused(1, true)]);
    assert_eq!(gone.when(voucher(1)), Ok(vec!["LateIssueFound"]));
}

#[test]
fn an_answer_over_another_amount_is_not_what_was_ordered() {
    let asked = given(vec![reach(), choose("woolworths"), request(1, 1)]);
    let odd = asked.when(voucher_of(1, "V1", "200.00"));
    assert!(matches!(odd, Err(RewardError::NotWhatWasOrdered { .. })));
    assert!(matches!(asked.when(voucher(3)), Err(RewardError::AttemptNotOpen { attempt: 3 })));
}
