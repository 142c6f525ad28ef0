//! Does a credit end in one state whatever the order of a partner's words, and is it given once?
//!
//! Rows: R4, W5, R2. Cases: C15, C24.

use chrono::Duration;
use uuid::Uuid;

use super::given::*;
use crate::ids::AccountId;
use crate::money::Currency;
use crate::reward::*;

fn choose_at(account: u128) -> RewardCommand {
    RewardCommand::Choose {
        partner_id: partner("coles"),
        product: "credit".to_owned(),
        kind: ValueKind::Credit,
        account_id: Some(AccountId(Uuid::from_u128(account))),
        reason: ChosenBecause::FirstAvailable,
    }
}

fn ordered() -> Vec<RewardCommand> {
    vec![reach_as(RewardType::UtilityCredit), choose_at(9), request_at("coles", 1, 1)]
}

fn credit(attempt: u32, id: &str) -> RewardCommand {
    RewardCommand::RecordCredit {
        attempt,
        credit_id: id.to_owned(),
        account_id: AccountId(Uuid::from_u128(9)),
        account_masked: "••••7890".to_owned(),
        amount: amount("20.00"),
        currency: Currency::AUD,
        response_digest: "d".to_owned(),
        applied_at: now(),
    }
}

fn settle(after_hours: i64) -> RewardCommand {
    RewardCommand::SettleCredit {
        credit_id: "C1".to_owned(),
        amount: Some(amount("20.00")),
        state: Some(CreditState::OnBill),
        at: now() + Duration::hours(after_hours),
    }
}

fn back(after_hours: i64) -> RewardCommand {
    let (credit_id, why) = ("C1".to_owned(), "account_closed".to_owned());
    RewardCommand::ReturnCredit { credit_id, why, at: now() + Duration::hours(after_hours) }
}

/// The reward after these words, and how many of them were refused.
fn play(words: &[RewardCommand]) -> (Reward, usize) {
    let mut reward = given([ordered(), vec![credit(1, "C1")]].concat());
    let mut refused = 0;
    for word in words {
        match reward.decide(word.clone(), now()) {
            Ok(events) => events.iter().for_each(|event| reward.evolve(event)),
            Err(_) => refused += 1,
        }
    }
    (reward, refused)
}

#[test]
fn a_credit_that_arrived_and_came_back_is_owed_again_in_either_order() {
    for words in [[settle(1), back(2)], [back(2), settle(1)], [settle(2), back(2)]] {
        let (reward, refused) = play(&words);
        assert_eq!((reward.status(), refused), (RewardStatus::AwaitingAccount, 0), "{words:?}");
        assert!(reward.credit().is_none() && reward.had_credit("C1"));
        assert_eq!(reward.when(settle(1)), Ok(vec![]), "an older word moves nothing");
        assert_eq!(reward.when(back(2)), Ok(vec![]));
    }
}

#[test]
fn a_credit_that_is_said_to_arrive_after_it_came_back_is_left_over_in_either_order() {
    let odd = Err(RewardError::ArrivedAfterReturn { credit_id: "C1".to_owned() });
    assert_eq!(play(&[back(1)]).0.when(settle(2)), odd);
    assert_eq!(play(&[settle(2)]).0.when(back(1)), odd);
}

#[test]
fn a_credit_that_came_back_is_not_given_again_and_its_old_answer_is_nothing_new() {
    let returned = [ordered(), vec![credit(1, "C1"), back(1)]].concat();
    let reward = given(returned.clone());
    assert_eq!(reward.when(credit(1, "C1")), Ok(vec![]), "no loss is made of it");
    let again = [returned, vec![choose_at(10), request_at("coles", 2, 2), unknown(2)]].concat();
    let before = Err(RewardError::GivenBefore { attempt: 1 });
    assert_eq!(given(again.clone()).when(credit(2, "C1")), before);
    let attested = given([again, vec![says(1, 2, says_issued("C1"))]].concat());
    assert_eq!(attested.when(says(2, 2, says_issued("C1"))), before);
}

#[test]
fn what_two_people_named_is_not_found_late_under_another_name() {
    let said = |person| says(person, 1, says_issued("C1"));
    let attested = given([ordered(), vec![unknown(1), said(1), said(2)]].concat());
    assert_eq!(attested.credit().unwrap().credit_id, "C1");
    let find = |id: &str| {
        RewardCommand::Late(LateCommand::Find { attempt: 1, partner_ref: id.to_owned() })
    };
    assert_eq!(attested.when(find("C1")), Ok(vec![]));
    assert_eq!(attested.when(credit(1, "C1")), Ok(vec![]));
    let other = attested.when(find("C2"));
    assert!(matches!(other, Err(RewardError::NotWhatWasOrdered { .. })), "people look: {other:?}");
}

#[test]
fn a_voucher_that_was_taken_back_is_not_shown_when_a_credit_replaced_it() {
    let claim_credit = RewardCommand::Claim {
        partner_id: partner("coles"),
        product: "credit".to_owned(),
        kind: ValueKind::Credit,
        account_id: Some(AccountId(Uuid::from_u128(9))),
    };
    let first = vec![reach_as(RewardType::ChoiceReward), claim("woolworths"), request(1, 1)];
    let anew = vec![voucher(1), void(1), taken_back("V1", "20.00"), reissue(1), claim_credit];
    let after = vec![request_at("coles", 2, 1), credit(2, "C1")];
    let reward = given([first, anew, after].concat());
    assert_eq!(reward.status(), RewardStatus::Issued);
    assert!(matches!(reward.when(RewardCommand::Reveal), Err(RewardError::NotNow { .. })));
}
