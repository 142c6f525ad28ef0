//! What may support do, once, and never so that two values are out?
//!
//! Rows: R6, R2, D3, D4.

use chrono::Duration;
use proptest::prelude::*;
use uuid::Uuid;

use crate::ids::AccountId;
use crate::money::Amount;
use crate::reward::tests::given::*;
use crate::reward::*;

fn asked() -> Vec<RewardCommand> {
    vec![reach(), choose("woolworths"), request(1, 1)]
}

fn and(commands: Vec<RewardCommand>, more: Vec<RewardCommand>) -> Reward {
    given([commands, more].concat())
}

fn failed() -> Vec<RewardCommand> {
    let round = |n| vec![choose("woolworths"), request(n, n), refused(n, true)];
    [vec![reach()], round(1), round(2), round(3)].concat()
}

fn voided() -> Vec<RewardCommand> {
    [asked(), vec![voucher(1), void(1), taken_back("V1", "20.00")]].concat()
}

fn is_done(decided: Result<Vec<&'static str>, RewardError>) -> bool {
    matches!(decided, Err(RewardError::AlreadyDone { .. }))
}

#[test]
fn a_retry_goes_on_after_a_failure_with_the_tries_counted_anew() {
    let reward = given(failed());
    assert_eq!(reward.status(), RewardStatus::Failed);
    assert_eq!(reward.when(retry(3)), Ok(vec!["RewardResumed"]));
    let again = and(failed(), vec![retry(3)]);
    assert_eq!(again.status(), RewardStatus::Pending);
    assert!(again.counting_refusals().is_empty() && again.refusals().len() == 3);
    assert!(is_done(again.when(retry(3))));
    let refused_again = vec![retry(3), choose("woolworths"), request(4, 4), refused(4, true)];
    assert_eq!(and(failed(), refused_again).status(), RewardStatus::Pending, "the first of three");
}

#[test]
fn each_action_names_the_attempt_that_the_reward_is_at() {
    let wrong = |given| Err(RewardError::WrongAttempt { given, present: 3 });
    let reward = given(failed());
    for number in [0, 1, 2, 4] {
        assert_eq!(reward.when(retry(number)), wrong(number));
        assert_eq!(reward.when(reissue(number)), wrong(number));
        assert_eq!(reward.when(cancel(number)), wrong(number));
        assert_eq!(reward.when(redirect(number, "coles")), wrong(number));
        assert_eq!(reward.when(void(number)), wrong(number));
        assert_eq!(reward.when(says(1, number, AttestedOutcome::NotIssued)), wrong(number));
    }
}

#[test]
fn nothing_goes_on_while_something_is_unsettled() {
    for open in [vec![], vec![unknown(1)], vec![unknown(1), not_found(1)], vec![deferred(1)]] {
        let reward = and(asked(), open.clone());
        for wish in [retry(1), reissue(1), void(1)] {
            let decided = reward.when(wish);
            assert!(matches!(decided, Err(RewardError::Unsettled { .. })), "{open:?} {decided:?}");
        }
        let sure = matches!(open[..], [RewardCommand::RecordDeferred { .. }]);
        assert_eq!(reward.when(cancel(1)).is_ok(), sure, "{open:?}");
        assert_eq!(reward.when(redirect(1, "coles")).is_ok(), sure, "{open:?}");
    }
}

#[test]
fn what_was_surely_not_processed_is_given_up_before_another_is_asked() {
    let put_off = and(asked(), vec![deferred(1)]);
    assert_eq!(put_off.when(redirect(1, "coles")), Ok(vec!["IssuanceRefused", "PartnerChosen"]));
    assert_eq!(put_off.when(cancel(1)), Ok(vec!["IssuanceRefused", "RewardCancelled"]));
    let elsewhere = and(asked(), vec![deferred(1), redirect(1, "coles")]);
    assert!(elsewhere.when(repeat(1)).is_err(), "it is not sent any more");
    assert!(is_done(elsewhere.when(redirect(1, "coles"))));
    let not_its_own = RewardError::AlreadyClaimed { partner_id: partner("coles") };
    assert_eq!(elsewhere.when(request(2, 2)), Err(not_its_own), "made for another partner");
    assert_eq!(elsewhere.when(request_at("coles", 2, 1)), Ok(vec!["IssuanceRequested"]));
}

