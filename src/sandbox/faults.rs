//! What goes wrong next? Faults that were asked for, each a number of times, in order.
//!
//! Rows: P11.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A documented no.
    Refuse,
    /// Too many calls; not processed.
    RateLimit,
    /// A server error without a word of what happened.
    #[serde(rename = "error_500")]
    Error500,
    /// Late, but right.
    Slow,
    /// Nothing is done, and nothing answered.
    TimeoutBefore,
    /// Done, and nothing answered.
    TimeoutAfter,
    /// Done, and the answer is cut off.
    Drop,
    /// Done, and another amount answered.
    WrongAmount,
    /// Done, and the code of the partner's first voucher answered.
    SameCode,
    /// Done, and the webhook comes before the answer.
    WebhookFirst,
    /// Every token is forgotten; a call is answered 401.
    TokenRevoked,
    /// A webhook is sent twice.
    DuplicateWebhook,
    /// A webhook is overtaken by those after it.
    WebhooksShuffled,
    /// A webhook is signed with another secret: the next of those agreed on, or none of them.
    SecretRotated,
    /// A webhook is sent by a clock that is wrong.
    ClockSkew,
    /// A statement ends in the middle.
    TruncatedStatement,
}

/// Where it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    /// Ordering a voucher or a credit.
    Issue,
    /// Asking by reference.
    LookUp,
    /// Getting a token.
    Token,
    /// Showing that an account is somebody's.
    Verify,
    /// Asking about an account.
    Ask,
    /// Passing a referral on.
    Refer,
    /// Taking a voucher back.
    Void,
    /// Sending a webhook.
    Webhook,
    /// The daily statement.
    Statement,
}

/// How long a call is held that is never answered: longer than anybody waits.
const HELD: Duration = Duration::from_secs(60);

/// So many times in a row.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub kind: Kind,
    #[serde(default = "once")]
    pub times: u32,
    #[serde(default)]
    pub delay_ms: Option<u64>,
}

impl Fault {
    /// How long, or `ms` when nobody said.
    pub fn delay(&self, ms: u64) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or(ms))
    }

    /// How long a call is held that is never answered.
    pub fn held(self) -> Duration {
        self.delay_ms.map_or(HELD, Duration::from_millis)
    }
}

fn once() -> u32 {
    1
}

/// Faults that are still to come.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<(String, Operation), VecDeque<Fault>>);

impl Faults {
    /// Asks for faults, after those that were asked for before.
    pub fn add(&mut self, partner: &str, operation: Operation, faults: Vec<Fault>) {
        let queue = self.0.entry((partner.to_owned(), operation)).or_default();
        queue.extend(faults.into_iter().filter(|fault| fault.times > 0));
    }

    /// What is still to come, and how often.
    pub fn left(&self) -> impl Iterator<Item = (&str, Operation, &Fault)> {
        let each = self.0.iter();
        each.flat_map(|((partner, operation), queue)| {
            queue.iter().map(|fault| (partner.as_str(), *operation, fault))
        })
    }

    /// The fault of this call, if it has one.
    pub fn take(&mut self, partner: &str, operation: Operation) -> Option<Fault> {
        let queue = self.0.get_mut(&(partner.to_owned(), operation))?;
        let fault = queue.front_mut()?;
        fault.times -= 1;
        let taken = *fault;
        if taken.times == 0 {
            queue.pop_front();
        }
        Some(taken)
    }
}
