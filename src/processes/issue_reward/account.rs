//! Which account does a credit go to? The one that was chosen, opened for the call alone.
//!
//! *Also when it is no longer linked*: an order that may have arrived is asked about and repeated
//! with the very same bytes; a new one is never begun for an account that is not verified.
//!
//! Rows: R4, C1, C4.

use domain::ids::{AccountId, MemberId, PartnerId};
use projections::user_partner_accounts::query::{self, VerifiedAccount};
use secrecy::SecretString;

use super::worker::IssueReward;
use crate::vault::Place;

impl IssueReward {
    /// Whether credits may go to this account now.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub(super) async fn is_verified(
        &self,
        member: MemberId,
        partner: &PartnerId,
        account: AccountId,
    ) -> anyhow::Result<bool> {
        let found = query::verified_at(&self.pool, member, std::slice::from_ref(partner)).await?;
        Ok(found.iter().any(|verified| verified.account_id == account))
    }

    /// The member's account, wherever it stands.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub(super) async fn account(
        &self,
        member: MemberId,
        account: AccountId,
    ) -> anyhow::Result<Option<VerifiedAccount>> {
        Ok(query::sealed_of(&self.pool, member, account).await?)
    }

    /// Its number in clear, for the partner's eyes.
    ///
    /// # Errors
    /// When the read model or the vault cannot be read.
    pub(super) async fn opened_account(
        &self,
        member: MemberId,
        account: AccountId,
    ) -> anyhow::Result<Option<SecretString>> {
        let Some(account) = self.account(member, account).await? else { return Ok(None) };
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
