//! Seen, spent, undone, expired, voided: value that exists.
//!
//! Rows: R5, R2, W5.

use uuid::Uuid;

use super::given::*;
use crate::ids::AccountId;
use crate::money::{Amount, Currency};
use crate::reward::*;

#[test]
fn a_credit_is_recorded_settled_and_can_come_back() {
    let account_id = AccountId(Uuid::from_u128(9));
    let credit = RewardCommand::RecordCredit {
        attempt: 1,
        credit_id: "C1".to_owned(),
        account_id,
        account_masked: "••••7890".to_owned(),
        amount: amount("20.00"),
        currency: Currency::AUD,
        response_digest: "d".to_owned(),
        applied_at: now(),
    };
    let choose_credit = RewardCommand::Choose {
        partner_id: partner("coles"),
        product: "credit".to_owned(),
        kind: ValueKind::Credit,
        account_id: Some(account_id),
        reason: ChosenBecause::FirstAvailable,
    };
    let applied = given(vec![
        reach_as(RewardType::UtilityCredit),
        choose_credit,
        request_at("coles", 1, 1),
        credit.clone(),
    ]);
    assert_eq!(applied.when(credit.clone()), Ok(vec![]));
    let settle = RewardCommand::SettleCredit {
        credit_id: "C1".to_owned(),
        amount: None,
        state: Some(CreditState::OnBill),
        at: now(),
    };
    assert_eq!(applied.when(settle.clone()), Ok(vec!["CreditSettled"]));
    let mut settled = applied.clone();
    settled.decide(settle.clone(), now()).unwrap().iter().for_each(|e| settled.evolve(e));
    assert_eq!(settled.when(settle), Ok(vec![]));
    assert_eq!(settled.status(), RewardStatus::Redeemed);
    let back = RewardCommand::ReturnCredit {
        credit_id: "C1".to_owned(),
        why: "account_closed".to_owned(),
        at: now(),
    };
    assert_eq!(applied.when(back.clone()), Ok(vec!["CreditReturned"]));
    let claim_credit = RewardCommand::Claim {
        partner_id: partner("coles"),
        product: "credit".to_owned(),
        kind: ValueKind::Credit,
        account_id: Some(account_id),
    };
    let chosen = given(vec![
        reach_as(RewardType::ChoiceReward),
        claim_credit,
        request_at("coles", 1, 1),
        credit.clone(),
        back.clone(),
    ]);
    assert_eq!(chosen.status(), RewardStatus::AwaitingAccount);
    let older = RewardCommand::ProgressCredit {
        credit_id: "C1".to_owned(),
        state: CreditState::PostedToAccount,
        at: now(),
    };
    assert!(chosen.had_credit("C1") && !applied.had_credit("C1"));
    assert_eq!(chosen.when(older), Ok(vec![]), "an older word that arrives later");
    assert_eq!(chosen.when(back.clone()), Ok(vec![]), "the same word again");
    assert!(chosen.when(choose("woolworths")).is_err(), "the member chooses again");
    assert_eq!(chosen.when(claim("woolworths")), Ok(vec!["PartnerChosen"]));
    assert_eq!(issued().when(back), Err(RewardError::NoSuchValue));
}

#[test]
fn spending_leaves_what_is_left_and_reversing_puts_it_back() {
    let mut reward = issued();
    for (command, status, left) in [
        (redeem("r1", "12.50"), RewardStatus::PartlyRedeemed, "7.50"),
        (redeem("r2", "7.50"), RewardStatus::Redeemed, "0.00"),
        (reverse("r2", "7.50"), RewardStatus::PartlyRedeemed, "7.50"),
        (reverse("r1", "12.50"), RewardStatus::Issued, "20.00"),
    ] {
        reward.decide(command, now()).unwrap().iter().for_each(|event| reward.evolve(event));
        assert_eq!(reward.status(), status);
        assert_eq!(reward.voucher().unwrap().remaining, amount(left));
    }
}