#[test]
fn a_redirect_goes_to_another_eligible_partner_and_a_credit_to_an_account() {
    let reward = given(failed());
    let same = RewardError::NotAnother { partner_id: partner("woolworths") };
    assert_eq!(reward.when(redirect(3, "woolworths")), Err(same));
    let stranger = RewardError::PartnerNotEligible { partner_id: partner("aldi") };
    assert_eq!(reward.when(redirect(3, "aldi")), Err(stranger));
    assert_eq!(
        reward.when(redirect(3, "opal")),
        Ok(vec!["PartnerChosen"]),
        "also on a claim only"
    );
    let to_credit = support(SupportCommand::Redirect {
        attempt: 3,
        partner_id: partner("coles"),
        product: "credit".to_owned(),
        kind: ValueKind::Credit,
        account_id: None,
    });
    assert!(matches!(reward.when(to_credit), Err(RewardError::AccountNeeded { .. })));
    let choice = vec![reach_as(RewardType::ChoiceReward)];
    assert!(given(choice).when(redirect(0, "coles")).is_err(), "what the member chooses");
    assert!(issued().when(redirect(1, "coles")).is_err(), "value is out");
}

#[test]
fn a_void_is_asked_for_and_booked_once_the_partner_says_how_much() {
    let reward = issued();
    assert_eq!(reward.when(void(1)), Ok(vec!["VoidRequested"]));
    assert_eq!(reward.when(taken_back("V1", "20.00")), Err(RewardError::NoSuchValue), "unasked");
    let open = and(asked(), vec![voucher(1), void(1), not_said()]);
    assert_eq!(open.status(), RewardStatus::Issued, "it is the member's until then");
    assert_eq!(open.open_void().unwrap().looks, 1);
    assert!(is_done(open.when(void(1))));
    assert_eq!(open.when(expire()), Err(RewardError::VoidOpen));
    assert!(open.when(reissue(1)).is_err(), "nothing is given anew before");
    let differs = open.when(taken_back("V1", "7.50"));
    assert!(matches!(differs, Err(RewardError::NotWhatWasOrdered { .. })), "a word is missing");
    assert_eq!(open.when(taken_back("V1", "20.00")), Ok(vec!["VoucherVoided"]));
    let voided = given(voided());
    assert_eq!(voided.when(taken_back("V1", "20.00")), Ok(vec![]));
    assert_eq!(voided.support_act(SupportAction::Void, 1).unwrap().result, ActResult::Voided);
}

#[test]
fn what_was_spent_meanwhile_stays_spent() {
    let start = [asked(), vec![voucher(1), void(1)]].concat();
    let part = and(start.clone(), vec![redeem("r1", "12.50"), taken_back("V1", "7.50")]);
    assert_eq!((part.status(), part.committed()), (RewardStatus::OnReview, amount("7.50")));
    let all = and(start, vec![redeem("r1", "20.00")]);
    assert_eq!(all.when(taken_back("V1", "0.00")), Ok(vec!["VoidRefused"]), "nothing is left");
    assert_eq!(all.when(not_taken_back()), Ok(vec!["VoidRefused"]));
}

#[test]
fn a_partner_that_says_no_leaves_the_voucher_to_the_member() {
    let kept = and(asked(), vec![voucher(1), void(1), not_taken_back()]);
    assert_eq!(kept.status(), RewardStatus::Issued);
    assert!(kept.open_void().is_none() && is_done(kept.when(void(1))));
    assert_eq!(kept.when(expire()), Ok(vec!["VoucherExpired"]));
    assert!(kept.when(reissue(1)).is_err());
    assert_eq!(kept.support_act(SupportAction::Void, 1).unwrap().result, ActResult::Refused);
}

#[test]
fn after_a_void_the_rest_is_given_anew_once() {
    let reward = given(voided());
    assert_eq!(reward.when(reissue(1)), Ok(vec!["RewardResumed"]));
    assert!(reward.when(retry(1)).is_err(), "nothing was refused");
    let anew = and(voided(), vec![reissue(1)]);
    assert!(is_done(anew.when(reissue(1))));
    let part = [asked(), vec![voucher(1), redeem("r1", "12.50"), void(1)]].concat();
    let more = vec![taken_back("V1", "7.50"), reissue(1), choose("coles")];
    let mut second = and(part, [more, vec![request_at("coles", 2, 1)]].concat());
    let late = second.decide(voucher_of(1, "V7", "20.00"), now()).unwrap();
    assert!(matches!(&late[0], RewardEvent::LateIssueFound(e) if e.amount == amount("20.00")));
    assert!(second.when(voucher_of(2, "V2", "20.00")).is_err(), "only what was left is owed");
    let came = second.decide(voucher_of(2, "V2", "7.50"), now()).unwrap();
    came.iter().for_each(|event| second.evolve(event));
    assert_eq!(second.when(void(2)), Ok(vec!["VoidRequested"]));
    assert!(is_done(second.when(void(1))), "the first one's result is known");
}

