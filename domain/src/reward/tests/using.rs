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
        request(1, 1),
        credit.clone(),
    ]);
    assert_eq!(applied.when(credit), Ok(vec![]));
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
    let elsewhere = RewardCommand::VoidVoucher { voucher_id: "V9".to_owned() };
    assert_eq!(spent.when(elsewhere), Err(RewardError::NoSuchValue));
}

#[test]
fn what_nobody_spent_expires_once() {
    let mut reward = issued();
    assert_eq!(reward.when(expire()), Ok(vec!["VoucherExpired"]));
    reward.decide(expire(), now()).unwrap().iter().for_each(|event| reward.evolve(event));
    assert_eq!(reward.when(expire()), Ok(vec![]));
    assert!(matches!(reward.when(redeem("r1", "1.00")), Err(RewardError::NotNow { .. })));
    assert_eq!(reward.voucher().unwrap().remaining, Amount::ZERO);
}

#[test]
fn a_voided_voucher_is_looked_at_and_only_what_was_left_is_owed() {
    let void = RewardCommand::VoidVoucher { voucher_id: "V1".to_owned() };
    let voided = given(vec![
        reach(),
        choose("woolworths"),
        request(1, 1),
        voucher(1),
        redeem("r1", "12.50"),
        void,
    ]);
    assert_eq!(voided.status(), RewardStatus::OnReview);
    assert_eq!(voided.committed(), amount("7.50"));
    assert!(voided.when(RewardCommand::Reveal).is_err());
    let cancelled = voided.decide(RewardCommand::Cancel { why: "asked".into() }, now()).unwrap();
    let RewardEvent::RewardCancelled(event) = &cancelled[0] else { panic!("{cancelled:?}") };
    assert_eq!(event.amount, amount("7.50"));
}

#[test]
fn every_look_at_a_code_is_an_event() {
    assert_eq!(issued().when(RewardCommand::Reveal), Ok(vec!["VoucherRevealed"]));
    assert!(given(vec![reach()]).when(RewardCommand::Reveal).is_err());
}
