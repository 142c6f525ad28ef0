//! Reached, chosen, claimed, held, given up: what may follow what before a partner is asked?
//!
//! Rows: R1, R2, R3, R4, F4, M3.

use chrono::Duration;
use uuid::Uuid;

use super::given::*;
use crate::ids::AccountId;
use crate::reward::*;

#[test]
fn a_milestone_is_recorded_once_for_ever() {
    assert_eq!(Reward::default().when(reach()), Ok(vec!["MilestoneReached"]));
    assert_eq!(given(vec![reach()]).when(reach()), Err(RewardError::AlreadyReached));
    assert_eq!(Reward::default().when(choose("coles")), Err(RewardError::NotReached));
}

#[test]
fn a_reward_that_a_person_should_see_first_is_held_and_can_be_released() {
    let RewardCommand::Reach(mut reach) = reach() else { unreachable!() };
    reach.hold = Some("days_before_report".to_owned());
    let held = given(vec![RewardCommand::Reach(reach)]);
    assert_eq!(held.status(), RewardStatus::OnReview);
    let not_now = RewardError::NotNow { status: RewardStatus::OnReview };
    assert_eq!(held.when(choose("woolworths")), Err(not_now));
    assert_eq!(held.when(RewardCommand::Release), Ok(vec!["RewardReleased"]));
    let hold = RewardCommand::Hold { why: "unusual".to_owned() };
    assert_eq!(
        given(vec![reach_as(RewardType::ChoiceReward)]).when(hold.clone()),
        Ok(vec!["RewardHeld"])
    );
    assert!(issued().when(hold).is_err());
}

#[test]
fn a_partner_that_is_only_claimed_is_never_chosen_by_itself() {
    let reward = given(vec![reach()]);
    let refusal = RewardError::PartnerNotEligible { partner_id: partner("opal") };
    assert_eq!(reward.when(choose("opal")), Err(refusal));
    assert_eq!(reward.when(claim("opal")), Ok(vec!["PartnerChosen"]));
}

#[test]
fn a_choice_waits_for_its_claim_which_happens_once() {
    let reward = given(vec![reach_as(RewardType::ChoiceReward)]);
    assert_eq!(reward.status(), RewardStatus::AwaitingChoice);
    assert!(reward.when(choose("woolworths")).is_err());
    let stranger = RewardError::PartnerNotEligible { partner_id: partner("aldi") };
    assert_eq!(reward.when(claim("aldi")), Err(stranger));
    let claimed = given(vec![reach_as(RewardType::ChoiceReward), claim("coles")]);
    assert_eq!(claimed.when(claim("coles")), Ok(vec![]), "the same claim again is nothing new");
    let taken = RewardError::AlreadyClaimed { partner_id: partner("coles") };
    assert_eq!(claimed.when(claim("woolworths")), Err(taken));
}

#[test]
fn a_refused_claim_lets_the_member_choose_again() {
    let reward = given(vec![
        reach_as(RewardType::ChoiceReward),
        claim("coles"),
        request_at("coles", 1, 1),
        refused(1, true),
    ]);
    assert_eq!(reward.status(), RewardStatus::AwaitingChoice);
    assert_eq!(reward.when(claim("woolworths")), Ok(vec!["PartnerChosen"]));
}

#[test]
fn a_credit_needs_an_account_and_waits_for_one() {
    let reward = given(vec![reach_as(RewardType::UtilityCredit)]);
    let partners = vec![partner("coles")];
    let wait = RewardCommand::AwaitAccount { partners };
    assert_eq!(reward.when(wait.clone()), Ok(vec!["AccountAwaited"]));
    let waiting = given(vec![reach_as(RewardType::UtilityCredit), wait.clone()]);
    assert_eq!(waiting.when(wait.clone()), Ok(vec![]));
    assert!(issued().when(wait).is_err());
    let credit = |account_id| RewardCommand::Choose {
        partner_id: partner("coles"),
        product: "credit".to_owned(),
        kind: ValueKind::Credit,
        account_id,
        reason: ChosenBecause::FirstAvailable,
    };
    let needed = RewardError::AccountNeeded { partner_id: partner("coles") };
    assert_eq!(waiting.when(credit(None)), Err(needed));
    let account = Some(AccountId(Uuid::from_u128(9)));
    assert_eq!(waiting.when(credit(account)), Ok(vec!["PartnerChosen"]));
}

#[test]
fn a_second_proof_is_asked_for_and_given() {
    let ask = RewardCommand::RequestVerification {
        partner_id: partner("coles"),
        product: "coles-egift".to_owned(),
        expires_at: now() + Duration::minutes(10),
    };
    let choice = vec![reach_as(RewardType::ChoiceReward), ask.clone()];
    let waiting = given(choice);
    assert_eq!(waiting.status(), RewardStatus::AwaitingVerification);
    assert_eq!(waiting.when(RewardCommand::PassVerification), Ok(vec!["VerificationPassed"]));
    assert!(issued().when(RewardCommand::PassVerification).is_err());
    assert!(issued().when(ask).is_err());
}

#[test]
fn a_reward_without_value_can_be_cancelled_and_one_with_value_cannot() {
    let cancelled = given(vec![reach(), cancel(0)]);
    let done = cancelled.when(cancel(0));
    assert!(matches!(done, Err(RewardError::AlreadyDone { .. })), "{done:?}");
    assert!(matches!(issued().when(cancel(1)), Err(RewardError::NotNow { .. })));
    let fail = RewardCommand::Fail { why: "no_partner_left".to_owned() };
    assert_eq!(given(vec![reach()]).when(fail.clone()), Ok(vec!["RewardFailed"]));
    assert!(issued().when(fail).is_err());
}

#[test]
fn a_claimed_choice_that_cannot_be_had_is_the_members_to_make_again() {
    let reopen = || RewardCommand::ReopenChoice { why: "partner_not_active".to_owned() };
    let claimed = vec![reach_as(RewardType::ChoiceReward), claim("coles")];
    let reward = given(claimed.clone());
    assert!(reward.when(choose("woolworths")).is_err(), "nobody chooses for a member");
    assert_eq!(reward.when(reopen()), Ok(vec!["ChoiceReopened"]));
    let reopened = given([claimed.clone(), vec![reopen()]].concat());
    assert_eq!(reopened.status(), RewardStatus::AwaitingChoice);
    assert_eq!(reopened.when(claim("woolworths")), Ok(vec!["PartnerChosen"]));
    let ordered = [claimed, vec![request_at("coles", 1, 1)]].concat();
    assert!(matches!(given(ordered).when(reopen()), Err(RewardError::Unsettled { .. })));
    let groceries = given(vec![reach(), claim("coles")]);
    assert!(groceries.when(reopen()).is_err(), "another partner may give those");
}
