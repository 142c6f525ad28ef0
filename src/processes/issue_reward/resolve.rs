//! How did an attempt end that nobody saw the end of? Ask by our reference, then repeat.
//!
//! "Not found" is not a no by itself: our own call may still be under way there. So it is recorded
//! and the same bytes are sent again under the same key, which closes the key either way; that
//! answer counts. A partner that does not know an answer is asked again, less and less often; no
//! other partner is asked meanwhile.
//!
//! Rows: D4, D6.

use domain::reward::{Attempt, RewardCommand};

use super::send::InHand;
use super::worker::IssueReward;
use crate::ledger::ExecuteError;
use crate::partners::{LookUp, Outcome};

impl IssueReward {
    /// Finds out how an attempt ended.
    ///
    /// # Errors
    /// When the finding cannot be recorded; the attempt stays open and is looked into again.
    pub(super) async fn resolve(&self, hand: &InHand, attempt: &Attempt) -> anyhow::Result<()> {
        let Some((partner, order)) = self.order_of(hand, attempt).await? else {
            let outcome = Outcome::Unknown { why: "partner_not_configured" };
            return self.record(hand, attempt.attempt, &attempt.partner_id, outcome).await;
        };
        match partner.look_up(&order, hand.deadline).await {
            LookUp::Found(accepted) => {
                let outcome = Outcome::Accepted(accepted);
                self.record(hand, attempt.attempt, &attempt.partner_id, outcome).await
            }
            // Two people said that it exists: nothing is ordered once more.
            LookUp::NotFound if attempt.attested_issued.is_some() => {
                let outcome = Outcome::Unknown { why: "not_found_and_attested" };
                self.record(hand, attempt.attempt, &attempt.partner_id, outcome).await
            }
            LookUp::NotFound => {
                let not_found = RewardCommand::RecordNotFound { attempt: attempt.attempt };
                match self.execute(hand, not_found).await {
                    // One that is not active is asked again, and sent nothing.
                    Ok(_) if !self.is_active(&attempt.partner_id).await? => {
                        let outcome = Outcome::Unknown { why: "not_found_and_not_active" };
                        self.record(hand, attempt.attempt, &attempt.partner_id, outcome).await
                    }
                    Ok(_) => self.send_again(hand, attempt).await,
                    Err(ExecuteError::Refused(_)) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            LookUp::Unknown { why } => {
                let outcome = Outcome::Unknown { why };
                self.record(hand, attempt.attempt, &attempt.partner_id, outcome).await
            }
        }
    }
}