#[test]
fn a_redemption_counts_once_and_never_beyond_what_is_left() {
    let spent = given(vec![
        reach(),
        choose("woolworths"),
        request(1, 1),
        voucher(1),
        redeem("r1", "12.50"),
    ]);
    assert_eq!(spent.when(redeem("r1", "12.50")), Ok(vec![]));
    assert!(matches!(
        spent.when(redeem("r1", "1.00")),
        Err(RewardError::RedemptionDiffers { .. })
    ));
    assert!(matches!(spent.when(redeem("r2", "7.51")), Err(RewardError::Overspent { .. })));
    assert!(matches!(spent.when(redeem("r2", "0.00")), Err(RewardError::NothingSpent { .. })));
    assert!(matches!(
        spent.when(reverse("r9", "1.00")),
        Err(RewardError::NoSuchRedemption { .. })
    ));
    assert_eq!(spent.when(taken_back("V9", "7.50")), Err(RewardError::NoSuchValue));
}

#[test]
fn what_nobody_spent_expires_once() {
    let mut reward = issued();
    assert_eq!(reward.when(expire()), Ok(vec!["VoucherExpired"]));
    reward.decide(expire(), now()).unwrap().iter().for_each(|event| reward.evolve(event));
    assert_eq!(reward.when(expire()), Ok(vec![]));
    assert_eq!(reward.voucher().unwrap().remaining, Amount::ZERO);
    let afterwards = RewardCommand::RecordRedemption {
        voucher_id: "V1".to_owned(),
        redemption_id: "r1".to_owned(),
        amount: amount("1.00"),
        redeemed_at: "2029-11-24T13:00:00Z".parse().unwrap(),
    };
    assert!(matches!(reward.when(afterwards), Err(RewardError::NotNow { .. })));
}

#[test]
fn what_was_spent_before_the_last_day_ended_counts_whenever_it_is_told() {
    let start = vec![reach(), choose("woolworths"), request(1, 1), voucher(1)];
    let words = [redeem("r1", "5.00"), redeem("r2", "2.00"), reverse("r1", "5.00")];
    for expiry_after in 0..=words.len() {
        let mut told = words.to_vec();
        told.insert(expiry_after, expire());
        let reward = given([start.clone(), told].concat());
        assert_eq!(reward.status(), RewardStatus::Expired, "{expiry_after}");
        let voucher = reward.voucher().unwrap();
        assert_eq!(voucher.expired.unwrap().0, amount("18.00"), "{expiry_after}");
    }
    let late = given([start.clone(), vec![expire()]].concat());
    let undone = Ok(vec!["ExpiryUndone", "VoucherRedeemed", "VoucherExpired"]);
    assert_eq!(late.when(redeem("r1", "5.00")), undone);
    assert_eq!(late.when(redeem("r1", "20.00")), undone);
    assert!(matches!(late.when(redeem("r1", "20.01")), Err(RewardError::Overspent { .. })));
    let spent = given([start, vec![expire(), redeem("r1", "20.00")]].concat());
    assert_eq!(spent.status(), RewardStatus::Redeemed);
    assert_eq!(spent.when(expire()), Ok(vec![]), "nothing is left to expire");
}

#[test]
fn a_voided_voucher_is_looked_at_and_only_what_was_left_is_owed() {
    let voided = given(vec![
        reach(),
        choose("woolworths"),
        request(1, 1),
        voucher(1),
        redeem("r1", "12.50"),
        void(1),
        taken_back("V1", "7.50"),
    ]);
    assert_eq!(voided.status(), RewardStatus::OnReview);
    assert_eq!(voided.committed(), amount("7.50"));
    assert!(voided.when(RewardCommand::Reveal).is_err());
    let cancelled = voided.decide(cancel(1), now()).unwrap();
    let RewardEvent::RewardCancelled(event) = &cancelled[0] else { panic!("{cancelled:?}") };
    assert_eq!(event.amount, amount("7.50"));
    let mut released = voided;
    let release = released.decide(RewardCommand::Release, now()).unwrap();
    release.iter().for_each(|event| released.evolve(event));
    assert!(released.when(RewardCommand::Reveal).is_err(), "the code is worth nothing any more");
}

#[test]
fn every_look_at_a_code_is_an_event() {
    assert_eq!(issued().when(RewardCommand::Reveal), Ok(vec!["VoucherRevealed"]));
    assert!(given(vec![reach()]).when(RewardCommand::Reveal).is_err());
}
