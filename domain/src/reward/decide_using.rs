//! The rules of value that exists: seen, spent, given back, over.
//!
//! What is left is always ours to compute: face value less what was spent and not undone. So the
//! order in which a partner's words arrive makes no difference, and more than the face value can
//! never be spent.
//!
//! Rows: R2, R5, W5.

use chrono::{DateTime, Utc};

use super::{
    CreditProgressed, CreditReturned, CreditSettled, CreditState, IssuedCredit, IssuedVoucher,
    MilestoneReached, RedemptionReversed, Reward, RewardCommand, RewardError, RewardEvent,
    RewardStatus, VoucherExpired, VoucherRedeemed, VoucherRevealed, VoucherVoided,
};
use crate::money::Amount;

type Decision = Result<Vec<RewardEvent>, RewardError>;

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
                let at = redeemed_at;
                self.redeemed(reached, Reported { voucher_id, redemption_id, amount, at })
            }
            C::ReverseRedemption { voucher_id, redemption_id, amount, at } => {
                self.reversed(reached, Reported { voucher_id, redemption_id, amount, at })
            }
            C::ExpireVoucher { voucher_id, at, unspent } => {
                self.expired(reached, &voucher_id, at, unspent)
            }
            C::VoidVoucher { voucher_id } => self.voided(reached, &voucher_id, at),
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
        let credit = self.credit_called(credit_id)?;
        if credit.is_settled || state <= credit.state || state.is_final() {
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
        let credit = self.credit_called(&credit_id)?;
        if let Some(said) = amount.filter(|said| *said != credit.amount) {
            return Err(RewardError::NotWhatWasOrdered {
                wanted: credit.amount.to_string(),
                got: said.to_string(),
            });
        }
        if credit.is_settled {
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
        let credit = self.credit_called(credit_id)?;
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
                was_settled: credit.is_settled,
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn revealed(&self, reached: &MilestoneReached, at: DateTime<Utc>) -> Decision {
        let voucher = self.voucher.as_ref().ok_or(RewardError::NotNow { status: self.status })?;
        if self.status == RewardStatus::OnReview {
            return Err(RewardError::NotNow { status: self.status });
        }
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

    fn redeemed(&self, reached: &MilestoneReached, reported: Reported) -> Decision {
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
        self.allow(&[RewardStatus::Issued, RewardStatus::PartlyRedeemed, RewardStatus::Redeemed])?;
        let Ok(remaining) = voucher.remaining.minus(reported.amount) else {
            return Err(RewardError::Overspent {
                amount: reported.amount,
                remaining: voucher.remaining,
            });
        };
        Ok(vec![
            VoucherRedeemed {
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
            }
            .into(),
        ])
    }

    fn reversed(&self, reached: &MilestoneReached, reported: Reported) -> Decision {
        let voucher = self.voucher_called(&reported.voucher_id)?;
        let Reported { voucher_id, redemption_id, amount, at } = reported;
        let Some(known) = voucher.redemptions.get(&redemption_id) else {
            return Err(RewardError::NoSuchRedemption { redemption_id });
        };
        if known.amount != amount {
            return Err(RewardError::RedemptionDiffers { redemption_id, known: known.amount });
        }
        if known.is_reversed {
            return Ok(Vec::new());
        }
        self.allow(&[RewardStatus::PartlyRedeemed, RewardStatus::Redeemed])?;
        Ok(vec![
            RedemptionReversed {
                member_id: reached.member_id,
                partner_id: voucher.partner_id.clone(),
                voucher_id,
                redemption_id,
                reward_type: reached.reward_type,
                amount,
                currency: reached.currency,
                remaining: voucher.remaining.plus(amount)?,
                funding_model: voucher.funding_model,
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn expired(
        &self,
        reached: &MilestoneReached,
        voucher_id: &str,
        at: DateTime<Utc>,
        unspent: Option<Amount>,
    ) -> Decision {
        let voucher = self.voucher_called(voucher_id)?;
        if self.status == RewardStatus::Expired {
            return Ok(Vec::new());
        }
        self.allow(&[RewardStatus::Issued, RewardStatus::PartlyRedeemed])?;
        if let Some(said) = unspent.filter(|said| *said != voucher.remaining) {
            return Err(RewardError::NotWhatWasOrdered {
                wanted: voucher.remaining.to_string(),
                got: said.to_string(),
            });
        }
        Ok(vec![
            VoucherExpired {
                member_id: reached.member_id,
                partner_id: voucher.partner_id.clone(),
                voucher_id: voucher_id.to_owned(),
                reward_type: reached.reward_type,
                unspent: voucher.remaining,
                currency: reached.currency,
                funding_model: voucher.funding_model,
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn voided(&self, reached: &MilestoneReached, voucher_id: &str, at: DateTime<Utc>) -> Decision {
        let voucher = self.voucher_called(voucher_id)?;
        self.allow(&[RewardStatus::Issued, RewardStatus::PartlyRedeemed])?;
        Ok(vec![
            VoucherVoided {
                member_id: reached.member_id,
                partner_id: voucher.partner_id.clone(),
                voucher_id: voucher_id.to_owned(),
                reward_type: reached.reward_type,
                unspent: voucher.remaining,
                currency: reached.currency,
                funding_model: voucher.funding_model,
                occurred_at: at,
            }
            .into(),
        ])
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
