//! The rules of value that exists: seen, spent, given back, over. `support` has the void.
//!
//! What is left is always ours to compute: face value less what was spent and not undone. So the
//! order in which a partner's words arrive makes no difference, and more than the face value can
//! never be spent. What is reported after a voucher was booked as expired, and is dated before, is
//! booked all the same; what is left then expires anew, also when that is nothing: a redemption
//! that is undone later leaves something, and that is over as well.
//!
//! Rows: R2, R5, W5.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    CreditProgressed, CreditReturned, CreditSettled, CreditState, ExpiryUndone, IssuedCredit,
    IssuedVoucher, MilestoneReached, RedemptionReversed, Reward, RewardCommand, RewardError,
    RewardEvent, RewardStatus, VoucherExpired, VoucherRedeemed, VoucherRevealed,
};
use crate::money::Amount;

type Decision = Result<Vec<RewardEvent>, RewardError>;

/// Where there is a voucher to look at; one that was voided is none any more.
const SHOWN: [RewardStatus; 4] = [
    RewardStatus::Issued,
    RewardStatus::PartlyRedeemed,
    RewardStatus::Redeemed,
    RewardStatus::Expired,
];

/// A redemption as a partner reports it, or reports it undone.
struct Reported {
    voucher_id: String,
    redemption_id: String,
    amount: Amount,
    at: DateTime<Utc>,
}

impl Reward {
    pub(super) fn decide_using(
        &self,
        reached: &MilestoneReached,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        use RewardCommand as C;
        match command {
            C::ProgressCredit { credit_id, state, at } => {
                self.progressed(reached, &credit_id, state, at)
            }
            C::SettleCredit { .. } => self.settled(reached, command),
            C::ReturnCredit { credit_id, why, at } => self.returned(reached, &credit_id, why, at),
            C::Reveal => self.revealed(reached, at),
            C::RecordRedemption { voucher_id, redemption_id, amount, redeemed_at } => {
                let reported = Reported { voucher_id, redemption_id, amount, at: redeemed_at };
                self.redeemed(reached, reported, at)
            }
            C::ReverseRedemption { voucher_id, redemption_id, amount, at: undone_at } => {
                let reported = Reported { voucher_id, redemption_id, amount, at: undone_at };
                self.reversed(reached, reported, at)
            }
            C::ExpireVoucher { voucher_id, at, unspent } => {
                self.expired(reached, &voucher_id, at, unspent)
            }
            _ => Err(RewardError::NotNow { status: self.status }),
        }
    }

