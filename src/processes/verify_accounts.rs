//! Is the account theirs? The partner is asked with number and code, and its word recorded; and a
//! link ends when the member no longer agrees to it.
//!
//! *Guarantees*: nothing leaves for a partner without the member's consent at that moment; an
//! outside account is verified for one member alone, whoever races; a wrong code and an account
//! that another member holds end the same. No value moves, so whatever the partner did not say is
//! simply asked again.
//!
//! Rows: R4, P8, C1, D6.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::ids::AccountId;
use domain::member::{ConsentPurpose, Member};
use domain::partner_account::{
    AccountLinkRequested, PartnerAccount, PartnerAccountCommand, VerificationStatus,
};
use domain::sealed::Sealed;
use futures::StreamExt;
use projections::account_todo::query::{self as todo, DueAccount};
use secrecy::SecretString;
use sqlx::PgPool;
use uuid::Uuid;

use super::account_holders::{OutsideAccount, hold, take_over};
use crate::clock::Clock;
use crate::config::{CALLS_AT_ONCE, LEASE_SECONDS, REWARDS_A_CLAIM};
use crate::ledger::{Context, ExecuteError, Ledger};
use crate::partners::oauth::NoAccess;
use crate::partners::{AccountClaim, Partners, Verdict};
use crate::vault::{Place, Vault};

/// How long a partner may take to say whose an account is.
const PATIENCE: Duration = Duration::from_secs(10);
/// A partner that did not say is asked again after so long, in seconds.
const ASKED_AGAIN_SECONDS: i64 = 15;
/// The same for whatever is the reason: nobody learns that an account is another member's.
const NOT_ACCEPTED: &str = "not_accepted";

/// Takes links from the todo table to the partner's word.
#[derive(Clone)]
pub struct VerifyAccounts {
    /// Where everything that happens is recorded.
    pub ledger: Ledger,
    /// Where the todo table is.
    pub pool: PgPool,
    /// Who can be asked.
    pub partners: Partners,
    /// What opens numbers and codes.
    pub vault: Vault,
    /// The ledger's time.
    pub clock: Clock,
    /// Which worker this is, in leases.
    pub worker: Uuid,
}

