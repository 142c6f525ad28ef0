//! What did an action come to? The same words for the first call and for whoever comes second.
//!
//! Rows: R6.

use chrono::{DateTime, Utc};
use domain::ids::RewardId;
use domain::reward::{ActResult, Reward, SupportAction};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::AttemptId;

/// What an action came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Told {
    /// Of which reward.
    reward_id: Uuid,
    /// What was done.
    #[schema(value_type = String)]
    action: SupportAction,
    /// On which attempt; null when there had been none.
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
    /// `done`, `asked` while the partner has not said whether it takes a voucher back, or
    /// `awaiting_second_person`.
    status: &'static str,
    /// What it came to, such as `goes_on`, `redirected`, `cancelled`, `voided`, `refused`,
    /// `attested_issued` or `attested_not_issued`; null while a second person is awaited.
    #[schema(value_type = Option<String>)]
    result: Option<ActResult>,
    /// The same in a sentence.
    message: &'static str,
    /// When it was done.
    at: DateTime<Utc>,
    /// Until when a second person may say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl Told {
    /// What became of an action on an attempt; none when it was not done.
    #[must_use]
    pub fn of(
        id: RewardId,
        reward: &Reward,
        (action, attempt): (SupportAction, u32),
    ) -> Option<Self> {
        let act = reward.support_act(action, attempt)?;
        Some(Self {
            reward_id: id.0,
            action,
            attempt_id: AttemptId::of(id, attempt),
            status: if act.result == ActResult::Asked { "asked" } else { "done" },
            result: Some(act.result),
            message: message(action, act.result, reward),
            at: act.at,
            until: None,
        })
    }

    /// One person has said how an attempt ended, and a second one has not yet.
    #[must_use]
    pub fn awaiting(id: RewardId, reward: &Reward) -> Option<Self> {
        let open = reward.open_attempt()?;
        let said = open.statement.as_ref()?;
        Some(Self {
            reward_id: id.0,
            action: SupportAction::Resolve,
            attempt_id: AttemptId::of(id, open.attempt),
            status: "awaiting_second_person",
            result: None,
            message: "Nothing has changed yet. A second person has to say the same.",
            at: said.occurred_at,
            until: Some(said.expires_at),
        })
    }

    /// Whether the partner has still to say.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.result == Some(ActResult::Asked)
    }
}

fn message(action: SupportAction, result: ActResult, reward: &Reward) -> &'static str {
    match result {
        ActResult::GoesOn if action == SupportAction::Reissue => {
            "What is owed is given anew: the next partner is asked, or the member chooses."
        }
        ActResult::GoesOn => "It goes on: the next partner is asked, or the member chooses.",
        ActResult::Redirected => "The other partner is asked.",
        ActResult::Cancelled => "It is off the books.",
        ActResult::Asked => {
            "The partner is asked to take the voucher back, and asked again until it answers."
        }
        ActResult::Voided => "The partner took back what was left. It can be reissued.",
        ActResult::Refused => "It was not taken back: the voucher is still the member's.",
        ActResult::AttestedNotIssued => "Nothing was issued, two people say. It goes on.",
        ActResult::AttestedIssued if reward.open_attempt().is_some() => {
            "It was issued, two people say, and nobody else is asked. The partner is asked for the \
             code until it gives it. If it never does, have it take the voucher back, and let two \
             people say `not_issued`."
        }
        ActResult::AttestedIssued => "It was issued, two people say.",
    }
}
