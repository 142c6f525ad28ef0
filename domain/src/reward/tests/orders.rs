//! Does it make a difference in which order a partner's words arrive, or how often? In all 120
//! orders of five, one final state; and what contradicts itself is left over in every one.
//!
//! The inbox is played as it works: what is refused waits, and is tried again whenever something
//! else of the partner's was applied.
//!
//! Rows: W5, R5. Cases: C15.

use std::collections::BTreeMap;

use super::given::*;
use crate::money::Amount;
use crate::reward::*;

/// What is told of one voucher of 20.00.
#[derive(Debug, Clone, Copy)]
struct Told {
    redeemed: &'static str,
    reversed: &'static str,
    unspent: &'static str,
}

/// Answer, issued, redeemed, reversed, expired: by number.
const WORDS: [usize; 5] = [0, 1, 2, 3, 4];

impl Told {
    /// None for `issued`: evidence, and nothing else.
    fn command(self, word: usize) -> Option<RewardCommand> {
        match word {
            0 => Some(voucher(1)),
            1 => None,
            2 => Some(redeem("r1", self.redeemed)),
            3 => Some(reverse("r1", self.reversed)),
            _ => Some(RewardCommand::ExpireVoucher {
                voucher_id: "V1".to_owned(),
                at: now(),
                unspent: Some(amount(self.unspent)),
            }),
        }
    }
}

fn orders(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (n, first) in of.iter().enumerate() {
        let mut others = of.to_vec();
        others.remove(n);
        all.extend(orders(&others).into_iter().map(|rest| [vec![*first], rest].concat()));
    }
    all
}

/// The order itself, and ways in which every word comes twice.
fn with_doubles(order: &[usize]) -> [Vec<usize>; 4] {
    let back: Vec<usize> = order.iter().rev().copied().collect();
    [
        order.to_vec(),
        order.iter().flat_map(|word| [*word, *word]).collect(),
        [order, order].concat(),
        [order, &back].concat(),
    ]
}

type End = (RewardStatus, Amount, Option<Amount>, BTreeMap<String, (Amount, bool)>);

/// How it ends, and how many words are left over.
fn play(told: Told, words: &[usize]) -> (End, usize) {
    let mut reward = given(vec![reach(), choose("woolworths"), request(1, 1), unknown(1)]);
    let mut waiting: Vec<usize> = Vec::new();
    for word in words {
        waiting.push(*word);
        let mut is_moving = true;
        while is_moving {
            is_moving = false;
            waiting.retain(|word| {
                let Some(command) = told.command(*word) else { return false };
                let Ok(events) = reward.decide(command, now()) else { return true };
                is_moving |= !events.is_empty();
                events.iter().for_each(|event| reward.evolve(event));
                false
            });
        }
    }
    let voucher = reward.voucher().expect("it was answered");
    let spent = voucher.redemptions.iter();
    let spent = spent.map(|(id, one)| (id.clone(), (one.amount, one.is_reversed))).collect();
    let expired = voucher.expired.map(|(unspent, _)| unspent);
    ((reward.status(), voucher.remaining, expired, spent), waiting.len())
}

#[test]
fn five_words_in_any_order_and_doubled_end_in_one_state() {
    let possible = [("5.00", "20.00"), ("5.00", "15.00"), ("20.00", "20.00"), ("20.00", "0.00")];
    for (spent, unspent) in possible {
        let told = Told { redeemed: spent, reversed: spent, unspent };
        let redemptions = BTreeMap::from([("r1".to_owned(), (amount(spent), true))]);
        let end = (RewardStatus::Expired, Amount::ZERO, Some(amount("20.00")), redemptions);
        let all = orders(&WORDS);
        assert_eq!(all.len(), 120);
        for words in all.iter().flat_map(|order| with_doubles(order)) {
            assert_eq!(play(told, &words), (end.clone(), 0), "{told:?} {words:?}");
        }
    }
}

#[test]
fn words_that_contradict_each_other_are_left_over_in_every_order() {
    let told = |redeemed, reversed, unspent| Told { redeemed, reversed, unspent };
    let impossible = [
        told("5.00", "5.00", "12.00"),
        told("5.00", "5.00", "25.00"),
        told("20.01", "20.01", "20.00"),
        told("5.00", "3.00", "20.00"),
        told("5.00", "6.00", "15.00"),
        told("0.00", "0.00", "20.00"),
    ];
    for told in impossible {
        for words in orders(&WORDS).iter().flat_map(|order| with_doubles(order)) {
            let (_, left_over) = play(told, &words);
            assert!(left_over > 0, "{told:?} {words:?}");
        }
    }
}

#[test]
fn without_a_reversal_what_was_spent_stays_spent_in_any_order() {
    for (spent, unspent, status) in
        [("5.00", "15.00", RewardStatus::Expired), ("20.00", "0.00", RewardStatus::Redeemed)]
    {
        let told = Told { redeemed: spent, reversed: spent, unspent };
        for words in orders(&[0, 1, 2, 4]).iter().flat_map(|order| with_doubles(order)) {
            let ((found, left, expired, _), left_over) = play(told, &words);
            let found = (found, left, expired, left_over);
            assert_eq!(found, (status, Amount::ZERO, Some(amount(unspent)), 0), "{words:?}");
        }
    }
}