impl VerifyAccounts {
    /// Works on the links that are due; answers how many were.
    ///
    /// # Errors
    /// When the todo table cannot be read. What goes wrong with one link is logged, and its lease
    /// runs out.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let due = todo::claim_due(&self.pool, self.worker, LEASE_SECONDS, REWARDS_A_CLAIM).await?;
        futures::stream::iter(&due)
            .for_each_concurrent(CALLS_AT_ONCE, |due| async {
                if let Err(error) = self.work_on(due).await {
                    let error = format!("{error:#}");
                    tracing::error!(account.id = %due.account_id, error, "a link waits");
                }
            })
            .await;
        Ok(due.len())
    }

    async fn work_on(&self, due: &DueAccount) -> anyhow::Result<()> {
        let loaded = self.ledger.load::<PartnerAccount>(&due.account_id.to_string()).await?;
        let account = loaded.state;
        let requested = account.requested().context("a link begins with the wish for it")?;
        let is_over =
            matches!(account.status(), VerificationStatus::Refused | VerificationStatus::Unlinked);
        let waits = account.status() == VerificationStatus::Pending;
        if is_over {
            return self.give_back(due, requested).await;
        }
        if !(waits || due.is_to_end) {
            return Ok(todo::look_again_at(&self.pool, due, None).await?);
        }
        if due.is_to_end || !self.is_agreed(requested).await? {
            let why = "consent_withdrawn".to_owned();
            return self.record(due.account_id, PartnerAccountCommand::Unlink { why }).await;
        }
        match self.ask(due.account_id, requested).await? {
            Some(command) => self.record(due.account_id, command).await,
            None => Ok(todo::look_again_at(&self.pool, due, Some(self.later())).await?),
        }
    }

    async fn is_agreed(&self, requested: &AccountLinkRequested) -> anyhow::Result<bool> {
        let member = self.ledger.load::<Member>(&requested.member_id.to_string()).await?.state;
        Ok(member.consents_to(ConsentPurpose::Link, &requested.partner_id))
    }

    /// The link has ended: what the member agreed to at the partner ends there too, however often
    /// the partner has to be told.
    async fn give_back(
        &self,
        due: &DueAccount,
        requested: &AccountLinkRequested,
    ) -> anyhow::Result<()> {
        let is_given_back = match self.partners.linking(&requested.partner_id) {
            Some(linking) => linking.give_back(requested.member_id, due.account_id).await?,
            None => true,
        };
        let later = (!is_given_back).then(|| self.later());
        Ok(todo::look_again_at(&self.pool, due, later).await?)
    }

    fn later(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now() + chrono::Duration::seconds(ASKED_AGAIN_SECONDS)
    }

    /// What follows from the partner's word; nothing, when it did not say.
    async fn ask(
        &self,
        id: AccountId,
        requested: &AccountLinkRequested,
    ) -> anyhow::Result<Option<PartnerAccountCommand>> {
        if requested.scope.is_some() {
            return self.ask_with_grant(id, requested).await;
        }
        let Some(partner) = self.partners.get(&requested.partner_id) else { return Ok(None) };
        let code = match &requested.security_code {
            Some(code) => Some(self.open(id, requested, "security_code", code).await?),
            None => None,
        };
        let number = self.open(id, requested, "account_number", &requested.account_number).await?;
        let claim = AccountClaim { number, security_code: code, grant: None };
        match partner.verify(&claim, Instant::now() + PATIENCE).await {
            Verdict::Verified if self.is_free(id, requested).await? => {
                Ok(Some(PartnerAccountCommand::Verify))
            }
            Verdict::Verified | Verdict::Refused { .. } => {
                let why = NOT_ACCEPTED.to_owned();
                Ok(Some(PartnerAccountCommand::Refuse { why }))
            }
            Verdict::Pending => Ok(Some(PartnerAccountCommand::Link)),
            Verdict::NotSaid { why, .. } => {
                tracing::info!(partner = %requested.partner_id, why, "a partner did not say");
                Ok(None)
            }
        }
    }

    /// The same where the member agreed at the partner: their token is for this account, or not.
    async fn ask_with_grant(
        &self,
        id: AccountId,
        requested: &AccountLinkRequested,
    ) -> anyhow::Result<Option<PartnerAccountCommand>> {
        let Some(linking) = self.partners.linking(&requested.partner_id) else { return Ok(None) };
        let number = self.open(id, requested, "account_number", &requested.account_number).await?;
        let link = (requested.member_id, id);
        match linking.is_for(link, &number, Instant::now() + PATIENCE).await {
            Ok(true) if self.is_free(id, requested).await? => {
                Ok(Some(PartnerAccountCommand::Verify))
            }
            Ok(_) | Err(NoAccess::NoGrant | NoAccess::Lost) => {
                let why = NOT_ACCEPTED.to_owned();
                Ok(Some(PartnerAccountCommand::Refuse { why }))
            }
            Err(NoAccess::NotNow(why)) => {
                tracing::info!(partner = %requested.partner_id, why, "a partner did not say");
                Ok(None)
            }
            Err(NoAccess::Vault(error)) => Err(error.into()),
        }
    }

    /// Whether no other member holds this account; from then on this one does.
    async fn is_free(
        &self,
        id: AccountId,
        requested: &AccountLinkRequested,
    ) -> anyhow::Result<bool> {
        let account =
            OutsideAccount { partner: &requested.partner_id, tag: &requested.account_tag };
        let Some(other) = hold(&self.pool, account, id).await? else { return Ok(true) };
        let holder = self.ledger.load::<PartnerAccount>(&other.to_string()).await?.state;
        let has_ended =
            matches!(holder.status(), VerificationStatus::Unlinked | VerificationStatus::Refused);
        Ok(has_ended && take_over(&self.pool, account, (other, id)).await?)
    }

    async fn open<T>(
        &self,
        id: AccountId,
        requested: &AccountLinkRequested,
        field: &str,
        sealed: &Sealed<T>,
    ) -> anyhow::Result<SecretString> {
        let stream_id = id.to_string();
        let place = Place {
            stream: "partner_account",
            stream_id: &stream_id,
            event: "AccountLinkRequested",
            field,
            attempt: 0,
        };
        Ok(self.vault.open_sealed(requested.member_id, &place, sealed).await?)
    }

    async fn record(&self, id: AccountId, command: PartnerAccountCommand) -> anyhow::Result<()> {
        let context = Context::new("process:verify_accounts", "it is due");
        let stream = id.to_string();
        match self.ledger.execute::<PartnerAccount, _>(&stream, command, &context).await {
            Ok(_) | Err(ExecuteError::Duplicate { .. } | ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
