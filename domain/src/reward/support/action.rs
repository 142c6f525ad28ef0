//! Which actions are there, which are possible now, and what became of those that were done?
//!
//! Rows: R6.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{AccountId, PartnerId};
use crate::reward::{Reward, RewardCommand, RewardError, RewardType, ValueKind};

/// Something that support can do for a reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupportAction {
    /// Go on after a no, with the tries counted anew.
    Retry,
    /// Go on with another partner.
    Redirect,
    /// Take it off the books.
    Cancel,
    /// Take a voucher back.
    Void,
    /// Give it anew, after a void or a failure.
    Reissue,
    /// Settle an outcome that nobody saw.
    Resolve,
}

impl SupportAction {
    /// Every action.
    pub const ALL: [Self; 6] =
        [Self::Retry, Self::Redirect, Self::Cancel, Self::Void, Self::Reissue, Self::Resolve];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Redirect => "redirect",
            Self::Cancel => "cancel",
            Self::Void => "void",
            Self::Reissue => "reissue",
            Self::Resolve => "resolve",
        }
    }
}

impl std::fmt::Display for SupportAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an action came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActResult {
    /// The reward goes on: a partner is looked for, or the member chooses.
    GoesOn,
    /// Another partner is asked.
    Redirected,
    /// It is off the books.
    Cancelled,
    /// The partner is asked to take the voucher back.
    Asked,
    /// The partner took it back.
    Voided,
    /// The partner did not take it back; it is still the member's.
    Refused,
    /// Two people said that nothing was issued.
    AttestedNotIssued,
    /// Two people said that it was issued.
    AttestedIssued,
}

/// An action that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportAct {
    /// Which.
    pub action: SupportAction,
    /// On which attempt; 0 when there had been none.
    pub attempt: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// What it came to.
    pub result: ActResult,
}

/// How two people say that an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttestedOutcome {
    /// Nothing was issued, and nothing will be.
    NotIssued,
    /// The partner issued it.
    Issued {
        /// Its own id for what it issued.
        partner_ref: String,
        /// The masked number of the account that a credit went to.
        account_masked: Option<String>,
    },
}

/// What support wishes. `attempt` is the last one of the reward; 0 when there has been none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described at `SupportAction`")]
pub enum SupportCommand {
    Retry {
        attempt: u32,
    },
    Redirect {
        attempt: u32,
        partner_id: PartnerId,
        product: String,
        kind: ValueKind,
        account_id: Option<AccountId>,
    },
    Cancel {
        attempt: u32,
    },
    Void {
        attempt: u32,
        idempotency_key: Uuid,
    },
    Reissue {
        attempt: u32,
    },
    Resolve {
        attempt: u32,
        outcome: AttestedOutcome,
        /// Who says so.
        person: Uuid,
        /// Where the evidence can be found.
        evidence: String,
    },
}

impl Reward {
    /// What was done by support, oldest first.
    #[must_use]
    pub fn support_acts(&self) -> &[SupportAct] {
        &self.acts
    }

    /// What became of an action on an attempt; none when it was not done.
    #[must_use]
    pub fn support_act(&self, action: SupportAction, attempt: u32) -> Option<&SupportAct> {
        self.acts.iter().rev().find(|act| act.action == action && act.attempt == attempt)
    }

    /// What support could do now, all of it on the last attempt: exactly what would be accepted.
    #[must_use]
    pub fn support_may(&self, at: DateTime<Utc>) -> Vec<SupportAction> {
        let would_do = |wish| self.decide(RewardCommand::Support(wish), at).is_ok();
        let all = SupportAction::ALL.into_iter();
        all.filter(|action| self.tried_as(*action).into_iter().any(would_do)).collect()
    }

    fn tried_as(&self, action: SupportAction) -> Vec<SupportCommand> {
        let attempt = self.last_attempt();
        let wish = match action {
            SupportAction::Retry => SupportCommand::Retry { attempt },
            SupportAction::Cancel => SupportCommand::Cancel { attempt },
            SupportAction::Reissue => SupportCommand::Reissue { attempt },
            SupportAction::Void => SupportCommand::Void { attempt, idempotency_key: Uuid::nil() },
            SupportAction::Resolve => SupportCommand::Resolve {
                attempt,
                outcome: self.said_before(),
                person: Uuid::nil(),
                evidence: String::new(),
            },
            SupportAction::Redirect => return self.tried_elsewhere(attempt),
        };
        vec![wish]
    }

    /// Whether there is somewhere else to go; whether somebody is there is not known here.
    fn tried_elsewhere(&self, attempt: u32) -> Vec<SupportCommand> {
        let Some(reached) = self.reached() else { return Vec::new() };
        let kind = match reached.reward_type {
            RewardType::UtilityCredit => ValueKind::Credit,
            _ => ValueKind::Voucher,
        };
        let account_id = (kind == ValueKind::Credit).then(|| AccountId(Uuid::nil()));
        let partners = reached.eligible_partners.iter().cloned();
        partners
            .map(|partner_id| SupportCommand::Redirect {
                attempt,
                partner_id,
                product: String::new(),
                kind,
                account_id,
            })
            .collect()
    }

    /// The attempt is the last one, and this was not done on it before.
    pub(super) fn once(&self, action: SupportAction, attempt: u32) -> Result<(), RewardError> {
        // What was done before it was held back again is another matter.
        let acts = self.acts.get(self.held_after.unwrap_or(0)..).unwrap_or_default();
        let is_it = |act: &&SupportAct| act.action == action && act.attempt == attempt;
        if let Some(first) = acts.iter().rev().find(is_it) {
            return Err(RewardError::AlreadyDone { action, attempt, at: first.at });
        }
        let present = self.last_attempt();
        if attempt == present {
            Ok(())
        } else {
            Err(RewardError::WrongAttempt { given: attempt, present })
        }
    }
}