#[test]
fn two_different_people_settle_what_stayed_unknown() {
    let lost = [asked(), vec![unknown(1)]].concat();
    let not_issued = |person| says(person, 1, AttestedOutcome::NotIssued);
    assert_eq!(given(lost.clone()).when(not_issued(1)), Ok(vec!["AttestationBegun"]));
    let begun = and(lost.clone(), vec![not_issued(1)]);
    assert!(matches!(begun.when(not_issued(1)), Err(RewardError::SamePerson { .. })));
    let differs = begun.when(says(2, 1, says_issued("V1")));
    assert_eq!(differs, Err(RewardError::OutcomeDiffers { attempt: 1 }));
    assert_eq!(begun.when(not_issued(2)), Ok(vec!["OutcomeAttested"]));
    let settled = and(lost.clone(), vec![not_issued(1), not_issued(2)]);
    assert_eq!(settled.status(), RewardStatus::Pending);
    assert!(is_done(settled.when(not_issued(3))));
    assert_eq!(settled.when(voucher(1)), Ok(vec!["LateIssueFound"]));
    assert!(given(asked()).when(not_issued(1)).is_err(), "nobody has looked yet");
    let under_way = and(lost.clone(), vec![not_found(1), repeat(1)]);
    assert_eq!(under_way.when(not_issued(1)), Err(RewardError::UnderWay { attempt: 1 }));
    let a_day_later = now() + Duration::hours(STATEMENT_HOURS);
    let anew = begun.decide(not_issued(1), a_day_later).unwrap();
    assert!(matches!(anew[0], RewardEvent::AttestationBegun(_)), "the first word has lapsed");
}

#[test]
fn a_voucher_that_was_issued_waits_for_its_code_and_can_be_withdrawn() {
    let lost = [asked(), vec![unknown(1)]].concat();
    let issued = |person| says(person, 1, says_issued("V1"));
    let waits = and(lost.clone(), vec![issued(1), issued(2)]);
    assert_eq!(waits.status(), RewardStatus::Processing);
    assert!(matches!(waits.when(choose("coles")), Err(RewardError::Unsettled { .. })));
    assert_eq!(waits.open_attempt().unwrap().attested_issued.as_deref(), Some("V1"));
    assert!(is_done(waits.when(issued(3))));
    assert_eq!(waits.when(voucher(1)), Ok(vec!["VoucherIssued"]), "the look-up found it");
    let not_issued = |person| says(person, 1, AttestedOutcome::NotIssued);
    let withdrawn = and(lost, vec![issued(1), issued(2), not_issued(1), not_issued(3)]);
    assert_eq!(withdrawn.status(), RewardStatus::Pending, "the partner took it back by hand");
}

#[test]
fn a_credit_that_was_issued_is_given_by_the_partners_own_id() {
    let choose_credit = RewardCommand::Choose {
        partner_id: partner("coles"),
        product: "credit".to_owned(),
        kind: ValueKind::Credit,
        account_id: Some(AccountId(Uuid::from_u128(9))),
        reason: ChosenBecause::FirstAvailable,
    };
    let lost = given(vec![
        reach_as(RewardType::UtilityCredit),
        choose_credit,
        request_at("coles", 1, 1),
        unknown(1),
        says(1, 1, says_issued("C1")),
    ]);
    let events = Ok(vec!["OutcomeAttested", "CreditApplied"]);
    assert_eq!(lost.when(says(2, 1, says_issued("C1"))), events);
}

fn held(reward_type: RewardType) -> Vec<RewardCommand> {
    vec![reach_as(reward_type), RewardCommand::Hold { why: "unusual".to_owned() }]
}

#[test]
fn what_is_held_back_goes_on_elsewhere_or_ends_once_a_person_has_looked() {
    use SupportAction as A;
    let groceries = given(held(RewardType::GroceryVoucher));
    assert_eq!(groceries.status(), RewardStatus::OnReview);
    assert_eq!(groceries.support_may(now()), [A::Retry, A::Redirect, A::Cancel]);
    assert_eq!(groceries.when(retry(0)), Ok(vec!["RewardReleased"]));
    assert_eq!(groceries.when(redirect(0, "coles")), Ok(vec!["RewardReleased", "PartnerChosen"]));
    assert_eq!(groceries.when(cancel(0)), Ok(vec!["RewardCancelled"]));
    let released = and(held(RewardType::GroceryVoucher), vec![retry(0)]);
    assert_eq!(released.status(), RewardStatus::Pending);
    assert!(is_done(released.when(retry(0))));
    let again = RewardCommand::Hold { why: "unusual".to_owned() };
    let held_again = and(held(RewardType::GroceryVoucher), vec![retry(0), again]);
    assert_eq!(held_again.when(retry(0)), Ok(vec!["RewardReleased"]), "it is another matter");
    let choice = given(held(RewardType::ChoiceReward));
    assert_eq!(choice.support_may(now()), [A::Retry, A::Cancel]);
    assert!(choice.when(claim("coles")).is_err(), "nothing is claimed meanwhile");
    let free = and(held(RewardType::ChoiceReward), vec![retry(0)]);
    assert_eq!(free.status(), RewardStatus::AwaitingChoice);
}

