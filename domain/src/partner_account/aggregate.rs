//! The rules of a link.
//!
//! Rows: R4.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    AccountLinkRequested, AccountLinked, AccountRefused, AccountUnlinked, AccountVerified,
    BillGenerated, LowBalanceReported, PartnerAccountCommand, PartnerAccountError,
    PartnerAccountEvent, PaymentReceived, RelinkNeeded,
};
use crate::aggregate::aggregate;
use crate::ids::{MemberId, PartnerId};

/// Where a link stands; only a verified one counts for a credit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationStatus {
    /// The partner has not confirmed it yet.
    #[default]
    Pending,
    /// The partner confirmed it.
    Verified,
    /// The partner said no.
    Refused,
    /// The member has to agree once more.
    RelinkNeeded,
    /// It has ended.
    Unlinked,
}

impl VerificationStatus {
    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
            Self::Refused => "refused",
            Self::RelinkNeeded => "relink_needed",
            Self::Unlinked => "unlinked",
        }
    }
}

impl fmt::Display for VerificationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A member's account at a partner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartnerAccount {
    requested: Option<AccountLinkRequested>,
    status: VerificationStatus,
    /// Bills and payments on record, by the partner's ids.
    known: BTreeSet<String>,
}

type Decision = Result<Vec<PartnerAccountEvent>, PartnerAccountError>;

impl PartnerAccount {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> VerificationStatus {
        self.status
    }

    /// How it was asked for; none while nothing has been recorded.
    #[must_use]
    pub fn requested(&self) -> Option<&AccountLinkRequested> {
        self.requested.as_ref()
    }

    /// What follows from a wish.
    ///
    /// # Errors
    /// [`PartnerAccountError`] names the rule.
    pub fn decide(&self, command: PartnerAccountCommand, at: DateTime<Utc>) -> Decision {
        use PartnerAccountCommand as C;
        use VerificationStatus::{Pending, Refused, RelinkNeeded as Relink, Unlinked, Verified};
        let Some(requested) = &self.requested else { return Self::first(command, at) };
        let (member_id, partner_id) = (requested.member_id, requested.partner_id.clone());
        let occurred_at = at;
        match command {
            C::RequestLink { .. } => Ok(Vec::new()),
            C::Link => {
                self.allow(&[Pending])?;
                Ok(vec![AccountLinked { member_id, partner_id, occurred_at }.into()])
            }
            C::Verify if self.status == Verified => Ok(Vec::new()),
            C::Verify => {
                self.allow(&[Pending, Relink])?;
                Ok(vec![AccountVerified { member_id, partner_id, occurred_at }.into()])
            }
            C::Refuse { .. } if self.status == Refused => Ok(Vec::new()),
            C::Refuse { why } => {
                self.allow(&[Pending])?;
                Ok(vec![AccountRefused { member_id, partner_id, why, occurred_at }.into()])
            }
            C::NeedRelink { .. } if self.status == Relink => Ok(Vec::new()),
            C::NeedRelink { why } => {
                self.allow(&[Verified])?;
                Ok(vec![RelinkNeeded { member_id, partner_id, why, occurred_at }.into()])
            }
            C::Unlink { .. } if self.status == Unlinked => Ok(Vec::new()),
            C::Unlink { why } => {
                Ok(vec![AccountUnlinked { member_id, partner_id, why, occurred_at }.into()])
            }
            C::RecordBill { .. } | C::RecordPayment { .. } | C::RecordLowBalance { .. } => {
                self.allow(&[Pending, Verified, Relink])?;
                Ok(self.reported(member_id, partner_id, command))
            }
        }
    }

    fn first(command: PartnerAccountCommand, at: DateTime<Utc>) -> Decision {
        let PartnerAccountCommand::RequestLink {
            member_id,
            partner_id,
            link_number,
            account_type,
            account_number,
            account_masked,
            account_tag,
            security_code,
            scope,
        } = command
        else {
            return Err(PartnerAccountError::NotRequested);
        };
        Ok(vec![
            AccountLinkRequested {
                member_id,
                partner_id,
                link_number,
                account_type,
                account_number,
                account_masked,
                account_tag,
                security_code,
                scope,
                occurred_at: at,
            }
            .into(),
        ])
    }

    /// What the partner says happened on the account; a bill or payment on record is nothing new.
    fn reported(
        &self,
        member_id: MemberId,
        partner_id: PartnerId,
        command: PartnerAccountCommand,
    ) -> Vec<PartnerAccountEvent> {
        use PartnerAccountCommand as C;
        match command {
            C::RecordBill { bill_id, .. } if self.known.contains(&bill_id) => Vec::new(),
            C::RecordPayment { payment_id, .. } if self.known.contains(&payment_id) => Vec::new(),
            C::RecordBill { bill_id, amount, currency, due_on, at } => vec![
                BillGenerated {
                    member_id,
                    partner_id,
                    bill_id,
                    amount,
                    currency,
                    due_on,
                    occurred_at: at,
                }
                .into(),
            ],
            C::RecordPayment { payment_id, amount, currency, at } => vec![
                PaymentReceived {
                    member_id,
                    partner_id,
                    payment_id,
                    amount,
                    currency,
                    occurred_at: at,
                }
                .into(),
            ],
            C::RecordLowBalance { balance, threshold, currency, at } => vec![
                LowBalanceReported {
                    member_id,
                    partner_id,
                    balance,
                    threshold,
                    currency,
                    occurred_at: at,
                }
                .into(),
            ],
            C::RequestLink { .. }
            | C::Link
            | C::Verify
            | C::Refuse { .. }
            | C::NeedRelink { .. }
            | C::Unlink { .. } => Vec::new(),
        }
    }

    fn allow(&self, statuses: &[VerificationStatus]) -> Result<(), PartnerAccountError> {
        if statuses.contains(&self.status) {
            Ok(())
        } else {
            Err(PartnerAccountError::NotNow { status: self.status })
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &PartnerAccountEvent) {
        use PartnerAccountEvent as E;
        match event {
            E::AccountLinkRequested(e) => {
                self.requested = Some(e.clone());
                self.status = VerificationStatus::Pending;
            }
            E::AccountLinked(_) => self.status = VerificationStatus::Pending,
            E::AccountVerified(_) => self.status = VerificationStatus::Verified,
            E::AccountRefused(_) => self.status = VerificationStatus::Refused,
            E::RelinkNeeded(_) => self.status = VerificationStatus::RelinkNeeded,
            E::AccountUnlinked(_) => self.status = VerificationStatus::Unlinked,
            E::BillGenerated(e) => {
                self.known.insert(e.bill_id.clone());
            }
            E::PaymentReceived(e) => {
                self.known.insert(e.payment_id.clone());
            }
            E::LowBalanceReported(_) => {}
        }
    }
}

aggregate!(PartnerAccount: PartnerAccountCommand -> PartnerAccountEvent | PartnerAccountError);
