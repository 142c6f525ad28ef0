//! Does the partner take a voucher back? Asked until it says so, always under the same key.
//!
//! That support wants it is on record before the first byte leaves: a worker that dies while it
//! asks leaves a void that is found and asked for again. No answer is not a yes, and an amount that
//! is not what we know to be left is not booked: a redemption may be on its way to us, and the same
//! answer fits once it is here.
//!
//! Rows: R6, D4, D6.

use domain::reward::{OpenVoid, RewardCommand};

use super::backoff;
use super::send::InHand;
use super::worker::IssueReward;
use crate::ledger::ExecuteError;
use crate::partners::{Voided, VoucherToVoid};

impl IssueReward {
    /// Asks once, and records what was said.
    ///
    /// # Errors
    /// When what was said cannot be recorded; it is asked again then.
    pub(super) async fn ask_to_void(&self, hand: &InHand, void: &OpenVoid) -> anyhow::Result<()> {
        let Some(partner) = self.partners.get(&void.partner_id) else {
            tracing::warn!(partner = %void.partner_id, reward.id = %hand.id, "not configured");
            return self.not_said(hand, void, "partner_not_configured", None).await;
        };
        let Some(attempt) = hand.reward.attempt(void.attempt) else { return Ok(()) };
        let voucher = VoucherToVoid {
            idempotency_key: void.idempotency_key,
            product: attempt.product.clone(),
            voucher_id: void.voucher_id.clone(),
        };
        let voucher_id = void.voucher_id.clone();
        let command = match partner.void(&voucher, hand.deadline).await {
            Voided::TakenBack { amount } => {
                RewardCommand::VoidVoucher { voucher_id, taken_back: amount }
            }
            Voided::Refused { code } => RewardCommand::RecordVoidRefused { voucher_id, code },
            Voided::NotSaid { why, retry_after } => {
                return self.not_said(hand, void, why, retry_after).await;
            }
        };
        match self.execute(hand, command).await {
            Ok(_) => Ok(()),
            Err(ExecuteError::Refused(refusal)) => {
                tracing::warn!(reward.id = %hand.id, %refusal, "a void does not fit yet");
                self.not_said(hand, void, "amount_differs", None).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn not_said(
        &self,
        hand: &InHand,
        void: &OpenVoid,
        why: &str,
        retry_after: Option<std::time::Duration>,
    ) -> anyhow::Result<()> {
        let resolve_at = self.clock.now() + backoff::wait(void.looks + 1, retry_after);
        let unknown = RewardCommand::RecordVoidUnknown {
            voucher_id: void.voucher_id.clone(),
            why: why.to_owned(),
            resolve_at,
        };
        match self.execute(hand, unknown).await {
            // Refused: another worker was told already.
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