#[test]
fn what_was_voided_given_anew_and_held_is_no_longer_the_voided_one() {
    let held = and(voided(), vec![reissue(1), RewardCommand::Hold { why: "unusual".to_owned() }]);
    assert!(held.when(reissue(1)).is_err(), "it was given anew before");
    assert_eq!(held.when(retry(1)), Ok(vec!["RewardReleased"]));
}

#[test]
fn what_nobody_may_send_again_can_be_settled_although_it_was_looked_for_in_vain() {
    let never_looked = and(asked(), vec![not_found(1)]);
    assert_eq!(never_looked.open_attempt().unwrap().looks, 0);
    let begun = never_looked.when(says(1, 1, AttestedOutcome::NotIssued));
    assert_eq!(begun, Ok(vec!["AttestationBegun"]), "its partner may be suspended");
}

#[test]
fn what_support_may_do_is_what_would_be_accepted() {
    use SupportAction as A;
    assert_eq!(given(vec![reach()]).support_may(now()), [A::Redirect, A::Cancel]);
    assert_eq!(given(asked()).support_may(now()), []);
    assert_eq!(and(asked(), vec![unknown(1)]).support_may(now()), [A::Resolve]);
    let after_failure = [A::Retry, A::Redirect, A::Cancel, A::Reissue];
    assert_eq!(given(failed()).support_may(now()), after_failure);
    assert_eq!(issued().support_may(now()), [A::Void]);
    assert_eq!(given(voided()).support_may(now()), [A::Redirect, A::Cancel, A::Reissue]);
    assert_eq!(and(voided(), vec![cancel(1)]).support_may(now()), []);
}

fn any_command() -> impl Strategy<Value = RewardCommand> {
    let partners = prop::sample::select(vec!["woolworths", "coles"]);
    let outcomes = prop::sample::select(vec![AttestedOutcome::NotIssued, says_issued("V1")]);
    let attempts = 0_u32..4;
    prop_oneof![
        partners.clone().prop_map(choose),
        (partners.clone(), attempts.clone(), 1_u32..4)
            .prop_map(|(id, attempt, round)| request_at(id, attempt, round)),
        attempts.clone().prop_map(|attempt| refused(attempt, true)),
        attempts.clone().prop_map(deferred),
        attempts.clone().prop_map(unknown),
        attempts.clone().prop_map(not_found),
        attempts.clone().prop_map(repeat),
        attempts.clone().prop_map(|attempt| voucher_of(attempt, &format!("V{attempt}"), "20.00")),
        (1_u32..4).prop_map(|attempt| taken_back(&format!("V{attempt}"), "20.00")),
        Just(not_taken_back()),
        Just(not_said()),
        Just(expire()),
        attempts.clone().prop_map(retry),
        attempts.clone().prop_map(reissue),
        attempts.clone().prop_map(cancel),
        attempts.clone().prop_map(void),
        (attempts.clone(), partners).prop_map(|(attempt, id)| redirect(attempt, id)),
        (1_u128..3, attempts, outcomes).prop_map(|(who, n, outcome)| says(who, n, outcome)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_support_does_at_most_one_value_is_out_and_nothing_is_done_twice(
        commands in prop::collection::vec(any_command(), 0..60),
    ) {
        let mut reward = Reward::default();
        let mut out = 0_i32;
        let face: Amount = "20.00".parse().unwrap();
        for command in std::iter::once(reach()).chain(commands) {
            let before = reward.clone();
            let Ok(events) = reward.decide(command.clone(), now()) else { continue };
            for event in &events {
                reward.evolve(event);
                match event {
                    RewardEvent::VoucherIssued(_) => out += 1,
                    RewardEvent::VoucherVoided(_) => out -= 1,
                    _ => {}
                }
                let asks = matches!(event, RewardEvent::IssuanceRequested(_));
                prop_assert!(!asks || (out == 0 && before.open_attempt().is_none()));
            }
            prop_assert!((0..=1).contains(&out), "{out} vouchers by {command:?}");
            prop_assert!(reward.committed() <= face);
            let (was, is) = (before.status(), reward.status());
            let may = was == is || was.may_become().contains(&is) || before.reached().is_none();
            prop_assert!(may, "{was} -> {is} by {command:?}");
            if matches!(command, RewardCommand::Support(_)) && !events.is_empty() {
                prop_assert!(reward.decide(command.clone(), now()).is_err(), "{command:?} twice");
            }
        }
    }
}
