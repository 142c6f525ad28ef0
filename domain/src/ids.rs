//! Which member, reward, partner … is meant? Identifiers as types, so that one cannot stand for
//! another.
//!
//! *Why v5 for rewards*: the id is a function of (member, milestone, cycle), so a second reward for
//! the same milestone meets the first one's stream in the store and is refused there for ever,
//! across instances and without a look-up. Parts are joined with a length prefix: `("ab", "c")`
//! and `("a", "bc")` give different ids.
//!
//! Rows: R2, P1.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// Namespace of every v5 id; changing it would orphan every stored stream.
const NAMESPACE: Uuid = uuid!("6f1d5a52-3c0e-5d0c-9d2b-5f2d0c6b7a11");

fn v5(parts: &[&[u8]]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part);
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| InvalidId { kind: stringify!($name), rule: "a UUID" })
            }
        }
    };
}

uuid_id!(
    /// A person in recovery: the `sub` of their token and the id of their journey's stream.
    MemberId
);
uuid_id!(
    /// One reward: member, milestone and cycle.
    RewardId
);
uuid_id!(
    /// A member's account or card at a partner: member, partner and how often it was linked.
    AccountId
);

uuid_id!(
    /// A partner's statement: partner, business date and sequence.
    StatementId
);

uuid_id!(
    /// A line of our bank's, by the bank's own id of it.
    SettlementId
);

uuid_id!(
    /// A referral: member, support service and how often the member was referred there.
    ReferralId
);

impl RewardId {
    /// The one id this member's reward for this milestone and cycle can have (R2).
    #[must_use]
    pub fn of(member: MemberId, milestone: &MilestoneId, cycle: u32) -> Self {
        Self(v5(&[
            b"reward",
            member.0.as_bytes(),
            milestone.as_str().as_bytes(),
            &cycle.to_be_bytes(),
        ]))
    }
}

impl AccountId {
    /// The id of the `link_number`-th link (from 1) of this member with this partner.
    #[must_use]
    pub fn of(member: MemberId, partner: &PartnerId, link_number: u32) -> Self {
        Self(v5(&[
            b"partner_account",
            member.0.as_bytes(),
            partner.as_str().as_bytes(),
            &link_number.to_be_bytes(),
        ]))
    }
}

impl StatementId {
    /// The id of the `sequence`-th statement (from 1) of this partner for this day.
    #[must_use]
    pub fn of(partner: &PartnerId, business_date: NaiveDate, sequence: u32) -> Self {
        Self(v5(&[
            b"partner_statement",
            partner.as_str().as_bytes(),
            business_date.to_string().as_bytes(),
            &sequence.to_be_bytes(),
        ]))
    }
}

impl SettlementId {
    /// The id of the line that the bank calls so.
    #[must_use]
    pub fn of(bank_reference: &str) -> Self {
        Self(v5(&[b"settlement", bank_reference.as_bytes()]))
    }
}

impl ReferralId {
    /// The id of the `number`-th referral (from 1) of this member to this service.
    #[must_use]
    pub fn of(member: MemberId, service: &PartnerId, number: u32) -> Self {
        Self(v5(&[
            b"referral",
            member.0.as_bytes(),
            service.as_str().as_bytes(),
            &number.to_be_bytes(),
        ]))
    }
}

/// The idempotency key of every call that asks `partner` for this reward in this `round`.
///
/// The same through all retries at that partner; a new round begins only after a definite no.
#[must_use]
pub fn idempotency_key(reward: RewardId, partner: &PartnerId, round: u32) -> Uuid {
    v5(&[
        b"idempotency_key",
        reward.0.as_bytes(),
        partner.as_str().as_bytes(),
        &round.to_be_bytes(),
    ])
}

/// The key of every call that asks a partner to take back what this attempt gave.
#[must_use]
pub fn void_key(reward: RewardId, attempt: u32) -> Uuid {
    v5(&[b"void_key", reward.0.as_bytes(), &attempt.to_be_bytes()])
}

/// The key of every call that asks a partner to take back what surfaced late for this attempt.
#[must_use]
pub fn recall_key(reward: RewardId, attempt: u32, partner_ref: &str) -> Uuid {
    v5(&[b"recall_key", reward.0.as_bytes(), &attempt.to_be_bytes(), partner_ref.as_bytes()])
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $rule:literal, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let allowed: fn(char) -> bool = $allowed;
                if (1..=$max).contains(&text.len()) && text.chars().all(allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { kind: stringify!($name), rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A partner, such as `woolworths`. Checked text and never an enum: a new partner is data (P1).
    PartnerId,
    "1 to 40 of a-z, 0-9 and -",
    40,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);
text_id!(
    /// A milestone of the policy, such as `month_1`.
    MilestoneId,
    "1 to 40 of a-z, 0-9 and _",
    40,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
);
text_id!(
    /// A version of the milestone policy, such as `2026-01`.
    PolicyVersion,
    "1 to 20 of a-z, 0-9, . and -",
    20,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.'
);

/// Text that is not an id of the kind it was given for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: expected {rule}")]
pub struct InvalidId {
    kind: &'static str,
    rule: &'static str,
}

/// A place in the whole log: dense, from 1, in commit order. 0 is "before the first event".
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub i64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether this may be an id of a partner's own, such as a voucher's: 1 to 100 visible ASCII
/// characters.
#[must_use]
pub fn is_partners_id(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
