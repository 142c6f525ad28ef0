//! Which account does a credit go to? The one that was chosen, opened for the call alone.
//!
//! *Also when it is no longer linked*: an order that may have arrived is asked about and repeated
//! with the very same bytes; a new one is never begun for an account that is not verified.
//!
//! Rows: R4, P8, C1, C4.

use domain::ids::{AccountId, MemberId, PartnerId};
use domain::partner_account::{PartnerAccount, PartnerAccountCommand, VerificationStatus};
use domain::reward::Chosen;
use projections::user_partner_accounts::query::{self, VerifiedAccount};
use secrecy::SecretString;

use super::send::InHand;
use super::worker::IssueReward;
use crate::ledger::{Context, ExecuteError};
use crate::partners::oauth::NoAccess;
use crate::vault::Place;

/// Whether a credit can be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MayReceive {
    /// It can.
    Yes,
    /// The account is not linked any more, or the member has to agree once more.
    No,
    /// The partner does not say at the moment whether the member still agrees.
    NotSaid,
}

impl IssueReward {
    /// Whether what was chosen can still be begun: a credit needs its account verified, and the
    /// member's agreement alive where the account was linked by one.
    ///
    /// # Errors
    /// When the read model or the vault cannot be read.
    pub(super) async fn may_receive(
        &self,
        hand: &InHand,
        chosen: &Chosen,
    ) -> anyhow::Result<MayReceive> {
        let Some(account) = chosen.account_id else { return Ok(MayReceive::Yes) };
        let member = hand.reached.member_id;
        if !self.is_verified(member, &chosen.partner_id, account).await? {
            return Ok(MayReceive::No);
        }
        let Some(linking) = self.partners.linking(&chosen.partner_id) else {
            return Ok(MayReceive::Yes);
        };
        match linking.access(member, account, hand.deadline).await {
            Ok(_) => Ok(MayReceive::Yes),
            Err(NoAccess::Lost) => Ok(MayReceive::No),
            Err(NoAccess::NoGrant) => self.needs_none(account).await,
            Err(NoAccess::NotNow(why)) => {
                tracing::info!(reward.id = %hand.id, why, "a credit waits for the member's token");
                Ok(MayReceive::NotSaid)
            }
            Err(NoAccess::Vault(error)) => Err(error.into()),
        }
    }

    /// Whether the account needs no grant: one that was linked by a code, and still is. The stream
    /// says so, since the grant of one that has just been lost is gone before read models know. One
    /// that needs a grant and has none is agreed to once more.
    async fn needs_none(&self, account: AccountId) -> anyhow::Result<MayReceive> {
        let stream = account.to_string();
        let link = self.ledger.load::<PartnerAccount>(&stream).await?.state;
        if link.status() != VerificationStatus::Verified {
            return Ok(MayReceive::No);
        }
        if link.requested().is_some_and(|requested| requested.scope.is_none()) {
            return Ok(MayReceive::Yes);
        }
        let context = Context::new("process:issue_reward", "nothing is left of the agreement");
        let relink = PartnerAccountCommand::NeedRelink { why: "grant_missing".to_owned() };
        match self.ledger.execute::<PartnerAccount, _>(&stream, relink, &context).await {
            Ok(_) | Err(ExecuteError::Duplicate { .. } | ExecuteError::Refused(_)) => {
                Ok(MayReceive::No)
            }
            Err(error) => Err(error.into()),
        }
    }

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