    /// Only ever forward: an older word that arrives later changes nothing.
    fn progressed(
        &self,
        reached: &MilestoneReached,
        credit_id: &str,
        state: CreditState,
        at: DateTime<Utc>,
    ) -> Decision {
        if self.had_credit(credit_id) {
            return Ok(Vec::new());
        }
        let credit = self.credit_called(credit_id)?;
        if credit.settled_at.is_some() || state <= credit.state || state.is_final() {
            return Ok(Vec::new());
        }
        Ok(vec![
            CreditProgressed {
                member_id: reached.member_id,
                partner_id: credit.partner_id.clone(),
                credit_id: credit_id.to_owned(),
                state,
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn settled(&self, reached: &MilestoneReached, command: RewardCommand) -> Decision {
        let RewardCommand::SettleCredit { credit_id, amount, state, at } = command else {
            return Err(RewardError::NotNow { status: self.status });
        };
        if let Some(returned_at) = self.returned_credits.get(&credit_id) {
            // That it had arrived before it came back is an older word, and moves nothing now.
            return if at <= *returned_at {
                Ok(Vec::new())
            } else {
                Err(RewardError::ArrivedAfterReturn { credit_id })
            };
        }
        let credit = self.credit_called(&credit_id)?;
        if let Some(said) = amount.filter(|said| *said != credit.amount) {
            return Err(RewardError::NotWhatWasOrdered {
                wanted: credit.amount.to_string(),
                got: said.to_string(),
            });
        }
        if credit.settled_at.is_some() {
            return Ok(Vec::new());
        }
        Ok(vec![
            CreditSettled {
                member_id: reached.member_id,
                partner_id: credit.partner_id.clone(),
                credit_id,
                reward_type: reached.reward_type,
                amount: credit.amount,
                currency: reached.currency,
                funding_model: credit.funding_model,
                state,
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn returned(
        &self,
        reached: &MilestoneReached,
        credit_id: &str,
        why: String,
        at: DateTime<Utc>,
    ) -> Decision {
        if self.had_credit(credit_id) {
            return Ok(Vec::new());
        }
        let credit = self.credit_called(credit_id)?;
        if credit.settled_at.is_some_and(|settled_at| settled_at > at) {
            return Err(RewardError::ArrivedAfterReturn { credit_id: credit_id.to_owned() });
        }
        Ok(vec![
            CreditReturned {
                member_id: reached.member_id,
                partner_id: credit.partner_id.clone(),
                credit_id: credit_id.to_owned(),
                why,
                reward_type: reached.reward_type,
                amount: credit.amount,
                currency: reached.currency,
                funding_model: credit.funding_model,
                was_settled: credit.settled_at.is_some(),
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn revealed(&self, reached: &MilestoneReached, at: DateTime<Utc>) -> Decision {
        // One that was taken back stays a dead one, whatever was given instead.
        let voucher = self.voucher.as_ref().filter(|voucher| !voucher.is_voided);
        let voucher = voucher.ok_or(RewardError::NotNow { status: self.status })?;
        self.allow(&SHOWN)?;
        Ok(vec![
            VoucherRevealed {
                member_id: reached.member_id,
                partner_id: voucher.partner_id.clone(),
                voucher_id: voucher.voucher_id.clone(),
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn redeemed(
        &self,
        reached: &MilestoneReached,
        reported: Reported,
        at: DateTime<Utc>,
    ) -> Decision {
        let voucher = self.voucher_called(&reported.voucher_id)?;
        if let Some(known) = voucher.redemptions.get(&reported.redemption_id) {
            return if known.amount == reported.amount {
                Ok(Vec::new())
            } else {
                Err(RewardError::RedemptionDiffers {
                    redemption_id: reported.redemption_id,
                    known: known.amount,
                })
            };
        }
        if reported.amount.is_zero() {
            return Err(RewardError::NothingSpent { redemption_id: reported.redemption_id });
        }
        self.allow(&SHOWN)?;
        self.happened_before_expiry(voucher, reported.at)?;
        let Ok(remaining) = Self::left(voucher).minus(reported.amount) else {
            return Err(RewardError::Overspent {
                amount: reported.amount,
                remaining: Self::left(voucher),
            });
        };
        let redeemed = VoucherRedeemed {
            member_id: reached.member_id,
            partner_id: voucher.partner_id.clone(),
            voucher_id: reported.voucher_id,
            redemption_id: reported.redemption_id,
            reward_type: reached.reward_type,
            amount: reported.amount,
            currency: reached.currency,
            remaining,
            funding_model: voucher.funding_model,
            occurred_at: reported.at,
        };
        Ok(Self::around_expiry(reached, voucher, (redeemed.into(), remaining), at))
    }

    fn reversed(
        &self,
        reached: &MilestoneReached,
        reported: Reported,
        at: DateTime<Utc>,
    ) -> Decision {
        let voucher = self.voucher_called(&reported.voucher_id)?;
        let Reported { voucher_id, redemption_id, amount, at: reported_at } = reported;
        let Some(known) = voucher.redemptions.get(&redemption_id) else {
            return Err(RewardError::NoSuchRedemption { redemption_id });
        };
        if known.amount != amount {
            return Err(RewardError::RedemptionDiffers { redemption_id, known: known.amount });
        }
        if known.is_reversed {
            return Ok(Vec::new());
        }
        let spent = [RewardStatus::PartlyRedeemed, RewardStatus::Redeemed, RewardStatus::Expired];
        self.allow(&spent)?;
        let remaining = Self::left(voucher).plus(amount)?;
        let reversed = RedemptionReversed {
            member_id: reached.member_id,
            partner_id: voucher.partner_id.clone(),
            voucher_id,
            redemption_id,
            reward_type: reached.reward_type,
            amount,
            currency: reached.currency,
            remaining,
            funding_model: voucher.funding_model,
            occurred_at: reported_at,
        };
        Ok(Self::around_expiry(reached, voucher, (reversed.into(), remaining), at))
    }

    /// Face value less what was spent, whether or not it has been booked as expired.
    fn left(voucher: &IssuedVoucher) -> Amount {
        voucher.expired.map_or(voucher.remaining, |(unspent, _)| unspent)
    }

    /// What is dated after the last day is no late word about before it: people look.
    fn happened_before_expiry(
        &self,
        voucher: &IssuedVoucher,
        reported: DateTime<Utc>,
    ) -> Result<(), RewardError> {
        match voucher.expired {
            Some((_, at)) if reported >= voucher.expires_at.unwrap_or(at) => {
                Err(RewardError::NotNow { status: self.status })
            }
            _ => Ok(()),
        }
    }

    /// The event; on a voucher that was booked as expired, between taking that back and booking
    /// what is left then. All in the open day: what was reported before stays as it was.
    fn around_expiry(
        reached: &MilestoneReached,
        voucher: &IssuedVoucher,
        (event, remaining): (RewardEvent, Amount),
        at: DateTime<Utc>,
    ) -> Vec<RewardEvent> {
        let Some((amount, _)) = voucher.expired else { return vec![event] };
        let undone = ExpiryUndone {
            member_id: reached.member_id,
            partner_id: voucher.partner_id.clone(),
            voucher_id: voucher.voucher_id.clone(),
            reward_type: reached.reward_type,
            amount,
            currency: reached.currency,
            funding_model: voucher.funding_model,
            occurred_at: at,
        };
        vec![undone.into(), event, Self::expiry(reached, voucher, remaining, at)]
    }

    fn expiry(
        reached: &MilestoneReached,
        voucher: &IssuedVoucher,
        unspent: Amount,
        at: DateTime<Utc>,
    ) -> RewardEvent {
        VoucherExpired {
            member_id: reached.member_id,
            partner_id: voucher.partner_id.clone(),
            voucher_id: voucher.voucher_id.clone(),
            reward_type: reached.reward_type,
            unspent,
            currency: reached.currency,
            funding_model: voucher.funding_model,
            occurred_at: at,
        }
        .into()
    }

    fn expired(
        &self,
        reached: &MilestoneReached,
        voucher_id: &str,
        at: DateTime<Utc>,
        unspent: Option<Amount>,
    ) -> Decision {
        let voucher = self.voucher_called(voucher_id)?;
        let is_spent = self.status == RewardStatus::Redeemed;
        if voucher.expired.is_some() || (is_spent && unspent.is_none()) {
            return Ok(Vec::new());
        }
        self.allow(&[RewardStatus::Issued, RewardStatus::PartlyRedeemed, RewardStatus::Redeemed])?;
        if self.open_void().is_some() {
            return Err(RewardError::VoidOpen);
        }
        if let Some(said) = unspent.filter(|said| !Self::may_have_been_left(voucher, *said)) {
            return Err(RewardError::NotWhatWasOrdered {
                wanted: voucher.remaining.to_string(),
                got: said.to_string(),
            });
        }
        Ok(vec![Self::expiry(reached, voucher, voucher.remaining, at)])
    }

    /// Whether so much may have been unspent on the last day: what is left, or less by what was
    /// given back only afterwards. Which of it that was, nobody can say who was told in any order.
    fn may_have_been_left(voucher: &IssuedVoucher, said: Amount) -> bool {
        let mut possible = BTreeSet::from([voucher.remaining]);
        for given_back in voucher.redemptions.values().filter(|one| one.is_reversed) {
            let before = possible.iter().filter_map(|left| left.minus(given_back.amount).ok());
            let before: Vec<Amount> = before.collect();
            possible.extend(before);
        }
        possible.contains(&said)
    }

    fn voucher_called(&self, id: &str) -> Result<&IssuedVoucher, RewardError> {
        let voucher = self.voucher.as_ref().filter(|voucher| voucher.voucher_id == id);
        voucher.ok_or(RewardError::NoSuchValue)
    }

    fn credit_called(&self, id: &str) -> Result<&IssuedCredit, RewardError> {
        let credit = self.credit.as_ref().filter(|credit| credit.credit_id == id);
        credit.ok_or(RewardError::NoSuchValue)
    }
}
