//! Is what a partner gave for this reward perhaps another's already? The reference it was given for
//! is kept with it: by that the partner's later word of it is told from another.
//!
//! Rows: R2, D4. Cases: C24.

use domain::ids::PartnerId;

use super::send::InHand;
use super::worker::IssueReward;
use crate::ledger::ValueName;
use crate::partners::Accepted;

impl IssueReward {
    /// Notes that this value is this reward's; answers whether it is.
    ///
    /// # Errors
    /// When the database cannot be reached: nothing is taken then.
    pub(super) async fn belongs_here(
        &self,
        hand: &InHand,
        (attempt, partner): (u32, &PartnerId),
        accepted: &Accepted,
    ) -> Result<bool, sqlx::Error> {
        let reference = self.reference_of(hand, attempt, partner);
        let reference = (ValueName::Reference, reference.as_str());
        match accepted {
            Accepted::Voucher(voucher) => {
                let code = self.vault.partner_tag(partner, "voucher_code", &voucher.code);
                let id = (ValueName::VoucherId, voucher.voucher_id.as_str());
                let names = [id, (ValueName::Code, &code), reference];
                self.ledger.belongs_to(hand.id, partner, &names).await
            }
            Accepted::Credit(credit) => {
                let id = (ValueName::CreditId, credit.credit_id.as_str());
                self.ledger.belongs_to(hand.id, partner, &[id, reference]).await
            }
        }
    }

    /// As it was requested, or is being requested at this moment.
    fn reference_of(&self, hand: &InHand, attempt: u32, partner: &PartnerId) -> String {
        let requested = hand.reward.attempt(attempt).map(|known| known.reference.clone());
        requested.unwrap_or_else(|| {
            self.vault.reference(hand.id, partner, hand.reward.rounds_at(partner) + 1)
        })
    }
}
