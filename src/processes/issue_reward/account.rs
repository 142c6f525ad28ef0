//! Which account does a credit go to? The member's verified one at that partner, opened for the
//! call alone.
//!
//! Rows: R4, C4.

use domain::ids::{MemberId, PartnerId};
use projections::user_partner_accounts::query::{self, VerifiedAccount};
use secrecy::SecretString;

use super::worker::IssueReward;
use crate::vault::Place;

impl IssueReward {
    /// The member's verified account at this partner.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub(super) async fn account_of(
        &self,
        member: MemberId,
        partner: &PartnerId,
    ) -> anyhow::Result<Option<VerifiedAccount>> {
        let found = query::verified_at(&self.pool, member, std::slice::from_ref(partner)).await?;
        Ok(found.into_iter().next())
    }

    /// Its number in clear, for the partner's eyes.
    ///
    /// # Errors
    /// When the read model or the vault cannot be read.
    pub(super) async fn opened_account(
        &self,
        member: MemberId,
        partner: &PartnerId,
    ) -> anyhow::Result<Option<SecretString>> {
        let Some(account) = self.account_of(member, partner).await? else { return Ok(None) };
        let stream_id = account.account_id.to_string();
        let place = Place {
            stream: "partner_account",
            stream_id: &stream_id,
            event: "AccountLinkRequested",
            field: "account_number",
            attempt: 0,
        };
        Ok(Some(self.vault.open_sealed(member, &place, &account.account_number).await?))
    }
}
