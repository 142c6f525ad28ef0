//! Which links does a partner no longer take us at our word for? The member is asked to agree once
//! more, and their rewards wait.
//!
//! A grant is lost when its refresh was refused, or when nobody knows how that ended: also when the
//! process that began it died. That stands in the vault until it is on record in the link's stream.
//!
//! Rows: P8, D2. Cases: C18.

use domain::ids::AccountId;
use domain::partner_account::{PartnerAccount, PartnerAccountCommand, VerificationStatus};

use crate::ledger::{Context, ExecuteError, Ledger};
use crate::vault::{Grant, GrantId, Vault};

/// How many are looked after in one turn.
const LINKS_A_TURN: i64 = 64;

/// Takes lost grants to the links they served.
#[derive(Clone)]
pub struct KeepLinks {
    /// Where it is recorded.
    pub ledger: Ledger,
    /// Where grants are.
    pub vault: Vault,
}

impl KeepLinks {
    /// Looks after the grants that are lost; answers how many are settled.
    ///
    /// # Errors
    /// When the vault cannot be reached. What goes wrong with one link is logged and tried again.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let lost = self.vault.lost_grants(LINKS_A_TURN).await?;
        let mut done = 0;
        for (id, account) in &lost {
            match self.act_on(id, *account).await {
                Ok(is_done) => done += usize::from(is_done),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(account.id = %account, error, "a lost grant waits");
                }
            }
        }
        Ok(done)
    }

    async fn act_on(&self, id: &GrantId, account: AccountId) -> anyhow::Result<bool> {
        let Some(Grant::Lost { why, version }) = self.grant(id, account).await? else {
            return Ok(false);
        };
        let stream = account.to_string();
        let link = self.ledger.load::<PartnerAccount>(&stream).await?.state;
        if link.status() == VerificationStatus::Pending {
            // Refused by the process that asks about it.
            return Ok(false);
        }
        // Taken first: a process that dies now leaves a link without a grant, which is found out
        // when it is used. A fresh agreement in its place is left alone.
        if !self.vault.take_lost(id, version).await? {
            return Ok(false);
        }
        if link.status() == VerificationStatus::Verified {
            self.record(&stream, PartnerAccountCommand::NeedRelink { why }).await?;
            if let Some(Grant::Live { .. }) = self.grant(id, account).await? {
                // The member agreed at that very moment.
                self.record(&stream, PartnerAccountCommand::Verify).await?;
            }
        }
        Ok(true)
    }

    async fn grant(&self, id: &GrantId, account: AccountId) -> anyhow::Result<Option<Grant>> {
        let of_link = self.vault.grant_of_link(id.member, &id.partner, account).await?;
        Ok(of_link.map(|(_, grant)| grant))
    }

    async fn record(&self, stream: &str, command: PartnerAccountCommand) -> anyhow::Result<()> {
        let context = Context::new("process:keep_links", "the partner takes it no longer");
        match self.ledger.execute::<PartnerAccount, _>(stream, command, &context).await {
            Ok(_) | Err(ExecuteError::Duplicate { .. } | ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
