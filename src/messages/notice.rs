//! What do other systems learn? That something happened, to which id, and where in the log: nothing
//! of a person, no code, no amount.
//!
//! Rows: U4, C4.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

macro_rules! notice_kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal,)+) => {
        /// What a notice can be about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum NoticeKind { $($(#[$doc])* $name,)+ }

        impl NoticeKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its `type`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

notice_kinds! {
    /// Somebody has reached something; its reward is on its way.
    RewardReached "reward.reached",
    /// A reward was given.
    RewardIssued "reward.issued",
    /// All of its value has been used.
    RewardRedeemed "reward.redeemed",
    /// What was left of it can no longer be used.
    RewardExpired "reward.expired",
    /// Nobody could give it; people look after it.
    RewardFailed "reward.failed",
    /// It was taken off the books.
    RewardCancelled "reward.cancelled",
    /// Something needs a person.
    AlertRaised "alert.raised",
}

/// A notice, before it is known who wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// About what.
    pub kind: NoticeKind,
    /// What made it: the same cause is told to an endpoint once.
    pub cause: String,
    /// The bytes that are signed.
    pub body: String,
}

impl Notice {
    /// Of a reward.
    #[must_use]
    pub fn of_reward(
        kind: NoticeKind,
        (reward, status): (Uuid, &str),
        position: i64,
        occurred_at: DateTime<Utc>,
    ) -> Self {
        let data = json!({
            "reward_id": reward,
            "status": status,
            "position": position,
            "occurred_at": instant(occurred_at),
        });
        Self { kind, cause: format!("position:{position}"), body: body(kind, occurred_at, &data) }
    }

    /// Of an alert: its kind, and the id of what it is about.
    #[must_use]
    pub fn of_alert(kind: &str, subject: &str, cause: &str, at: DateTime<Utc>) -> Self {
        let data = json!({ "kind": kind, "subject": subject, "occurred_at": instant(at) });
        let cause = format!("{kind}/{cause}");
        Self {
            kind: NoticeKind::AlertRaised,
            cause,
            body: body(NoticeKind::AlertRaised, at, &data),
        }
    }
}

fn body(kind: NoticeKind, at: DateTime<Utc>, data: &Value) -> String {
    json!({ "type": kind.as_str(), "timestamp": instant(at), "data": data }).to_string()
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
