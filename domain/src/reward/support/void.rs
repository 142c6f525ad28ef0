//! A voucher is taken back: asked for, and believed only when the partner says so.
//!
//! The partner says how much it took back. Until what we know to be left is that amount, the void
//! is not booked and the partner is asked again: a redemption may be on its way to us. What was
//! spent stays spent.
//!
//! Rows: R6, D4.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::action::SupportAction;
use super::event::{VoidOutcomeUnknown, VoidRefused, VoidRequested};
use crate::ids::PartnerId;
use crate::money::Amount;
use crate::reward::{
    IssuedVoucher, MilestoneReached, Reward, RewardCommand, RewardError, RewardEvent,
    RewardStatus, VoucherVoided,
};

type Decision = Result<Vec<RewardEvent>, RewardError>;

/// A void that the partner has not answered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenVoid {
    /// The attempt that gave the voucher.
    pub attempt: u32,
    /// Who is asked.
    pub partner_id: PartnerId,
    /// The voucher.
    pub voucher_id: String,
    /// The same for every repeat.
    pub idempotency_key: Uuid,
    /// How often it was asked without an answer.
    pub looks: u32,
    /// When the partner is asked next.
    pub ask_at: DateTime<Utc>,
}

impl Reward {
    /// The void whose answer is still to come; there is at most one.
    #[must_use]
    pub fn open_void(&self) -> Option<&OpenVoid> {
        self.void.as_ref()
    }

    pub(super) fn request_void(
        &self,
        reached: &MilestoneReached,
        attempt: u32,
        idempotency_key: Uuid,
        at: DateTime<Utc>,
    ) -> Decision {
        self.once(SupportAction::Void, attempt)?;
        self.nothing_unsettled()?;
        self.allow(&[RewardStatus::Issued, RewardStatus::PartlyRedeemed])?;
        let voucher = self.voucher.as_ref().filter(|voucher| voucher.attempt == attempt);
        let voucher = voucher.ok_or(RewardError::NotNow { status: self.status })?;
        Ok(vec![
            VoidRequested {
                member_id: reached.member_id,
                attempt,
                partner_id: voucher.partner_id.clone(),
                voucher_id: voucher.voucher_id.clone(),
                idempotency_key,
                occurred_at: at,
            }
            .into(),
        ])
    }

    pub(in crate::reward) fn decide_void(
        &self,
        reached: &MilestoneReached,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Decision {
        use RewardCommand as C;
        match command {
            C::VoidVoucher { voucher_id, taken_back } => {
                self.voided(reached, &voucher_id, taken_back, at)
            }
            C::RecordVoidRefused { voucher_id, code } => {
                let void = self.asked_about(&voucher_id)?;
                Ok(vec![refused(reached, void, code, at)])
            }
            C::RecordVoidUnknown { voucher_id, why, resolve_at } => {
                let void = self.asked_about(&voucher_id)?;
                Ok(vec![
                    VoidOutcomeUnknown {
                        member_id: reached.member_id,
                        attempt: void.attempt,
                        partner_id: void.partner_id.clone(),
                        voucher_id,
                        why,
                        looks: void.looks + 1,
                        resolve_at,
                        occurred_at: at,
                    }
                    .into(),
                ])
            }
            _ => Err(RewardError::NotNow { status: self.status }),
        }
    }

    fn voided(
        &self,
        reached: &MilestoneReached,
        voucher_id: &str,
        taken_back: Amount,
        at: DateTime<Utc>,
    ) -> Decision {
        let voucher = self.voucher.as_ref().filter(|voucher| voucher.voucher_id == voucher_id);
        let voucher: &IssuedVoucher = voucher.ok_or(RewardError::NoSuchValue)?;
        if voucher.is_voided {
            return Ok(Vec::new());
        }
        let void = self.asked_about(voucher_id)?;
        if taken_back != voucher.remaining {
            return Err(RewardError::NotWhatWasOrdered {
                wanted: voucher.remaining.to_string(),
                got: taken_back.to_string(),
            });
        }
        if taken_back.is_zero() {
            return Ok(vec![refused(reached, void, "nothing_left".to_owned(), at)]);
        }
        Ok(vec![
            VoucherVoided {
                member_id: reached.member_id,
                partner_id: voucher.partner_id.clone(),
                voucher_id: voucher_id.to_owned(),
                reward_type: reached.reward_type,
                unspent: taken_back,
                currency: reached.currency,
                funding_model: voucher.funding_model,
                occurred_at: at,
            }
            .into(),
        ])
    }

    fn asked_about(&self, voucher_id: &str) -> Result<&OpenVoid, RewardError> {
        let void = self.void.as_ref().filter(|void| void.voucher_id == voucher_id);
        void.ok_or(RewardError::NoSuchValue)
    }
}

fn refused(
    reached: &MilestoneReached,
    void: &OpenVoid,
    code: String,
    at: DateTime<Utc>,
) -> RewardEvent {
    VoidRefused {
        member_id: reached.member_id,
        attempt: void.attempt,
        partner_id: void.partner_id.clone(),
        voucher_id: void.voucher_id.clone(),
        code,
        occurred_at: at,
    }
    .into()
}
