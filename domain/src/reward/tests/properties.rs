//! Whatever is wished, in whatever order: at most one value, never more than its face.
//!
//! Rows: R1, R2, D4.

use proptest::prelude::*;

use super::given::*;
use crate::money::Amount;
use crate::reward::*;

fn any_command() -> impl Strategy<Value = RewardCommand> {
    let partners = prop::sample::select(vec!["woolworths", "coles"]);
    let attempts = 1_u32..5;
    prop_oneof![
        partners.clone().prop_map(choose),
        partners.clone().prop_map(claim),
        (partners, attempts.clone(), 1_u32..4)
            .prop_map(|(id, attempt, round)| request_at(id, attempt, round)),
        (attempts.clone(), any::<bool>()).prop_map(|(attempt, is_try)| refused(attempt, is_try)),
        attempts.clone().prop_map(deferred),
        attempts.clone().prop_map(unknown),
        attempts.clone().prop_map(not_found),
        attempts.clone().prop_map(repeat),
        (attempts, prop::sample::select(vec!["V1", "V2"]))
            .prop_map(|(attempt, id)| voucher_of(attempt, id, "20.00")),
        (0_u8..4, 1_u32..15)
            .prop_map(|(id, dollars)| redeem(&format!("r{id}"), &format!("{dollars}.00"))),
        (0_u8..4, 1_u32..15)
            .prop_map(|(id, dollars)| reverse(&format!("r{id}"), &format!("{dollars}.00"))),
        Just(expire()),
        Just(RewardCommand::Reveal),
        Just(RewardCommand::Fail { why: "w".to_owned() }),
        (0_u32..5).prop_map(cancel),
        Just(RewardCommand::Hold { why: "w".to_owned() }),
        Just(RewardCommand::Release),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn at_most_one_value_and_never_more_than_its_face(
        is_choice in any::<bool>(),
        commands in prop::collection::vec(any_command(), 0..60),
    ) {
        let kind = if is_choice { RewardType::ChoiceReward } else { RewardType::GroceryVoucher };
        let mut reward = Reward::default();
        let mut issued = 0;
        let face: Amount = "20.00".parse().unwrap();
        for command in std::iter::once(reach_as(kind)).chain(commands) {
            let before = reward.clone();
            let Ok(events) = reward.decide(command.clone(), now()) else { continue };
            for event in &events {
                reward.evolve(event);
                issued += usize::from(matches!(event, RewardEvent::VoucherIssued(_)));
                let asked = matches!(event, RewardEvent::IssuanceRequested(_));
                prop_assert!(!asked || before.open_attempt().is_none(), "{command:?}");
            }
            let (was, is) = (before.status(), reward.status());
            let may = was == is || was.may_become().contains(&is) || before.reached().is_none();
            prop_assert!(may, "{was} -> {is} by {command:?}");
            prop_assert!(issued <= 1, "two vouchers by {command:?}");
            if let Some(voucher) = reward.voucher() {
                prop_assert!(voucher.remaining <= face);
            }
            let elsewhere = before.open_attempt().zip(reward.chosen());
            if let Some((open, chosen)) = elsewhere.filter(|_| reward.open_attempt().is_some()) {
                prop_assert_eq!(&open.partner_id, &chosen.partner_id);
            }
            let again = reward.decide(command, now());
            let is_repeatable = again.as_ref().is_ok_and(|events| {
                events.iter().any(|event| matches!(event, RewardEvent::VoucherIssued(_)))
            });
            prop_assert!(!is_repeatable, "a repeat issued again");
        }
    }
}
